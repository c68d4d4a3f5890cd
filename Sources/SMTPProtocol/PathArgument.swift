internal import MailModel

/// `FROM:<path> PARAMETERS` cut into its parts, for MAIL and RCPT alike (RFC 5321 §4.1.1.2, §4.1.1.3).
struct PathArgument {
    /// Between the angle brackets, without a source route: the route is dropped (RFC 5321 §4.1.1.3).
    let address: ArraySlice<UInt8>
    /// Separated at blanks.
    let parameters: [ArraySlice<UInt8>]

    /// - Parameter keyword: `FROM` or `TO`.
    init(parsing argument: ArraySlice<UInt8>, keyword: StaticString, verb: Verb) throws(CommandError) {
        let word = argument.prefix { $0 != ASCII.colon }
        guard word.equalsIgnoringCase(keyword), word.endIndex < argument.endIndex else { throw .malformedPath(verb) }
        var rest = argument[(word.endIndex + 1)...]
        if rest.first == ASCII.space { rest = rest.dropFirst() }  // forbidden by RFC 5321 §3.3, and sent by too many apps
        guard rest.first == ASCII.less, let end = Self.closingBracket(in: rest) else { throw .malformedPath(verb) }
        // RFC 5321 §4.5.3.1.3 counts the punctuation.
        guard end - rest.startIndex + 1 <= 256 else { throw .malformedAddress(verb, .pathTooLong) }
        let after = rest[(end + 1)...]
        guard after.isEmpty || after.first.map(ASCII.isBlank) == true else { throw .malformedPath(verb) }
        address = try Self.withoutRoute(rest[(rest.startIndex + 1)..<end], verb)
        parameters = after.split(whereSeparator: ASCII.isBlank)
    }

    /// The `>` that ends the path: not one inside a quoted string, and no `<` before it.
    private static func closingBracket(in path: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        var isEscaped = false
        for (index, octet) in zip(path.indices, path).dropFirst() {
            if isEscaped {
                isEscaped = false
            } else if isQuoted {
                if octet == ASCII.backslash { isEscaped = true }
                if octet == ASCII.quote { isQuoted = false }
            } else {
                switch octet {
                case ASCII.quote: isQuoted = true
                case ASCII.less: return nil
                case ASCII.greater: return index
                default: break
                }
            }
        }
        return nil
    }

    private static func withoutRoute(_ path: ArraySlice<UInt8>, _ verb: Verb) throws(CommandError) -> ArraySlice<UInt8> {
        guard path.first == ASCII.at else { return path }
        guard let colon = path.firstIndex(of: ASCII.colon) else { throw .malformedPath(verb) }
        for hop in path[..<colon].split(separator: ASCII.comma, omittingEmptySubsequences: false) {
            guard hop.first == ASCII.at, (try? Domain(allowingSingleLabel: hop.dropFirst())) != nil else { throw .malformedPath(verb) }
        }
        return path[(colon + 1)...]
    }
}
