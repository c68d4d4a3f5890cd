public import MailModel

/// Why a line is not a command that can be carried out. It never holds the client's own octets.
public enum CommandError: Error, Hashable, Sendable {
    case emptyLine
    /// An HTTP request, or a line that begins with something other than a letter: close at once.
    case foreignProtocol
    /// NUL, another control octet, or an octet above 127 outside an address.
    case foreignOctet
    case unknownVerb
    case unexpectedArgument(Verb)
    case missingArgument(Verb)
    case malformedArgument(Verb)
    /// The argument of EHLO or HELO is no name: blanks, specials, or more than 255 octets.
    case malformedHostName
    /// No `FROM:<…>` or `TO:<…>`, brackets that do not match, or a broken source route.
    case malformedPath(Verb)
    case malformedAddress(Verb, AddressError)
    /// `RCPT TO:<>`.
    case emptyForwardPath
    /// A parameter that was never offered.
    case unknownParameter(Verb)
    /// A parameter given twice, without its value, or with one that makes no sense.
    case malformedParameter(Verb)
}
