internal import Glibc

/// What a path depends on: the file itself and every symbolic link on the way to it.
public enum PathTrail {
    /// A name in a directory; the directory's path has no symbolic link in it.
    public struct Entry: Hashable, Sendable {
        public let directory: String
        public let name: String

        public init(directory: String, name: String) {
            self.directory = directory
            self.name = name
        }
    }

    /// The kernel gives up after as many.
    private static let mostLinks = 40

    /// Goes on as far as the path leads: what is missing is the last entry.
    public static func entries(of path: String) -> [Entry] {
        var left = Array(path.split(separator: "/").reversed().map(String.init))
        var directory = path.hasPrefix("/") ? "/" : workingDirectory()
        var entries: [Entry] = []
        while let name = left.popLast() {
            if name == "." { continue }
            if name == ".." {
                directory = parent(of: directory)
                continue
            }
            let full = directory == "/" ? "/" + name : directory + "/" + name
            guard let target = linkTarget(full) else {
                if left.isEmpty || access(full, F_OK) != 0 {
                    entries.append(Entry(directory: directory, name: name))
                    return entries
                }
                directory = full
                continue
            }
            entries.append(Entry(directory: directory, name: name))
            guard entries.count <= mostLinks else { return entries }
            if target.hasPrefix("/") { directory = "/" }
            left += target.split(separator: "/").reversed().map(String.init)
        }
        return entries
    }

    private static func parent(of directory: String) -> String {
        guard let slash = directory.lastIndex(of: "/"), slash != directory.startIndex else { return "/" }
        return String(directory[..<slash])
    }

    private static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return readlink(path, start.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    private static func workingDirectory() -> String {
        guard let path = realpath(".", nil) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
