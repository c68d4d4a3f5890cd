/// The octets of US-ASCII that mail syntax is made of.
///
/// Mail is octets: nothing here knows Unicode, so no canonical equivalence and no case mapping beyond A–Z can change the
/// meaning of an address (a Kelvin sign must not become `k`).
public enum ASCII {
    public static let nul: UInt8 = 0
    public static let tab: UInt8 = 9
    public static let lineFeed: UInt8 = 10
    public static let carriageReturn: UInt8 = 13
    public static let space: UInt8 = 32
    public static let quote: UInt8 = 34
    public static let leftParenthesis: UInt8 = 40
    public static let rightParenthesis: UInt8 = 41
    public static let plus: UInt8 = 43
    public static let comma: UInt8 = 44
    public static let hyphen: UInt8 = 45
    public static let dot: UInt8 = 46
    public static let slash: UInt8 = 47
    public static let zero: UInt8 = 48
    public static let colon: UInt8 = 58
    public static let semicolon: UInt8 = 59
    public static let less: UInt8 = 60
    public static let equals: UInt8 = 61
    public static let greater: UInt8 = 62
    public static let at: UInt8 = 64
    public static let leftBracket: UInt8 = 91
    public static let backslash: UInt8 = 92
    public static let rightBracket: UInt8 = 93

    /// The line end of the wire.
    public static let crlf: [UInt8] = [carriageReturn, lineFeed]

    @inlinable public static func lowercased(_ octet: UInt8) -> UInt8 {
        octet &- 65 < 26 ? octet | 0x20 : octet
    }

    @inlinable public static func isLetter(_ octet: UInt8) -> Bool { (octet | 0x20) &- 97 < 26 }

    @inlinable public static func isDigit(_ octet: UInt8) -> Bool { octet &- 48 < 10 }

    @inlinable public static func isLetterOrDigit(_ octet: UInt8) -> Bool { isLetter(octet) || isDigit(octet) }

    /// Space or horizontal tab (WSP, RFC 5234).
    @inlinable public static func isBlank(_ octet: UInt8) -> Bool { octet == space || octet == tab }

    /// 32 to 126.
    @inlinable public static func isPrintable(_ octet: UInt8) -> Bool { octet &- 32 < 95 }

    /// An octet of `atext` (RFC 5322 §3.2.3): what an atom, and so an unquoted local part, is made of.
    @inlinable public static func isAtomText(_ octet: UInt8) -> Bool {
        if isLetterOrDigit(octet) { return true }
        switch octet {
        case 33, 35, 36, 37, 38, 39, 42, 43, 45, 47, 61, 63, 94, 95, 96, 123, 124, 125, 126: return true  // !#$%&'*+-/=?^_`{|}~
        default: return false
        }
    }

    /// Equality that folds A–Z onto a–z and nothing else.
    @inlinable public static func equalsIgnoringCase(
        _ left: some Collection<UInt8>, _ right: some Collection<UInt8>
    ) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { lowercased($0) == lowercased($1) }
    }
}

extension Collection<UInt8> {
    /// Equality with the octets of a literal, A–Z folded: `name.equalsIgnoringCase("Reply-To")`.
    @inlinable public func equalsIgnoringCase(_ literal: StaticString) -> Bool {
        literal.withUTF8Buffer { ASCII.equalsIgnoringCase(self, $0) }
    }
}
