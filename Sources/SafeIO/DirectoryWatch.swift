internal import CLinux
internal import Glibc
internal import Synchronization

/// Tells of entries of directories that were written and closed, renamed into place, linked, or got another owner or mode (inotify(7)).
///
/// A file that is being written is not told of before it is closed. Network file systems tell nothing of what other hosts do.
public final class DirectoryWatch: Sendable {
    public enum Event: Hashable, Sendable {
        case changed(directory: String, name: String)
        /// The directory itself is gone: whoever needs it must ask for it again when it is back.
        case gone(directory: String)
        /// More happened than the kernel remembered.
        case overflow
    }

    private let descriptor: OwnedDescriptor
    private let paths = Mutex<[Int32: String]>([:])

    /// - Throws: where the user has as many watches as the system allows.
    public init() throws(SystemCallError) {
        descriptor = OwnedDescriptor(try retryingOnInterrupt("inotify_init1") { fairlead_inotify_create() })
    }

    /// Readable when there are events. It lives as long as the watch.
    public var rawValue: Int32 { descriptor.rawValue }

    /// Watches these directories and no others; those that cannot be watched are left out.
    ///
    /// - Parameter directories: without symbolic links in their paths.
    public func watch(_ directories: Set<String>) {
        paths.withLock { paths in
            for (watch, path) in paths where !directories.contains(path) {
                _ = fairlead_inotify_remove(descriptor.rawValue, watch)
                paths[watch] = nil
            }
            // Asked for each time: the directory may be another one by now.
            for path in directories {
                let watch = fairlead_inotify_add(descriptor.rawValue, path)
                guard watch >= 0 else { continue }
                for (other, known) in paths where known == path && other != watch {
                    _ = fairlead_inotify_remove(descriptor.rawValue, other)
                    paths[other] = nil
                }
                paths[watch] = path
            }
        }
    }

    /// What happened since the last call. Never waits.
    public func read() -> [Event] {
        var events: [Event] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor.rawValue, $0.baseAddress, $0.count) }
            guard count > 0 else { return events }
            buffer.withUnsafeBytes { events += parse(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// A file that was made is still to be written: its closing is told of.
    private static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The layout of `struct inotify_event`: watch, mask, cookie, length, and so many octets of a name with zeros behind it.
    private func parse(_ octets: UnsafeRawBufferPointer) -> [Event] {
        var events: [Event] = []
        var offset = 0
        while octets.count - offset >= 16 {
            let watch = octets.loadUnaligned(fromByteOffset: offset, as: Int32.self)
            let mask = octets.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = Int(octets.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            guard length <= octets.count - offset - 16 else { return events }
            let name = octets[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }
            offset += 16 + length
            if mask & UInt32(fairlead_inotify_overflow) != 0 {
                events.append(.overflow)
                continue
            }
            let isGone = mask & UInt32(fairlead_inotify_gone) != 0
            let directory = paths.withLock { paths in isGone ? paths.removeValue(forKey: watch) : paths[watch] }
            guard let directory else { continue }
            guard !isGone else {
                events.append(.gone(directory: directory))
                continue
            }
            let entry = String(decoding: name, as: UTF8.self)
            if mask & UInt32(fairlead_inotify_created) != 0, Self.isRegular("\(directory)/\(entry)") { continue }
            events.append(.changed(directory: directory, name: entry))
        }
        return events
    }
}
