public import MailModel

/// One AUTH exchange, PLAIN (RFC 4616) or LOGIN, from the command to a pair of credentials. A new one is made for every AUTH, so a
/// failed exchange leaves nothing behind (CVE-2011-1720).
public struct SASLServer: Hashable, Sendable {
    public enum Mechanism: String, Hashable, Sendable, CaseIterable {
        case plain = "PLAIN"
        case login = "LOGIN"
    }

    public enum Step: Hashable, Sendable {
        /// The text behind `334 `, in base 64.
        case challenge(String)
        case credentials(Credentials)
        case failed(Failure)
    }

    public enum Failure: Hashable, Sendable {
        /// The client sent `*`.
        case cancelled
        case malformedBase64
        /// Well formed, and never right: another identity to act as, an empty name, a NUL.
        case rejected
    }

    private enum State: Hashable { case awaitingPlain, awaitingUsername, awaitingPassword(username: [UInt8]) }

    private var state: State

    public init(_ mechanism: Mechanism) { state = mechanism == .plain ? .awaitingPlain : .awaitingUsername }

    /// - Parameter initialResponse: as it stood in the command; `=` means empty.
    public mutating func begin(initialResponse: Secret?) -> Step {
        guard let initialResponse else { return .challenge(prompt) }
        return take(initialResponse.exposed == [ASCII.equals] ? [] : initialResponse.exposed)
    }

    /// - Parameter line: the client's answer to the last challenge, without its CRLF.
    public mutating func respond(_ line: [UInt8]) -> Step {
        line == [42] ? .failed(.cancelled) : take(line)
    }

    private var prompt: String {
        switch state {
        case .awaitingPlain: ""
        case .awaitingUsername: "VXNlcm5hbWU6"
        case .awaitingPassword: "UGFzc3dvcmQ6"
        }
    }

    private mutating func take(_ text: [UInt8]) -> Step {
        guard let response = Base64.decode(text) else { return .failed(.malformedBase64) }
        switch state {
        case .awaitingPlain: return Self.plain(response)
        case .awaitingUsername:
            state = .awaitingPassword(username: response)
            return .challenge(prompt)
        case .awaitingPassword(let username): return Self.checked(username: username, password: response)
        }
    }

    /// `authzid NUL authcid NUL password`. Acting as somebody else is not offered: an authzid that is taken as it comes is a way
    /// around every password (CVE-2023-27582).
    private static func plain(_ response: [UInt8]) -> Step {
        let parts = response.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isEmpty || parts[0] == parts[1] else { return .failed(.rejected) }
        return checked(username: Array(parts[1]), password: Array(parts[2]))
    }

    /// A NUL would end the password early where it is handed to C.
    private static func checked(username: [UInt8], password: [UInt8]) -> Step {
        guard !username.isEmpty, !password.isEmpty, !username.contains(0), !password.contains(0) else { return .failed(.rejected) }
        return .credentials(Credentials(username: username, password: Secret(password)))
    }
}
