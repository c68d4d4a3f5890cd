internal import MailModel

extension Command {
    /// - Parameter line: without its CRLF.
    public init(parsing line: [UInt8]) throws(CommandError) {
        try self.init(CommandLine(parsing: line))
    }

    /// Reads the arguments that belong to the verb.
    ///
    /// - Parameter isLocal: the client is a program of this host, whose users need no domain.
    public init(_ line: CommandLine, isLocal: Bool = false) throws(CommandError) {
        let argument = line.argument
        switch line.verb {
        case .ehlo: self = .ehlo(try Self.clientName(argument, .ehlo))
        case .helo: self = .helo(try Self.clientName(argument, .helo))
        case .auth: self = try Self.authentication(argument)
        case .mail: self = .mail(try MailArguments(parsing: argument, isLocal: isLocal))
        case .rcpt: self = .rcpt(try RecipientArgument(parsing: argument, isLocal: isLocal))
        case .noop: self = .noop
        case .help: self = .help
        case .vrfy:
            guard !argument.isEmpty else { throw .missingArgument(.vrfy) }
            self = .vrfy
        case .startTLS: self = try Self.alone(.startTLS, line)
        case .data: self = try Self.alone(.data, line)
        case .rset: self = try Self.alone(.rset, line)
        case .quit: self = try Self.alone(.quit, line)
        case .expn, .etrn, .atrn, .turn, .send, .soml, .saml, .bdat: self = .notOffered(line.verb)
        }
    }

    private static func alone(_ command: Command, _ line: CommandLine) throws(CommandError) -> Command {
        guard line.argument.isEmpty else { throw .unexpectedArgument(line.verb) }
        return command
    }

    private static func clientName(_ argument: ArraySlice<UInt8>, _ verb: Verb) throws(CommandError) -> ClientName {
        guard !argument.isEmpty else { throw .missingArgument(verb) }
        guard let name = ClientName(argument) else { throw .malformedHostName }
        return name
    }

    private static func authentication(_ argument: ArraySlice<UInt8>) throws(CommandError) -> Command {
        let words = argument.split(whereSeparator: ASCII.isBlank)
        guard let first = words.first else { throw .missingArgument(.auth) }
        guard words.count <= 2, first.count <= 20,
            first.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == 95 })
        else { throw .malformedArgument(.auth) }
        let mechanism = String(decoding: first.map { ASCII.isLetter($0) ? $0 & 0xDF : $0 }, as: UTF8.self)
        return .auth(mechanism: mechanism, initialResponse: words.count == 2 ? Secret(Array(words[1])) : nil)
    }
}
