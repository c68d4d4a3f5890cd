/// When a message that was deferred is tried again: after 5 s, 10 s, 30 s, and then every 20 minutes, as Amazon asks of SES's clients
/// for every 4yz reply.
///
/// Each wait is spread by up to a fifth in either direction, so that messages deferred together do not come back together.
public enum RetrySchedule {
    /// - Parameters:
    ///   - attempts: how many were made, the one that just failed included; at least 1.
    ///   - spread: 0 to 1, evenly distributed; 0.5 gives the middle.
    ///
    /// Examples with a spread of 0.5: 1 -> 5 s, 2 -> 10 s, 3 -> 30 s, 4 and more -> 20 min.
    public static func delay(afterAttempts attempts: Int, spread: Double) -> Duration {
        let middle: Duration =
            switch attempts {
            case ...1: .seconds(5)
            case 2: .seconds(10)
            case 3: .seconds(30)
            default: .seconds(20 * 60)
            }
        return middle * (0.8 + 0.4 * min(max(spread, 0), 1))
    }
}
