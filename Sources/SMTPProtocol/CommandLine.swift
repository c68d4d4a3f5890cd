internal import MailModel

/// A line cut into its verb and the rest, whose meaning is not looked at yet: whether a command is allowed now is asked first.
public struct CommandLine: Hashable, Sendable {
    public let verb: Verb
    /// Without the blanks around it.
    let argument: ArraySlice<UInt8>

    /// - Parameter line: without its CRLF.
    public init(parsing line: [UInt8]) throws(CommandError) {
        let end = line.lastIndex(where: { !ASCII.isBlank($0) }).map { $0 + 1 } ?? 0
        let text = line[..<end]
        guard let first = text.first else { throw .emptyLine }
        guard ASCII.isLetter(first) else { throw .foreignProtocol }
        let word = text.prefix { !ASCII.isBlank($0) }
        let verb = Verb(word)
        if verb == nil, Verb.isForeign(word) { throw .foreignProtocol }
        guard text.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == ASCII.tab }) else { throw .foreignOctet }
        guard let verb else { throw word.contains { $0 >= 0x80 } ? .foreignOctet : .unknownVerb }
        argument = text[word.endIndex...].drop(while: ASCII.isBlank)
        self.verb = verb
        // An address may break the rule in a way of its own (553 5.6.7), so that is left to the parser of paths.
        if verb != .mail, verb != .rcpt, argument.contains(where: { $0 >= 0x80 }) { throw .foreignOctet }
    }
}
