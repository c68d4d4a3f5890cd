internal import MailModel

/// `KEYWORD=value` behind a path (RFC 5321 §4.1.2, `esmtp-param`).
struct ESMTPParameter {
    let keyword: ArraySlice<UInt8>
    let value: ArraySlice<UInt8>?

    init(parsing text: ArraySlice<UInt8>, verb: Verb) throws(CommandError) {
        keyword = text.prefix { $0 != ASCII.equals }
        value = keyword.endIndex < text.endIndex ? text[(keyword.endIndex + 1)...] : nil
        guard let first = keyword.first, ASCII.isLetterOrDigit(first),
            keyword.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen })
        else { throw .malformedParameter(verb) }
        if let value {
            guard !value.isEmpty, value.allSatisfy({ (33...126).contains($0) && $0 != ASCII.equals }) else {
                throw .malformedParameter(verb)
            }
        }
    }
}

/// Octets in the armour of RFC 3461 §4: `+` and two upper-case hexadecimal digits stand for one octet.
enum XText {
    static func isValid(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        while let octet = rest.popFirst() {
            guard octet == ASCII.plus else {
                guard (33...126).contains(octet), octet != ASCII.equals else { return false }
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(), isHexadecimal(high), isHexadecimal(low) else { return false }
        }
        return true
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool { ASCII.isDigit(octet) || (65...70).contains(octet) }
}

/// Unsigned decimal numbers, without sign, blanks or overflow.
enum Decimal {
    static func parse(_ digits: some Collection<UInt8>) -> Int? {
        guard (1...20).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard ASCII.isDigit(digit) else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit - ASCII.zero))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
