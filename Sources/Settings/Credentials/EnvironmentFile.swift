public import MailModel

/// A file in the form of systemd's `EnvironmentFile=`: lines of `KEY=value`.
///
/// The value is what stands after the first `=`, to the letter: SES passwords contain `+`, `/` and may end in `=`. One pair of
/// matching quotes around it is taken off. Nothing is expanded or unescaped. Lines that begin with `#` or `;` are comments.
public struct EnvironmentFile: Hashable, Sendable {
    /// Never empty values.
    public let values: [String: Secret]

    public subscript(_ name: String) -> Secret? { values[name] }

    /// Reads what can be read; a line that cannot is a warning, and never shown, since a secret may stand in it.
    public static func parse(_ octets: [UInt8], file: String) -> (file: EnvironmentFile, problems: [Problem]) {
        var values: [String: Secret] = [:]
        var problems: [Problem] = []
        let text = octets.starts(with: [0xEF, 0xBB, 0xBF]) ? octets[3...] : octets[...]
        for (index, rawLine) in text.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).enumerated() {
            func warn(_ message: String) { problems.append(Problem(.warning, file: file, line: index + 1, message)) }
            var line = trimmed(rawLine)
            guard let first = line.first, first != UInt8(ascii: "#"), first != ASCII.semicolon else { continue }
            if line.starts(with: "export ".utf8) {
                line = trimmed(line.dropFirst(7))
                warn("begins with export, which systemd would not understand; write KEY=value")
            }
            guard let equals = line.firstIndex(of: ASCII.equals) else {
                warn("has no =, so it is ignored; write KEY=value, or # before a comment")
                continue
            }
            let nameOctets = trimmed(line[..<equals])
            guard isName(nameOctets) else {
                warn("has no name of letters, digits and _ before the =, so it is ignored; write KEY=value")
                continue
            }
            let name = String(decoding: nameOctets, as: UTF8.self)
            let value = unquoted(trimmed(line[line.index(after: equals)...]))
            if values[name] != nil { warn("sets \(name) again; the last one counts, remove the other") }
            values[name] = value.isEmpty ? nil : Secret(Array(value))
        }
        return (EnvironmentFile(values: values), problems)
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (octet: UInt8) in ASCII.isBlank(octet) || octet == ASCII.carriageReturn }
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last) { line.removeLast() }
        return line
    }

    private static func isName(_ octets: ArraySlice<UInt8>) -> Bool {
        guard let first = octets.first, !ASCII.isDigit(first) else { return false }
        return octets.count <= 128 && octets.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func unquoted(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let first = value.first, first == ASCII.quote || first == UInt8(ascii: "'"), value.count >= 2, value.last == first else {
            return value
        }
        return value.dropFirst().dropLast()
    }
}
