internal import Intake
public import MailModel
public import MailQueue
internal import MessageFormat
internal import Rewriting
internal import Synchronization

/// Writes delivery reports, digests of them, and alarms: mail of our own, signed and queued like any other.
///
/// What it promises: no report on a report; every octet that came from elsewhere is printable and stays in its place; the size of
/// a report is bounded, whatever failed. Any method may be called from any queue; one that writes a mail takes about a millisecond.
public final class ReportWriter: ReportWriting {
    private struct State {
        var settings: ReportSettings
        var rate = ReportRate()
    }

    private let state: Mutex<State>
    private let ids: @Sendable () -> QueueID
    private let serviceTime: @Sendable () -> Duration
    private let instant: @Sendable () -> ContinuousClock.Instant

    /// - Parameters:
    ///   - ids: the same source that accepted mail has its ids from.
    ///   - serviceTime: `QueueStore.serviceClock`.
    ///   - instant: what the hours of the limit are measured by; tests set it.
    public init(
        settings: ReportSettings, ids: @escaping @Sendable () -> QueueID, serviceTime: @escaping @Sendable () -> Duration,
        instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        state = Mutex(State(settings: settings))
        self.ids = ids
        self.serviceTime = serviceTime
        self.instant = instant
    }

    /// What was counted in this hour stays counted.
    public func change(_ settings: ReportSettings) { state.withLock { $0.settings = settings } }

    public func failure(of message: QueuedMessage, recipients: [FailedRecipient], at now: Timestamp) -> ReportDecision {
        guard !recipients.isEmpty else { return .none(why: "no recipient failed") }
        let settings = state.withLock { $0.settings }
        let original = OriginalHeader(of: message)
        let addressee = settings.addressee(
            of: message.facts, account: message.account, isReport: original.isReport, failed: recipients.map(\.recipient.mailbox))
        switch addressee {
        case .nobody(let why): return .none(why: why)
        case .impossible(let why): return .impossible(why: why)
        case .told(let mailbox, let why):
            if let wait = wait(for: mailbox, message.account, isWarning: false) { return .digest(at: now + wait) }
            return report(on: message, original, recipients, until: nil, to: mailbox, why, settings, at: now)
        }
    }

    /// Never `.digest`, nor `.impossible`: a warning that cannot be sent is left out, for the failure will be told.
    public func delay(of message: QueuedMessage, recipients: [FailedRecipient], until: Timestamp, at now: Timestamp) -> ReportDecision {
        guard !recipients.isEmpty else { return .none(why: "no recipient is late") }
        let settings = state.withLock { $0.settings }
        let original = OriginalHeader(of: message)
        let addressee = settings.addressee(of: message.facts, account: message.account, isReport: original.isReport, failed: [])
        switch addressee {
        case .nobody(let why), .impossible(let why): return .none(why: why)
        case .told(let mailbox, let why):
            guard wait(for: mailbox, message.account, isWarning: true) == nil else {
                return .none(why: "\(mailbox) was told of \(settings.perHour) late messages within an hour")
            }
            let decision = report(on: message, original, recipients, until: until, to: mailbox, why, settings, at: now)
            if case .impossible(let why) = decision { return .none(why: why) }
            return decision
        }
    }

    public func digests(of entries: [QueueEntry], at now: Timestamp) -> [(report: QueuedMessage, to: String, covers: [QueueID])] {
        let settings = state.withLock { $0.settings }
        var order: [Mailbox] = []
        var byAddressee: [Mailbox: [QueueEntry]] = [:]
        for entry in entries {
            let failed = Digest.unreported(of: entry).map(\.mailbox)
            guard !failed.isEmpty,
                case .told(let mailbox, _) = settings.addressee(of: entry.facts, account: entry.account, isReport: false, failed: failed)
            else { continue }
            if byAddressee[mailbox] == nil { order.append(mailbox) }
            byAddressee[mailbox, default: []].append(entry)
        }
        return order.compactMap { mailbox in
            guard let entries = byAddressee[mailbox], let first = entries.first,
                let identity = settings.identity(named: first.facts.identity, refusedAs: Digest.unreported(of: first).first?.lastReply)
            else { return nil }
            let digest = Digest(entries: entries, hostname: settings.intake.hostname, perHour: settings.perHour)
            let mail = OutgoingMail(
                form: .digest, account: first.account, identity: identity, to: mailbox, subject: digest.subject,
                content: OutgoingMail.Content(text: digest.text))
            guard let report = try? queued(mail, as: ids(), settings, at: now) else { return nil }
            return (report, mailbox.description, entries.map(\.id))
        }
    }

    /// A mail to the operator, from the default identity, or the first one that is not held.
    ///
    /// - Parameters:
    ///   - text: lines; those of more than 76 octets are wrapped.
    ///   - held: identities whose mail does not flow, as in `MessageFacts.identity`.
    /// - Returns: `nil` if it could not be signed, or was refused by the rules that hold for all mail.
    public func alarm(subject: String, text: String, held: Set<String> = [], at now: Timestamp) -> QueuedMessage? {
        let settings = state.withLock { $0.settings }
        let identities = settings.intake.rules.identities
        guard let identity = identities.first(where: { !held.contains($0.scope.description) }) ?? identities.first,
            let account = AccountName("fairlead")
        else { return nil }
        var body = ReportText()
        body.lines(text)
        let mail = OutgoingMail(
            form: .alarm, account: account, identity: identity, to: settings.operatorAddress,
            subject: HeaderText(subject.utf8).shortened(to: 200), content: OutgoingMail.Content(text: body))
        return try? queued(mail, as: ids(), settings, at: now)
    }

    private func wait(for told: Mailbox, _ account: AccountName, isWarning: Bool) -> Duration? {
        let now = instant()
        return state.withLock { state in
            let key = ReportRate.Key(told: told, account: account, isWarning: isWarning)
            return state.rate.wait(for: key, at: now, limit: state.settings.perHour)
        }
    }

    private func report(
        on message: QueuedMessage, _ original: OriginalHeader, _ failed: [FailedRecipient], until: Timestamp?, to mailbox: Mailbox,
        _ why: String?, _ settings: ReportSettings, at now: Timestamp
    ) -> ReportDecision {
        let (message, recipients) = AliasConcealment.apply(message, failed)
        let blamed = recipients.first { Advice.blamesIdentity($0.reply) }?.reply
        guard let identity = settings.identity(named: message.facts.identity, refusedAs: blamed) else {
            return .impossible(why: "no identity is configured to send a report from")
        }
        let report = DeliveryReport(
            message: message, recipients: recipients, until: until, age: max(.zero, serviceTime() - message.serviceTime),
            hostname: settings.intake.hostname, toOperator: why, original: original)
        let id = ids()
        let mail = OutgoingMail(
            form: until == nil ? .failed : .delayed, account: message.account, identity: identity, to: mailbox,
            subject: report.subject, answers: original.messageID, content: report.content(id: id))
        do throws(Refusal) {
            return .send(try queued(mail, as: id, settings, at: now), to: mailbox.description)
        } catch {
            return .impossible(why: "the report could not be written: \(error)")
        }
    }

    private func queued(
        _ mail: OutgoingMail, as id: QueueID, _ settings: ReportSettings, at now: Timestamp
    ) throws(Refusal) -> QueuedMessage {
        try mail.queued(as: id, settings: settings.intake, serviceTime: serviceTime(), at: now)
    }
}
