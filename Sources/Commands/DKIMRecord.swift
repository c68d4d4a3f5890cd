internal import ArgumentParser
internal import ControlProtocol
internal import Cryptography
internal import DKIM
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

extension DKIMKeys {
    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the TXT record of an identity's key, ready to paste, or the key itself for SES (BYODKIM).")

        enum Format: String, ExpressibleByArgument, CaseIterable {
            /// The TXT record.
            case record
            /// What SES needs to sign with the same key.
            case byodkim
        }

        @Argument(help: "The identity's domain; all if none is named.") var domain: String?
        @Option(help: "record: the TXT record. byodkim: selector and private key, as SES takes them.") var format = Format.record
        @Option(help: ArgumentHelp("For byodkim: a new file, readable by its owner only.", valueName: "file")) var output: String?
        @OptionGroup var answer: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Row: Encodable {
            let name: String
            let type = "TXT"
            let value: String
            let zone: String
        }

        func validate() throws {
            if output != nil, format != .byodkim {
                throw ValidationError("--output goes with --format byodkim; redirect the record instead")
            }
        }

        func run() async throws {
            if format == .byodkim { return try writeForSES() }
            var rows: [Row] = []
            for identity in try DKIMKeys.selected(domain, common) {
                rows.append(try DKIMKeys.record(of: identity, key: DKIMKeys.key(in: identity.dkim.privateKey)))
                if let next = identity.dkim.next {
                    let key = try DKIMKeys.key(in: next.privateKey, command: "fairlead dkim rotate")
                    rows.append(try DKIMKeys.record(try DKIMKeys.selector(next.selector), identity.domain, key))
                }
            }
            if answer.json {
                Terminal.line(String(decoding: try ControlCoding.encode(rows), as: UTF8.self))
                return
            }
            for row in rows {
                Terminal.line("name   \(row.name)\ntype   TXT\nvalue  \(row.value)\n\nfor a zone file:\n\(row.zone)\n")
            }
        }

        /// `--signing-attributes` of the AWS CLI.
        private struct SigningAttributes: Encodable {
            let selector: String
            let privateKey: String

            enum CodingKeys: String, CodingKey {
                case selector = "DomainSigningSelector"
                case privateKey = "DomainSigningPrivateKey"
            }
        }

        private func writeForSES() throws {
            let identity = try DKIMKeys.one(domain, common)
            let selector = try DKIMKeys.selector(identity.dkim.selector)
            guard (1...63).contains(selector.octets.count), selector.octets.allSatisfy(ASCII.isLetterOrDigit) else {
                throw failure(
                    "SES takes selectors of 1 to 63 letters and digits only, not \(selector); make a key with another one: "
                        + "fairlead dkim rotate --selector NAME", Sysexits.data)
            }
            let key = try DKIMKeys.key(in: identity.dkim.privateKey)
            guard key.bits <= 2048 else {
                throw failure("SES takes RSA keys of 1024 to 2048 bits, and this one has \(key.bits)", Sysexits.data)
            }
            let text = String(decoding: try key.pem, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
            let octets = try ControlCoding.encode(
                SigningAttributes(selector: selector.description, privateKey: text))
            if let output {
                try DKIMKeys.writeNew(output, octets + [10])
                Terminal.line("key of \(selector) written to \(output), readable by its owner only; give it to SES, then delete it:\n")
                Terminal.line(try command(identity, file: output))
            } else {
                Terminal.error("fairlead: this is the private key itself: let nobody see it, and keep it in no history or log")
                Terminal.line(String(decoding: octets, as: UTF8.self))
                Terminal.error("with these lines in FILE:\n" + (try command(identity, file: "FILE")))
            }
        }

        private func command(_ identity: Configuration.Identity, file: String) throws -> String {
            let region = try ConfigurationFile.read(common.config).upstream.effectiveRegion.map { " --region \($0)" } ?? ""
            return
                "aws sesv2 put-email-identity-dkim-signing-attributes\(region) --email-identity \(ShellText.quoted(identity.subject.description)) "
                + "--signing-attributes-origin EXTERNAL --signing-attributes \(ShellText.quoted("file://" + file))"
        }
    }

    /// Writes a file that must not exist yet, for its owner to read.
    static func writeNew(_ path: String, _ octets: [UInt8]) throws {
        do {
            let (folder, name) = split(path)
            let directory = try Directory(path: folder)
            let descriptor = try directory.createExclusively(name, mode: 0o600)
            try writeAll(octets, to: descriptor, subject: path)
            try descriptor.close(subject: path)
        } catch {
            if error.code == EEXIST { throw failure("\(path) exists already; it is never overwritten", Sysexits.cannotCreate) }
            throw failure("\(error)", Sysexits.cannotCreate)
        }
    }

    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}

/// Words of a shell command for people to copy.
enum ShellText {
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || "@%+=:,./-_".utf8.contains($0) }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
