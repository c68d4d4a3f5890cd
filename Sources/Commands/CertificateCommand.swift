internal import ArgumentParser
internal import ControlProtocol
internal import Cryptography
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

struct CertificateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificate", abstract: "The certificate that apps see.", subcommands: [Show.self, Install.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Whom it names, who issued it, and until when it is good.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        private struct Answer: Encodable {
            let file: String
            let names: [String]
            let expires: String
            let selfSigned: Bool
            let hostname: String?
            let namesHost: Bool

            enum CodingKeys: String, CodingKey {
                case file, names, expires
                case selfSigned = "self_signed"
                case hostname
                case namesHost = "names_host"
            }
        }

        func run() async throws {
            let settings = try ConfigurationFile.read(common.config)
            let certificate = try CertificateCommand.leaf(settings.tls.certificate)
            let hostname = (settings.hostname ?? HostName.full())?.description
            let namesHost = hostname.map { certificate.names(host: $0) } ?? false
            let names = certificate.dnsNames + certificate.ipAddresses
            let expires = Timestamp(seconds: certificate.notAfter).description
            if output.json {
                let answer = Answer(
                    file: settings.tls.certificate, names: names, expires: expires, selfSigned: certificate.isSelfIssued,
                    hostname: hostname,
                    namesHost: namesHost)
                return Terminal.line(String(decoding: try ControlCoding.encode(answer), as: UTF8.self))
            }
            Terminal.line("file     \(settings.tls.certificate)\nnames    \(names.joined(separator: ", "))\nexpires  \(expires)")
            if certificate.isSelfIssued { Terminal.line("self-signed: an app takes it only if it is told to trust that file") }
            if let hostname, !namesHost { Terminal.line("not for \(hostname): apps must connect by one of the names above") }
        }
    }

    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a certificate and its key where the configuration wants them, and let a running daemon take them up.",
            discussion: """
                Both files are looked at first; a pair that does not fit, or a certificate for another name, changes nothing. certbot does this \
                by itself with /usr/share/fairlead/letsencrypt-deploy-hook.
                """)

        @Argument(help: "PEM: the certificate, then the intermediate ones.") var certificate: String
        @Argument(help: "PEM: its key, without a passphrase.") var key: String
        @Flag(help: "Leave a certificate for other names alone, and call that success.") var skipOtherNames = false
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let settings = try ConfigurationFile.read(common.config)
            let (chain, secret) = (try read(certificate), try read(key))
            let leaf = try CertificateCommand.leaf(certificate)
            try checkKey(leaf, secret)
            if let hostname = (settings.hostname ?? HostName.full())?.description, !leaf.names(host: hostname) {
                let names = (leaf.dnsNames + leaf.ipAddresses).joined(separator: ", ")
                if skipOtherNames { return Terminal.line("\(certificate) is for \(names), not for \(hostname): left alone") }
                throw failure(
                    "\(certificate) is for \(names), not for \(hostname); get one for \(hostname), or set hostname in \(common.config)",
                    Sysexits.data)
            }
            do throws(SystemCallError) {
                if !isSameFile(key, settings.tls.privateKey) { try SecretFile.write(settings.tls.privateKey, secret) }
                if !isSameFile(certificate, settings.tls.certificate) {
                    try WholeFile.replace(settings.tls.certificate, with: chain, mode: 0o644)
                }
            } catch { throw SetupFiles.failed(error) }
            Terminal.line("\(settings.tls.certificate): good until \(Timestamp(seconds: leaf.notAfter))")
            tellDaemon(common)
        }

        private func read(_ path: String) throws -> [UInt8] {
            do throws(SystemCallError) { return try WholeFile.read(path, limit: 1 << 20) } catch {
                throw failure("\(error)", Sysexits.noInput)
            }
        }

        private func checkKey(_ leaf: Certificate, _ secret: [UInt8]) throws {
            do throws(OpenSSLError) {
                guard try leaf.matches(privateKeyPEM: secret) else {
                    throw OpenSSLError(call: "", reasons: ["it belongs to another certificate"])
                }
            } catch {
                throw failure(
                    "\(key) is not the key of \(certificate): \(error.reasons.joined(separator: "; ")); nothing was changed", Sysexits.data)
            }
            guard leaf.notAfter > Timestamp(microseconds: SystemClock.microseconds()).seconds else {
                throw failure(
                    "\(certificate) expired on \(Timestamp(seconds: leaf.notAfter)); nothing was changed", Sysexits.data)
            }
        }

        /// Also by way of links, as in /etc/letsencrypt/live.
        private func isSameFile(_ one: String, _ other: String) -> Bool {
            var (first, second) = (stat(), stat())
            return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino
        }
    }

    static func leaf(_ path: String) throws -> Certificate {
        do {
            if let leaf = try Certificate.chain(pem: WholeFile.read(path, limit: 1 << 20)).first { return leaf }
        } catch let error as SystemCallError {
            throw failure("\(error)", Sysexits.noInput)
        } catch {
            throw failure("\(path) has no certificate that can be read: \(error); name a PEM file, the server's first", Sysexits.data)
        }
        throw failure("\(path) has no certificate; name a PEM file, the server's first", Sysexits.data)
    }
}
