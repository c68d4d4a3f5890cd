internal import MailModel
internal import MailQueue
internal import SafeIO

/// What has to be looked after every few seconds, apart from mail itself.
struct Upkeep: Sendable {
    let store: any QueueStore
    let hub: EventHub
    let log: Log
    let clock: WallClock

    private static let interval: Duration = .seconds(5)

    /// Ends when its task is cancelled.
    func run() async {
        var wasBusy = true
        while (try? await Task.sleep(for: Self.interval)) != nil {
            await healStorage()
            let isBusy = hub.relayed(at: clock()).lastMinute > 0
            if wasBusy, !isBusy { giveMemoryBack() }
            wasBusy = isBusy
        }
    }

    /// Storage that failed takes no mail until a write, a sync and a read went well: a failed sync is never simply tried again.
    private func healStorage() async {
        guard case .unhealthy(let reason) = store.health else { return }
        do throws(QueueError) {
            try await store.probe()
            log.notice("the queue's storage works again after: \(reason)")
        } catch {
            log.error("the queue's storage still fails, no mail is accepted: \(error)")
        }
    }

    /// The allocator keeps what a burst of mail needed; an idle daemon does without.
    private func giveMemoryBack() { Memory.giveBack() }
}
