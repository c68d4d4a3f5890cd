internal import DequeModule
internal import MailModel
internal import MailQueue

/// The messages whose turn has come, in the order in which they will leave: accounts share the road by recipients, and within an account
/// small mail does not wait behind large.
struct ReadyList {
    /// A message that is due. The message itself is there as long as it came straight from submission and memory allowed.
    struct Entry {
        let id: QueueID
        let account: AccountName
        /// Octets to be sent.
        let size: Int
        /// Those that are not final.
        let recipients: Int
        /// How often the process ended while it was being attempted.
        let crashes: Int
        var message: QueuedMessage?

        init(_ message: QueuedMessage) {
            id = message.id
            account = message.account
            size = message.size
            recipients = message.recipients.count
            crashes = message.crashes
            self.message = message
        }

        init(_ due: DueMessage) {
            id = due.id
            account = due.account
            size = due.size
            recipients = max(1, due.openRecipients)
            crashes = due.crashes
        }

        /// Octets that this entry keeps in memory beyond itself.
        var heldOctets: Int {
            guard let message else { return 0 }
            guard case .inline(let body) = message.body else { return message.header.count }
            return message.header.count + body.count
        }
        var isLarge: Bool { size > ReadyList.largeSize }

        fileprivate mutating func drop(_ found: inout Set<QueueID>, _ heldOctets: inout Int) {
            found.insert(id)
            heldOctets -= self.heldOctets
            message = nil
        }
        var isSuspect: Bool { crashes >= ReadyList.suspectCrashes }
    }

    /// From this size on, one message costs as much time as hundreds of small ones.
    static let largeSize = 1 << 20
    /// How many entries an account has here; the rest waits in the store. Bounds the memory of a long queue.
    static let laneLimit = 512
    /// One crash may be an accident; from the second on a message must show that it is innocent.
    static let suspectCrashes = 2

    private struct Lane {
        var small = Deque<Entry>()
        var large = Deque<Entry>()
        var largeIsNext = false
        /// Recipients served so far, on a scale that all accounts share: whoever has least is next.
        var served: Int
        var isEmpty: Bool { small.isEmpty && large.isEmpty }
        var count: Int { small.count + large.count }

        mutating func dropMessages() {
            for index in small.indices { small[index].message = nil }
            for index in large.indices { large[index].message = nil }
        }

        mutating func dropMessages(of wanted: Set<QueueID>, _ found: inout Set<QueueID>, _ heldOctets: inout Int) {
            for index in small.indices where wanted.contains(small[index].id) { small[index].drop(&found, &heldOctets) }
            for index in large.indices where wanted.contains(large[index].id) { large[index].drop(&found, &heldOctets) }
        }

        func takesLarge(_ allowsLarge: Bool) -> Bool { allowsLarge && !large.isEmpty && (largeIsNext || small.isEmpty) }

        func head(allowsLarge: Bool) -> Entry? { takesLarge(allowsLarge) ? large.first : small.first }

        mutating func take(allowsLarge: Bool) {
            let isLarge = takesLarge(allowsLarge)
            largeIsNext = !isLarge
            _ = isLarge ? large.popFirst() : small.popFirst()
        }
    }

    private var lanes: [AccountName: Lane] = [:]
    private var suspects = Deque<Entry>()
    /// Where the account that was served last stood: a newcomer begins there, and so owes and is owed nothing.
    private var served = 0
    private(set) var count = 0
    private(set) var heldOctets = 0

    var suspectCount: Int { suspects.count }

    func count(of account: AccountName) -> Int { lanes[account]?.count ?? 0 }

    mutating func append(_ entry: Entry) {
        insert(entry) { $0.append(entry) }
    }

    /// Back to the head of its lane: it was taken out, but could not be tried.
    mutating func putBack(_ entry: Entry) {
        insert(entry) { $0.prepend(entry) }
    }

    /// - Parameters:
    ///   - allowsLarge: whether a large message may be taken now.
    ///   - turn: how many recipients of one message are served at a time, at most: what its account pays for.
    ///   - fits: whether a message with so many recipients may go now. The one whose turn it is is waited for: nobody overtakes it.
    mutating func next(allowsLarge: Bool, turn: Int = .max, fits: (Int) -> Bool = { _ in true }) -> Entry? {
        var candidate: (account: AccountName, entry: Entry, served: Int)?
        for (account, lane) in lanes {
            guard let entry = lane.head(allowsLarge: allowsLarge) else { continue }
            if let found = candidate, (found.served, found.account) <= (lane.served, account) { continue }
            candidate = (account, entry, lane.served)
        }
        guard let (account, entry, before) = candidate, fits(entry.recipients) else { return nil }
        served = max(served, before)
        lanes[account]?.take(allowsLarge: allowsLarge)
        lanes[account]?.served = before + min(entry.recipients, turn)
        if lanes[account]?.isEmpty ?? false { lanes[account] = nil }
        count -= 1
        heldOctets -= entry.heldOctets
        return entry
    }

    /// The next of those that may have ended the process.
    mutating func nextSuspect() -> Entry? {
        guard let entry = suspects.popFirst() else { return nil }
        count -= 1
        heldOctets -= entry.heldOctets
        return entry
    }

    /// Frees the messages; their entries stay, and the store is asked again when their turn comes.
    mutating func dropMessages() {
        for account in lanes.keys { lanes[account]?.dropMessages() }
        for index in suspects.indices { suspects[index].message = nil }
        heldOctets = 0
    }

    /// The same for these, if they are here.
    ///
    /// - Returns: those that are.
    mutating func dropMessages(of wanted: Set<QueueID>) -> Set<QueueID> {
        var found: Set<QueueID> = []
        for account in lanes.keys { lanes[account]?.dropMessages(of: wanted, &found, &heldOctets) }
        for index in suspects.indices where wanted.contains(suspects[index].id) {
            suspects[index].drop(&found, &heldOctets)
        }
        return found
    }

    private mutating func insert(_ entry: Entry, _ place: (inout Deque<Entry>) -> Void) {
        count += 1
        heldOctets += entry.heldOctets
        if entry.isSuspect {
            suspects.append(entry)
        } else if entry.isLarge {
            place(&lanes[entry.account, default: Lane(served: served)].large)
        } else {
            place(&lanes[entry.account, default: Lane(served: served)].small)
        }
    }
}
