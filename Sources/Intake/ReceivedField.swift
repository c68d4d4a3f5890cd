internal import MailModel
internal import MessageFormat

/// Received fields: ours, and what those of others tell (RFC 5321 §4.4, §6.3).
enum ReceivedField {
    /// `from <hello> ([<ip>]) by <host> with ESMTPSA id <queue id> for <x>; <date>`
    ///
    /// Of a user of this host: `from <hello> (userid 33) by …`.
    ///
    /// - Parameter recipient: only if there is exactly one: nobody may learn of a second.
    static func make(
        _ info: ReceivedInfo, hostname: Domain, queueID: QueueID, recipient: Mailbox?, at time: Timestamp
    ) throws(HeaderError) -> HeaderField {
        var writer = FieldWriter(.received)
        writer.word("from")
        writer.word(hello(info.helloName))
        if let user = info.user {
            writer.word("(userid")
            writer.word("\(user))")
        } else if let address = info.address {
            writer.word(literal(Array(address.utf8)))
        }
        writer.word("by")
        writer.word(hostname.octets)
        writer.word("with")
        writer.word(info.transfer.rawValue)
        writer.word("id")
        writer.word(queueID.description)
        if let recipient {
            writer.word("for")
            writer.word { octets in
                octets.append(ASCII.less)
                recipient.write(to: &octets)
                octets.append(ASCII.greater)
            }
        }
        writer.attach(ASCII.semicolon)
        for word in MessageDate.format(time).split(separator: ASCII.space) { writer.word(word) }
        return try writer.field()
    }

    /// A name cannot be more than what a domain or an address literal is made of; the rest becomes `?`.
    private static func hello(_ name: [UInt8]) -> [UInt8] {
        let safe = name.prefix(255).map { ASCII.isLetterOrDigit($0) || ".-_:[]".utf8.contains($0) ? $0 : UInt8(ascii: "?") }
        return safe.isEmpty ? Array("unknown".utf8) : safe
    }

    private static func literal(_ address: [UInt8]) -> [UInt8] {
        let isAddress =
            !address.isEmpty && address.count <= 64
            && address.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == ASCII.dot || $0 == ASCII.colon || $0 == UInt8(ascii: "%") }
        guard isAddress else { return Array("(unknown)".utf8) }
        return Array((address.contains(ASCII.colon) ? "([IPv6:" : "([").utf8) + address + Array("])".utf8)
    }

    /// Whether the field says that this host has had the message: `by <hostname>`.
    static func isBy(_ hostname: Domain, _ field: HeaderField) -> Bool {
        var previousIsBy = false
        for word in field.unfolded.split(whereSeparator: { ASCII.isBlank($0) || $0 == ASCII.semicolon }) {
            if previousIsBy { return ASCII.equalsIgnoringCase(word, hostname.octets) }
            previousIsBy = word.equalsIgnoringCase("by")
        }
        return false
    }
}
