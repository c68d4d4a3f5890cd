internal import MailModel
internal import Reports
internal import Rewriting
internal import Settings

extension Assembly {
    /// The account of `fairlead forward`: inbound, whatever the configuration says.
    static let forwardAccount = AccountName("forward")

    static func aliases(_ loaded: LoadedSettings) -> AliasRules {
        let configuration = loaded.configuration
        var rules = AliasRules()
        rules.table = loaded.aliases
        rules.displayName = DisplayNameTemplate(configuration.rewrite.aliasDisplayName.description) ?? .standardForAliases
        rules.showsTarget = configuration.rewrite.aliasTo == .target
        for (name, policy) in configuration.accounts where policy.kind == .inbound || name == forwardAccount {
            rules.inbound[name] = InboundPolicy(
                spam: InboundPolicy.Verdict(rawValue: policy.spamVerdict.rawValue) ?? .ignore,
                virus: InboundPolicy.Verdict(rawValue: policy.virusVerdict.rawValue) ?? .ignore)
        }
        if let forwardAccount, rules.inbound[forwardAccount] == nil { rules.inbound[forwardAccount] = InboundPolicy() }
        return rules
    }

    /// Who is told of failures; of foreign mail the operator, unless the configuration says otherwise.
    static func reportPolicies(_ configuration: Configuration) -> [AccountName: ReportSettings.Policy] {
        // Whoever a test system names as sender need not be a tester.
        var policies = configuration.accounts.mapValues { policy in
            policy.mode == .live || policy.reports == .none ? ReportSettings.Policy(rawValue: policy.reports.rawValue) ?? .sender : .operator
        }
        if let forwardAccount, configuration.accounts[forwardAccount]?.kind != .inbound { policies[forwardAccount] = .operator }
        return policies
    }
}
