public import MailModel

/// The replies of a submission server, each written once. A text says what the client can change, and nothing about how we are set up.
extension Reply {
    // MARK: 2yz

    public static let closing = Reply(221, StatusDetail(0, 0), "Bye")
    public static let readyForTLS = Reply(220, StatusDetail(0, 0), "Ready to start TLS")
    public static let authenticated = Reply(235, StatusDetail(7, 0), "Authentication succeeded")
    public static let done = Reply(250, StatusDetail(0, 0), "OK")
    public static let senderAccepted = Reply(250, StatusDetail(1, 0), "Sender OK")
    public static let recipientAccepted = Reply(250, StatusDetail(1, 5), "Recipient OK")
    public static let cannotVerify = Reply(252, StatusDetail(0, 0), "Cannot verify; send the message and see")
    public static let help = Reply(
        214, StatusDetail(0, 0),
        ["EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT", "See RFC 5321 and RFC 6409"])

    /// - Parameter id: the queue id, which the client's log then shows.
    public static func queued(as id: QueueID) -> Reply { Reply(250, StatusDetail(0, 0), "OK queued as \(id)") }

    // MARK: 3yz

    /// The text may be empty; the space behind the code stays.
    public static func challenge(_ text: String) -> Reply { Reply(334, nil, text) }
    public static let startMailInput = Reply(354, nil, "End data with <CR><LF>.<CR><LF>")

    // MARK: 421: the connection closes

    public static let tooManyConnections = Reply(421, StatusDetail(3, 2), "Too many connections; try again later")
    public static let shuttingDown = Reply(421, StatusDetail(3, 2), "Service is restarting; try again shortly")
    public static let idleTimeout = Reply(421, StatusDetail(4, 2), "Timeout; closing the connection")
    public static let tooManyErrors = Reply(421, StatusDetail(7, 0), "Too many errors; closing the connection")
    public static let tooManyLogins = Reply(421, StatusDetail(7, 0), "Too many failed logins; check user name and password")
    public static let tooManyTransactions = Reply(421, StatusDetail(7, 0), "Too many messages on one connection; open a new one")
    public static let foreignProtocol = Reply(421, StatusDetail(7, 0), "This is an SMTP server; closing the connection")
    /// The shell used the session out of order: our fault, so the client may try again.
    public static let internalError = Reply(421, StatusDetail(3, 0), "Internal error; try again later")

    // MARK: 4yz

    public static let localError = Reply(451, StatusDetail(3, 0), "Local error; try again later")
    public static let deadlineExceeded = Reply(451, StatusDetail(4, 5), "Could not store the message in time; try again later")
    public static let insufficientStorage = Reply(452, StatusDetail(3, 1), "Not enough storage; try again later")
    public static let tooManyRecipients = Reply(452, StatusDetail(5, 3), "Too many recipients; send the rest in another message")
    public static let tlsUnavailable = Reply(454, StatusDetail(7, 0), "TLS is not available now; try again later")
    public static let loginUnavailable = Reply(454, StatusDetail(7, 0), "Login cannot be checked now; try again later")

    // MARK: 5yz: the line

    public static let unknownCommand = Reply(500, StatusDetail(5, 2), "Command not recognized")
    public static let emptyLine = Reply(500, StatusDetail(5, 2), "Empty line: a command is expected")
    public static let lineTooLong = Reply(500, StatusDetail(5, 2), "Line too long")
    public static let authenticationLineTooLong = Reply(500, StatusDetail(5, 6), "Authentication exchange line is too long")
    public static let bareLineFeed = Reply(500, StatusDetail(5, 2), "Bare <LF> received; end lines with <CR><LF>")
    public static let bareCarriageReturn = Reply(501, StatusDetail(5, 2), "Bare <CR> received; end lines with <CR><LF>")
    public static let foreignOctet = Reply(501, StatusDetail(5, 2), "Only printable ASCII is allowed in commands")
    public static let protocolSynchronization = Reply(
        554, StatusDetail(5, 0), "Protocol synchronization: wait for the reply before sending more")

    // MARK: 5yz: the argument

