@preconcurrency internal import Dispatch
internal import Glibc
internal import MailQueue
internal import Networking
internal import SafeIO
internal import Synchronization

/// Tells systemd that the daemon is alive, and only as long as it is: each beat needs a turn on every worker queue, and the queue's writer
/// may not have been silent for minutes. A daemon that hangs stops beating and is restarted.
///
/// Slow storage is not dead storage: a sync that takes a minute is no reason to end a daemon that would only wait for the same disk again
/// after its start.
final class Watchdog: Sendable {
    private let timer: any DispatchSourceTimer
    private let storagePatience: Duration
    private let beats: Mutex<Beat>

    private struct Beat: Sendable {
        var missing = 0
        /// When the queue's writer was asked for the answer that has not come yet.
        var askedAt: ContinuousClock.Instant?
    }

    init?(
        notifier: SystemdNotifier, workers: [Worker], store: any QueueStore, storagePatience: Duration = .seconds(5 * 60)
    ) {
        guard let interval = notifier.watchdogInterval else { return nil }
        beats = Mutex(Beat())
        self.storagePatience = storagePatience
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fairlead.watchdog"))
        let half = Double(interval.components.seconds) / 2 + Double(interval.components.attoseconds) * 0.5e-18
        timer.schedule(deadline: .now(), repeating: max(0.05, half / 2))
        timer.setEventHandler { [weak self] in self?.beat(notifier, workers, store) }
        timer.activate()
    }

    func stop() { timer.cancel() }

    private func beat(_ notifier: SystemdNotifier, _ workers: [Worker], _ store: any QueueStore) {
        let (isFree, asksStorage) = beats.withLock { beat in
            guard beat.missing == 0 else { return (false, false) }
            beat.missing = workers.count
            defer { beat.askedAt = beat.askedAt ?? .now }
            return (true, beat.askedAt == nil)
        }
        guard isFree else { return }
        for worker in workers { worker.run { self.arrived(notifier) } }
        if asksStorage {
            Task {
                _ = try? await store.statistics()
                self.beats.withLock { $0.askedAt = nil }
            }
        }
    }

    private func arrived(_ notifier: SystemdNotifier) {
        let isAlive = beats.withLock { beat in
            beat.missing -= 1
            let silence = beat.askedAt.map { $0.duration(to: .now) } ?? .zero
            return beat.missing == 0 && silence < storagePatience
        }
        if isAlive { notifier.watchdog() }
    }
}
