internal import MailModel
internal import MailQueue
internal import SafeIO

/// What has to be looked after every few seconds, apart from mail itself; what only a person can mend is `AlarmCenter`'s, whose look at the
/// free space also makes the store try to get its reserve back.
struct Upkeep: Sendable {
    let store: any QueueStore
    let hub: EventHub
    let log: Log
    let clock: WallClock

    private static let interval: Duration = .seconds(5)

    /// Ends when its task is cancelled.
    func run() async {
        var wasBusy = true
        var lastFailure: String?
        giveMemoryBack()
        while (try? await Task.sleep(for: Self.interval)) != nil {
            await healStorage(&lastFailure)
            let isBusy = hub.relayed(at: clock()).lastMinute > 0
            if wasBusy, !isBusy { giveMemoryBack() }
            wasBusy = isBusy
        }
    }

    /// Storage that failed takes no mail until a write, a sync and a read went well: a failed sync is never simply tried again.
    ///
    /// - Parameter lastFailure: what was logged last: the same failure every few seconds says nothing new.
    private func healStorage(_ lastFailure: inout String?) async {
        guard case .unhealthy(let reason) = store.health else { return }
        do throws(QueueError) {
            try await store.probe()
            log.notice("the queue's storage works again after: \(reason)")
            lastFailure = nil
        } catch {
            let failure = "\(error)"
            if failure != lastFailure { log.error("the queue's storage fails, no mail is accepted: \(failure)") }
            lastFailure = failure
        }
    }

    /// The allocator keeps what a burst of mail needed, and the code of the start is as much again; an idle daemon does without.
    private func giveMemoryBack() {
        Memory.giveBack()
        Memory.letGoOfCode()
    }
}
