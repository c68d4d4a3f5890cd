internal import Glibc
internal import LocalMail
internal import MailModel
internal import SafeIO
internal import Settings

/// Where local mail goes, as far as the user who sends may know: the configuration need not be readable to everybody.
struct LocalPlace {
    /// `nil`: off.
    let socket: String?
    /// `nil`: off.
    let maildrop: String?
    /// What users of this host have as their domain.
    let host: Domain

    init(config: String) throws {
        let configuration = Configuration.readable(config)
        socket = configuration.map(\.submitSocket) ?? "/run/fairlead/submit.sock"
        maildrop = configuration.map(\.maildrop) ?? "/var/lib/fairlead-maildrop"
        host = try Self.host(configuration?.hostname)
    }

    /// What the host's administrator says is its name in mail (Debian policy 11.6), what the daemon calls itself, or its own name.
    private static func host(_ configured: Domain?) throws -> Domain {
        let first = (try? WholeFile.read("/etc/mailname", limit: 4096))?.split(separator: ASCII.lineFeed).first
        let name = first.map { $0.filter { !ASCII.isBlank($0) && $0 != ASCII.carriageReturn } }
        if let name, let domain = try? Domain(name) { return domain }
        if let configured, configured.isFullyQualified { return configured }
        let own = HostName.full()?.octets ?? Array("localhost".utf8)
        // Nobody could answer an address with a single label, and SES refuses it.
        return try Domain(own.contains(ASCII.dot) ? own : own + Array(".localdomain".utf8))
    }
}

/// The user who calls.
struct LocalUser {
    let address: LocalAddress
    /// As the environment or the user database has it; may be empty.
    let fullName: [UInt8]

    init() throws {
        let number = getuid()
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        var name = "uid\(number)"
        var gecos = ""
        if getpwuid_r(number, &record, &buffer, buffer.count, &found) == 0, found != nil {
            name = String(cString: record.pw_name)
            gecos = record.pw_gecos.map { String(cString: $0) } ?? ""
        }
        let login = try (try? LocalPart(unquoted: Array(name.utf8))) ?? LocalPart(unquoted: Array("uid\(number)".utf8))
        address = try LocalAddress(user: login)
        let written = getenv("NAME").map { String(cString: $0) } ?? String(gecos.prefix { $0 != "," })
        // An & stands for the login name (finger(1)).
        fullName = Array(written.utf8).flatMap { octet in
            octet == UInt8(ascii: "&") ? Array((name.prefix(1).uppercased() + name.dropFirst()).utf8) : [octet]
        }
    }
}
