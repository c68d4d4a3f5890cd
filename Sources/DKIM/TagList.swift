internal import MailModel

/// `name=value; name=value`, the form of signatures and key records (RFC 6376 §3.2).
struct TagList {
    enum Failure: Error { case malformed, repeated }

    private let octets: ArraySlice<UInt8>
    private let tags: [[UInt8]: Range<Int>]
    /// The name of the first tag.
    let firstName: [UInt8]?

    init(parsing octets: ArraySlice<UInt8>) throws(Failure) {
        self.octets = octets
        var tags: [[UInt8]: Range<Int>] = [:]
        var firstName: [UInt8]?
        for tag in octets.split(separator: ASCII.semicolon, omittingEmptySubsequences: false) {
            guard tag.contains(where: { !Self.isSpace($0) }) else {
                guard tag.endIndex == octets.endIndex else { throw .malformed }  // only the last one may be empty
                break
            }
            guard let equals = tag.firstIndex(of: ASCII.equals) else { throw .malformed }
            let name = Array(Self.trimmed(tag[..<equals]))
            guard let first = name.first, ASCII.isLetter(first),
                name.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") })
            else { throw .malformed }
            guard tags.updateValue(equals + 1..<tag.endIndex, forKey: name) == nil else { throw .repeated }
            firstName = firstName ?? name
        }
        self.tags = tags
        self.firstName = firstName
    }

    /// Without folding white space at either end; inner white space stays.
    subscript(_ name: StaticString) -> ArraySlice<UInt8>? { range(of: name).map { Self.trimmed(octets[$0]) } }

    /// Without any white space: what base 64 and lists of names may contain everywhere.
    func compact(_ name: StaticString) -> [UInt8]? { self[name]?.filter { !Self.isSpace($0) } }

    /// Where the value stands, white space around it included: indices of the parsed octets.
    func range(of name: StaticString) -> Range<Int>? { name.withUTF8Buffer { tags[Array($0)] } }

    private static func isSpace(_ octet: UInt8) -> Bool {
        ASCII.isBlank(octet) || octet == ASCII.carriageReturn || octet == ASCII.lineFeed
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, isSpace(first) { text.removeFirst() }
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
