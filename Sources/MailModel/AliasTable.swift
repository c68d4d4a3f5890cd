/// Other names for recipients: an address, or what is left of a domain, stands for a list of targets. Everything is expanded when the
/// table is made, so that a look into it costs no more than a hash.
///
/// Case does not count in the names: they are ours, and nobody gives `Support@` and `support@` to two teams.
public struct AliasTable: Hashable, Sendable {
    public enum Name: Hashable, Sendable {
        case address(Mailbox)
        /// Every address of just this domain that has no entry of its own and is no mailbox.
        case catchAll(Domain)
    }

    /// As it is written; a target may be an alias itself.
    public struct Entry: Hashable, Sendable {
        public let name: Name
        public var targets: [Mailbox]

        public init(name: Name, targets: [Mailbox]) {
            self.name = name
            self.targets = targets
        }
    }

    /// What a recipient turned out to be.
    public struct Alias: Hashable, Sendable {
        /// As the table has it; of a catch-all the address that was asked for, without its label.
        public let address: Mailbox
        /// Each once, none of them an alias. They never carry the label.
        public let targets: [Mailbox]
        public let isCatchAll: Bool
    }

    /// Aliases that lead to one another, at most.
    public static let mostNested = 10
    /// Targets of one alias, at most, when all that it leads to is expanded.
    public static let mostTargets = 1000
    /// Targets of all aliases together, those on the way counted too.
    public static let mostInAll = 2_000_000

    /// Local parts in lower case, and the domain.
    private struct Key: Hashable {
        let localPart: [UInt8]
        let domain: Domain

        init(_ localPart: LocalPart, _ domain: Domain) {
            self.localPart = localPart.octets.map(ASCII.lowercased)
            self.domain = domain
        }
    }

    private var addresses: [Key: Int] = [:]
    private var domains: [Domain: Int] = [:]
    private var entries: [Entry] = []
    private let mailboxes: [AddressPattern]

    /// Without an alias.
    public init() { mailboxes = [] }

    /// - Parameters:
    ///   - entries: of two with the same name the first counts.
    ///   - mailboxes: what a catch-all never takes.
    /// - Returns: in `faults` what is wrong with which entry; the table is good for nothing unless it is empty.
    public static func make(_ entries: [Entry], mailboxes: [AddressPattern]) -> (table: AliasTable, faults: [(entry: Int, fault: Fault)]) {
        var table = AliasTable(entries, mailboxes)
        var expansion = Expansion(table: table)
        for index in entries.indices { table.entries[index].targets = expansion.targets(of: index) }
        return (table, expansion.faults)
    }

    private init(_ entries: [Entry], _ mailboxes: [AddressPattern]) {
        self.entries = entries
        self.mailboxes = mailboxes
        for (index, entry) in entries.enumerated() {
            switch entry.name {
            case .address(let mailbox):
                let key = Key(mailbox.localPart, mailbox.domain)
                addresses[key] = addresses[key] ?? index
            case .catchAll(let domain): domains[domain] = domains[domain] ?? index
            }
        }
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// What `mailbox` stands for: as it is, then without its `+label`, then by its domain; `nil` if it stands for itself.
    public func alias(for mailbox: Mailbox) -> Alias? {
        guard let index = index(of: mailbox) else { return nil }
        let entry = entries[index]
        switch entry.name {
        case .address(let address): return Alias(address: address, targets: entry.targets, isCatchAll: false)
        case .catchAll:
            let address = Mailbox(localPart: mailbox.localPart.withoutDetail, domain: mailbox.domain)
            return Alias(address: address, targets: entry.targets, isCatchAll: true)
        }
    }

    func entry(_ index: Int) -> Entry { entries[index] }

    func index(of mailbox: Mailbox) -> Int? {
        guard !entries.isEmpty else { return nil }
        if let index = addresses[Key(mailbox.localPart, mailbox.domain)] { return index }
        let plain = mailbox.localPart.withoutDetail
        if plain != mailbox.localPart, let index = addresses[Key(plain, mailbox.domain)] { return index }
        guard let index = domains[mailbox.domain] else { return nil }
        let withoutDetail = Mailbox(localPart: plain, domain: mailbox.domain)
        return mailboxes.contains { $0.matches(mailbox) || $0.matches(withoutDetail) } ? nil : index
    }
}

extension AliasTable.Name: CustomStringConvertible {
    public var description: String {
        switch self {
        case .address(let mailbox): mailbox.description
        case .catchAll(let domain): "@\(domain)"
        }
    }
}
