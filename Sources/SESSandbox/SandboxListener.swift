public import Networking

/// Where the sandbox listens, and how TLS begins there.
public struct SandboxListener: Hashable, Sendable {
    public enum TLS: Hashable, Sendable { case starttls, implicit }

    public var address: SocketAddress
    public var tls: TLS

    public init(_ address: SocketAddress, _ tls: TLS) {
        self.address = address
        self.tls = tls
    }

    /// Reads `127.0.0.1:2587`, `[::1]:2465/implicit` or `127.0.0.1:465/starttls`. Without a word after the slash, ports 465 and 2465 begin
    /// with TLS and all others with STARTTLS, as SES's do.
    public init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = SocketAddress(parsing: String(first)) else { return nil }
        self.address = address
        switch parts.count > 1 ? parts[1] : nil {
        case nil: tls = [465, 2465].contains(address.port) ? .implicit : .starttls
        case "starttls": tls = .starttls
        case "implicit": tls = .implicit
        default: return nil
        }
    }
}
