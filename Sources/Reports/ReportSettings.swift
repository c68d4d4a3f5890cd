public import Intake
public import MailModel
internal import Rewriting

/// What reports go by; replaced as a whole at a reload.
public struct ReportSettings: Sendable {
    /// Who is told that a message of an account failed.
    public enum Policy: String, Hashable, Sendable, CaseIterable {
        /// The client's reverse-path, if mail to it is read; else the operator.
        case sender
        case `operator`
        /// Nobody: history and log have it.
        case none
    }

    /// Gets alarms, and the reports that nobody else can get.
    public var operatorAddress: Mailbox
    /// As for any mail: reports are rewritten and signed by the same rules, except that no account limits what is ours.
    public let intake: IntakeSettings
    /// An account without an entry has `sender`.
    public var policies: [AccountName: Policy]
    /// So many reports one address gets of one account in any hour; what fails beyond that is told by one digest.
    public var perHour = 20

    public init(operatorAddress: Mailbox, intake: IntakeSettings, policies: [AccountName: Policy] = [:]) {
        self.operatorAddress = operatorAddress
        var intake = intake
        intake.rules.accounts = [:]
        // What we write ourselves is right as it is.
        intake.rules.senderMap = SenderMap()
        intake.rules.fields = FieldRules()
        intake.rules.replyTo = .keep
        self.intake = intake
        self.policies = policies
    }

    /// The identity that a report leaves under: that of the message, unless SES refused just that one and there is another.
    ///
    /// - Parameter scope: `MessageFacts.identity`.
    func identity(named scope: String?, refusedAs reply: String?) -> Identity? {
        let identities = intake.rules.identities
        let own = identities.first { $0.scope.description == scope }
        if let reply, Advice.blamesIdentity(reply), let other = identities.first(where: { $0 != own }) { return other }
        return own ?? identities.first
    }
}
