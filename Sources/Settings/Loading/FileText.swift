internal import Glibc
internal import SafeIO

/// How files and their troubles are told to operators.
enum FileText {
    /// `No such file or directory (errno 2)`
    static func reason(_ error: SystemCallError) -> String { "\(String(cString: strerror(error.code))) (errno \(error.code))" }

    /// What to do about a file that cannot be read.
    static func advice(_ error: SystemCallError, limit: String) -> String {
        switch error.code {
        case ENOENT, ENOTDIR: "make the file, or correct the path"
        case EACCES, EPERM: "let the user \(userName) read it, and pass through the folders above it"
        case EFBIG: "it is larger than \(limit)"
        case EISDIR: "name a file, not a folder"
        default: "correct the path, or mend the disk"
        }
    }

    /// A path as a shell takes it.
    static func shell(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "/._-+@:,".utf8.contains(octet)
            }
        }
        return isPlain ? path : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static var userName: String {
        guard let entry = getpwuid(geteuid()) else { return "with the number \(geteuid())" }
        return String(cString: entry.pointee.pw_name)
    }
}
