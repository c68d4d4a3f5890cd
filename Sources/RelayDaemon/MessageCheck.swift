internal import Alignment
public import ControlProtocol
internal import DKIM
internal import Intake
public import MailModel
internal import MessageFormat
internal import Rewriting
internal import SESSandbox
internal import SafeIO
internal import Settings
internal import Submission

/// What would become of a message under the configuration of a file: intake as the daemon would do it, with nothing stored or sent.
public enum MessageCheck {
    /// - Parameters:
    ///   - octets: header and body; lines may end in LF alone, as in files.
    ///   - reversePath: the author in From if `nil`.
    ///   - recipients: if none are named, those in To and Cc.
    /// - Throws: problems of the configuration.
    public static func run(
        _ octets: [UInt8], account: AccountName, reversePath: ReversePath?, recipients: [Mailbox], configuration path: String
    ) throws(StartFailure) -> MessageCheckReport {
        let clock: WallClock = { Timestamp(microseconds: SystemClock.microseconds()) }
        let assembly = try Relay.load(path, clock: clock)
        let mode = assembly.loaded.configuration.policy(for: account).mode
        var report = MessageCheckReport(accepted: false, account: account.description, reply: "")
        report.mode = mode.description
        let message = lines(of: octets)
        let author = named(in: message, [.from]).first.map { ReversePath.mailbox($0) } ?? .null
        let envelope = Envelope(
            reversePath: reversePath ?? author, recipients: recipients.isEmpty ? named(in: message, [.to, .cc]) : recipients)
        guard !envelope.recipients.isEmpty else {
            report.reply = "554 5.5.1 No valid recipients; name one with --to"
            return report
        }
        let settings = assembly.submission.intake
        let sender = Account(name: account, passwordHash: nil, mode: Account.Mode(mode))
        for recipient in envelope.recipients {
            guard case .refused(let reply) = ResolvedRecipient(recipient, of: sender, settings, isSuppressed: { _ in false }) else {
                continue
            }
            report.reply = reply.oneLine
            return report
        }
        do throws(Refusal) {
            let ids = QueueIDSource(floor: nil, clock: clock)
            let (prepared, body) = try prepare(message, envelope, account, ids, settings, clock())
            guard let first = prepared.first else { return report }
            report.accepted = true
            report.reply = "250 2.0.0 OK queued as \(first.queueID)"
            describe(first, message, &report)
            report.upstreamReply = upstreamReply(to: first, body, settings).oneLine
            for other in prepared.dropFirst() {
                let targets = other.envelope.recipients.map(\.description).joined(separator: ", ")
                let alias = other.alias.map { " by alias \($0)" } ?? ""
                report.rules.append("a message of its own goes to \(targets)\(alias), From \(other.author)")
            }
        } catch {
            report.reply = error.reply.oneLine
        }
        return report
    }

    private static func prepare(
        _ message: [UInt8], _ envelope: Envelope, _ account: AccountName, _ ids: QueueIDSource, _ settings: IntakeSettings, _ now: Timestamp
    ) throws(Refusal) -> ([PreparedMessage], body: [UInt8]) {
        var reader = MessageReader(settings: settings)
        var body: [UInt8] = []
        message.withUnsafeBytes { body += Array(reader.feed($0)) }
        if reader.beginRepair() {
            body = body.withUnsafeBytes { reader.repair($0) }
            body += reader.finishRepair()
        }
        let prepared = try reader.finishGroups(
            envelope: envelope, account: account, queueID: ids.next(), nextID: ids.next, isSuppressed: { _ in false },
            received: ReceivedInfo(helloName: Array("localhost".utf8), address: nil, transfer: .esmtpAuthenticatedOverTLS), now: now)
        return (prepared, body)
    }

    /// By the rules of the stand-in for SES, which is not made of the same parts as what wrote the message.
    private static func upstreamReply(to prepared: PreparedMessage, _ body: [UInt8], _ settings: IntakeSettings) -> Reply {
        var rules = SandboxRules(
            identities: settings.rules.identities.map { identity in
                switch identity.scope {
                case .domain(let domain): .domain(domain)
                case .address(let mailbox): .address(mailbox)
                }
            })
        let message = prepared.headerOctets + body
        rules.configurationSets = Set(
            fields(message).filter { $0.name == .xSESConfigurationSet }.map { String(decoding: $0.unfolded, as: UTF8.self) })
        guard let sender = prepared.envelope.reversePath.mailbox else { return Reply(501, nil, "Invalid MAIL FROM address provided") }
        return rules.answer(to: message, from: sender, to: Array(prepared.envelope.recipients.prefix(rules.maximumRecipients)))
    }

    private static func describe(_ prepared: PreparedMessage, _ message: [UInt8], _ report: inout MessageCheckReport) {
        report.rules = prepared.changes.map(\.description)
        report.sender = prepared.envelope.reversePath.description
        report.recipients = prepared.envelope.recipients.map(\.description)
        report.size = prepared.octetCount
        let after = fields(prepared.headerOctets)
        report.headers = changes(from: fields(message), to: after)
        report.alignment = .init(
            dkim: prepared.alignment.signature.rawValue, spf: prepared.alignment.reversePath.rawValue,
            dmarc: prepared.alignment.signature != .none)
        guard let field = after.first(where: { $0.name == .dkimSignature }), let signature = try? Signature(parsing: field) else { return }
        report.signature = .init(
            domain: signature.domain.description, selector: signature.selector.description,
            signedFields: signature.signedNames.map { String(decoding: $0, as: UTF8.self) })
    }

    /// Fields in the order of what leaves, each beside the one that it replaces; then those that are gone.
    private static func changes(from before: [HeaderField], to after: [HeaderField]) -> [MessageCheckReport.Change] {
        var left = before.filter { !after.contains($0) }
        var changes: [MessageCheckReport.Change] = []
        for field in after where !before.contains(field) {
            let old = left.firstIndex { ASCII.equalsIgnoringCase($0.nameOctets, field.nameOctets) }.map { left.remove(at: $0) }
            changes.append(.init(before: old.map(text), after: text(field)))
        }
        return changes + left.map { .init(before: text($0), after: nil) }
    }

    private static func text(_ field: HeaderField) -> String {
        String(decoding: field.nameOctets, as: UTF8.self) + ": " + PrintableText.sanitized(field.unfolded, limit: 2000)
    }

    private static func fields(_ message: [UInt8]) -> [HeaderField] {
        var header = HeaderLimits()
        header.lineOctets = header.octets
        let end = ForwardedMessage.headerEnd(of: message)
        return (try? HeaderBlock(parsing: Array(message[..<end]), limits: header))?.fields ?? []
    }

    private static func named(in message: [UInt8], _ names: FieldNameSet) -> [Mailbox] {
        var found: [Mailbox] = []
        var header = HeaderBlock(fields: fields(message))
        _ = try? header.makeSevenBit(declaredCharset: nil)  // as the rules see it
        for field in header.fields where field.name.map(names.contains) ?? false {
            for named in (try? AddressList(parsing: field.value))?.mailboxes ?? [] where !found.contains(named.mailbox) {
                found.append(named.mailbox)
            }
        }
        return found
    }

    /// With CRLF, and an end of line at the end.
    private static func lines(of octets: [UInt8]) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(octets.count + octets.count / 32)
        var previous: UInt8 = 0
        for octet in octets {
            if octet == ASCII.lineFeed, previous != ASCII.carriageReturn { lines.append(ASCII.carriageReturn) }
            lines.append(octet)
            previous = octet
        }
        return previous == ASCII.lineFeed ? lines : lines + ASCII.crlf
    }
}
