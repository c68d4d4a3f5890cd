internal import DKIM
public import MailModel
internal import MessageFormat
internal import Rewriting

/// Takes the decoded octets of one message as they arrive, and makes of them what will be sent.
///
/// The header is kept, the body passes: the caller stores it while it is inspected and hashed. Memory does not grow with the body.
public struct MessageReader: ~Copyable {
    let settings: IntakeSettings
    private var header = HeaderCollector(limit: HeaderLimits().octets)
    private var isInBody = false
    private var inspection = BodyInspection()
    private var bodyHash = BodyHash(SHA256Digest())

    public init(settings: IntakeSettings) { self.settings = settings }

    /// Octets of the body so far.
    public var bodyOctets: Int { inspection.octets }

    /// Takes the next octets of the message: CRLF line ends, dot-stuffing undone, cut anywhere.
    ///
    /// - Returns: the octets of the body to store now; they lie in `chunk`. Empty while the header goes on, and after a refusal is certain:
    ///   the rest of the message need not be kept, but must be read.
    public mutating func feed(_ chunk: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var body = chunk
        if !isInBody {
            guard !header.isTooLong, let start = header.take(chunk) else { return nothing }
            isInBody = true
            body = UnsafeRawBufferPointer(rebasing: chunk[start...])
        }
        inspection.update(body)  // also of what is refused already: the reason must not depend on how the stream was cut
        guard !isCertainlyRefused else { return nothing }
        bodyHash.update(body)
        return body
    }

    /// Whether `finish` will refuse for what has been read already.
    public var isCertainlyRefused: Bool {
        header.isTooLong || inspection.hasNUL || inspection.hasBareLineEnd || inspection.hasLongLine
            || inspection.octets > settings.maximumOctets
    }

    /// The message as it will be sent: repaired, rewritten, signed last.
    ///
    /// - Parameters:
    ///   - envelope: as the client gave it, with at least one recipient.
    ///   - account: who sends.
    ///   - received: how it came.
    ///   - now: for Date, Received and the signature.
    public consuming func finish(
        envelope: Envelope, account: AccountName, queueID: QueueID, received: ReceivedInfo, now: Timestamp
    ) throws(Refusal) -> PreparedMessage {
        inspection.finish()
        try checkBody()
        let original = try parsedHeader()
        try checkLoops(of: original)
        var message = try settings.rules.apply(to: original, envelope: envelope, account: account)
        let messageID = try message.header.repair(author: message.author, queueID: queueID, now: now)

        guard let signer = settings.signer(for: message.author) else { throw .noSigningKey(message.author.domain) }
        let hash = bodyHash.finalize()
        let signature: HeaderField
        do throws(SigningError) {
            signature = try signer.signature(for: message.header, bodyHash: hash, at: now)
        } catch {
            throw .signingFailed(error)
        }
        message.header.prepend(signature)
        let recipient = envelope.recipients.count == 1 ? envelope.recipients.first : nil
        do throws(HeaderError) {
            message.header.prepend(
                try ReceivedField.make(received, hostname: settings.hostname, queueID: queueID, recipient: recipient, at: now))
        } catch {
            throw .header(error)
        }

        var octets: [UInt8] = []
        message.header.write(to: &octets)
        octets.append(contentsOf: ASCII.crlf)
        guard octets.count - original.octetCount <= Self.ownOctets, octets.count + inspection.octets <= settings.maximumOctets
        else { throw .tooLarge(settings.maximumOctets) }
        return PreparedMessage(
            headerOctets: octets, envelope: message.envelope, is8Bit: inspection.has8Bit,
            octetCount: octets.count + inspection.octets, messageID: messageID, authorBefore: message.authorBefore,
            author: message.author, changes: message.changes)
    }

    /// What our own fields may add.
    private static let ownOctets = 65_536
    /// RFC 5321 §6.3 wants at least 100 hops to pass.
    private static let mostReceived = 100
    /// Once may be a message that was sent on by hand.
    private static let mostOwnReceived = 1

    private func checkBody() throws(Refusal) {
        if header.isTooLong { throw .header(.tooLong) }
        guard isInBody else {
            throw .syntax("header_unended", "The message has no empty line between header and body")
        }
        if inspection.hasNUL { throw .syntax("body_nul", "The body has a NUL octet; send binary content as base64") }
        if inspection.hasBareLineEnd { throw .syntax("body_line_end", "The body has a CR or LF alone; lines end in CRLF") }
        if inspection.hasLongLine {
            throw .syntax("body_long_line", "The body has a line of more than 998 octets; fold it or send it as quoted-printable")
        }
        if inspection.octets > settings.maximumOctets { throw .tooLarge(settings.maximumOctets) }
    }

    private func parsedHeader() throws(Refusal) -> HeaderBlock {
        do throws(HeaderError) {
            let block = try HeaderBlock(parsing: header.octets)
            try block.checkASCII()
            return block
        } catch {
            throw .header(error)
        }
    }

    private func checkLoops(of header: HeaderBlock) throws(Refusal) {
        guard header.count(of: .received) <= Self.mostReceived else {
            throw .loop("The message has more than \(Self.mostReceived) Received fields: it goes round in circles")
        }
        let own = header.fields.count { $0.name == .received && ReceivedField.isBy(settings.hostname, $0) }
        guard own <= Self.mostOwnReceived else {
            throw .loop("This host has had the message \(own) times already: it goes round in circles")
        }
    }
}
