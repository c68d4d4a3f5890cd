import MailModel
import MessageFormat
import Rewriting
import Testing

/// One message before the rules, and what must come of it.
struct RewritingCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Hashable, Sendable {
        /// Leaves as it came; the reverse-path may be another.
        case unchanged
        /// Leaves with these lines.
        case becomes([String])
        /// Is refused with this reply.
        case refused(String)
        /// Is no header.
        case unreadable(HeaderError)
    }

    /// What is configured.
    enum Setting: Sendable {
        case standard
        /// Of foreign authors.
        case reject
        /// `X-SES-*` fields.
        case strip, allow
        /// `crm` may write as anyone in mail.example.com; and foreign authors are rejected.
        case limited, limitedReject
        /// As anyone in news.mail.example.com.
        case newsOnly
        /// As an address that no identity covers.
        case nobody
        /// Other display names.
        case domainFirst, wordsOnly, umlauts
        /// The rules of all, and those of `crm`.
        case own(@Sendable (inout RewriteRules, inout RewriteRules.Account) throws -> Void)
    }

    let name: String
    /// Lines without their ends.
    let header: [String]
    let sender: String
    let setting: Setting
    let outcome: Outcome
    /// `nil` if it stays.
    let reversePath: String?

    init(
        _ name: String, _ header: [String], sender: String = "app@mail.example.com", setting: Setting = .standard, _ outcome: Outcome,
        reversePath: String? = nil
    ) {
        self.name = name
        self.header = header
        self.sender = sender
        self.setting = setting
        self.outcome = outcome
        self.reversePath = reversePath
    }

    var testDescription: String { name }
}

extension RewritingCase.Setting {
    func rules() throws -> RewriteRules {
        var rules = RewriteRules(identities: [
            Identity(
                .domain(try Domain(octets("mail.example.com"))), defaultSender: try mailbox("no-reply@mail.example.com"),
                returnPath: try mailbox("bounces@mail.example.com")),
            Identity(.address(try mailbox("billing@partner.example")), defaultSender: try mailbox("billing@partner.example")),
            Identity(.domain(try Domain(octets("news.mail.example.com"))), defaultSender: try mailbox("hello@news.mail.example.com")),
        ])
        func limit(to pattern: String) throws {
            rules.accounts[RewritingCase.account] = .init(from: [try AddressPattern(parsing: octets(pattern))])
        }
        switch self {
        case .standard: break
        case .reject: rules.unverifiedFrom = .reject
        case .strip: rules.sesHeaders = .strip
        case .allow: rules.sesHeaders = .allow([.xSESConfigurationSet, .xSESMessageTags])
        case .limited: try limit(to: "*@mail.example.com")
        case .limitedReject:
            try limit(to: "*@mail.example.com")
            rules.unverifiedFrom = .reject
        case .newsOnly: try limit(to: "*@news.mail.example.com")
        case .nobody: try limit(to: "a@x.example")
        case .domainFirst: rules.displayName = DisplayNameTemplate("{domain}: {name}") ?? .standard
        case .wordsOnly: rules.displayName = DisplayNameTemplate("The \"Desk\", at work") ?? .standard
        case .umlauts: rules.displayName = DisplayNameTemplate("{name} über {domain}") ?? .standard
        case .own(let change):
            var account = RewriteRules.Account()
            try change(&rules, &account)
            rules.accounts[RewritingCase.account] = account
        }
        return rules
    }
}

extension RewritingCase {
    static let account = AccountName("crm")!
    static let queueID = QueueID(parsing: "0d9x2kq7m3f5z")!

    /// Applies the rules twice: the second time must change nothing.
    func check() throws {
        let rules = try setting.rules()
        let block: HeaderBlock
        do {
            block = try HeaderBlock(parsing: octets(header.map { $0 + "\r\n" }.joined()))
        } catch {
            #expect(outcome == .unreadable(error))
            return
        }
        let path: ReversePath = sender.isEmpty ? .null : .mailbox(try Mailbox(parsingSender: octets(sender)))
        let envelope = Envelope(reversePath: path, recipients: [try mailbox("bob@c.example")])
        let message: RewrittenMessage
        do {
            message = try rules.apply(to: block, envelope: envelope, account: Self.account, queueID: Self.queueID)
        } catch {
            #expect(outcome == .refused(error.reply.oneLine))
            return
        }
        let lines = Self.lines(of: message.header)
        #expect((lines == header ? .unchanged : .becomes(lines)) == outcome)
        #expect(message.envelope.reversePath.description == reversePath ?? sender)

        // What receivers see: one From, one address in it, of an identity; only modern syntax; no line that anyone would cut.
        let authors = try AddressList(parsing: try #require(message.header.first(.from)).value)
        #expect(message.header.count(of: .from) == 1 && authors.mailboxes.map(\.mailbox) == [message.author])
        #expect(rules.identity(covering: message.author) == message.identity)
        for field in message.header.fields where [.from, .to, .cc, .replyTo].contains(field.name) {
            #expect(try AddressList(parsing: field.value).isModern)
        }
        if lines != header { #expect(lines.allSatisfy { header.contains($0) || $0.utf8.count <= 78 }) }

        let again = try rules.apply(
            to: message.header, envelope: message.envelope, account: Self.account, queueID: Self.queueID)
        #expect(again.header == message.header && again.envelope == message.envelope)
        #expect(again.changes == [.fromKept(message.identity.scope)])
    }

    static func lines(of header: HeaderBlock) -> [String] {
        var octets: [UInt8] = []
        header.write(to: &octets)
        // In Swift CR and LF are one character.
        return text(octets).split(separator: "\r\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}
