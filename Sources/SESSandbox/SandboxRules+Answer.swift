public import MailModel

extension SandboxRules {
    /// What SES would answer to the final dot of a message, by these rules; throttling apart.
    ///
    /// - Parameters:
    ///   - message: header and body, without the transparency of SMTP.
    ///   - sender: the argument of MAIL FROM.
    /// - Returns: `250 Ok` and no id, or the refusal.
    public func answer(to message: [UInt8], from sender: Mailbox, to recipients: [Mailbox]) -> Reply {
        var inspector = MessageInspector(maximumHeaderOctets: maximumHeaderOctets)
        inspector.consume(message[...])
        let inspected = inspector.finish()
        func address(_ mailbox: Mailbox) -> HeaderAddress? {
            try? HeaderAddress(checking: mailbox.wireOctets[...], in: mailbox.wireOctets[...])
        }
        guard let from = address(sender) else { return .transactionFailed("Invalid MAIL FROM address provided") }
        return refusal(of: inspected, from: from, to: recipients.compactMap(address), user: "the SMTP user") ?? Reply(250, nil, "Ok")
    }
}
