internal import ArgumentParser
internal import ControlProtocol
internal import Cryptography
internal import DKIM
internal import MailModel
internal import Networking
internal import RelayDaemon

extension DNSCommand {
    struct CheckRecords: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract:
                "Compare every record with the DNS; exit status 0 in order, 1 something required is missing or something is wrong, 69 no answer."
        )

        @Option(
            name: .customLong("dns-server"),
            help: ArgumentHelp("Ask this server instead of the system's.", valueName: "address:port"))
        var server: String?
        @OptionGroup var plan: PlanOptions
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Row: Encodable {
            let identity, purpose, need, name, type, state, finding: String
            let cure: String?

            init(_ record: DNSRecord, _ finding: DNSFinding) {
                identity = record.identity
                purpose = record.purpose.rawValue
                need = record.purpose.isRequired ? "required" : "recommended"
                name = record.name
                type = record.kind.rawValue
                state = finding.state
                self.finding = finding.text
                cure = finding.cure
            }
        }

        func run() async throws {
            guard let dns = NameServers.client(server) else {
                throw failure(
                    "\(server ?? NameServers.variable) is no address with a port; write one such as 192.0.2.53:53", Sysexits.usage)
            }
            let records = try plan.records(common)
            let look = DNSLook(dns: dns, isMailFromNamed: plan.mailFrom != nil)
            var rows: [(DNSRecord, DNSFinding)] = []
            for record in records { rows.append((record, await look.finding(record))) }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(rows.map(Row.init)), as: UTF8.self))
            } else {
                for (record, finding) in rows { show(record, finding) }
            }
            if rows.contains(where: { $0.1.state == "no_answer" }) { throw ExitCode(Sysexits.unavailable) }
            if rows.contains(where: { $0.1.isWrong(for: $0.0.purpose) }) { throw ExitCode(1) }
        }

        private func show(_ record: DNSRecord, _ finding: DNSFinding) {
            let mark: String
            if finding.cure == nil {
                mark = Terminal.styled("ok  ", .green)
            } else if finding.isWrong(for: record.purpose) || finding.state == "no_answer" {
                mark = Terminal.styled("FAIL", .red)
            } else {
                mark = Terminal.styled("note", .yellow)
            }
            let cure = finding.cure.map { "; \($0)" } ?? ""
            Terminal.line("\(mark)  \(record.kind.rawValue) \(record.name) (\(record.purpose.rawValue)): \(finding.text)\(cure)")
        }
    }
}

/// What the DNS shows in the place of a record.
struct DNSFinding {
    /// `match`, `missing`, `other`, `several`, …: of keys as `dkim check` says it.
    let state: String
    let text: String
    /// `nil` if nothing is to be done.
    let cure: String?
    /// Whether what is there does harm, also where nothing would do none.
    var isHarmful = false

    /// Whether the mail of the identity suffers from it.
    func isWrong(for purpose: DNSRecord.Purpose) -> Bool { cure != nil && (purpose.isRequired || isHarmful) }

    static let match = DNSFinding(state: "match", text: "as it should be", cure: nil)
}

/// Looks records up and judges what comes.
struct DNSLook {
    let dns: DNSClient
    /// Whether somebody said which name is the MAIL FROM domain, or it is only our proposal.
    let isMailFromNamed: Bool

    func finding(_ record: DNSRecord) async -> DNSFinding {
        do throws(DNSClient.NoAnswer) {
            switch record.purpose {
            case .dkim: return try await key(record)
            case .easyDKIM: return try await easyDKIM(record)
            case .dmarc: return try await dmarc(record)
            case .mailFromMX, .mailFromSPF: return try await mailFrom(record)
            }
        } catch {
            return DNSFinding(
                state: "no_answer", text: "the DNS did not tell: \(error)",
                cure: "check the network and the name servers in /etc/resolv.conf")
        }
    }

    private func texts(_ name: String) async throws(DNSClient.NoAnswer) -> [[UInt8]] {
        if case .records(let records) = try await dns.texts(of: name) { records } else { [] }
    }

    private func key(_ record: DNSRecord) async throws(DNSClient.NoAnswer) -> DNSFinding {
        let der = (try? PublicKeyRecord(parsing: Array(record.value.utf8)))?.publicKeyDER ?? []
        let published = PublishedKey(records: try await texts(record.name), publicKeyDER: der)
        return DNSFinding(state: published.kind, text: published.finding, cure: published.cure)
    }

