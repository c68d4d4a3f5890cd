public import MailModel

extension AddressList {
    /// The same list with other addresses under the same names.
    ///
    /// - Parameter other: what stands in for a mailbox; `nil` if it stays.
    /// - Returns: `nil` if all stay.
    public func mapping(_ other: (Mailbox) -> Mailbox?) -> AddressList? {
        var isChanged = false
        func mapped(_ named: NamedMailbox) -> NamedMailbox {
            guard let mailbox = other(named.mailbox) else { return named }
            isChanged = true
            return NamedMailbox(mailbox: mailbox, rawName: named.rawName, isComment: named.isComment)
        }
        let elements = elements.map { element -> Element in
            switch element {
            case .mailbox(let named): .mailbox(mapped(named))
            case .group(let group): .group(AddressGroup(members: group.members.map(mapped), rawName: group.rawName))
            }
        }
        return isChanged ? AddressList(elements: elements, isModern: isModern) : nil
    }
}
