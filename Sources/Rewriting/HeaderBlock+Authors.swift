internal import MailModel
internal import MessageFormat

extension HeaderBlock {
    mutating func setFrom(_ mailbox: Mailbox, called name: DisplayName) throws(Refusal) {
        replaceFirst(.from, with: try HeaderField.ofOne(.from, mailbox, called: name))
    }

    /// X-Original-From names this author from now on.
    mutating func setOriginalFrom(_ mailbox: Mailbox, called name: DisplayName) throws(Refusal) {
        remove { $0.name == .xOriginalFrom }
        append(try HeaderField.ofOne(.xOriginalFrom, mailbox, called: name))
    }

    /// Other addresses for ours in To, Cc and Reply-To; the envelope says who gets the message, so only what people see changes.
    mutating func mapAddresses(by map: SenderMap, _ changes: inout [RewriteChange]) throws(Refusal) {
        var mapped = fields
        var isChanged = false
        for (index, field) in fields.enumerated() {
            guard let name = field.name, [.to, .cc, .replyTo].contains(name), let list = try field.addressList().mapping({ map[$0] })
            else { continue }
            do throws(HeaderError) {
                guard let field = try HeaderField(name, list) else { continue }
                mapped[index] = field
            } catch {
                throw .unsendable("address_too_long", "The \(name.rawValue) field cannot be rewritten: a name in it is too long")
            }
            changes.append(.addressesMapped(name.rawValue))
            isChanged = true
        }
        if isChanged { self = HeaderBlock(fields: mapped) }
    }

    /// Sends the message to one address only, and names those that it was for: a field each.
    mutating func redirect(_ envelope: inout Envelope, to address: Mailbox, _ changes: inout [RewriteChange]) {
        guard envelope.recipients != [address] else { return }
        remove { $0.name == .xOriginalTo }  // ours alone say whom it was for
        let shown = 50
        for recipient in envelope.recipients.prefix(shown) {
            if let field = try? HeaderField(.xOriginalTo, value: recipient.wireOctets) { append(field) }
        }
        let left = envelope.recipients.count - shown
        if left > 0, let field = try? HeaderField(.xOriginalTo, value: Array("(and \(left) more)".utf8)) { append(field) }
        changes.append(.redirected(to: address, recipients: envelope.recipients.count))
        envelope.recipients = [address]
    }
}

extension HeaderField {
    /// A field with one address.
    static func ofOne(_ field: FieldName, _ mailbox: Mailbox, called name: DisplayName) throws(Refusal) -> HeaderField {
        do throws(HeaderError) {
            return try HeaderField(field, mailbox, called: name)
        } catch {
            throw .unsendable("from_too_long", "The From field cannot be rewritten: its address or name is too long")
        }
    }
}
