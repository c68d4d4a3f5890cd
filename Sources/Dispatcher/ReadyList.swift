internal import DequeModule
internal import MailModel
internal import MailQueue

/// The messages whose turn has come, in the order in which they will leave: the accounts take turns, and within an account small mail does
/// not wait behind large.
struct ReadyList {
    /// A message that is due. The message itself is there as long as it came straight from submission and memory allowed.
    struct Entry {
        let id: QueueID
        let account: AccountName
        /// Octets to be sent.
        let size: Int
        var message: QueuedMessage?

        /// Octets that this entry keeps in memory beyond itself.
        var heldOctets: Int {
            guard let message else { return 0 }
            guard case .inline(let body) = message.body else { return message.header.count }
            return message.header.count + body.count
        }
        var isLarge: Bool { size > ReadyList.largeSize }
    }

    /// From this size on, one message costs as much time as hundreds of small ones.
    static let largeSize = 1 << 20

    private struct Lane {
        var small = Deque<Entry>()
        var large = Deque<Entry>()
        var largeIsNext = false
        var isEmpty: Bool { small.isEmpty && large.isEmpty }

        mutating func dropMessages() {
            for index in small.indices { small[index].message = nil }
            for index in large.indices { large[index].message = nil }
        }

        mutating func next(allowsLarge: Bool) -> Entry? {
            let takesLarge = allowsLarge && !large.isEmpty && (largeIsNext || small.isEmpty)
            largeIsNext = !takesLarge
            return takesLarge ? large.popFirst() : small.popFirst()
        }
    }

    private var lanes: [AccountName: Lane] = [:]
    /// The accounts that have something waiting, the next one first.
    private var turns = Deque<AccountName>()
    private(set) var count = 0
    private(set) var heldOctets = 0

    mutating func append(_ entry: Entry) {
        insert(entry) { $0.append(entry) }
    }

    /// Back to the head of its lane: it was taken out, but could not be tried.
    mutating func putBack(_ entry: Entry) {
        insert(entry) { $0.prepend(entry) }
    }

    /// - Parameter allowsLarge: whether a large message may be taken now.
    mutating func next(allowsLarge: Bool) -> Entry? {
        for _ in 0..<turns.count {
            guard let account = turns.popFirst() else { return nil }
            let entry = lanes[account]?.next(allowsLarge: allowsLarge)
            if lanes[account]?.isEmpty ?? true {
                lanes[account] = nil
            } else {
                turns.append(account)
            }
            guard let entry else { continue }
            count -= 1
            heldOctets -= entry.heldOctets
            return entry
        }
        return nil
    }

    /// Frees the messages; their entries stay, and the store is asked again when their turn comes.
    mutating func dropMessages() {
        for account in lanes.keys { lanes[account]?.dropMessages() }
        heldOctets = 0
    }

    private mutating func insert(_ entry: Entry, _ place: (inout Deque<Entry>) -> Void) {
        if lanes[entry.account] == nil { turns.append(entry.account) }
        if entry.isLarge {
            place(&lanes[entry.account, default: Lane()].large)
        } else {
            place(&lanes[entry.account, default: Lane()].small)
        }
        count += 1
        heldOctets += entry.heldOctets
    }
}
