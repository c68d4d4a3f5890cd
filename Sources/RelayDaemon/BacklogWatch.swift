internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Settings
internal import Submission
internal import Synchronization

/// Knows, a second late at most, which accounts' mail could no longer leave in time.
///
/// An outage is no reason: mail is accepted then until the disk is full. So nothing is refused while the route is paused, nor before
/// anything is known of the rate.
final class BacklogWatch: BacklogGuard {
    private let refusals = Mutex<[AccountName: String]>([:])
    private let busySince = Mutex<ContinuousClock.Instant?>(nil)
    /// The span that rates are measured over.
    private static let span: Duration = .seconds(60)

    func refusal(for account: AccountName) -> String? { refusals.withLock { $0.isEmpty ? nil : $0[account] } }

    /// Why mail is refused, of one account for all that are concerned.
    var refusal: String? { refusals.withLock { $0.min { $0.key < $1.key }?.value } }

    /// - Parameters:
    ///   - limit: recipients per second that may be sent; `nil` for no limit.
    ///   - measured: recipients per second that were relayed in the last minute.
    ///   - now: steady time.
    func update(
        _ statistics: QueueStatistics, isFlowing: Bool, limit: Int?, measured: Double, at now: ContinuousClock.Instant = .now,
        lifetime: (AccountName) -> Duration
    ) {
        let open = statistics.accounts.mapValues(\.waitingRecipients)
        // A queue that was long for the whole minute shows what the road really carries; after a pause, or a rush, the minute says nothing yet.
        let isBusy = isFlowing && statistics.total.waitingRecipients > 60 * max(1, Int(measured))
        let isMeasured = busySince.withLock { since in
            since = isBusy ? since ?? now : nil
            return since.map { $0.duration(to: now) >= Self.span } ?? false
        }
        let rate = isMeasured && measured > 0 ? measured : Double(limit ?? 0)
        let estimate = BacklogEstimate(open: open, rate: rate)
        let refused =
            isFlowing ? open.keys.compactMap { name in estimate.refusal(for: name, lifetime: lifetime(name)).map { (name, $0) } } : []
        refusals.withLock { $0 = Dictionary(refused, uniquingKeysWith: { first, _ in first }) }
    }
}

extension Relay {
    /// Looks every second; ends when its task is cancelled.
    func watchBacklog(_ watch: BacklogWatch) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            guard let statistics = try? await store.statistics() else { continue }
            let configuration = assembly.loaded.configuration
            watch.update(
                statistics, isFlowing: await dispatcher.status().pause == nil, limit: pacer.limit,
                measured: Double(hub.relayed(at: clock()).lastMinute) / 60
            ) { configuration.policy(for: $0).lifetime ?? configuration.queue.lifetime }
        }
    }
}
