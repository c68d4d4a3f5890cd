internal import ArgumentParser
internal import ControlProtocol
internal import MailModel
internal import Settings

struct DNSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dns", abstract: "All DNS records of the identities, and whether the DNS has them.",
        subcommands: [Records.self, CheckRecords.self])

    /// Which records are meant.
    struct PlanOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Only this identity.", valueName: "domain")) var identity: String?
        @Option(
            name: .customLong("mail-from"),
            help: ArgumentHelp(
                "The label of the custom MAIL FROM domain: bounce gives bounce.mail.example.com; none leaves it out. Default: bounce.",
                valueName: "label"))
        var mailFrom: String?
        @Option(
            name: .customLong("easy-dkim"), parsing: .upToNextOption,
            help: ArgumentHelp("The three tokens of Easy DKIM that the SES console shows for the identity.", valueName: "token"))
        var tokens: [String] = []

        func validate() throws {
            if let mailFrom, !Self.isName(mailFrom) {
                throw ValidationError("--mail-from takes a label such as bounce, or none; not \(mailFrom)")
            }
            for token in tokens where !Self.isName(token) || token.contains(".") {
                throw ValidationError("\(token) is no token of Easy DKIM; copy what stands before ._domainkey in the SES console")
            }
        }

        private static func isName(_ text: String) -> Bool { (try? Domain(allowingSingleLabel: Array(text.utf8))) != nil }

        /// - Returns: each identity with its records.
        func records(_ common: CommonOptions) throws -> [DNSRecord] {
            let settings = try ConfigurationFile.read(common.config)
            let plan = DNSPlan(
                settings, tokens: tokens.map { $0.lowercased() }, mailFromLabel: mailFrom == "none" ? nil : mailFrom ?? "bounce")
            let identities = try DKIMKeys.selected(identity, common)
            guard tokens.isEmpty || identities.count == 1 else {
                throw failure("tokens of Easy DKIM belong to one identity; name it with --identity", Sysexits.usage)
            }
            return try identities.flatMap(plan.records)
        }
    }

    struct Records: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every record for the DNS: DKIM, DMARC, custom MAIL FROM, as a zone file or for Terraform.",
            discussion: """
                Required is the DKIM record. DMARC and a custom MAIL FROM domain are recommended; the latter must be set at the identity in \
                SES too. The CNAMEs of Easy DKIM are known to the SES console only: with --easy-dkim and their tokens they are among the rest.
                """)

        enum Format: String, ExpressibleByArgument, CaseIterable { case zone, terraform }

        @Option(help: "zone: lines for a zone file. terraform: aws_route53_record resources.") var format = Format.zone
        @OptionGroup var plan: PlanOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Row: Encodable {
            let identity, purpose, need, name, type: String
            let ttl = DNSRecord.lifetime
            let value, zone: String

            init(_ record: DNSRecord) {
                identity = record.identity
                purpose = record.purpose.rawValue
                need = record.purpose.isRequired ? "required" : "recommended"
                name = record.name
                type = record.kind.rawValue
                value = record.value
                zone = record.zone
            }
        }

        func run() async throws {
            let records = try plan.records(common)
            if output.json {
                return Terminal.line(String(decoding: try ControlCoding.encode(records.map(Row.init)), as: UTF8.self))
            }
            switch format {
            case .zone:
                for record in records { Terminal.line("; \(record.identity): \(record.note)\n\(record.zone)\n") }
            case .terraform: Terminal.line(Terraform.text(records))
            }
        }
    }
}

/// Records as Terraform's AWS provider takes them.
enum Terraform {
    static func text(_ records: [DNSRecord]) -> String {
        var text =
            "variable \"zone_id\" {\n  type        = string\n  description = \"The Route 53 hosted zone that these records go to.\"\n}\n"
        // Keys of a rotation share a purpose, so the name is in the label.
        for record in records {
            text += """

                # \(record.identity): \(record.note)
                resource "aws_route53_record" "\(label(record))" {
                  zone_id = var.zone_id
                  name    = "\(record.name)"
                  type    = "\(record.kind.rawValue)"
                  ttl     = \(DNSRecord.lifetime)
                  records = ["\(value(record))"]
                }

                """
        }
        return String(text.dropLast())
    }

    private static func label(_ record: DNSRecord) -> String {
        let name = "\(record.purpose.rawValue)_\(record.name)".utf8.map { ASCII.isLetterOrDigit($0) ? $0 : UInt8(ascii: "_") }
        return String(decoding: name, as: UTF8.self)
    }

    /// A long TXT value is split by two quotes, which the provider passes on to Route 53.
    private static func value(_ record: DNSRecord) -> String {
        record.kind == .txt ? record.strings.joined(separator: "\\\"\\\"") : record.value
    }
}
