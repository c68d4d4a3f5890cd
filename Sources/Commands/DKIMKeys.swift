internal import ArgumentParser
internal import ControlProtocol
internal import Crypto
internal import DKIM
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

struct DKIMKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim", abstract: "Signing keys and the DNS records that go with them.", subcommands: [Generate.self, Record.self])

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

    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the TXT record of an identity's key, ready to paste.")

        @Argument(help: "The identity's domain; all if none is named.") var domain: String?
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Row: Encodable {
            let name: String
            let type = "TXT"
            let value: String
            let zone: String
        }

        func run() async throws {
            var rows: [Row] = []
            for identity in try selected(domain, common) {
                let octets: [UInt8]
                do { octets = try WholeFile.read(identity.dkim.privateKey) } catch {
                    throw failure("\(error); fairlead dkim generate makes the key", Sysexits.unavailable)
                }
                let key: RSAPrivateKey
                do { key = try RSAPrivateKey(pem: octets) } catch {
                    throw failure("\(identity.dkim.privateKey): not a usable RSA key: \(error)", Sysexits.data)
                }
                rows.append(try record(of: identity, key: key))
            }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(rows), as: UTF8.self))
                return
            }
            for row in rows {
                Terminal.line("name   \(row.name)\ntype   TXT\nvalue  \(row.value)\n\nfor a zone file:\n\(row.zone)\n")
            }
        }
    }

    private static func selected(_ domain: String?, _ common: CommonOptions) throws -> [Configuration.Identity] {
        let identities = try ConfigurationFile.read(common.config).identities
        guard let domain else { return identities }
        let chosen = identities.filter { $0.domain.description == domain.lowercased() }
        guard !chosen.isEmpty else {
            throw failure(
                "\(domain) is no identity of \(common.config); it has \(identities.map(\.domain.description).joined(separator: ", "))",
                Sysexits.usage)
        }
        return chosen
    }

    private static func record(of identity: Configuration.Identity, key: RSAPrivateKey) throws -> Record.Row {
        guard let selector = Selector(identity.dkim.selector.description) else {
            throw failure("\(identity.dkim.selector) is no selector", Sysexits.configuration)
        }
        let record = PublicKeyRecord(publicKeyDER: try key.publicKeyDER)
        return Record.Row(
            name: PublicKeyRecord.name(selector: selector, domain: identity.domain), value: String(decoding: record.text, as: UTF8.self),
            zone: record.zoneFileLine(selector: selector, domain: identity.domain))
    }
}
