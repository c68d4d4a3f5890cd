internal import MailModel

/// Where a web request goes: `https://hooks.example.com/services/T0/B0`, in the parts that a client needs.
public struct WebAddress: Hashable, Sendable {
    public let isSecure: Bool
    public let host: RemoteHost
    public let port: UInt16
    /// Path and query as they stand in the request line; begins with a slash. Often the only secret of a webhook.
    public let target: String

    /// `hooks.example.com`, `[::1]:8080`: as it stands in the request's `Host`.
    public var authority: String {
        let name = host.description.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host.description
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

extension WebAddress: CustomStringConvertible {
    /// Without what comes after the host: whoever knows a webhook's path may post to it.
    public var description: String {
        "\(isSecure ? "https" : "http")://\(authority)\(target == "/" ? "/" : "/<redacted>")"
    }
}

extension WebAddress {
    /// Errors never quote what stands behind the host.
    static func parse(_ text: String) throws(ValueError) -> WebAddress {
        let advice = "write one such as https://hooks.example.com/services/T0/B0, or none"
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw ValueError("is not a URL: it is longer than 2048 octets, or has a blank or a character outside ASCII; \(advice)")
        }
        let isSecure = text.lowercased().hasPrefix("https://")
        guard isSecure || text.lowercased().hasPrefix("http://") else {
            throw ValueError("does not begin with https:// or http://; \(advice)")
        }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            throw ValueError("has a name or password before the host, which is not supported; put a token into the path or the query")
        }
        let (host, port) = try split(authority, standard: isSecure ? 443 : 80, advice)
        // The fragment never leaves a client.
        let target = rest.dropFirst(authority.count).prefix { $0 != "#" }
        return WebAddress(isSecure: isSecure, host: host, port: port, target: target.hasPrefix("/") ? String(target) : "/" + target)
    }

    private static func split(_ authority: Substring, standard: UInt16, _ advice: String) throws(ValueError) -> (RemoteHost, UInt16) {
        var name = authority
        var digits: Substring?
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]"), IPAddress(String(name[name.index(after: name.startIndex)..<end])) != nil else {
                throw ValueError("has no numeric address in its brackets; \(advice)")
            }
            let after = name[name.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw ValueError("has \(quoted(String(after))) after the host; \(advice)") }
            if !after.isEmpty { digits = after.dropFirst() }
            name = name[name.index(after: name.startIndex)..<end]
        } else if let colon = name.firstIndex(of: ":") {
            digits = name[name.index(after: colon)...]
            name = name[..<colon]
        }
        guard let host = try? RemoteHost.parse(String(name)) else {
            throw ValueError("\(quoted(String(name))) is not a host name; \(advice)")
        }
        guard let digits else { return (host, standard) }
        guard let port = DecimalText.parse(digits).flatMap(UInt16.init(exactly:)), port > 0 else {
            throw ValueError("\(quoted(String(digits))) is not a port; write 1 to 65535")
        }
        return (host, port)
    }
}