    /// The CNAME leads to a key that SES publishes: if that is there, so is the CNAME.
    private func easyDKIM(_ record: DNSRecord) async throws(DNSClient.NoAnswer) -> DNSFinding {
        let found = try await texts(record.name)
        if found.contains(where: { (try? PublicKeyRecord(parsing: $0)) != nil }) { return .match }
        return DNSFinding(
            state: found.isEmpty ? "missing" : "other", text: found.isEmpty ? "it leads to no key" : "it leads to something that is no key",
            cure: "publish the CNAME to \(record.value), as the SES console shows it")
    }

    /// The policy of the domain, or of the nearest one above that has one (RFC 7489 §6.6.3).
    private func dmarc(_ record: DNSRecord) async throws(DNSClient.NoAnswer) -> DNSFinding {
        var labels = record.name.split(separator: ".").dropFirst()
        while labels.count >= 2 {
            let name = "_dmarc." + labels.joined(separator: ".")
            let policies = try await texts(name).filter { $0.starts(with: "v=DMARC1".utf8) }
            if policies.count > 1 {
                return DNSFinding(
                    state: "several", text: "\(name) has \(policies.count) policies, so that receivers heed none",
                    cure: "remove all but one",
                    isHarmful: true)
            }
            if let policy = policies.first {
                let shown = PrintableText.sanitized(policy[...], limit: 200)
                return DNSFinding(state: "match", text: name == record.name ? shown : "\(name) covers it: \(shown)", cure: nil)
            }
            labels = labels.dropFirst()
        }
        return DNSFinding(
            state: "missing", text: "there is no policy, and large receivers ask for one of those who send much",
            cure: "publish \"\(record.value)\"")
    }

    private func mailFrom(_ record: DNSRecord) async throws(DNSClient.NoAnswer) -> DNSFinding {
        let exchangers: [[UInt8]] =
            if case .records(let found) = try await dns.mailExchangers(of: record.name) { found } else { [] }
        let policies = try await texts(record.name).filter { $0.starts(with: "v=spf1".utf8) }
        let isOurs = exchangers.contains(where: Self.isFeedback) || policies.contains(where: Self.includesSES)
        // Half of it is worse than nothing: SES then gives up, or SPF fails.
        let isHarmful = isMailFromNamed || isOurs
        guard isOurs || isMailFromNamed || exchangers.isEmpty && policies.isEmpty else {
            return DNSFinding(
                state: "other", text: "the name serves something else", cure: "choose another one with --mail-from, and set it in SES")
        }
        let found = record.purpose == .mailFromMX ? exchangers : policies
        guard let first = found.first else {
            return DNSFinding(
                state: "missing",
                text: isHarmful
                    ? "it is missing" : "there is no custom MAIL FROM domain, so that SPF is not aligned; DKIM is enough for DMARC",
                cure: "publish \"\(record.value)\", and set the MAIL FROM domain in SES", isHarmful: isHarmful)
        }
        guard found.count == 1 else {
            let reason = record.purpose == .mailFromMX ? "and SES wants exactly one" : "and SPF fails with more than one"
            return DNSFinding(
                state: "several", text: "there are \(found.count), \(reason)", cure: "remove all but \"\(record.value)\"", isHarmful: true)
        }
        let isGood = record.purpose == .mailFromMX ? Self.isSameHost(first, record.value) : Self.includesSES(first)
        guard !isGood else { return .match }
        return DNSFinding(
            state: "other", text: "the DNS has \"\(PrintableText.sanitized(first[...], limit: 200))\"",
            cure: "publish \"\(record.value)\" in its place", isHarmful: true)
    }

    /// The preference is of no matter where there is one MX only.
    private static func isSameHost(_ found: [UInt8], _ wanted: String) -> Bool {
        found.drop { $0 != 32 }.elementsEqual(Array(wanted.utf8).drop { $0 != 32 })
    }

    /// Of any region.
    private static func isFeedback(_ exchanger: [UInt8]) -> Bool {
        let host = String(decoding: exchanger.drop { $0 != 32 }.dropFirst(), as: UTF8.self)
        return host.hasPrefix("feedback-smtp.") && host.hasSuffix(".amazonses.com")
    }

    private static func includesSES(_ policy: [UInt8]) -> Bool {
        policy.split(separator: 32).contains { $0.map(ASCII.lowercased).elementsEqual("include:amazonses.com".utf8) }
    }
}
