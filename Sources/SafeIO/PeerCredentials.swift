internal import Glibc

/// Who opened the other end of a Unix-domain socket, as the kernel saw it at `connect`.
public struct PeerCredentials: Hashable, Sendable {
    public let userID: UInt32
    public let groupID: UInt32
    public let processID: Int32

    public init(userID: UInt32, groupID: UInt32, processID: Int32) {
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
    }

    /// - Parameter descriptor: a connected Unix-domain socket; borrowed.
    public init(ofSocket descriptor: Int32) throws(SystemCallError) {
        // struct ucred { pid, uid, gid }, which the C library hides without _GNU_SOURCE: three 32-bit words of kernel ABI.
        var words: [UInt32] = [0, 0, 0]
        var length = socklen_t(words.count * MemoryLayout<UInt32>.size)
        _ = try retryingOnInterrupt("getsockopt SO_PEERCRED") { getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &words, &length) }
        processID = Int32(bitPattern: words[0])
        userID = words[1]
        groupID = words[2]
    }
}
