internal import Glibc
internal import MailModel

/// Who may ask, by the header of the request alone: names that lead here, pages of ours, bearers of the token.
public struct AccessRules: Hashable, Sendable {
    /// What the server may be called besides numeric addresses and localhost, in lower case. A page of a foreign site whose name was made
    /// to lead here (DNS rebinding) is told by the name it asks for.
    public var hosts: Set<String>
    /// What everybody must bring, who asks for more than health.
    public var token: [UInt8]?
    /// Whether nobody may see more than health, because whoever reaches the address could.
    public var isHealthOnly: Bool

    public init(hosts: Set<String>, token: [UInt8]?, isHealthOnly: Bool) {
        self.hosts = hosts
        self.token = token
        self.isHealthOnly = isHealthOnly
    }

    // MARK: Host and Origin

    /// Whether a `Host` is ours. A request without one comes from no browser.
    func allows(host: String?) -> Bool {
        guard let host else { return true }
        let name = Self.name(ofAuthority: host)
        return name == "localhost" || name.hasSuffix(".localhost") || hosts.contains(name) || Self.isAddress(name)
    }

    /// Whether an `Origin` is the page that this very server showed.
    func allows(origin: String?, host: String?) -> Bool {
        guard let origin = origin?.lowercased() else { return true }
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            return origin.dropFirst(scheme.count) == host?.lowercased() ?? ""
        }
        return false
    }

    /// In lower case, without port, brackets and the dot of the root.
    private static func name(ofAuthority authority: String) -> String {
        var name = authority.lowercased()[...]
        if name.hasPrefix("["), let end = name.firstIndex(of: "]") {
            name = name[name.index(after: name.startIndex)..<end]
        } else if let colon = name.lastIndex(of: ":") {
            name = name[..<colon]
        }
        return String(name.hasSuffix(".") ? name.dropLast() : name)
    }

    private static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }

    // MARK: Token

    /// Whether an `Authorization` brings the token: as a bearer's, or as the password of any name, as browsers ask for it.
    func allows(authorization: String?) -> Bool {
        guard let token else { return true }
        guard let authorization, let space = authorization.firstIndex(of: " ") else { return false }
        let value = Array(authorization[authorization.index(after: space)...].utf8.drop { $0 == UInt8(ascii: " ") })
        switch authorization[..<space].lowercased() {
        case "bearer": return Self.isEqual(value, token)
        case "basic":
            guard let pair = Base64.decode(value), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else { return false }
            return Self.isEqual(Array(pair[(colon + 1)...]), token)
        default: return false
        }
    }

    /// Takes as long for a near miss as for a far one.
    private static func isEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        var difference = given.count ^ token.count
        for index in token.indices { difference |= Int((index < given.count ? given[index] : 0) ^ token[index]) }
        return difference == 0
    }
}
