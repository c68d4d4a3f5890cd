/// Why the daemon did not start, or did not take new settings: the lines for the operator, and the exit code (sysexits.h).
public struct StartFailure: Error, Sendable {
    public let lines: [String]
    public let code: Int32

    static func configuration(_ lines: [String]) -> StartFailure { StartFailure(lines: lines, code: 78) }
    /// Somebody else has what we need: trying again later may help.
    static func temporary(_ line: String) -> StartFailure { StartFailure(lines: [line], code: 75) }
    static func unavailable(_ line: String) -> StartFailure { StartFailure(lines: [line], code: 69) }
    static func permission(_ line: String) -> StartFailure { StartFailure(lines: [line], code: 77) }
}
