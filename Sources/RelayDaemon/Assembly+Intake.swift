internal import DKIM
internal import Intake
internal import MailModel
internal import MessageFormat
internal import Rewriting
internal import Settings
internal import Submission

/// What intake goes by, but for the keys: see `IntakeSettings.choose`.
extension Assembly {
    static func intake(_ loaded: LoadedSettings) throws(AssemblyError) -> IntakeSettings {
        var settings = IntakeSettings(hostname: loaded.hostname, rules: try rules(loaded), signers: [])
        settings.aliases = aliases(loaded)
        settings.generation = loaded.generation
        return settings
    }

    private static func rules(_ loaded: LoadedSettings) throws(AssemblyError) -> RewriteRules {
        let rewrite = loaded.configuration.rewrite
        var accounts: [AccountName: RewriteRules.Account] = [:]
        for (name, policy) in loaded.configuration.accounts {
            accounts[name] = try account(policy, rewrite) { loaded.problem(with: "accounts.\(name).\($0)", $1) }
        }
        var rules = RewriteRules(
            identities: loaded.identities.map { loaded in
                Identity(
                    Identity.Scope(loaded.identity.subject), defaultSender: loaded.identity.defaultSender,
                    returnPath: loaded.identity.returnPath)
            },
            unverifiedFrom: RewriteRules.UnverifiedFrom(rewrite.unverifiedFrom),
            displayName: DisplayNameTemplate(rewrite.displayName.description) ?? .standard,
            sesHeaders: SESHeaderPolicy(rewrite.sesHeaders), accounts: accounts)
        rules.otherAccounts = try account(Configuration.AccountPolicy(), rewrite) { loaded.problem(with: "rewrite.\($0)", $1) }
        for (index, rule) in rewrite.rules.enumerated() {
            rules.authorRules.append(try authorRule(rule) { loaded.problem(with: "rewrite.rules[\(index)].\($0)", $1) })
        }
        rules.replyTo = RewriteRules.ReplyToPolicy(rewrite.replyTo)
        rules.senderMap = SenderMap(rewrite.senderMap)
        rules.fields = try fields(rewrite.headers) { loaded.problem(with: "rewrite.\($0)", $1) }
        rules.isVERP = rewrite.verp
        return rules
    }

    private static func account(
        _ policy: Configuration.AccountPolicy, _ rewrite: Configuration.RewriteRules, problem: (String, String) -> Problem
    ) throws(AssemblyError) -> RewriteRules.Account {
        var account = RewriteRules.Account(
            from: policy.from.isEmpty ? nil : policy.from, sesHeaders: policy.sesHeaders.map(SESHeaderPolicy.init))
        account.unverifiedFrom = policy.unverifiedFrom.map(RewriteRules.UnverifiedFrom.init)
        account.displayName = policy.displayName.flatMap { DisplayNameTemplate($0.description) }
        account.replyTo = policy.replyTo.map(RewriteRules.ReplyToPolicy.init)
        account.identity = policy.identity.map(Identity.Scope.init)
        if !policy.senderMap.isEmpty { account.senderMap = SenderMap(policy.senderMap).merging(SenderMap(rewrite.senderMap)) }
        if policy.headers != .init() { account.fields = try fields(policy.headers.over(rewrite.headers), problem: problem) }
        account.sesFields = try sesFields(
            policy.configurationSet ?? rewrite.configurationSet, policy.tags.isEmpty ? rewrite.tags : policy.tags, problem)
        if case .redirect(let address) = policy.mode { account.redirect = address }
        return account
    }

    private static func authorRule(
        _ rule: Configuration.AuthorRule, problem: (String, String) -> Problem
    ) throws(AssemblyError) -> RewriteRules.AuthorRule {
        var made = RewriteRules.AuthorRule(authors: rule.authors)
        made.unverifiedFrom = rule.policy.unverifiedFrom.map(RewriteRules.UnverifiedFrom.init)
        made.displayName = rule.policy.displayName.flatMap { DisplayNameTemplate($0.description) }
        made.replyTo = rule.policy.replyTo.map(RewriteRules.ReplyToPolicy.init)
        made.identity = rule.policy.identity.map(Identity.Scope.init)
        if rule.policy.headers != .init() { made.fields = try fields(rule.policy.headers, problem: problem) }
        made.sesFields = try sesFields(rule.policy.configurationSet, rule.policy.tags, problem)
        return made
    }

