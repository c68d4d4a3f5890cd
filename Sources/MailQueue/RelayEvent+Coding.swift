internal import MailModel

extension RelayEvent {
    /// Appends the event, framed by its length, to a block of the outbox.
    func encode(into block: inout [UInt8]) {
        var encoder = FieldEncoder(version: 1)
        encoder.field(1, name.rawValue)
        encoder.field(2, time.microseconds)
        encoder.field(3, queueID?.value)
        if let account { encoder.field(4, account.octets) }
        encoder.field(5, client)
        encoder.field(6, sender)
        encoder.field(7, fromBefore)
        encoder.field(8, fromAfter)
        encoder.field(9, messageID)
        for recipient in recipients { encoder.field(10, recipient.wireOctets) }
        encoder.field(11, messageSize.map { Int64($0) })
        encoder.field(12, relay)
        encoder.field(13, delay?.wholeMicroseconds)
        encoder.field(14, dsn)
        encoder.field(15, reply)
        encoder.field(16, sesID)
        encoder.field(17, attempt.map { Int64($0) })
        encoder.field(18, nextAttempt?.microseconds)
        block.appendLength(encoder.octets.count)
        block.append(contentsOf: encoder.octets)
    }

    /// The events of a block; one that cannot be read is left out.
    static func decode(block: UnsafeRawBufferPointer) -> [RelayEvent] {
        var events: [RelayEvent] = []
        var offset = 0
        while offset < block.count {
            guard let length = FieldDecoder.length(in: block, at: &offset), length <= block.count - offset else { return events }
            if let event = RelayEvent(decoding: UnsafeRawBufferPointer(rebasing: block[offset..<(offset + length)])) { events.append(event) }
            offset += length
        }
        return events
    }

    private init?(decoding octets: UnsafeRawBufferPointer) {
        guard var decoder = FieldDecoder(octets), let first = decoder.next(), first.tag == 1, let name = Name(rawValue: first.text)
        else { return nil }
        self.init(name, at: Timestamp(microseconds: 0))
        while let field = decoder.next() {
            switch field.tag {
            case 2: time = Timestamp(microseconds: field.number ?? 0)
            case 3: queueID = field.number.flatMap { QueueID($0) }
            case 4: account = AccountName(field.octets)
            case 5: client = field.text
            case 6: sender = field.text
            case 7: fromBefore = field.text
            case 8: fromAfter = field.text
            case 9: messageID = field.text
            case 10: if let mailbox = try? Mailbox(parsingSender: field.octets) { recipients.append(mailbox) }
            case 11: messageSize = field.number.map { Int(clamping: $0) }
            case 12: relay = field.text
            case 13: delay = field.number.map { .microseconds($0) }
            case 14: dsn = field.text
            case 15: reply = field.text
            case 16: sesID = field.text
            case 17: attempt = field.number.map { Int(clamping: $0) }
            case 18: nextAttempt = field.number.map { Timestamp(microseconds: $0) }
            default: break
            }
        }
    }
}

extension Duration {
    var wholeMicroseconds: Int64 {
        let seconds = components.seconds.multipliedReportingOverflow(by: 1_000_000)
        return seconds.overflow ? .max : seconds.partialValue &+ components.attoseconds / 1_000_000_000_000
    }
}
