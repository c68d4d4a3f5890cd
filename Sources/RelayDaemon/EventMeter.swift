internal import MailModel
internal import StatusServer

/// Counts events for `/metrics` and the plots; only kept while there is an HTTP server.
struct EventMeter: Sendable {
    private(set) var accounts: [AccountName: MetricsReport.Account] = [:]
    private(set) var delays = DelayHistogram()
    private(set) var refusedMessages = 0
    private(set) var refusedLogins = 0
    /// Recipients of all accounts.
    private(set) var accepted = 0
    private(set) var relayed = 0
    private(set) var failed = 0

    mutating func count(_ event: RelayEvent) {
        let recipients = event.recipients.count
        switch event.name {
        case .accepted:
            accepted += recipients
            add(event) { account in
                account.messages += 1
                account.octets += event.messageSize ?? 0
                account.accepted += recipients
            }
        case .relayed:
            relayed += recipients
            if let delay = event.delay { delays.add(delay.seconds) }
            add(event) { $0.relayed += recipients }
        case .deferred: add(event) { $0.deferred += recipients }
        case .failed:
            failed += recipients
            add(event) { $0.failed += recipients }
        case .expired:
            failed += recipients
            add(event) { $0.expired += recipients }
        case .inDoubt: add(event) { $0.inDoubt += recipients }
        case .refused: refusedMessages += 1
        case .loginRefused: refusedLogins += 1
        default: break
        }
    }

    /// Refused names of accounts never come here, so that strangers cannot make entries.
    private mutating func add(_ event: RelayEvent, _ change: (inout MetricsReport.Account) -> Void) {
        guard let account = event.account else { return }
        change(&accounts[account, default: MetricsReport.Account()])
    }
}
