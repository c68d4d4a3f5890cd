internal import ArgumentParser
internal import ControlProtocol
internal import Cryptography
internal import DKIM
internal import MailModel
internal import Networking
internal import RelayDaemon
internal import SafeIO
internal import Settings

extension DKIMKeys {
    struct CheckKeys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Compare the keys of the identities with the DNS; exit status 0 all there, 1 something is wrong, 69 no answer.")

        @Option(help: ArgumentHelp("Only this identity.", valueName: "domain")) var identity: String?
        @Option(
            name: .customLong("dns-server"),
            help: ArgumentHelp("Ask this server instead of the system's.", valueName: "address:port", visibility: .hidden))
        var server: String?
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Finding: Encodable {
            let identity: String
            /// `current` or `next`.
            let role: String
            let record: String
            let state: String
            let finding: String
            let cure: String?
            /// Whether the relay signs with it; `nil` where that may not be read.
            let signs: Bool?

            /// One sentence.
            var text: String {
                let role = role == "next" ? " (next)" : ""
                let signing = signs.map { $0 ? "; it signs" : "; it does not sign" } ?? ""
                return "\(identity)\(role): \(record): \(finding)\(cure.map { "; \($0)" } ?? "")\(signing)"
            }
        }

        func run() async throws {
            let configuration = try ConfigurationFile.read(common.config)
            guard let dns = NameServers.client(server) else {
                throw failure(
                    "\(server ?? NameServers.variable) is no address with a port; write one such as 192.0.2.53:53", Sysexits.usage)
            }
            // Only root and the daemon may read it; the others are not told who signs.
            let seen = try? SeenKeys.read(inQueue: configuration.queue.path)
            var findings: [Finding] = []
            var notes: [String] = []
            var isUnanswered = false
            for identity in try DKIMKeys.selected(identity, common) {
                let plan = try plan(of: identity)
                let signing = seen.map { plan.keyInForce($0)?.name }
                for (role, key) in [("current", plan.current), ("next", plan.next)] {
                    guard let key else { continue }
                    let (state, finding, cure) = await look(for: key, dns, &isUnanswered)
                    findings.append(
                        Finding(
                            identity: plan.identity, role: role, record: key.name, state: state, finding: finding, cure: cure,
                            signs: signing.map { $0 == key.name }))
                }
                if let seen, let next = plan.next, let since = seen.time(of: next) {
                    let until = since + configuration.longestLifetime + DKIMPlan.retriesOfSES
                    notes.append("\(plan.identity): the record \(plan.current.name) must stay until \(until)")
                }
            }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(findings), as: UTF8.self))
            } else {
                for finding in findings { Terminal.line(finding.text) }
                for note in notes { Terminal.line(note) }
            }
            if isUnanswered { throw ExitCode(Sysexits.unavailable) }
            if findings.contains(where: { $0.cure != nil }) { throw ExitCode(1) }
        }

        private func look(for key: DKIMKey, _ dns: DNSClient, _ isUnanswered: inout Bool) async -> (String, String, String?) {
            do throws(DNSClient.NoAnswer) {
                let records: [[UInt8]] = if case .records(let found) = try await dns.texts(of: key.name) { found } else { [] }
                let published = PublishedKey(records: records, publicKeyDER: key.publicKeyDER)
                return (published.kind, published.finding, published.cure)
            } catch {
                isUnanswered = true
                return ("no_answer", "the DNS did not tell: \(error)", "check the network and the name servers in /etc/resolv.conf")
            }
        }

        private func plan(of identity: Configuration.Identity) throws -> DKIMPlan {
            let dkim = identity.dkim
            func key(_ key: Configuration.DKIM.Key, _ command: String) throws -> DKIMKey {
                let privateKey = try DKIMKeys.key(in: key.privateKey, command: command)
                guard let found = try DKIMKey(selector: key.selector, domain: identity.domain, privateKey: privateKey) else {
                    throw failure("\(key.selector) is no selector", Sysexits.configuration)
                }
                return found
            }
            return DKIMPlan(
                identity: identity.subject.description, domain: identity.domain, current: try key(dkim.current, "fairlead dkim generate"),
                next: try dkim.next.map { try key($0, "fairlead dkim rotate") }, isPending: dkim.publish == .pending)
        }
    }
}
