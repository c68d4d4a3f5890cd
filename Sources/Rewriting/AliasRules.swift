public import MailModel

/// How mail for aliases is sent on.
public struct AliasRules: Sendable {
    public var table = AliasTable()
    /// How the alias is called in From.
    public var displayName = DisplayNameTemplate.standardForAliases
    /// Whether a target stands in To and Cc in the alias's place; else they stay as the author wrote them.
    public var showsTarget = false
    /// The accounts that may write to aliases only, from whomever.
    public var inbound: [AccountName: InboundPolicy] = [:]

    public init() {}

    /// Those who get the message as it was addressed, and those who get it from an alias.
    public struct Plan: Hashable, Sendable {
        public var direct: [Mailbox]
        /// None of them has a target of another, nor one of `direct`.
        public var groups: [AliasGroup]
    }

    /// Expands recipients; duplicates fall together, direct recipients first.
    ///
    /// - Parameter isSuppressed: targets that get no mail are left out.
    public func plan(for recipients: [Mailbox], isSuppressed: (Mailbox) -> Bool) -> Plan {
        guard !table.isEmpty else { return Plan(direct: recipients, groups: []) }
        var plan = Plan(direct: [], groups: [])
        var order: [AliasTable.Alias] = []
        var addressed: [Mailbox: [Mailbox]] = [:]
        for recipient in recipients {
            guard let alias = table.alias(for: recipient) else {
                plan.direct.append(recipient)
                continue
            }
            if addressed[alias.address] == nil { order.append(alias) }
            addressed[alias.address, default: []].append(recipient)
        }
        guard !order.isEmpty else { return plan }
        var known = Set(plan.direct)
        for alias in order {
            let targets = alias.targets.filter { !isSuppressed($0) && known.insert($0).inserted }
            let group = AliasGroup(alias: alias.address, addressed: addressed[alias.address] ?? [], targets: targets)
            if showsTarget {
                for target in targets { plan.groups.append(AliasGroup(alias: group.alias, addressed: group.addressed, targets: [target])) }
            } else if !targets.isEmpty {
                plan.groups.append(group)
            }
        }
        return plan
    }
}

/// Targets who get the same message from an alias.
public struct AliasGroup: Hashable, Sendable {
    public let alias: Mailbox
    /// As the client named it, perhaps with a label, perhaps several times.
    public let addressed: [Mailbox]
    public let targets: [Mailbox]
}
