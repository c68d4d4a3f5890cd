public import MailModel

/// Takes the body of one message as it arrives. Calls come one after another; the blocking writes happen elsewhere.
public protocol SpoolWriter: AnyObject, Sendable {
    /// Copies the octets and hands them on.
    ///
    /// - Returns: how many octets wait for the disk: the measure for back-pressure. After a failure they no longer pile up, and
    ///   `finish` tells.
    @discardableResult
    func append(_ octets: UnsafeRawBufferPointer) -> Int

    /// Calls `action` once, as soon as at most `limit` octets wait for the disk; on any queue, perhaps at once.
    func whenWaiting(atMost limit: Int, _ action: @escaping @Sendable () -> Void)

    /// Makes the body durable under the id of its message. The message must be committed after that, or the file given to
    /// `QueueStore.discard`.
    func finish(as id: QueueID, completion: @escaping @Sendable (Result<SpoolFile, QueueError>) -> Void)

    /// Removes what was written: the message was refused. Also happens when the writer is dropped unfinished.
    func discard()
}

extension SpoolWriter {
    @discardableResult
    public func append(_ octets: [UInt8]) -> Int { octets.withUnsafeBytes { append($0) } }

    @discardableResult
    public func append(_ octets: ArraySlice<UInt8>) -> Int { octets.withUnsafeBytes { append($0) } }

    nonisolated(nonsending) public func finish(as id: QueueID) async throws(QueueError) -> SpoolFile {
        try await withUnsafeContinuation { continuation in
            finish(as: id) { continuation.resume(returning: $0) }
        }.get()
    }
}

/// Reads a body for sending, piece by piece.
public protocol SpoolReader: AnyObject, Sendable {
    var size: Int { get }

    /// The next octets, or `nil` after the last. To be called again only after `completion` ran.
    ///
    /// The last piece is given out only if the whole body is what was accepted; otherwise `damaged` comes in its place, and the
    /// final dot must not be sent.
    func next(_ completion: @escaping @Sendable (Result<[UInt8]?, QueueError>) -> Void)
}

extension SpoolReader {
    nonisolated(nonsending) public func next() async throws(QueueError) -> [UInt8]? {
        try await withUnsafeContinuation { continuation in
            next { continuation.resume(returning: $0) }
        }.get()
    }
}
