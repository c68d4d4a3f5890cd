internal import ArgumentParser
internal import ControlProtocol
internal import Cryptography
internal import DKIM
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

struct DKIMKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim", abstract: "Signing keys and the DNS records that go with them.",
        subcommands: [Generate.self, Record.self, CheckKeys.self, Rotate.self])

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the 2048-bit RSA key of an identity where the configuration expects it, and print its DNS record.")

        @Argument(help: "The identity's domain; all that have no key yet if none is named.") var domain: String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let identities = try selected(domain, common)
            var made = 0
            for identity in identities {
                let path = identity.dkim.privateKey
                if access(path, F_OK) == 0 {
                    if domain != nil { throw failure("\(path) exists already; it is never overwritten", Sysexits.data) }
                    continue
                }
                try makeFolder(of: path)
                do {
                    let key = try RSAPrivateKey.generate()
                    try SecretFile.write(path, try key.pem)
                    made += 1
                    Terminal.line("key written to \(path)\n")
                    Terminal.line(try record(of: identity, key: key).zone + "\n")
                } catch let error as SystemCallError {
                    throw failure("\(error)", Sysexits.unavailable)
                }
            }
            if made == 0 { Terminal.line("every identity has its key") }
        }

        private func makeFolder(of path: String) throws {
            guard let slash = path.lastIndex(of: "/") else { return }
            do { try SecretFile.makeFolder(String(path[..<slash])) } catch { throw failure("\(error)", Sysexits.unavailable) }
        }
    }

    /// The identities of that domain, or all of them.
    static func selected(_ domain: String?, _ common: CommonOptions) throws -> [Configuration.Identity] {
        let identities = try ConfigurationFile.read(common.config).identities
        guard let domain else { return identities }
        let chosen = identities.filter {
            $0.domain.description == domain.lowercased() || $0.subject.description == domain
        }
        guard !chosen.isEmpty else { throw unknown(domain, among: identities, common) }
        return chosen
    }

    /// The only identity that the words mean.
    static func one(_ domain: String?, _ common: CommonOptions) throws -> Configuration.Identity {
        let chosen = try selected(domain, common)
        guard chosen.count == 1 else {
            let names = chosen.map(\.subject.description).joined(separator: ", ")
            throw failure("\(common.config) has more than one identity there; name one of \(names)", Sysexits.usage)
        }
        return chosen[0]
    }

    private static func unknown(_ domain: String, among identities: [Configuration.Identity], _ common: CommonOptions) -> ExitCode {
        let names = identities.map(\.subject.description).joined(separator: ", ")
        return failure("\(domain) is no identity of \(common.config); it has \(names)", Sysexits.usage)
    }

    static func key(in file: String, command: String = "fairlead dkim generate") throws -> RSAPrivateKey {
        let octets: [UInt8]
        do { octets = try WholeFile.read(file) } catch {
            throw failure("\(error); \(command) makes the key", Sysexits.unavailable)
        }
        do { return try RSAPrivateKey(pem: octets) } catch {
            throw failure("\(file): not a usable RSA key: \(error); make one with \(command)", Sysexits.data)
        }
    }

    static func selector(_ name: Domain) throws -> Selector {
        guard let selector = Selector(name.octets) else { throw failure("\(name) is no selector", Sysexits.configuration) }
        return selector
    }

    static func record(of identity: Configuration.Identity, key: RSAPrivateKey) throws -> Record.Row {
        try record(try selector(identity.dkim.selector), identity.domain, key)
    }

    static func record(_ selector: Selector, _ domain: Domain, _ key: RSAPrivateKey) throws -> Record.Row {
        let record = PublicKeyRecord(publicKeyDER: try key.publicKeyDER)
        return Record.Row(
            name: PublicKeyRecord.name(selector: selector, domain: domain), value: String(decoding: record.text, as: UTF8.self),
            zone: record.zoneFileLine(selector: selector, domain: domain))
    }
}
