public import MailModel
internal import MessageFormat

/// Whom a program of this host writes as or to: an address, or a user of the host.
public struct LocalAddress: Hashable, Sendable {
    /// The domain of users is `localhost`.
    public let mailbox: Mailbox

    /// A user of this host.
    public init(user: LocalPart) throws(AddressError) {
        mailbox = Mailbox(localPart: user, domain: try Domain(allowingSingleLabel: "localhost".utf8))
    }

    init(mailbox: Mailbox) { self.mailbox = mailbox }

    /// As it stands in header fields.
    public func written(at host: Domain) -> Mailbox {
        mailbox.domain.isFullyQualified ? mailbox : Mailbox(localPart: mailbox.localPart, domain: host)
    }

    /// As it stands in MAIL FROM and RCPT TO between the angle brackets; without a domain for users.
    public var path: [UInt8] { mailbox.domain.isFullyQualified ? mailbox.wireOctets : mailbox.localPart.wireOctets }

    /// Reads a list as it may stand in To or on a command line; names, groups and comments are no matter.
    ///
    /// - Parameter source: where it stands, for the error.
    public static func list(in value: [UInt8], from source: String) throws(LocalMailError) -> [LocalAddress] {
        do {
            let host = try Domain(allowingSingleLabel: "localhost".utf8)
            let flat = value.filter { $0 != ASCII.carriageReturn && $0 != ASCII.lineFeed }
            let complete = AddressQualifier.qualified(flat[...], with: host) ?? flat
            var limits = HeaderLimits()
            limits.octets = .max
            limits.lineOctets = .max
            var block = try HeaderBlock(parsing: Array("To:".utf8) + complete + ASCII.crlf, limits: limits)
            if complete.contains(where: { $0 >= 0x80 }) { try block.makeSevenBit(declaredCharset: nil) }
            return try block.fields.flatMap { field in
                try AddressList(parsing: field.value).mailboxes.map { LocalAddress(mailbox: $0.mailbox) }
            }
        } catch HeaderError.nonASCIILocalPart {
            throw LocalMailError.addresses(source, "an address has non-ASCII characters before the '@', which Amazon SES cannot send to")
        } catch HeaderError.unmappableDomain {
            throw LocalMailError.addresses(source, "a domain has characters that have no certain ASCII form; write it as 'xn--...'")
        } catch is HeaderError {
            throw LocalMailError.addresses(source, "it is no list of addresses: it has a control character, or is too long")
        } catch {
            throw LocalMailError.addresses(source, "\(error)")
        }
    }
}

/// Why something that a program of this host hands in is no message.
public enum LocalMailError: Error, Hashable, CustomStringConvertible {
    /// Where the list stands, and what is wrong with it.
    case addresses(String, String)

    public var description: String {
        switch self {
        case .addresses(let source, let problem): "\(source): \(problem)"
        }
    }
}
