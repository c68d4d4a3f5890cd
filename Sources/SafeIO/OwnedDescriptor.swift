internal import Glibc

/// A file descriptor with one owner, closed when the owner lets go.
public struct OwnedDescriptor: ~Copyable, Sendable {
    public let rawValue: Int32

    /// Takes ownership of an open descriptor.
    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    deinit { _ = Glibc.close(rawValue) }

    /// Gives ownership away: the caller closes it.
    public consuming func release() -> Int32 {
        let value = rawValue
        discard self
        return value
    }

    /// Closes and reports what `close` says: after writing, an error here means that data may be lost.
    ///
    /// - Throws: the descriptor is closed all the same.
    public consuming func close(subject: String = "") throws(SystemCallError) {
        let value = rawValue
        discard self
        if Glibc.close(value) == -1, errno != EINTR { throw .current("close", subject: subject) }
    }
}
