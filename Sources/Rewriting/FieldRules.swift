internal import MailModel
public import MessageFormat

/// Fields that an operator takes out, sets or adds.
public struct FieldRules: Sendable {
    /// In lower case.
    private let removed: Set<[UInt8]>
    private let set: [HeaderField]
    private let added: [HeaderField]

    /// - Parameters:
    ///   - removed: every field of these names goes.
    ///   - set: each takes the place of all of its name.
    ///   - added: each is appended if the message has none of its name.
    public init(removed: [String] = [], set: [HeaderField] = [], added: [HeaderField] = []) {
        self.removed = Set(removed.map { $0.utf8.map(ASCII.lowercased) })
        self.set = set
        self.added = added
    }

    public var isEmpty: Bool { removed.isEmpty && set.isEmpty && added.isEmpty }

    func apply(to header: inout HeaderBlock, _ changes: inout [RewriteChange]) {
        guard !isEmpty else { return }
        for field in header.remove(where: { removed.contains($0.nameOctets.map(ASCII.lowercased)) }) {
            changes.append(.fieldRemoved(field.printableName))
        }
        for field in set {
            let present = header.fields.filter { $0.hasName(of: field) }
            guard present != [field] else { continue }
            header.remove { $0.hasName(of: field) }
            header.append(field)
            changes.append(.fieldSet(field.printableName))
        }
        for field in added where !header.fields.contains(where: { $0.hasName(of: field) }) {
            header.append(field)
            changes.append(.fieldSet(field.printableName))
        }
    }
}

extension HeaderField {
    fileprivate func hasName(of other: HeaderField) -> Bool { ASCII.equalsIgnoringCase(nameOctets, other.nameOctets) }
}
