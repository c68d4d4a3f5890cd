internal import Alignment
internal import Intake
internal import MailModel
internal import MailQueue
internal import MessageFormat
internal import Rewriting

/// A mail of our own, which takes the road of every mail: repaired, aligned and signed by `Intake`.
struct OutgoingMail {
    /// The field that says that a mail is ours; it names what the mail is.
    static let marker: StaticString = "X-Fairlead-Report"

    var form: Form
    /// Whose turn and pace it uses.
    var account: AccountName
    var identity: Identity
    var to: Mailbox
    var subject: HeaderText
    /// The Message-ID of the mail that this one answers, if it answers one.
    var answers: [UInt8]?
    var content: Content

    /// What it is; the marker says so.
    enum Form: String {
        case failed
        case delayed
        case digest
        case alarm

        var kind: MessageFacts.Kind { self == .alarm ? .alarm : .report }
        /// RFC 3834 §5: only the first two answer one certain mail.
        var autoSubmitted: String { self == .failed || self == .delayed ? "auto-replied" : "auto-generated" }
    }

    /// A body with the fields that describe it.
    struct Content {
        /// Each with its CRLF.
        var fields: [UInt8]
        var body: [UInt8]

        /// A text/plain part, 7-bit whatever it says.
        init(text: ReportText) {
            let is7Bit = text.octets.allSatisfy { $0 < 0x80 }
            let encoding = is7Bit ? "7bit" : "quoted-printable"
            fields = Array("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: \(encoding)\r\n".utf8)
            body = is7Bit ? text.octets : QuotedPrintable.encode(text.octets)
        }

        init(fields: String, body: [UInt8]) {
            self.fields = Array(fields.utf8)
            self.body = body
        }
    }

    /// - Throws: `Refusal` if the rules that hold for all mail would not let it out.
    func queued(as id: QueueID, settings: IntakeSettings, serviceTime: Duration, at now: Timestamp) throws(Refusal) -> QueuedMessage {
        // SES refuses the null reverse-path, and sends for nobody but verified identities.
        let author = settings.rules.identity(covering: identity.returnPath) == nil ? identity.defaultSender : identity.returnPath
        let octets: [UInt8]
        do throws(HeaderError) {
            octets = try header(author: author, hostname: settings.hostname) + ASCII.crlf + content.body
        } catch {
            throw Refusal("report_header", Reply(554, StatusDetail(6, 0), "The header of a report cannot be written"), detail: "\(error)")
        }
        var reader = MessageReader(settings: settings)
        let body = octets.withUnsafeBytes { Array(reader.feed($0)) }
        let prepared = try reader.finish(
            envelope: Envelope(reversePath: .mailbox(identity.returnPath), recipients: [to]), account: account, queueID: id,
            received: ReceivedInfo(helloName: Array("localhost".utf8), address: nil, transfer: .smtp), now: now)

        var facts = MessageFacts()
        facts.kind = form.kind
        // In spirit it is from <>: what looks at the sender alone makes no report of it either.
        facts.sender = ""
        facts.fromBefore = prepared.authorBefore.description
        facts.fromAfter = prepared.author.description
        facts.messageID = prepared.messageID
        facts.alignment = prepared.alignment.description
        facts.identity = settings.rules.identity(covering: prepared.author)?.scope.description
        return QueuedMessage(
            id: id, account: account, acceptedAt: now, reversePath: prepared.envelope.reversePath,
            recipients: [QueuedRecipient(index: 0, mailbox: to, nextAttempt: now)], header: prepared.headerOctets, body: .inline(body),
            is8Bit: prepared.is8Bit, facts: facts, serviceTime: serviceTime)
    }

    private func header(author: Mailbox, hostname: Domain) throws(HeaderError) -> [UInt8] {
        var header = HeaderBlock()
        header.append(
            try HeaderField(.from, author, called: DisplayName(text: "Mail delivery (\(hostname))".utf8)))
        header.append(try HeaderField(.to, to, called: DisplayName()))
        header.append(try HeaderField(.subject, text: subject))
        if let answers {
            header.append(try HeaderField(.inReplyTo, words: [answers]))
            header.append(try HeaderField(.references, words: [answers]))
        }
        header.append(try HeaderField(.autoSubmitted, value: Array(form.autoSubmitted.utf8)))
        header.append(try HeaderField(.mimeVersion, value: Array("1.0".utf8)))
        var octets: [UInt8] = []
        header.write(to: &octets)
        octets += Array("X-Auto-Response-Suppress: All\r\n\(Self.marker): \(form.rawValue)\r\n".utf8)
        return octets + content.fields
    }
}
