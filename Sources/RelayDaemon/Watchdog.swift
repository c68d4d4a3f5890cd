@preconcurrency internal import Dispatch
internal import Glibc
internal import MailQueue
internal import Networking
internal import SafeIO
internal import Synchronization

/// Tells systemd that the daemon is alive, and only as long as it is: each beat needs a turn on every worker queue and an answer of the
/// queue's writer. A daemon that hangs stops beating and is restarted.
final class Watchdog: Sendable {
    private let timer: any DispatchSourceTimer
    private let beats: Mutex<Beat>

    private struct Beat: Sendable {
        var missing = 0
        var isUnderWay = false
    }

    init?(notifier: SystemdNotifier, workers: [Worker], store: any QueueStore) {
        guard let interval = notifier.watchdogInterval else { return nil }
        beats = Mutex(Beat())
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "fairlead.watchdog"))
        let half = Double(interval.components.seconds) / 2 + Double(interval.components.attoseconds) * 0.5e-18
        timer.schedule(deadline: .now(), repeating: max(0.05, half / 2))
        timer.setEventHandler { [weak self] in self?.beat(notifier, workers, store) }
        timer.activate()
    }

    func stop() { timer.cancel() }

    private func beat(_ notifier: SystemdNotifier, _ workers: [Worker], _ store: any QueueStore) {
        let isFree = beats.withLock { beat in
            guard !beat.isUnderWay else { return false }
            beat = Beat(missing: workers.count + 1, isUnderWay: true)
            return true
        }
        guard isFree else { return }
        for worker in workers { worker.run { self.arrived(notifier) } }
        Task {
            // Slow storage is not dead storage: the answer may take long, and so the beat comes late but comes.
            _ = try? await store.statistics()
            self.arrived(notifier)
        }
    }

    private func arrived(_ notifier: SystemdNotifier) {
        let isComplete = beats.withLock { beat in
            beat.missing -= 1
            beat.isUnderWay = beat.missing > 0
            return beat.missing == 0
        }
        if isComplete { notifier.watchdog() }
    }
}
