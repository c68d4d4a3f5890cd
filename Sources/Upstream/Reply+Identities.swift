internal import MailModel
internal import MailQueue

extension Reply {
    /// Whether SES misses the verification of recipients only, as it does while the account is in SES's own sandbox: the message's fault,
    /// and no reason to hold the identity that it leaves under.
    ///
    /// `… The following identities failed the check in region EU-WEST-1: Anna <anna@a.example>, anna@a.example`; a list that was cut off
    /// ends in `...`, and may have had ours in it.
    func namesOnlyRecipients(of message: QueuedMessage) -> Bool {
        let text = lines.joined(separator: " ").lowercased()
        guard let region = text.firstRange(of: "in region "), let colon = text[region.upperBound...].firstRange(of: ": ") else {
            return false
        }
        let names = text[colon.upperBound...].split(separator: ",").map { name in
            let address = name.split(separator: "<").last ?? name
            return String(address.filter { $0 != ">" && $0 != " " })
        }
        guard !names.isEmpty, !text.hasSuffix("...") else { return false }
        let recipients = Set(message.recipients.map { $0.mailbox.description.lowercased() })
        let own = (message.facts.identity ?? "").lowercased()
        return names.allSatisfy { recipients.contains($0) && $0 != own && !$0.hasSuffix("@\(own)") }
    }
}
