internal import MailModel
internal import MailQueue

/// What a person can do about an answer: the one table of it.
enum Advice {
    /// An answer that contains the words counts, whatever its case; they are in lower case. The first one that fits is it.
    private static let table: [(words: String, advice: String)] = [
        (
            "email address is not verified",
            "Amazon SES sends only in the name of addresses and domains that are verified there, in the region that it"
                + " names. Verify the ones that it lists, or use an address that is verified. While the SES account is in SES's"
                + " sandbox, recipients must be verified too: ask AWS for production access. Then send the message again."
        ),
        (
            "sending paused",
            "AWS has paused sending for this SES account. Its reason went to the address that the AWS account is registered"
                + " with. Once sending is on again, send the message again."
        ),
        (
            "not authorized to perform",
            "The SMTP user of this relay may not send in the name of that identity. The operator has to change the IAM"
                + " policy or the sending authorization in AWS. Then send the message again."
        ),
        ("access denied", "The SMTP user of this relay may not send this. The operator has to look at its IAM policy in AWS."),
        (
            "message is too long",
            "Make the message smaller: Amazon SES takes 40 MB, and attachments grow by a third on the way. A link to the"
                + " file often serves better."
        ),
        ("message length is more than", "Make the message smaller. A link to the file often serves better than an attachment."),
        ("header section too long", "The header of the message is too long. The program that wrote it puts too much into it."),
        (
            "unsupported attachment",
            "Amazon SES does not send attachments of this type, since they can run as programs. Send a link to the file, or"
                + " the file in another form."
        ),
        (
            "invalid rcpt to",
            "The address is not one that mail can go to. Look for a typing error or a letter that is not ASCII, and send"
                + " the message again to the right address."
        ),
        ("invalid mail from", "The reverse-path is not an address that Amazon SES accepts. This is for the operator of the relay."),
        ("address unknown", "The address is not spelled as an address can be. Correct it and send the message again."),
        ("invalid email address", "The address is not spelled as an address can be. Correct it and send the message again."),
        (
            "suppress",
            "Mail to this address bounced before, so it is on a suppression list. Make sure that it is right, then have it"
                + " taken off."
        ),
        (
            "recipient count exceeds",
            "Too many recipients at once for Amazon SES. Send the message to fewer, or lower"
                + " upstream.recipients_per_transaction."
        ),
        (
            "duplicate header",
            "The header has the field that is named twice, and Amazon SES takes it once. The program that wrote it has to"
                + " change."
        ),
        (
            "missing final '@domain'",
            "An address in the header (From, To, Cc or Reply-To) has no domain. The program that wrote it has to change."
        ),
        ("illegal character", "An address in the header (From, To, Cc or Reply-To) is malformed. Correct it and send the message again."),
        ("invalid domain name", "An address in the header (From, To, Cc or Reply-To) is malformed. Correct it and send the message again."),
        ("missing start boundary", "The message says that it is multipart and is not. The program that wrote it has to change."),
        ("expected '/'", "The Content-Type of the message or of a part is malformed. The program that wrote it has to change."),
        ("expected disposition", "The Content-Disposition of a part is malformed. The program that wrote it has to change."),
        (
            "configuration set",
            "The configuration set does not exist, or sending is paused for it. Correct the X-SES-CONFIGURATION-SET field"
                + " of the message, or make the set in SES."
        ),
        ("daily message quota", "The SES account has used up its quota of 24 hours. Send later, or ask AWS for a higher quota."),
        ("maximum sending rate", "The SES account sent faster than it may. Send later, or ask AWS for a higher rate."),
        (
            "authentication",
            "Amazon SES did not accept the relay's credentials. The operator has to renew them; then send the message"
                + " again."
        ),
    ]

    /// - Parameter reply: the upstream's last words, or our own reason.
    static func text(for reply: String, action: FailedRecipient.Action) -> String {
        // Whoever sends a late message again sends it twice.
        if action == .delayed { return "Nothing: it is still being tried. You are told if it has to be given up." }
        let words = reply.utf8.map(ASCII.lowercased)
        if let known = table.first(where: { contains(words, $0.words) }) { return known.advice }
        switch (action, SMTPCode(of: reply)?.value) {
        case (.expired, _):
            return "Send the message again if it is still of use. If the same happens, the operator of the relay can see why:"
                + " the answer above is the last one, and 'fairlead status' shows how the way to Amazon SES is."
        case (.failed, 552?): return "Make the message smaller, and send it again."
        case (.failed, 550?), (.failed, 551?), (.failed, 553?):
            return "Look whether the address is right, and send the message again to the right one."
        default: return "It will not be taken as it is. Change what the answer names, and send it again."
        }
    }

    /// Whether SES refuses the identity that the message left under, and so would refuse the report under the same one.
    static func blamesIdentity(_ reply: String) -> Bool {
        let words = reply.utf8.map(ASCII.lowercased)
        return contains(words, "address is not verified") || contains(words, "not authorized to perform")
    }

    private static func contains(_ text: [UInt8], _ words: String) -> Bool {
        let words = Array(words.utf8)
        guard let first = words.first, text.count >= words.count else { return false }
        return (0...text.count - words.count).contains { text[$0] == first && text[$0...].starts(with: words) }
    }
}

/// The code that a reply begins with.
struct SMTPCode {
    let value: Int

    /// - Returns: `nil` for text that no server sent.
    init?(of reply: String) {
        let octets = Array(reply.utf8.prefix(4))
        guard octets.count == 3 || octets.count == 4 && (octets[3] == ASCII.space || octets[3] == ASCII.hyphen) else { return nil }
        guard octets.prefix(3).allSatisfy(ASCII.isDigit), (50...53).contains(octets[0]) else { return nil }
        value = octets.prefix(3).reduce(0) { $0 * 10 + Int($1 - ASCII.zero) }
    }
}
