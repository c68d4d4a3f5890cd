internal import MailModel
internal import MessageFormat

extension HeaderBlock {
    /// Refuses what SES would refuse after DATA, when the app no longer listens; takes out fields that name nobody, and writes those anew
    /// that use obsolete syntax. All others stay byte for byte.
    mutating func settleAddressFields(_ changes: inout [RewriteChange]) throws(Refusal) {
        var settled: [HeaderField]?  // made only if something changes
        for (index, field) in fields.enumerated() {
            guard let name = field.name, name.holdsRecipients else {
                settled?.append(field)
                continue
            }
            let list = try field.addressList()
            try list.checkSendable(in: field)
            guard list.elements.isEmpty || !list.isModern else {
                settled?.append(field)
                continue
            }
            if settled == nil { settled = Array(fields[..<index]) }
            if let modern = list.elements.isEmpty ? nil : try list.modernized(field, as: name) {
                settled?.append(modern)
                changes.append(.addressesModernized(field.printableName))
            } else {
                changes.append(.emptyFieldRemoved(field.printableName))
            }
        }
        if let settled { self = HeaderBlock(fields: settled) }
    }

    /// Writes From, which `list` was read from, anew if it uses obsolete syntax.
    mutating func modernizeAuthor(_ list: AddressList, _ changes: inout [RewriteChange]) throws(Refusal) {
        guard !list.isModern, let field = first(.from), let modern = try list.modernized(field, as: .from) else { return }
        replaceFirst(.from, with: modern)
        changes.append(.addressesModernized(field.printableName))
    }
}

extension AddressList {
    fileprivate func modernized(_ field: HeaderField, as name: FieldName) throws(Refusal) -> HeaderField? {
        do throws(HeaderError) {
            return try HeaderField(name, self)
        } catch {
            throw .unsendable(
                "address_syntax", "\(field.printableName) field: it uses obsolete syntax, and a word in it is too long to be written anew")
        }
    }

    private func checkSendable(_ named: NamedMailbox, in field: HeaderField) throws(Refusal) {
        guard !named.mailbox.isSendableBySES else { return }
        throw .unsendable(
            "address_syntax", "\(field.printableName) field: Amazon SES takes no ':' or '@' before the '@' of \(named.mailbox)")
    }

    fileprivate func checkSendable(in field: HeaderField) throws(Refusal) {
        for element in elements {
            switch element {
            case .mailbox(let named): try checkSendable(named, in: field)
            case .group(let group): for named in group.members { try checkSendable(named, in: field) }
            }
        }
    }
}

extension FieldName {
    fileprivate var holdsRecipients: Bool { self == .to || self == .cc || self == .replyTo }
}

extension HeaderField {
    /// The one reading of an address field, for every check and for what is written.
    func addressList() throws(Refusal) -> AddressList {
        do throws(AddressListError) {
            return try AddressList(parsing: value)
        } catch {
            throw .unsendable("address_syntax", "\(printableName) field: \(error)")
        }
    }

    var printableName: String { PrintableText.sanitized(nameOctets, limit: 80) }
}
