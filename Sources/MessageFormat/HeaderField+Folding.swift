public import MailModel

extension HeaderField {
    /// A field of address parts, serialised anew: modern syntax only, folded below 77 octets where a blank allows it.
    public init(_ name: FieldName, addresses: [(name: DisplayName, mailbox: Mailbox)]) throws(HeaderError) {
        var pieces: [[UInt8]] = []
        for (index, address) in addresses.enumerated() {
            if index > 0 { pieces[pieces.count - 1].append(ASCII.comma) }
            pieces.append(contentsOf: address.mailbox.pieces(called: address.name))
        }
        try self.init(name, pieces: pieces)
    }

    /// The field of a list, serialised anew from what was understood: names, addresses and groups in modern syntax; what comments say that
    /// do not name an author, source routes and empty elements are gone.
    ///
    /// - Returns: `nil` if there is nothing to print.
    public init?(_ name: FieldName, _ list: AddressList) throws(HeaderError) {
        var pieces: [[UInt8]] = []
        func append(toLast octet: UInt8) {
            if !pieces.isEmpty { pieces[pieces.count - 1].append(octet) }
        }
        func append(_ members: [NamedMailbox]) {
            for (index, member) in members.enumerated() {
                if index > 0 { append(toLast: ASCII.comma) }
                pieces.append(contentsOf: member.pieces)
            }
        }
        for element in list.elements {
            if !pieces.isEmpty { append(toLast: ASCII.comma) }
            switch element {
            case .mailbox(let mailbox): append([mailbox])
            case .group(let group):
                let name = group.displayName
                pieces.append(contentsOf: name.isEmpty ? [[ASCII.quote, ASCII.quote]] : name.pieces)
                // An encoded-word stands between blanks (RFC 2047 §5 rule 3).
                if name.plainWords == nil { pieces.append([ASCII.colon]) } else { append(toLast: ASCII.colon) }
                append(group.members)
                append(toLast: ASCII.semicolon)
            }
        }
        guard !pieces.isEmpty else { return nil }
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

extension NamedMailbox {
    fileprivate var pieces: [[UInt8]] { mailbox.pieces(called: displayName) }
}

extension Mailbox {
    /// `Anna`, `Berg`, `<a@example.com>`; without a name the address alone.
    fileprivate func pieces(called name: DisplayName) -> [[UInt8]] {
        let phrase = name.pieces
        return phrase.isEmpty ? [wireOctets] : phrase + [[ASCII.less] + wireOctets + [ASCII.greater]]
    }
}
