public import MailModel

extension ServerSession {
    /// What the shell does after a line.
    public enum CommandResult: Hashable, Sendable {
        case reply(Reply)
        /// Send it, flush, close; read nothing more.
        case replyAndClose(Reply)
        /// Send it, then start the handshake, then call `tlsEstablished()`. Nothing is left in the read buffer: that was checked.
        case startTLS(Reply)
        /// Check them elsewhere, then call `authenticationFinished(_:)`. No line is fed until then.
        case verify(Credentials)
        /// Ask the policy, then call `mailAccepted()` or `mailRefused(_:)`.
        case mail(MailArguments)
        /// Ask the policy, then call `recipientAccepted(_:)` or `recipientRefused(_:)`.
        case recipient(RecipientArgument)
        /// Send 354, feed what follows to a `DataDecoder`, then call `messageFinished(_:)`.
        case receiveData(Reply, Transaction)
    }

    /// What became of the credentials.
    public enum LoginVerdict: Hashable, Sendable {
        case accepted(AccountName)
        /// Unknown user, wrong password, disabled account: the client is not told which.
        case refused
        /// The store could not be asked; the client may try again, and it counts for nothing.
        case unavailable
    }

    /// The envelope being built: made when MAIL is accepted, dropped whole at RSET, EHLO, STARTTLS and after the message.
    public struct Transaction: Hashable, Sendable {
        public let arguments: MailArguments
        /// In the order of the commands, each mailbox once.
        public private(set) var recipients: [Mailbox] = []
        private var known: Set<Mailbox> = []

        init(_ arguments: MailArguments) { self.arguments = arguments }

        mutating func add(_ recipient: Mailbox) {
            if known.insert(recipient).inserted { recipients.append(recipient) }
        }
    }

    public struct Configuration: Hashable, Sendable {
        /// How a client proves that it may send.
        public enum Security: Hashable, Sendable {
            /// AUTH only after STARTTLS, MAIL only after AUTH. Not `available` means that there is no usable certificate now.
            case startTLS(available: Bool)
            /// The handshake came before the greeting; MAIL only after AUTH.
            case implicitTLS
            /// Neither: whoever reaches this listener sends as this account.
            case trusted(AccountName)
        }

        /// What the greeting and EHLO say we are: a fully qualified name.
        public var hostname: String
        public var security: Security
        /// Octets of a message as RFC 1870 counts them.
        public var maximumMessageSize: Int
        public var maximumRecipients = 1000
        /// 4yz and 5yz to commands that break the rules, since the last accepted message; one more closes.
        public var maximumErrors = 20
        /// EHLO, HELO, NOOP, RSET, VRFY and HELP since the last accepted message; one more closes.
        public var maximumJunkCommands = 100
        /// One more AUTH closes.
        public var maximumFailedLogins = 3
        public var maximumTransactions = 10_000
        /// The clients are programs of this host: names without a domain are its users.
        public var isLocal = false

        public init(hostname: String, security: Security, maximumMessageSize: Int) {
            self.hostname = hostname
            self.security = security
            self.maximumMessageSize = maximumMessageSize
        }
    }
}
