extension MessageFacts {
    /// Tags are for ever; a reader skips those that it does not know.
    var encoded: [UInt8] {
        var encoder = FieldEncoder(version: 1)
        encoder.field(1, client)
        encoder.field(2, sender)
        encoder.field(3, fromBefore)
        encoder.field(4, fromAfter)
        encoder.field(5, messageID)
        encoder.field(6, rule)
        encoder.field(7, tls)
        encoder.field(8, identity)
        if kind != .message { encoder.field(9, kind.rawValue) }
        encoder.field(10, reportsTo)
        encoder.field(20, alias)
        encoder.field(21, alignment)
        encoder.field(22, hold)
        return encoder.octets
    }

    /// What can be read; damage is found by the row's checksum.
    init(decoding octets: UnsafeRawBufferPointer) {
        self.init()
        guard var decoder = FieldDecoder(octets) else { return }
        while let field = decoder.next() {
            switch field.tag {
            case 1: client = field.text
            case 2: sender = field.text
            case 3: fromBefore = field.text
            case 4: fromAfter = field.text
            case 5: messageID = field.text
            case 6: rule = field.text
            case 7: tls = field.text
            case 8: identity = field.text
            case 9: kind = Kind(rawValue: field.text) ?? .message
            case 10: reportsTo = field.text
            case 20: alias = field.text
            case 21: alignment = field.text
            case 22: hold = field.text
            default: break
            }
        }
    }
}