    private static func sesFields(
        _ configurationSet: String?, _ tags: [Configuration.MessageTag], _ problem: (String, String) -> Problem
    ) throws(AssemblyError) -> [HeaderField] {
        var fields: [HeaderField] = []
        do throws(HeaderError) {
            if let configurationSet { fields.append(try HeaderField(.xSESConfigurationSet, value: Array(configurationSet.utf8))) }
            if !tags.isEmpty {
                let tags = tags.map { Array("\($0.name)=\($0.value)".utf8) }
                let words = tags.dropLast().map { $0 + [ASCII.comma] } + tags.suffix(1)
                fields.append(try HeaderField(.xSESMessageTags, words: words))
            }
        } catch {
            throw AssemblyError(text: problem("tags", "do not fit into a header: \(error)").description)
        }
        return fields
    }

    private static func fields(
        _ rules: Configuration.HeaderRules, problem: (String, String) -> Problem
    ) throws(AssemblyError) -> FieldRules {
        func made(_ fields: [Configuration.HeaderRules.Field], _ key: String) throws(AssemblyError) -> [HeaderField] {
            var made: [HeaderField] = []
            for field in fields {
                do throws(HeaderError) {
                    made.append(try HeaderField(named: field.name, text: field.text))
                } catch {
                    throw AssemblyError(text: problem("headers.\(key).\(field.name)", "cannot stand in a header: \(error)").description)
                }
            }
            return made
        }
        return FieldRules(removed: rules.remove, set: try made(rules.set, "set"), added: try made(rules.add, "add"))
    }
}

extension Identity.Scope {
    fileprivate init(_ subject: Configuration.Identity.Subject) {
        switch subject {
        case .domain(let domain): self = .domain(domain)
        case .address(let mailbox): self = .address(mailbox)
        }
    }
}

extension RewriteRules.UnverifiedFrom {
    fileprivate init(_ wanted: Configuration.RewriteRules.UnverifiedFrom) { self = wanted == .rewrite ? .rewrite : .reject }
}

extension RewriteRules.ReplyToPolicy {
    fileprivate init(_ policy: Configuration.ReplyToPolicy) {
        switch policy {
        case .author: self = .author
        case .keep: self = .keep
        case .none: self = .none
        case .address(let mailbox): self = .address(mailbox)
        }
    }
}

extension SenderMap {
    fileprivate init(_ entries: [Configuration.SenderMapping]) {
        self.init()
        for entry in entries {
            let target: Target =
                switch entry.to {
                case .mailbox(let mailbox): .mailbox(mailbox)
                case .domain(let domain): .domain(domain)
                }
            switch entry.from {
            case .mailbox(let mailbox): map(mailbox, to: target)
            case .domain(let domain): map(domain, to: target)
            }
        }
    }
}

extension SESHeaderPolicy {
    fileprivate init(_ policy: Configuration.SESHeaderPolicy) {
        switch policy {
        case .refuse: self = .refuse
        case .strip: self = .strip
        case .allow(let headers): self = .allow(FieldNameSet(headers.compactMap { Self.field(named: $0.rawValue.utf8) }))
        }
    }
}

extension Account.Mode {
    init(_ mode: Configuration.AccountMode) {
        switch mode {
        case .live, .redirect: self = .live
        case .hold: self = .hold
        case .allow(let patterns): self = .allow(patterns)
        }
    }
}

extension IntakeSettings {
    /// Lets every key sign that may, now that the DNS has shown these.
    mutating func choose(_ plans: [DKIMPlan], _ seen: SeenKeys) {
        signers = []
        unsignedDomains = []
        for plan in plans {
            guard let key = plan.keyInForce(seen) else {
                unsignedDomains.append(plan.domain)
                continue
            }
            signers.append(HeaderSigner(domain: plan.domain, selector: key.selector, key: RSASigningKey(key.privateKey)))
        }
    }
}
