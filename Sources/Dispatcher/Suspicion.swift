internal import MailModel

/// A message that may have ended the process is attempted alone, so that another crash is its own fault and nobody else's.
///
/// Other mail waits for that, but never for long: an upstream that hangs must not make one suspect stop everything.
struct Suspicion {
    enum Answer {
        /// Others are still under way, and may soon be done.
        case notYet
        case alone
        /// Others take too long: it goes with them, and a crash proves nothing.
        case together
    }

    /// How long everybody waits for the sake of one suspect.
    static let patience: Duration = .seconds(10)

    private var alone: (id: QueueID, since: ContinuousClock.Instant)?
    private var waitingSince: ContinuousClock.Instant?

    /// Until when nothing else may start; `nil` if something may.
    func keepsOthersWaiting(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let alone, alone.since.duration(to: now) < Self.patience else { return nil }
        return alone.since + Self.patience
    }

    /// - Returns: `nil` if there is no suspect to start.
    mutating func mayStart(_ suspects: Int, running: Int, at now: ContinuousClock.Instant) -> Answer? {
        guard suspects > 0 else { return nil }
        if running == 0 {
            waitingSince = nil
            return .alone
        }
        let since = waitingSince ?? now
        waitingSince = since
        guard since.duration(to: now) >= Self.patience else { return .notYet }
        waitingSince = nil
        return .together
    }

    mutating func started(_ id: QueueID, at now: ContinuousClock.Instant) { alone = (id, now) }

    mutating func ended(_ id: QueueID) { if alone?.id == id { alone = nil } }
}
