internal import Glibc
public import MailModel

/// The name of this host as `hostname --fqdn` says it.
public enum HostName {
    /// Asks the resolver if the kernel's name has no dot, which may take seconds where the network is down.
    ///
    /// - Returns: a single label if there is no more, and `localhost` if even that is no host name.
    public static func full() -> Domain? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return fallback }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        if let domain = try? Domain(name) { return domain }
        return canonical(String(decoding: name, as: UTF8.self)) ?? (try? Domain(allowingSingleLabel: name)) ?? fallback
    }

    private static var fallback: Domain? { try? Domain(allowingSingleLabel: Array("localhost".utf8)) }

    private static func canonical(_ name: String) -> Domain? {
        var hints = addrinfo()
        hints.ai_flags = AI_CANONNAME
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0, let list else { return nil }
        defer { freeaddrinfo(list) }
        guard let text = list.pointee.ai_canonname else { return nil }
        return try? Domain(Array(String(cString: text).utf8))
    }
}
