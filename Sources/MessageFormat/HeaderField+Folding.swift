public import MailModel

extension HeaderField {
    /// A field of address parts, serialised anew: modern syntax only, folded below 77 octets where a blank allows it.
    public init(_ name: FieldName, addresses: [(name: DisplayName, mailbox: Mailbox)]) throws(HeaderError) {
        var pieces: [[UInt8]] = []
        for (index, address) in addresses.enumerated() {
            let phrase = address.name.pieces
            pieces.append(contentsOf: phrase)
            var route = address.mailbox.wireOctets
            if !phrase.isEmpty { route = [ASCII.less] + route + [ASCII.greater] }
            if index < addresses.count - 1 { route.append(ASCII.comma) }
            pieces.append(route)
        }
        try self.init(name, pieces: pieces)
    }

    /// A field whose value is `pieces` with one space between them, or a fold where the line would pass 76 octets (RFC 2047 §2).
    ///
    /// - Parameter pieces: printable ASCII, none empty.
    public init(_ name: FieldName, pieces: [[UInt8]]) throws(HeaderError) {
        var value: [UInt8] = []
        var column = name.rawValue.utf8.count + 1
        for piece in pieces {
            if column + 1 + piece.count > 76, !value.isEmpty {
                value.append(contentsOf: ASCII.crlf)
                value.append(ASCII.space)
                column = 1
            } else if !value.isEmpty {
                value.append(ASCII.space)
                column += 1
            } else {
                column += 1
            }
            value.append(contentsOf: piece)
            column += piece.count
        }
        try self.init(name, value: value)
    }
}
