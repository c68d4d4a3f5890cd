internal import MailModel
internal import MailQueue
internal import MessageFormat

/// The part of a report that programs read: message/delivery-status (RFC 3464).
struct DeliveryStatus {
    private(set) var octets: [UInt8] = []

    /// What was said, in one report about many recipients, is cut here.
    private static let replyLimit = 800
    private static let replyLimitForMany = 200

    init(of message: QueuedMessage, recipients: [FailedRecipient], until: Timestamp?, hostname: Domain) {
        add("Reporting-MTA", ["dns;", hostname.description])
        add("X-Fairlead-Queue-ID", [message.id.description])
        add("Arrival-Date", message.acceptedAt)
        let replyLimit = recipients.count > 20 ? Self.replyLimitForMany : Self.replyLimit
        for failed in recipients {
            octets.append(contentsOf: ASCII.crlf)
            add("Final-Recipient", ["rfc822;", failed.recipient.mailbox.description])
            add("Action", [failed.action == .delayed ? "delayed" : "failed"])
            add("Status", [Self.status(failed)])
            if let host = Self.host(of: failed.relay) { add("Remote-MTA", ["dns;", host]) }
            // Only what a server said is of type smtp (RFC 3464 §2.3.6).
            let type = SMTPCode(of: failed.reply) == nil ? "x-fairlead;" : "smtp;"
            let words = String(foreign: failed.reply, limit: replyLimit).split(separator: " ").map(String.init)
            if !words.isEmpty { add("Diagnostic-Code", [type] + words) }
            add("Last-Attempt-Date", failed.lastAttempt)
            if failed.action == .delayed, let until, until < .never { add("Will-Retry-Until", until) }
        }
    }

    private mutating func add(_ name: String, _ time: Timestamp) {
        add(name, [String(decoding: MessageDate.format(time), as: UTF8.self)])
    }

    /// A field, folded between `words` only: an address may have blanks of its own.
    private mutating func add(_ name: String, _ words: [String]) {
        octets.append(contentsOf: name.utf8)
        octets.append(ASCII.colon)
        var column = name.utf8.count + 1
        for (index, word) in words.enumerated() {
            if index > 0, column + 1 + word.utf8.count > ReportText.width {
                octets.append(contentsOf: ASCII.crlf)
                column = 0
            }
            octets.append(ASCII.space)
            octets.append(contentsOf: word.utf8)
            column += 1 + word.utf8.count
        }
        octets.append(contentsOf: ASCII.crlf)
    }

    /// RFC 3463: a class that fits the action, whatever we were given.
    private static func status(_ failed: FailedRecipient) -> String {
        let parts = failed.status.utf8.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        let isStatus =
            parts.count == 3 && (parts[0].elementsEqual("4".utf8) || parts[0].elementsEqual("5".utf8))
            && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy(ASCII.isDigit) }
        return isStatus ? failed.status : failed.action == .failed ? "5.0.0" : "4.0.0"
    }

    /// `email-smtp.eu-west-1.amazonaws.com` of `email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587`.
    static func host(of relay: String?) -> String? {
        guard let relay else { return nil }
        let name = relay.utf8.prefix { $0 != ASCII.leftBracket && $0 != ASCII.colon }
        return (try? Domain(allowingSingleLabel: name))?.description
    }
}
