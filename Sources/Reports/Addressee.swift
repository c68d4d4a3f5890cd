internal import Intake
internal import MailModel
internal import MailQueue
internal import Rewriting

/// Who is to be told of a failure.
enum Addressee: Hashable {
    /// - Parameter why: for the operator, who gets it in the sender's place.
    case told(Mailbox, why: String?)
    /// Nobody wants to know.
    case nobody(why: String)
    /// Somebody should know, and there is nobody to write to.
    case impossible(why: String)
}

extension ReportSettings {
    /// No report ever causes another (RFC 5321 §4.5.5, §6.1): not one of ours, not one that came from elsewhere, whatever its
    /// reverse-path; and none goes to an address that just failed.
    ///
    /// - Parameters:
    ///   - isReport: the header says that it is a delivery report, or one of our mails come back to us.
    ///   - failed: the recipients of whom to tell.
    func addressee(of facts: MessageFacts, account: AccountName, isReport: Bool, failed: [Mailbox]) -> Addressee {
        if facts.kind != .message { return .impossible(why: "it is a \(facts.kind.rawValue) of ours, of which no report is made") }
        // What an alias sends on comes from anywhere: a report on a report would go round and round, whoever gets it.
        if facts.alias != nil, policies[account] != Policy.none, isReport || facts.sender == "" {
            return .impossible(why: "it came as a delivery report, or from <>, to the alias \(facts.alias ?? "")")
        }
        switch policies[account] ?? .sender {
        case .none: return .nobody(why: "account \(account) has 'reports: none'")
        case .operator: return toOperator("account \(account) has 'reports: operator'", failed)
        case .sender: break
        }
        if facts.reportsTo == nil {
            if isReport { return .impossible(why: "it is itself a delivery report") }
            if facts.sender == "" { return .impossible(why: "its reverse-path is <>: nobody is to be told") }
        }
        guard let wanted = facts.reportsTo ?? facts.sender else { return toOperator("its sender is not known", failed) }
        // SES takes neither `:` nor `@` in a local part, quoted or not.
        guard let sender = try? Mailbox(parsing: wanted.utf8),
            !sender.localPart.octets.contains(where: { [ASCII.colon, ASCII.at].contains($0) })
        else { return toOperator("no mail can go to its sender, <\(PrintableText.sanitized(wanted.utf8, limit: 320))>", failed) }
        if isUnread(sender) { return toOperator("nobody reads mail to its sender, <\(sender)>", failed) }
        if failed.contains(where: { $0.isSame(as: sender) }) { return toOperator("its sender, <\(sender)>, is who it failed for", failed) }
        return .told(sender, why: nil)
    }

    private func toOperator(_ why: String, _ failed: [Mailbox]) -> Addressee {
        if failed.contains(where: { $0.isSame(as: operatorAddress) }) {
            return .impossible(why: "\(why), and the operator is who it failed for")
        }
        return .told(operatorAddress, why: why)
    }

    /// Whether a mailbox is ours to send from, or named after nobody.
    private func isUnread(_ mailbox: Mailbox) -> Bool {
        if intake.rules.identities.contains(where: { mailbox.isSame(as: $0.defaultSender) || mailbox.isSame(as: $0.returnPath) }) {
            return !mailbox.isSame(as: operatorAddress)
        }
        // `No-Reply+42`, `do_not.reply`, `orders-noreply`
        let letters = mailbox.localPart.withoutDetail.octets.map(ASCII.lowercased).filter { ASCII.isLetterOrDigit($0) }
        let name = String(decoding: letters, as: UTF8.self)
        return ["bounce", "bounces", "mailerdaemon", "devnull", "nobody"].contains(name)
            || ["noreply", "donotreply", "dontreply", "noresponse"].contains { name.hasPrefix($0) || name.hasSuffix($0) }
    }
}

extension Mailbox {
    /// Whether both are likely to be read by the same person.
    fileprivate func isSame(as other: Mailbox) -> Bool {
        domain == other.domain && ASCII.equalsIgnoringCase(localPart.withoutDetail.octets, other.localPart.withoutDetail.octets)
    }
}
