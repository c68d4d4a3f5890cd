internal import MailModel

/// The value of an unstructured field, such as Subject, as people read it: one line, without controls or marks that reorder it.
public struct HeaderText: Hashable, Sendable {
    fileprivate let words: DisplayName

    private init(words: DisplayName) { self.words = words }

    /// Text as it is meant, in UTF-8; nothing in it is decoded.
    public init(_ text: some Collection<UInt8>) { words = DisplayName(text: text) }

    /// A value as it stands in a header: folding is undone, encoded-words are decoded (RFC 2047). Octets that are no UTF-8 become U+FFFD.
    public init(decoding value: some Collection<UInt8>) {
        words = DisplayName(encodedText: value.filter { $0 != ASCII.carriageReturn && $0 != ASCII.lineFeed })
    }

    public var isEmpty: Bool { words.isEmpty }

    /// A word in a charset that we cannot decode stands as it was written.
    public var utf8: [UInt8] {
        words.parts.flatMap { part in
            switch part {
            case .text(let octets): octets
            case .encodedWord(let word): word
            }
        }
    }

    public static func + (left: HeaderText, right: HeaderText) -> HeaderText { HeaderText(words: left.words + right.words) }
}

extension HeaderField {
    /// An unstructured field, folded below 77 octets; what is not ASCII as encoded-words.
    public init(_ name: FieldName, text: HeaderText) throws(HeaderError) {
        var writer = FieldWriter(name)
        if let plain = text.words.plainWords {
            for word in plain { writer.word(word) }
        } else {
            for word in text.words.encodedWords { writer.word(word) }
        }
        self = try writer.field()
    }
}
