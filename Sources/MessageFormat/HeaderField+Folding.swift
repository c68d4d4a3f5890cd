public import MailModel

extension HeaderField {
    /// A field with one address, serialised anew: modern syntax only, folded below 77 octets where a blank allows it.
    public init(_ name: FieldName, _ mailbox: Mailbox, called displayName: DisplayName) throws(HeaderError) {
        var writer = FieldWriter(name)
        writer.address(mailbox, called: displayName)
        self = try writer.field()
    }

    /// The field of a list, serialised anew from what was understood: names, addresses and groups in modern syntax; what comments say that
    /// do not name an author, source routes and empty elements are gone.
    ///
    /// - Returns: `nil` if there is nothing to print.
    public init?(_ name: FieldName, _ list: AddressList) throws(HeaderError) {
        var writer = FieldWriter(name)
        for element in list.elements {
            if !writer.isEmpty { writer.attach(ASCII.comma) }
            switch element {
            case .mailbox(let mailbox): writer.addresses([mailbox])
            case .group(let group):
                let name = group.displayName
                if name.isEmpty { writer.word { $0 += [ASCII.quote, ASCII.quote] } } else { writer.phrase(name) }
                // An encoded-word stands between blanks (RFC 2047 §5 rule 3).
                if name.plainWords == nil { writer.word { $0.append(ASCII.colon) } } else { writer.attach(ASCII.colon) }
                writer.addresses(group.members)
                writer.attach(ASCII.semicolon)
            }
        }
        guard !writer.isEmpty else { return nil }
        self = try writer.field()
    }

    /// A field whose value is `words`.
    ///
    /// - Parameter words: printable ASCII, none empty.
    public init(_ name: FieldName, words: [[UInt8]]) throws(HeaderError) {
        var writer = FieldWriter(name)
        for word in words { writer.word(word) }
        self = try writer.field()
    }
}

extension FieldWriter {
    /// `Anna`, `Berg`, `<a@example.com>`; without a name the address alone.
    fileprivate mutating func address(_ mailbox: Mailbox, called name: DisplayName) {
        let isCalled = phrase(name)
        word { octets in
            if isCalled { octets.append(ASCII.less) }
            mailbox.write(to: &octets)
            if isCalled { octets.append(ASCII.greater) }
        }
    }

    fileprivate mutating func addresses(_ list: [NamedMailbox]) {
        for (index, member) in list.enumerated() {
            if index > 0 { attach(ASCII.comma) }
            address(member.mailbox, called: member.displayName)
        }
    }
}
