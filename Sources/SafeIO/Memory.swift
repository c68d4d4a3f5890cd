internal import CLinux
internal import Glibc

/// The process's memory as a whole.
public enum Memory {
    /// Gives the system back what the allocator keeps for later; takes milliseconds, so for idle moments.
    public static func giveBack() { _ = malloc_trim(0) }

    /// Lets go of the pages of program code that were read so far, most of them by the start alone. They stay in the system's cache, and
    /// those that are needed again come back from there; takes milliseconds, so for idle moments.
    public static func letGoOfCode() {
        guard let maps = try? WholeFile.read("/proc/self/maps", limit: 4 << 20) else { return }
        for line in maps.split(separator: UInt8(ascii: "\n")) {
            // Address range, access, offset, device, inode, path. Code is never written to, so that nothing can get lost with it; read-only
            // data may have been, before it was protected.
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count == 6, fields[1].elementsEqual("r-xp".utf8), !fields[4].elementsEqual("0".utf8) else { continue }
            let bounds = fields[0].split(separator: UInt8(ascii: "-")).compactMap { UInt(String(decoding: $0, as: UTF8.self), radix: 16) }
            guard bounds.count == 2, bounds[0] < bounds[1] else { continue }
            _ = madvise(UnsafeMutableRawPointer(bitPattern: bounds[0]), Int(bounds[1] - bounds[0]), MADV_DONTNEED)
        }
    }
}
