internal import MailModel

extension HeaderField {
    /// A field of an operator's: any name, any text; folded, and in encoded-words where it is not ASCII.
    ///
    /// - Parameter text: one line.
    /// - Throws: `HeaderError.unsafeValue` for a name that is none (RFC 5322 §2.2), for control characters, and for text without anything to
    ///   see; `.lineTooLong` for a word that no line can hold.
    public init(named name: String, text: String) throws(HeaderError) {
        let (name, text) = (Array(name.utf8), Array(text.utf8))
        guard (1...70).contains(name.count), name.allSatisfy({ 33...126 ~= $0 && $0 != ASCII.colon }),
            text.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), text.contains(where: { $0 != ASCII.space })
        else { throw .unsafeValue }
        let plain = HeaderField(
            checked: (name + [ASCII.colon, ASCII.space] + text + ASCII.crlf)[...], nameCount: name.count, colonOffset: name.count)
        guard let field = try plain.repaired(declaredCharset: Array("utf-8".utf8), line: 1) else { throw .unsafeValue }
        self = field
    }
}
