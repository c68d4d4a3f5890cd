internal import Glibc

/// A path, or `@name` in Linux's abstract namespace, as the kernel wants it.
struct UnixSocketAddress {
    private var address = sockaddr_un()
    private let length: socklen_t
    let path: String

    /// - Throws: `ENAMETOOLONG` beyond 107 octets, `EINVAL` if empty or with a NUL inside.
    init(_ path: String) throws(SystemCallError) {
        self.path = path
        var octets = Array(path.utf8)
        guard !octets.isEmpty, !octets.contains(0) else { throw SystemCallError("socket address", code: EINVAL, subject: path) }
        let isAbstract = octets[0] == UInt8(ascii: "@")
        if isAbstract { octets[0] = 0 }
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard octets.count < room else { throw SystemCallError("socket address", code: ENAMETOOLONG, subject: path) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        // An abstract name is as long as it says; a path ends at its NUL.
        length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count + (isAbstract ? 0 : 1))
    }

    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) } }
    }
}
