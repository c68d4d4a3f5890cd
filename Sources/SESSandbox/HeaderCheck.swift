internal import MailModel

/// What SES checks in a header, and what a relay should have seen to.
enum HeaderCheck {
    /// The fields whose addresses SES reads; a wrong one refuses the whole message.
    static let addressFields: [StaticString] = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Return-Path"]

    /// The first reason to refuse it.
    static func problem(in fields: [HeaderField]) -> Reply? {
        if let name = OnceOnlyFields.firstRepeated(in: fields) { return .transactionFailed("Duplicate header '\(name)'.") }
        var authors = 0
        do {
            for name in addressFields {
                for field in fields where field.isNamed(name) {
                    let addresses = try addresses(in: field)
                    if field.isNamed("From") { authors += addresses.count }
                }
            }
        } catch {
            return error.reply
        }
        return authors > 0 ? nil : .transactionFailed("Missing required header 'From'.")
    }

    /// `Return-Path: <>` has no address, and that is right.
    static func addresses(in field: HeaderField) throws(HeaderProblem) -> [HeaderAddress] {
        if field.isNamed("Return-Path"), field.value.elementsEqual("<>".utf8) { return [] }
        return try HeaderAddressList(parsing: field.value).addresses
    }

    static func findings(in fields: [HeaderField], section: ArraySlice<UInt8>) -> Set<SandboxFinding> {
        var findings: Set<SandboxFinding> = []
        func note(_ finding: SandboxFinding, if condition: Bool) { if condition { findings.insert(finding) } }
        func has(_ name: StaticString) -> Bool { fields.contains { $0.isNamed(name) } }
        note(.eightBitHeader, if: section.containsEightBit)
        note(.malformedHeaderLine, if: fields.contains { $0.name.isEmpty })
        note(.bccField, if: has("Bcc") || has("Resent-Bcc"))
        note(.feedbackIDField, if: has("Feedback-ID"))
        note(.missingDate, if: !has("Date"))
        note(.missingMessageID, if: !has("Message-ID"))
        let signatures = fields.filter { $0.isNamed("DKIM-Signature") }
        note(.unsigned, if: signatures.isEmpty)
        note(.signsReplacedField, if: signatures.contains { signedNames($0.value).contains(where: isReplaced) })
        return findings
    }

    /// The names in `h=`, lower case.
    private static func signedNames(_ signature: [UInt8]) -> [String] {
        for tag in signature.split(separator: ASCII.semicolon) {
            let tag = tag.trimmingBlanks
            guard let equals = tag.firstIndex(of: ASCII.equals), tag[..<equals].trimmingBlanks.equalsIgnoringCase("h") else { continue }
            return tag[(equals + 1)...].split(separator: ASCII.colon)
                .map { String(decoding: $0.filter { !ASCII.isBlank($0) }.map(ASCII.lowercased), as: UTF8.self) }
        }
        return []
    }

    private static func isReplaced(_ name: String) -> Bool {
        ["date", "message-id", "return-path", "bounces-to", "feedback-id"].contains(name) || name.hasPrefix("x-ses-")
    }
}
