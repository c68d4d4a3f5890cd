internal import MailModel
public import MessageFormat

/// What happens to X-SES-* fields that a client sets: they choose configuration sets, tags, tenants and identities of the account.
public enum SESHeaderPolicy: Hashable, Sendable {
    case refuse
    case strip
    /// These leave as they came; any other is refused.
    case allow(FieldNameSet)

    /// The field that a word of the setting means: `configuration-set` is X-SES-CONFIGURATION-SET. `nil` for one that SES does not know.
    public static func field(named word: some Collection<UInt8>) -> FieldName? {
        let name = prefix + word
        return FieldName(matching: name[...])
    }

    static let prefix = Array("X-SES-".utf8)

    static func governs(_ field: HeaderField) -> Bool {
        field.nameOctets.count > prefix.count && ASCII.equalsIgnoringCase(field.nameOctets.prefix(prefix.count), prefix)
    }
}
