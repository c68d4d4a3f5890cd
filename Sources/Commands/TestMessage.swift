internal import ArgumentParser
internal import ControlProtocol
internal import MailModel
internal import RelayDaemon
internal import SafeIO
internal import Settings

struct TestMessage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send one message the whole road, as an app would, and follow it to SES's answer.",
        discussion: """
            Logs in at a port that apps use, with TLS and with a password that the daemon makes for this once, and shows every event until \
            SES has answered. Exit status 0: relayed; 69: refused, here or by SES; 75: it still waits in the queue; 77: not allowed, run it \
            as root.
            """)

    @Argument(help: "Who gets the message.") var address: String
    @Option(help: ArgumentHelp("The account to send as. Default: the first.", valueName: "name")) var account: String?
    @Option(help: ArgumentHelp("Its author. Default: the default sender.", valueName: "address")) var from: String?
    @Option(help: ArgumentHelp("How long to wait for SES's answer.", valueName: "seconds")) var wait = 60
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    private struct Answer: Encodable {
        let ok: Bool
        let account: String
        let sender: String
        let recipient: String
        let listener: String
        let queueID: String?
        let findings: [String]
        let events: [EventRecord]
        let reason: String?
        let cure: String?

        enum CodingKeys: String, CodingKey {
            case ok, account, sender, recipient, listener
            case queueID = "queue_id"
            case findings, events, reason, cure
        }
    }

    func run() async throws {
        let settings = try ConfigurationFile.read(common.config)
        let recipient = try mailbox(address)
        let name = try account ?? firstAccount(settings)
        let sender = try from.map(mailbox) ?? defaultSender(name, settings)
        var client = try ControlClient(config: common.config)
        let login = try client.value(TestLogin.self, ControlRequest(.testLogin, word: name)).value
        guard let test = RoadTest(login, certificate: settings.tls.certificate, from: sender, to: recipient) else {
            throw failure(
                "no listener asks for a login; `listeners` in \(common.config) needs one with starttls or implicit", Sysexits.configuration)
        }
        for finding in test.findings { say("\(Terminal.styled("note", .yellow))  \(finding)") }
        say(
            "\(login.account) submits to \(test.listener.host) port \(test.listener.port) (\(test.listener.tls)): \(sender) -> \(recipient)"
        )
        switch await test.submit() {
        case .unreachable(let text): try end(test, nil, Outcome(reason: text, cure: "look at `fairlead status` and the log"))
        case .refused(let text): try end(test, nil, Outcome(reason: "the relay refused it: \(text)", cure: nil))
        case .accepted(let id):
            var follower = TestFollower(queueID: id, config: common.config, isQuiet: output.json)
            let outcome = try await follower.follow(for: .seconds(max(1, min(wait, 86_400))))
            try end(test, follower, outcome)
        }
    }

    struct Outcome {
        var isRelayed = false
        var isWaiting = false
        var reason: String?
        var cure: String?
    }

    private func end(_ test: RoadTest, _ follower: TestFollower?, _ outcome: Outcome) throws {
        if output.json {
            let answer = Answer(
                ok: outcome.isRelayed, account: test.login.account, sender: test.sender.description, recipient: test.recipient.description,
                listener: "\(test.listener.host):\(test.listener.port)", queueID: follower?.queueID, findings: test.findings,
                events: follower?.events ?? [], reason: outcome.reason, cure: outcome.cure)
            Terminal.line(String(decoding: try ControlCoding.encode(answer), as: UTF8.self))
        } else if outcome.isRelayed {
            Terminal.line(Terminal.styled("relayed", .green) + ": SES has taken it; whether it is delivered, the mailbox shows")
        } else {
            Terminal.error("fairlead: \(outcome.reason ?? "not relayed")\(outcome.cure.map { "\nto do: \($0)" } ?? "")")
            if let follower { Terminal.error("the whole story, also later: fairlead trace \(follower.queueID)") }
        }
        if !outcome.isRelayed { throw ExitCode(outcome.isWaiting ? Sysexits.temporary : Sysexits.unavailable) }
    }

    private func say(_ text: String) { if !output.json { Terminal.line(text) } }

    private func mailbox(_ text: String) throws -> Mailbox {
        do throws(AddressError) {
            return try Mailbox(parsing: Array(text.utf8))
        } catch {
            throw failure("\(text) is not an address; write one such as you@example.com", Sysexits.usage)
        }
    }

    private func firstAccount(_ settings: Configuration) throws -> String {
        let octets: [UInt8]
        do throws(SystemCallError) { octets = try WholeFile.read(settings.passwords) } catch {
            throw failure("\(error); run it as root, or name an account with --account", Sysexits.permission)
        }
        // One that hands on foreign mail reaches aliases only.
        let names = PasswordFile.parse(octets, file: settings.passwords).file.names
        guard let name = names.first(where: { settings.policy(for: $0).kind == .app }) else {
            throw failure("there is no account yet; fairlead account add NAME makes one", Sysexits.configuration)
        }
        return name.description
    }

    private func defaultSender(_ account: String, _ settings: Configuration) -> Mailbox {
        let own = AccountName(account).flatMap { settings.policy(for: $0).identity }
        let identity = settings.identities.first { $0.subject == own } ?? settings.identities[0]
        return identity.defaultSender
    }
}