    public static let unexpectedArgument = Reply(501, StatusDetail(5, 4), "This command takes no argument")
    public static let missingArgument = Reply(501, StatusDetail(5, 4), "This command needs an argument")
    public static let malformedHostName = Reply(501, StatusDetail(5, 4), "Send a host name: EHLO host.example.com")
    public static let malformedAuthentication = Reply(501, StatusDetail(5, 4), "Syntax: AUTH mechanism [initial-response]")
    public static let malformedMail = Reply(501, StatusDetail(5, 4), "Syntax: MAIL FROM:<address>")
    public static let malformedRecipient = Reply(501, StatusDetail(5, 4), "Syntax: RCPT TO:<address>")
    public static let malformedParameter = Reply(501, StatusDetail(5, 4), "Malformed or repeated parameter")
    public static let unknownParameter = Reply(555, StatusDetail(5, 4), "Parameter not supported; use only what EHLO lists")
    public static let malformedSenderAddress = Reply(501, StatusDetail(1, 7), "Malformed sender address")
    public static let malformedRecipientAddress = Reply(501, StatusDetail(1, 3), "Malformed recipient address")
    public static let nonASCIIAddress = Reply(
        553, StatusDetail(6, 7), "Address is not ASCII; write an international domain in its xn-- form")
    public static let unqualifiedRecipient = Reply(
        554, StatusDetail(1, 2), "Recipient's domain is not fully qualified; write user@host.example.com")
    public static let recipientLiteral = Reply(550, StatusDetail(1, 2), "Mail to address literals is not accepted; use a domain name")

    // MARK: 5yz: the order

    public static let helloNeeded = Reply(503, StatusDetail(5, 1), "Send EHLO first")
    public static let senderNeeded = Reply(503, StatusDetail(5, 1), "Send MAIL first")
    public static let nestedMail = Reply(503, StatusDetail(5, 1), "Sender already given; RSET starts anew")
    public static let recipientNeeded = Reply(554, StatusDetail(5, 1), "No valid recipients")
    public static let alreadyAuthenticated = Reply(503, StatusDetail(5, 1), "Already authenticated")
    public static let alreadyEncrypted = Reply(503, StatusDetail(5, 1), "TLS is already active")
    public static let notOffered = Reply(502, StatusDetail(5, 1), "Command not offered here")
    public static let chunkingNotOffered = Reply(521, StatusDetail(5, 1), "BDAT is not offered; use DATA. Closing the connection")

    // MARK: 5yz: the login

    public static let tlsNeeded = Reply(530, StatusDetail(7, 0), "Must issue a STARTTLS command first")
    public static let authenticationNeeded = Reply(530, StatusDetail(7, 0), "Authentication required")
    public static let loginRefused = Reply(535, StatusDetail(7, 8), "User name or password is wrong")
    public static let loginCancelled = Reply(501, StatusDetail(7, 0), "Authentication cancelled")
    public static let malformedBase64 = Reply(501, StatusDetail(5, 2), "Response is not valid base 64")
    public static let unknownMechanism = Reply(504, StatusDetail(5, 4), "Mechanism not supported; use PLAIN or LOGIN")

    // MARK: 5yz: the message

    public static let bareLineEndInMessage = Reply(
        550, StatusDetail(5, 2), "Message has a bare <CR> or <LF>; end every line with <CR><LF>")
    public static let messageTooLarge = Reply(552, StatusDetail(3, 4), "Message is too large; EHLO lists the limit as SIZE")
    public static let nulInMessage = Reply(554, StatusDetail(6, 0), "Message contains NUL; encode it as base64")
    public static let emptyMessage = Reply(554, StatusDetail(6, 0), "Message is empty: it has no header")
}

extension Reply {
    /// What the client is told about a line that is no valid command. `foreignProtocol` also closes.
    public init(_ error: CommandError) {
        self =
            switch error {
            case .emptyLine: .emptyLine
            case .foreignProtocol: .foreignProtocol
            case .foreignOctet: .foreignOctet
            case .unknownVerb: .unknownCommand
            case .unexpectedArgument: .unexpectedArgument
            case .missingArgument(.auth), .malformedArgument: .malformedAuthentication
            case .missingArgument: .missingArgument
            case .malformedHostName: .malformedHostName
            case .malformedPath(let verb): verb == .mail ? .malformedMail : .malformedRecipient
            case .emptyForwardPath: .malformedRecipientAddress
            case .unknownParameter: .unknownParameter
            case .malformedParameter: .malformedParameter
            case .malformedAddress(_, .nonASCII): .nonASCIIAddress
            case .malformedAddress(.rcpt, .notFullyQualified): .unqualifiedRecipient
            case .malformedAddress(.rcpt, .addressLiteral): .recipientLiteral
            case .malformedAddress(.mail, _): .malformedSenderAddress
            case .malformedAddress: .malformedRecipientAddress
            }
    }

    /// What the client is told about a message that cannot be taken as it stands on the wire.
    public init(_ defect: DataDecoder.Defect) {
        self =
            switch defect {
            case .tooLarge: .messageTooLarge
            case .bareLineEnd: .bareLineEndInMessage
            case .nul: .nulInMessage
            }
    }
}
