// What a message costs the queue and the history, without network, signature and protocol.
//
//   mailqueue-bench FOLDER [messages] [committers] [octets] [keep] [bare]
//
// With `bare` nothing is kept of what came in; the difference is what keeping it costs.
//
// Each committer commits a message with its "accepted" event, waits, records it as relayed, waits, and goes on: the life of a message
// whose upstream answers at once.
import Dispatch
import Glibc
import MailModel
import MailQueue
import SafeIO

func cpuMicroseconds() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
}

func residentKiB() -> Int {
    let status = (try? WholeFile.read("/proc/self/statm")) ?? []
    return Int(String(decoding: status, as: UTF8.self).split(separator: " ")[1]).map { $0 * 4 } ?? 0
}

let arguments = CommandLine.arguments
let folder = arguments[1]
let total = arguments.count > 2 ? Int(arguments[2]) ?? 20_000 : 20_000
let committers = arguments.count > 3 ? Int(arguments[3]) ?? 20 : 20
let size = arguments.count > 4 ? Int(arguments[4]) ?? 4096 : 4096
let keep = arguments.dropFirst(5).contains("keep")
let isBare = arguments.dropFirst(5).contains("bare")

let clock: WallClock = { Timestamp(microseconds: SystemClock.microseconds()) }
let opening = DispatchTime.now().uptimeNanoseconds
let store = try SQLiteQueueStore(path: folder, options: SQLiteQueueStore.Options(clock: clock))
print(
    "open: \((DispatchTime.now().uptimeNanoseconds - opening) / 1_000_000) ms, \(store.recovery.messages) messages, "
        + "\(residentKiB()) KiB resident"
)

let account = AccountName("crm")!
let reversePath = ReversePath.mailbox(try Mailbox(parsing: Array("bounce@mail.example.com".utf8)))
/// Whole lines of 64 octets, so that what is kept can also be sent.
func lines(of octets: Int) -> [UInt8] {
    (0..<max(1, octets / 64)).flatMap { _ in Array("X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".utf8) }
}
let filler = lines(of: 1024)
let octets = lines(of: max(0, size - 1024))
/// 1.2 KiB as a web shop writes it.
func original(_ number: Int) -> KeptOriginal {
    let header = """
        Received: from app\(number % 7).shop.example (app\(number % 7).shop.example [192.0.2.\(number % 250)]) by mx.shop.example with ESMTP id\r
         4XyZ\(number); Sun, 01 Mar 2026 09:05:06 +0000\r
        MIME-Version: 1.0\r
        Date: Sun, 01 Mar 2026 10:05:05 +0100\r
        From: "Order desk, Shop Ltd" <orders@app\(number % 7).shop.example>\r
        To: Anna Example <user\(number % 50_000)@customer.example>\r
        Cc: accounting@customer.example\r
        Reply-To: service@shop.example\r
        Subject: =?utf-8?Q?Ihre_Bestellung_Nr=2E_\(number)_ist_unterwegs_=E2=80=93_Sendungsverfolgung?=\r
        Message-ID: <\(number &* 2_654_435_761)-2b64-4c7c-9a5b-\(number &* 40_503)@app01.shop.example>\r
        References: <a3f4c9d2-6b77-4a1e-b0fd-\(number &* 69_069)@app01.shop.example>\r
        X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)\r
        X-PHP-Originating-Script: 1001:class-phpmailer.php\r
        List-Unsubscribe: <https://shop.example/u/\(number &* 362_437)>, <mailto:unsubscribe@shop.example>\r
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
        Auto-Submitted: auto-generated\r
        X-Priority: 3\r
        X-Tenant: shop-eu-west-1-\(number % 31)\r
        Content-Type: multipart/alternative;\r
         boundary="b1_\(number &* 1_000_003)"; charset=utf-8\r
        Content-Transfer-Encoding: 7bit\r

        """
    return KeptOriginal(
        header: Array(header.utf8), reversePath: .null, bodyRepair: 0, bodyHash: Array(header.utf8.prefix(32)),
        helloName: Array("app.shop.example".utf8), client: "192.0.2.7", transfer: "ESMTPSA", generation: "0123456789ab")
}

