internal import MailModel

/// Numbers as a configuration has them: digits, nothing else.
enum DecimalText {
    /// - Returns: `nil` for a sign, a space, a fraction, nothing, or too many digits for an `Int`.
    static func parse(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return Int(text)
    }

    /// Parts `15min` into 15 and `min`; one space may stand between.
    static func split(_ text: some StringProtocol) -> (number: Int, unit: String)? {
        let digits = text.utf8.prefix(while: ASCII.isDigit)
        guard let number = parse(String(decoding: digits, as: UTF8.self)) else { return nil }
        var unit = text.utf8.dropFirst(digits.count)
        if unit.first == ASCII.space { unit = unit.dropFirst() }
        return (number, String(decoding: unit, as: UTF8.self))
    }
}
