public import MailModel

/// The `msg-id` of RFC 5322 §3.6.4.
public enum MessageID {
    /// `<unique@domain>`
    ///
    /// - Parameter unique: letters, digits and `.-_`; any other octet becomes `-`.
    public static func make(unique: some Collection<UInt8>, domain: Domain) -> [UInt8] {
        var octets: [UInt8] = [ASCII.less]
        octets.append(contentsOf: unique.map { ASCII.isLetterOrDigit($0) || ".-_".utf8.contains($0) ? $0 : ASCII.hyphen })
        octets.append(ASCII.at)
        octets.append(contentsOf: domain.octets)
        octets.append(ASCII.greater)
        return octets
    }

    /// Whether the value of a Message-ID field can serve as one: printable text in angle brackets, no blanks. More is not asked, for
    /// programs write ids without `@`, and the id is theirs.
    public static func isValid(_ value: [UInt8]) -> Bool {
        value.count > 2 && value.first == ASCII.less && value.last == ASCII.greater
            && value.dropFirst().dropLast().allSatisfy {
                ASCII.isPrintable($0) && $0 != ASCII.space && $0 != ASCII.less && $0 != ASCII.greater
            }
    }
}