do {
    let originals = (0..<5000).map(original)
    let (cpu, id) = (cpuMicroseconds(), QueueID(1)!)
    for original in originals { _ = EncodedOriginal(original, of: id) }
    let each = Double(cpuMicroseconds() - cpu) / Double(originals.count)
    print("compressing a header of \(originals[7].header.count) octets: \(each) us CPU")
}

let floor = (try await store.highestID())?.value ?? 0

@Sendable func message(_ number: Int) -> QueuedMessage {
    let now = clock()
    var facts = MessageFacts()
    facts.client = "192.0.2.7"
    facts.sender = "app@crm.example"
    facts.fromBefore = "app@crm.example"
    facts.fromAfter = "no-reply@mail.example.com"
    facts.messageID = "<\(number).\(now.microseconds)@mail.example.com>"
    let mailbox = try! Mailbox(parsing: Array("user\(number % 50_000)@customer.example".utf8))
    let header = filler + Array("X-Bench-Seq: \(number + 1)\r\n".utf8)
    var message = QueuedMessage(
        id: QueueID(floor + Int64(number) + 1)!, account: account, acceptedAt: now, reversePath: reversePath,
        recipients: [QueuedRecipient(index: 0, mailbox: mailbox, nextAttempt: now)], header: header, body: .inline(octets), is8Bit: false,
        facts: facts)
    if !isBare { message.original = EncodedOriginal(original(number), of: message.id) }
    return message
}

@Sendable func accepted(_ message: QueuedMessage) -> RelayEvent {
    var event = RelayEvent(
        .accepted, at: message.acceptedAt, queueID: message.id, account: account, recipients: message.recipients.map(\.mailbox))
    event.client = message.facts.client
    event.sender = message.facts.sender
    event.fromBefore = message.facts.fromBefore
    event.fromAfter = message.facts.fromAfter
    event.messageID = message.facts.messageID
    event.messageSize = message.size
    return event
}

@Sendable func relayed(_ message: QueuedMessage) -> DeliveryRecord {
    var event = RelayEvent(.relayed, at: clock(), queueID: message.id, account: account, recipients: message.recipients.map(\.mailbox))
    event.relay = "email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587"
    event.delay = .milliseconds(12)
    event.dsn = "2.0.0"
    event.sesID = "0102018b\(message.id)-6f1c2f0e-7f0a-4a1e-8a9d-000000"
    event.reply = "250 Ok \(event.sesID ?? "")"
    event.attempt = 1
    return DeliveryRecord(
        message.id, results: [RecipientResult(index: 0, verdict: .relayed, attempts: 1, reply: event.reply ?? "")], events: [event])
}

let cpu = cpuMicroseconds()
let start = DispatchTime.now().uptimeNanoseconds
await withTaskGroup(of: Void.self) { group in
    for committer in 0..<committers {
        group.addTask {
            for number in stride(from: committer, to: total, by: committers) {
                let message = message(number)
                do {
                    try await store.commit(message, events: [accepted(message)])
                    if !keep { try await store.record(relayed(message)) }
                } catch { fatalError("\(error)") }
            }
        }
    }
}
let wall = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
let found = try await store.history.trace("user7@customer.example", limit: 5)
let busy = cpuMicroseconds() - cpu
print(
    "\(total) messages of \(size) octets by \(committers): \(Int(Double(total) / wall))/s, \(busy / total) us CPU each, "
        + "trace finds \(found.count), \(residentKiB()) KiB resident"
)
let tracing = DispatchTime.now().uptimeNanoseconds
_ = try await store.history.trace("nobody@customer.example", limit: 5)
print("trace of an unknown word: \((DispatchTime.now().uptimeNanoseconds - tracing) / 1000) us")
await store.close()
