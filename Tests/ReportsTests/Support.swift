import Cryptography
import DKIM
import Foundation
import Intake
import MailModel
import MailQueue
import MessageFormat
import Reports
import Rewriting
import Synchronization

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ octets: some Sequence<UInt8>) -> String { String(decoding: Array(octets), as: UTF8.self) }
func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: octets(text)) }

/// 2026-03-01T09:05:07Z
let arrival = Timestamp(seconds: 1_772_355_907)
let crm = AccountName("crm")!
let key = try! RSAPrivateKey.generate()

func reportSettings(
    _ policy: ReportSettings.Policy? = nil, operator address: String = "ops@mail.example.com", returnPath: String? = nil,
    accountFrom: [AddressPattern]? = nil
) throws -> ReportSettings {
    let domain = try Domain(octets("mail.example.com"))
    let partner = try mailbox("billing@partner.example")
    let identities = [
        Identity(.domain(domain), defaultSender: try mailbox("hello@mail.example.com"), returnPath: try returnPath.map(mailbox)),
        Identity(.address(partner), defaultSender: partner),
    ]
    var rules = RewriteRules(identities: identities)
    rules.accounts = [crm: RewriteRules.Account(from: accountFrom)]
    let signers = [domain, partner.domain].map { HeaderSigner(domain: $0, selector: Selector("fl2026")!, key: RSASigningKey(key)) }
    let intake = IntakeSettings(hostname: try Domain(octets("relay.example.com")), rules: rules, signers: signers)
    return ReportSettings(operatorAddress: try mailbox(address), intake: intake, policies: policy.map { [crm: $0] } ?? [:])
}

/// A monotonic clock that stands still until told.
final class ManualClock: Sendable {
    private let instant = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { instant.withLock { $0 } }
    func advance(by duration: Duration) { instant.withLock { $0 += duration } }
}

/// A writer with ids that count up, four days after every message was accepted.
func makeWriter(_ settings: ReportSettings, clock: ManualClock = ManualClock()) -> ReportWriter {
    let count = Mutex<Int64>(0x1000_0000_0000)
    return ReportWriter(
        settings: settings,
        ids: {
            QueueID(
                count.withLock {
                    $0 += 1; return $0
                })!
        },
        serviceTime: { .seconds(4 * 86_400 + 60) }, instant: { clock.now })
}

let sampleHeader = [
    "Received: from client.example by relay.example.com with ESMTPSA id 1", "DKIM-Signature: v=1; a=rsa-sha256; d=mail.example.com;",
    "\tb=abc", "From: \"Anna via mail.example.com\" <hello@mail.example.com>", "To: bob@c.example", "Subject: Invoice 7",
    "Message-ID: <1@corp.example>",
]

func message(
    to recipients: [String] = ["bob@c.example"], from sender: String? = "anna@corp.example", header: [String] = sampleHeader,
    identity: String? = "mail.example.com", id: Int64 = 0x1234_5678_9ABC, edit: (inout MessageFacts) -> Void = { _ in }
) throws -> QueuedMessage {
    var facts = MessageFacts()
    facts.sender = sender
    facts.fromBefore = sender
    facts.identity = identity
    edit(&facts)
    return QueuedMessage(
        id: QueueID(id)!, account: crm, acceptedAt: arrival, reversePath: .mailbox(try mailbox("hello@mail.example.com")),
        recipients: try recipients.enumerated().map {
            QueuedRecipient(index: $0.offset, mailbox: try mailbox($0.element), nextAttempt: arrival)
        },
        header: octets(header.map { $0 + "\r\n" }.joined() + "\r\n"), body: .inline(octets("Hello\r\n")), is8Bit: false, facts: facts)
}

extension QueuedMessage {
    func failed(
        _ reply: String = "550 5.1.1 no such user", as action: FailedRecipient.Action = .failed, status: String = "5.1.1",
        relay: String? = "email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587", only indices: [Int]? = nil, attempts: Int = 1
    ) -> [FailedRecipient] {
        recipients.filter { indices?.contains($0.index) ?? true }.map { recipient in
            var recipient = recipient
            recipient.attempts = attempts
            return FailedRecipient(
                recipient: recipient, action: action, status: status, reply: reply, relay: relay,
                lastAttempt: Timestamp(seconds: arrival.seconds + 60))
        }
    }

    var octets: [UInt8] {
        guard case .inline(let body) = body else { return [] }
        return header + body
    }

    func values(of name: FieldName) throws -> [String] {
        try HeaderBlock(parsing: header.dropLast(2)).fields.filter { $0.name == name }.map { text($0.unfolded) }
    }
}

extension ReportDecision {
    var report: QueuedMessage? { if case .send(let report, _) = self { report } else { nil } }

    /// In one word, with whom or why.
    var summary: String {
        switch self {
        case .send(_, let to): "to \(to)"
        case .none(let why): "none: \(why)"
        case .digest(let time): "digest in \((time - arrival).components.seconds)"
        case .impossible(let why): "impossible: \(why)"
        }
    }
}

/// What Python makes of a mail.
struct ReadMail: Decodable {
    let verified: Bool
    let signatures: Int
    let defects: [String]
    let type: String
    let reportType: String
    let subject: String
    let fields: [[String]]
    let parts: [String]
    let text: String
    let status: [[[String]]]
    let original: [[String]]

    func field(_ name: String) -> [String] { fields.filter { $0[0].lowercased() == name.lowercased() }.map { $0[1] } }
    /// The text on one line.
    var words: String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

struct PythonFailed: Error, CustomStringConvertible { let description: String }

/// One run of Python for any number of mails.
func readInPython(_ mails: [QueuedMessage]) throws -> [ReadMail] {
    let record = octets("v=DKIM1; k=rsa; p=") + Base64.encode(try key.publicKeyDER)
    var input: [UInt8] = []
    for mail in mails { input += octets("\(record.count)\n") + record + octets("\(mail.octets.count)\n") + mail.octets }
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (file, errors) = (directory.appendingPathComponent("records"), directory.appendingPathComponent("errors"))
    try Data(input).write(to: file)
    try Data().write(to: errors)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("read_report.py").path]
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardError = try FileHandle(forWritingTo: errors)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let lines = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw PythonFailed(description: text(try Data(contentsOf: errors))) }
    return try lines.split(separator: 10).map { try JSONDecoder().decode(ReadMail.self, from: Data($0)) }
}

struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
