public import Networking
internal import Settings

/// Who is asked for DKIM records.
public enum NameServers {
    /// The variable that names another server than those of `/etc/resolv.conf`: `192.0.2.53:53`.
    public static let variable = "FAIRLEAD_DNS_SERVER"

    /// - Parameter server: as the variable.
    /// - Returns: `nil` if the server is no address with a port.
    public static func client(_ server: String? = nil) -> DNSClient? {
        guard let text = server ?? ProcessEnvironment.value(variable), !text.isEmpty else { return .system() }
        return SocketAddress(parsing: text).map { DNSClient(servers: [$0]) }
    }
}
