internal import MailModel

/// An event on its way from one table to another: its recipients stay octets, since nothing looks into them.
struct StoredEvent: Hashable, Sendable {
    var event: RelayEvent
    /// In place of the event's own recipients.
    var mailboxes: [[UInt8]]

    init(_ event: RelayEvent) {
        self.event = event
        mailboxes = event.recipients.map(\.wireOctets)
        self.event.recipients = []
    }
}

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
        encoder.field(19, alignment)
        block.appendLength(encoder.octets.count)
        block.append(contentsOf: encoder.octets)
    }
}

extension StoredEvent {
    /// The events of a block; one that cannot be read is left out.
    static func decode(block: UnsafeRawBufferPointer) -> [StoredEvent] {
        var events: [StoredEvent] = []
        var offset = 0
        while offset < block.count {
            guard let length = FieldDecoder.length(in: block, at: &offset), length <= block.count - offset else { return events }
            if let event = StoredEvent(decoding: UnsafeRawBufferPointer(rebasing: block[offset..<(offset + length)])) {
                events.append(event)
            }
            offset += length
        }
        return events
    }

    private init?(decoding octets: UnsafeRawBufferPointer) {
        guard var decoder = FieldDecoder(octets), let first = decoder.next(), first.tag == 1,
            let name = RelayEvent.Name(rawValue: first.text)
        else { return nil }
        event = RelayEvent(name, at: Timestamp(microseconds: 0))
        mailboxes = []
        while let field = decoder.next() {
            switch field.tag {
            case 2: event.time = Timestamp(microseconds: field.number ?? 0)
            case 3: event.queueID = field.number.flatMap { QueueID($0) }
            case 4: event.account = AccountName(field.octets)
            case 5: event.client = field.text
            case 6: event.sender = field.text
            case 7: event.fromBefore = field.text
            case 8: event.fromAfter = field.text
            case 9: event.messageID = field.text
            case 10: mailboxes.append(field.octets)
            case 11: event.messageSize = field.number.map { Int(clamping: $0) }
            case 12: event.relay = field.text
            case 13: event.delay = field.number.map { .microseconds($0) }
            case 14: event.dsn = field.text
            case 15: event.reply = field.text
            case 16: event.sesID = field.text
            case 17: event.attempt = field.number.map { Int(clamping: $0) }
            case 18: event.nextAttempt = field.number.map { Timestamp(microseconds: $0) }
            case 19: event.alignment = field.text
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
