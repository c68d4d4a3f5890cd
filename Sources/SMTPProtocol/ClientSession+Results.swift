public import MailModel

extension ClientSession {
    public struct Configuration: Hashable, Sendable {
        /// There is no third case: nothing is ever sent in clear.
        public enum Security: Hashable, Sendable {
            case startTLS
            /// The shell makes the handshake before the greeting.
            case implicitTLS
        }

        /// What EHLO says we are.
        public var hostname: String
        public var security: Security
        /// `nil` skips AUTH.
        public var credentials: Credentials?

        public init(hostname: String, security: Security, credentials: Credentials?) {
            self.hostname = hostname
            self.security = security
            self.credentials = credentials
        }
    }

    /// One message to one set of recipients, as far as the dialogue needs to know it.
    public struct Transaction: Hashable, Sendable {
        public var reversePath: ReversePath
        public var recipients: [Mailbox]
        /// Octets as RFC 1870 counts them.
        public var size: Int
        public var hasEightBitOctets: Bool

        public init(reversePath: ReversePath, recipients: [Mailbox], size: Int, hasEightBitOctets: Bool) {
            self.reversePath = reversePath
            self.recipients = recipients
            self.size = size
            self.hasEightBitOctets = hasEightBitOctets
        }
    }

    /// What the shell does next. A reply is awaited after each `send`, for as long as `phase` allows.
    public enum Action: Hashable, Sendable {
        case send([UInt8])
        /// As `send`, but the octets are a login and belong into no log.
        case sendSecret(Secret)
        /// Make the handshake, then call `tlsEstablished()`.
        case startTLS
        /// Call `begin(_:)`, or `quit()`, or keep the connection for a while.
        case ready
        /// Send the message through a `DataEncoder`; call `finalDotLeaves()` before the octets that end it are written.
        case sendContent
        /// One result for each recipient, in order. `isReusable` says whether another transaction may follow.
        case transactionFinished([RecipientResult])
        /// The connection never became ready, or broke between transactions. Close it.
        case failed(ClientFailure)
        case close
    }
}
