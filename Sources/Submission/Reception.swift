internal import Intake
internal import MailModel
internal import MailQueue
internal import SMTPProtocol

/// One message on its way in, between 354 and the final dot: decoded, inspected, hashed and stored as it arrives.
///
/// A body of up to 64 KiB stays in memory; a larger one goes to a spool file piece by piece. Lives on its session's worker.
final class Reception {
    enum Progress {
        case needsMoreInput
        /// The disk is behind: read no further until `whenWritable` calls.
        case mustPause
        case finished
        case aborted
    }

    /// Octets that may wait for the disk before reading stops.
    static let diskBacklog = 1 << 20

    let transaction: ServerSession.Transaction
    private var decoder: DataDecoder
    private var reader: MessageReader?
    private let store: any QueueStore
    private var inlineBody: [UInt8] = []
    private var spool: (any SpoolWriter)?
    private var backlog = 0
    private var received = 0
    private var receivedAtLastLook = 0

    init(_ transaction: ServerSession.Transaction, settings: SubmissionSettings, store: any QueueStore) {
        self.transaction = transaction
        self.store = store
        decoder = DataDecoder(limit: settings.maximumMessageSize)
        reader = MessageReader(settings: settings.intake)
    }

    /// Takes what the connection has, and says through `consumed` how much of it was this message's.
    func take(_ octets: UnsafeRawBufferPointer, consumed: inout Int) -> Progress {
        let progress = decoder.decode(octets) { piece in
            guard let body = reader?.feed(piece), !body.isEmpty else { return }
            keep(body)
        }
        switch progress {
        case .needsMoreInput:
            consumed = octets.count
            received += consumed
            return backlog > Self.diskBacklog ? .mustPause : .needsMoreInput
        case .finished(let count):
            consumed = count
            received += consumed
            return .finished
        case .aborted:
            consumed = octets.count
            return .aborted
        }
    }

    /// Whether the body as it is stored is not what may be sent, and must be written a second time; to be asked once, after `finished`.
    func needsRepair() -> Bool { reader?.beginRepair() ?? false }

    /// The stored body, which makes room for the repaired one.
    func takeFirstBody() -> (inMemory: [UInt8], spool: (any SpoolWriter)?) {
        defer {
            inlineBody = []
            spool = nil
            backlog = 0
        }
        return (inlineBody, spool)
    }

    /// Stores what the next octets of the first body become.
    ///
    /// - Returns: whether to wait for `whenWritable` before the next.
    func repair(_ piece: UnsafeRawBufferPointer) -> Bool {
        if let repaired = reader?.repair(piece), !repaired.isEmpty { repaired.withUnsafeBytes { keep($0) } }
        return backlog > Self.diskBacklog
    }

    func finishRepair() {
        if let last = reader?.finishRepair(), !last.isEmpty { last.withUnsafeBytes { keep($0) } }
    }

    private func keep(_ body: UnsafeRawBufferPointer) {
        if let spool {
            backlog = spool.append(body)
            return
        }
        if inlineBody.count + body.count <= StoredBody.inlineLimit {
            inlineBody.append(contentsOf: body)
            return
        }
        let writer = store.makeSpoolWriter()
        spool = writer
        writer.append(inlineBody)
        inlineBody = []
        backlog = writer.append(body)
    }

    /// Calls back, on any queue, when the disk has caught up.
    func whenWritable(_ action: @escaping @Sendable () -> Void) {
        guard let spool else { return action() }
        spool.whenWaiting(atMost: Self.diskBacklog / 2, action)
    }

    /// What makes the message refusable whatever its content.
    var refusal: Reply? {
        switch decoder.defect {
        case nil: nil
        case .tooLarge: .messageTooLarge
        case .bareLineEnd: Reply(550, StatusDetail(5, 2), "The message has a CR or LF alone; end every line with CRLF and send it again")
        case .nul: Reply(554, StatusDetail(6, 0), "The message has a NUL octet; send binary content as base64")
        }
    }

    /// Prepares what goes into the queue, a message for each group of recipients; to be called once, after `finished`.
    ///
    /// - Parameters:
    ///   - id: of the first message.
    ///   - nextID: makes those of the others.
    func prepare(
        account: AccountName, id: QueueID, nextID: () -> QueueID, received info: ReceivedInfo, now: Timestamp
    ) throws(Refusal) -> [PreparedMessage] {
        guard let reader = reader.take() else {
            throw Refusal("internal", .localError)
        }
        // An address literal is never verified: the message leaves under its identity's own path, as from `<>`.
        let envelope = Envelope(reversePath: transaction.arguments.sender.reversePath ?? .null, recipients: transaction.recipients)
        let store = store
        return try reader.finishGroups(
            envelope: envelope, account: account, queueID: id, nextID: nextID, isSuppressed: { store.suppression(of: $0) != nil },
            received: info, now: now)
    }

    /// The body as it was stored; `nil` if it lies in the spool and `finishSpool` must be called.
    var bodyInMemory: [UInt8]? { spool == nil ? inlineBody : nil }

    func finishSpool(as id: QueueID, completion: @escaping @Sendable (Result<SpoolFile, QueueError>) -> Void) {
        guard let spool else { return completion(.failure(.rejected("there is no spool file"))) }
        spool.finish(as: id, completion: completion)
        self.spool = nil
    }

    /// Throws away what was stored: the message was refused or never finished.
    func discard() {
        spool?.discard()
        spool = nil
        inlineBody = []
    }

    /// How much arrived since the last call: the measure for a client that is too slow.
    func octetsSinceLastLook() -> Int {
        defer { receivedAtLastLook = received }
        return received - receivedAtLastLook
    }
}