/// Shows what happens to a message, event by event, until nothing more will or time runs out.
struct TestFollower {
    let queueID: String
    private let config: String
    private let isQuiet: Bool
    private(set) var events: [EventRecord] = []

    init(queueID: String, config: String, isQuiet: Bool) {
        self.queueID = queueID
        self.config = config
        self.isQuiet = isQuiet
    }

    mutating func follow(for patience: Duration) async throws -> TestMessage.Outcome {
        let deadline = ContinuousClock.now + patience
        while true {
            try look()
            if let outcome { return outcome }
            guard ContinuousClock.now < deadline else { return try stillWaiting() }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private mutating func look() throws {
        var client = try ControlClient(config: config)
        let report = try client.value(TraceReport.self, ControlRequest(.trace, word: queueID)).value
        let found = report.messages.first { $0.queueID == queueID }?.events ?? []
        for event in found.dropFirst(events.count) where !isQuiet { Terminal.line("  " + EventText.line(event)) }
        events = found
    }

    /// What it came to, once it came to something.
    private var outcome: TestMessage.Outcome? {
        guard let last = events.last(where: { Self.ends.contains($0.event) }) else { return nil }
        if last.event == "relayed" { return TestMessage.Outcome(isRelayed: true) }
        let words = last.reply.map { ": \($0)" } ?? ""
        switch last.event {
        case "held": return TestMessage.Outcome(isWaiting: true, reason: "it is held\(words)", cure: "fairlead queue release \(queueID)")
        case "suppressed":
            return TestMessage.Outcome(reason: "the address is suppressed\(words)", cure: "fairlead suppress remove ADDRESS")
        default: return TestMessage.Outcome(reason: "\(last.event)\(words)", cure: Self.cure(last.reply ?? ""))
        }
    }

    private static let ends: Set<String> = ["relayed", "failed", "expired", "removed", "held", "suppressed", "quarantined", "dead_letter"]

    /// The answer that nearly every new account meets.
    private static func cure(_ reply: String) -> String? {
        guard reply.contains("not verified") else { return nil }
        return "verify the domain in the SES console, in this region; an account in SES's sandbox may send to verified addresses only"
    }

    private func stillWaiting() throws -> TestMessage.Outcome {
        var client = try ControlClient(config: config)
        let status = try client.value(StatusReport.self, ControlRequest(.status)).value
        let route = status.route
        if route.state == "paused" {
            return TestMessage.Outcome(
                isWaiting: true, reason: "it waits in the queue, for sending is paused: \(route.reason ?? route.cause ?? "")",
                cure: route.cure)
        }
        let last = events.last { $0.reply != nil && $0.event != "rewritten" }?.reply
        return TestMessage.Outcome(isWaiting: true, reason: "it waits in the queue\(last.map { ": \($0)" } ?? "")", cure: nil)
    }
}
