/// How a message came to us, for its Received field.
public struct ReceivedInfo: Hashable, Sendable {
    /// The `with` word (RFC 3848).
    public enum TransferProtocol: String, Hashable, Sendable {
        case smtp = "SMTP"
        case esmtp = "ESMTP"
        case esmtpOverTLS = "ESMTPS"
        case esmtpAuthenticated = "ESMTPA"
        case esmtpAuthenticatedOverTLS = "ESMTPSA"
    }

    /// What the client called itself; may be anything.
    public var helloName: [UInt8]
    /// The client's IP address, without a port; `nil` hides it.
    public var address: String?
    public var transfer: TransferProtocol
    /// The number of the user of this host who sent it; stands in the place of the address.
    public var user: UInt32?

    public init(helloName: [UInt8], address: String?, transfer: TransferProtocol) {
        self.helloName = helloName
        self.address = address
        self.transfer = transfer
    }
}
