public import SafeIO

/// Why no connection came about: whom we called, and what each address or the resolver said.
public struct ConnectError: Error, Hashable, Sendable {
    public enum Reason: Error, Hashable, Sendable {
        /// The name has no address; the text is the resolver's.
        case unresolved(String)
        /// Every address tried failed; each error names its address.
        case unreachable([SystemCallError])
        /// Time ran out; what failed before that is listed.
        case timedOut([SystemCallError])
        case cancelled
    }

    public let host: String
    public let port: UInt16
    public let reason: Reason

    public init(host: String, port: UInt16, reason: Reason) {
        self.host = host
        self.port = port
        self.reason = reason
    }
}

extension ConnectError: CustomStringConvertible {
    /// `mail.example.com:587: connect 192.0.2.1:587: Connection refused (errno 111)`
    public var description: String {
        let text =
            switch reason {
            case .unresolved(let message): "cannot resolve the name: \(message)"
            case .unreachable(let errors): errors.map(\.description).joined(separator: "; ")
            case .timedOut(let errors): (errors.map(\.description) + ["timed out"]).joined(separator: "; ")
            case .cancelled: "cancelled"
            }
        return "\(host):\(port): \(text)"
    }
}
