internal import MailModel

extension RecipientArgument {
    init(parsing argument: ArraySlice<UInt8>, isLocal: Bool = false) throws(CommandError) {
        let path = try PathArgument(parsing: argument, keyword: "TO", verb: .rcpt)
        guard !path.address.isEmpty else { throw .emptyForwardPath }
        if path.address.equalsIgnoringCase("Postmaster") {
            self = .postmaster
        } else {
            do {
                self = .mailbox(try Mailbox(parsing: path.address))
            } catch  where isLocal && (error == .missingAt || error == .notFullyQualified) {
                self = .local(try Self.user(path.address))
            } catch {
                // A literal that is none is a mistake in writing; a correct one is a host that SES does not deliver to.
                if error == .addressLiteral { _ = try AddressLiteral.checked(path.address, .rcpt) }
                throw .malformedAddress(.rcpt, error)
            }
        }
        for text in path.parameters {
            _ = try ESMTPParameter(parsing: text, verb: .rcpt)
            throw .unknownParameter(.rcpt)  // DSN (RFC 3461) is not offered, and nothing else exists for RCPT
        }
    }

    /// `root`, `root@localhost`
    private static func user(_ address: ArraySlice<UInt8>) throws(CommandError) -> LocalPart {
        do {
            guard address.contains(ASCII.at) else { return try LocalPart(parsing: address) }
            return try Mailbox(parsingSender: address).localPart
        } catch {
            throw .malformedAddress(.rcpt, error)
        }
    }
}
