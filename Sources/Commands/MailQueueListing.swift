internal import ControlProtocol
internal import Glibc

/// What `mailq` prints: the form of Postfix's, which monitors and scripts have read for decades.
enum MailQueueListing {
    static func show(config: String) async throws {
        var count = 0
        var octets = 0
        try await QueueQuestion.ask(ControlRequest(.queueList, filter: QueueFilter()), config: config) { line in
            let entry = try ControlCoding.decode(QueueEntry.self, from: line)
            if count == 0 { Terminal.line("-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------") }
            count += 1
            octets += entry.messageSize
            for line in lines(entry) { Terminal.line(Terminal.harmless(line)) }
            Terminal.line()
        }
        if count == 0 { return Terminal.line("Mail queue is empty") }
        Terminal.line("-- \((octets + 1023) / 1024) Kbytes in \(count) Request\(count == 1 ? "" : "s").")
    }

    private static func lines(_ entry: QueueEntry) -> [String] {
        let mark =
            switch entry.queueName {
            case "active": "*"
            case "deferred": " "
            default: "!"
            }
        let sender = entry.sender.isEmpty ? "MAILER-DAEMON" : entry.sender
        let size = String(entry.messageSize)
        let blanks = String(repeating: " ", count: max(1, 9 - size.count))
        var lines = ["\(entry.queueID)\(mark)\(blanks)\(size) \(date(entry.arrivalTime))  \(sender)"]
        var reason: String?
        for recipient in entry.recipients where recipient.state == "waiting" {
            if let why = recipient.delayReason, why != reason {
                lines.append("(\(why))")
                reason = why
            }
            lines.append(String(repeating: " ", count: 41) + recipient.address)
        }
        return lines
    }

    /// Local time, as `date` has it.
    private static func date(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        guard localtime_r(&time, &parts) != nil else { return "-" }
        var text = [CChar](repeating: 0, count: 64)
        let count = strftime(&text, text.count, "%a %b %e %H:%M:%S", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
