internal import MailModel

/// The header of a message on its way in, field by field.
struct LocalHeader {
    struct Field {
        /// With its folding, without the CRLF at its end.
        var octets: [UInt8]
        let nameCount: Int
        let colon: Int

        var name: ArraySlice<UInt8> { octets[..<nameCount] }
        var value: ArraySlice<UInt8> { octets[(colon + 1)...] }

        /// - Returns: `nil` if the line is no field.
        init?(_ line: ArraySlice<UInt8>) {
            let octets = Array(line)
            guard let colon = octets.firstIndex(of: ASCII.colon) else { return nil }
            var end = colon
            while end > 0, ASCII.isBlank(octets[end - 1]) { end -= 1 }
            guard end > 0, octets[..<end].allSatisfy({ ASCII.isPrintable($0) && $0 != ASCII.space }) else { return nil }
            self.octets = octets
            nameCount = end
            self.colon = colon
        }
    }

    private(set) var fields: [Field] = []

    /// Takes the header off the front of the lines, and the empty line behind it if there is one.
    init(_ lines: inout InputLines) {
        var isFirst = true
        while let (line, end) = lines.look() {
            defer { isFirst = false }
            if isFirst, line.starts(with: "From ".utf8) {
                lines.skip(to: end)  // as mailbox files begin
                continue
            }
            guard let first = line.first else {
                lines.skip(to: end)
                return
            }
            if ASCII.isBlank(first), !fields.isEmpty {
                fields[fields.count - 1].octets += ASCII.crlf + line
            } else if let field = Field(line) {
                fields.append(field)
            } else {
                return  // the body, without a line before it
            }
            lines.skip(to: end)
        }
    }

    func has(_ name: StaticString) -> Bool { fields.contains { $0.name.equalsIgnoringCase(name) } }

    /// Everybody whom To, Cc and Bcc name, or the Resent fields of these names.
    func recipients() throws(LocalMailError) -> [LocalAddress] {
        let resent = fields.filter { Self.isOne(of: Self.resentNames, $0) }
        var found: [LocalAddress] = []
        for field in resent.isEmpty ? fields.filter({ Self.isOne(of: Self.recipientNames, $0) }) : resent {
            let source = "\(PrintableText.sanitized(field.name, limit: 20)) field"
            found += try LocalAddress.list(in: Array(field.value), from: source)
        }
        return found
    }

    mutating func qualify(with host: Domain) {
        for (index, field) in fields.enumerated() where Self.isOne(of: Self.addressNames, field) {
            guard let value = AddressQualifier.qualified(field.value, with: host) else { continue }
            fields[index].octets = Array(field.octets[...field.colon]) + value
        }
    }

    private static let recipientNames: [StaticString] = ["To", "Cc", "Bcc"]
    private static let resentNames: [StaticString] = ["Resent-To", "Resent-Cc", "Resent-Bcc"]
    private static let addressNames: [StaticString] =
        recipientNames + resentNames + ["From", "Sender", "Reply-To", "Resent-From", "Resent-Sender", "Errors-To"]

    private static func isOne(of names: [StaticString], _ field: Field) -> Bool {
        names.contains { field.name.equalsIgnoringCase($0) }
    }
}
