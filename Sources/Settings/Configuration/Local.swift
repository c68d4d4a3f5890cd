public import MailModel

extension Configuration {
    /// Section `local`: programs of this host that hand in mail as `sendmail` takes it, without a password: the kernel says who they are.
    public struct Local: Hashable, Sendable {
        /// Where something of ours lies in the file system.
        public enum Place: Hashable, Sendable {
            /// Beside what is configured anyway.
            case usual
            case off
            case path(String)
        }

        /// Which account a user of this host sends as.
        public struct User: Hashable, Sendable {
            /// The name in the host's user database, or the number.
            public let user: String
            public let account: AccountName
        }

        public internal(set) var socket = Place.usual
        /// What users send as that `accounts` does not name; `nil`: they may not.
        public internal(set) var account = AccountName("local")
        public internal(set) var accounts: [User] = []
        public internal(set) var maildrop = Place.usual
    }

    /// The socket for local mail; `nil`: off.
    public var submitSocket: String? {
        switch local.socket {
        case .off: nil
        case .path(let path): path
        case .usual: (control.lastIndex(of: "/").map { String(control[...$0]) } ?? "") + "submit.sock"
        }
    }

    /// Where `fairlead sendmail` leaves mail while no daemon takes it; `nil`: nowhere.
    public var maildrop: String? {
        switch local.maildrop {
        case .off: nil
        case .path(let path): path
        case .usual: String(queue.path.reversed().drop { $0 == "/" }.reversed()) + "-maildrop"
        }
    }
}

extension Configuration.Local: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "socket", \.socket, .socketPlace, defaultText: "submit.sock in the folder of control",
            "The socket that `fairlead sendmail` submits to, open to every user of the host; or off."),
        SectionKey(
            "account", \.account, .accountOrNone,
            "The account that users send as who are not in accounts; or none, and they may not send."),
        SectionKey(
            "accounts", \.accounts, .localUsers, defaultText: "none",
            "Users of this host, by name or number, and the account that each sends as."),
        SectionKey(
            "maildrop", \.maildrop, .place, defaultText: "queue.path with -maildrop behind it",
            "The folder where `fairlead sendmail` leaves mail while the daemon is down, and where the daemon finds it; or off."),
    ]
}

extension ValueType<Configuration.Local.Place> {
    static let place = offOr(.path)
    static let socketPlace = offOr(.socketPath)

    private static func offOr(_ path: ValueType<String>) -> Self {
        ValueType(
            name: "path or off",
            read: { node, place, reading in
                if case .scalar(let scalar) = node, scalar.text == "off" { return .off }
                return path.read(node, place, &reading).map { .path($0) }
            },
            show: { value, place in
                switch value {
                case .usual: []
                case .off: [(place, "off")]
                case .path(let path): [(place, path)]
                }
            })
    }
}

extension ValueType<AccountName?> {
    static let accountOrNone = scalar("account name or none", show: { $0?.description ?? "none" }) { (text: String) throws(ValueError) in
        if text == "none" { return nil }
        guard let name = AccountName(text) else { throw ValueError(accountNameAdvice(text) + ", or none") }
        return name
    }
}

extension ValueType<[Configuration.Local.User]> {
    static let localUsers = mapping(
        "mapping of users", example: "www-data: shop",
        show: { (entry: Configuration.Local.User) in (entry.user, entry.account.description) }
    ) { (key: String, value: String) throws(ValueError) in
        let isName =
            (1...256).contains(key.utf8.count) && key.utf8.allSatisfy { ASCII.isPrintable($0) && $0 != ASCII.space && $0 != ASCII.colon }
        guard isName else { throw ValueError("\(quoted(key)) is not a user; write the name or number of a user of this host") }
        guard let account = AccountName(value) else { throw ValueError(accountNameAdvice(value)) }
        return Configuration.Local.User(user: key, account: account)
    }
}
