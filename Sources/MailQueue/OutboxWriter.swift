internal import GRDB
internal import MailModel

/// Events on their way to the history: they become durable with the change that they tell of and leave once the history has them.
///
/// A transaction writes few large rows (blocks) in place of one per event. Blocks are numbered without gaps in time, and a number is
/// never used twice: the history remembers the last one that it took.
struct OutboxWriter {
    /// A block closes when it is about this long.
    static let blockSize = 64 << 10

    private let insert, deleteThrough, select: PreparedStatement
    private var block: [UInt8] = []
    private var full: [[UInt8]] = []
    private var next: Int64
    private var following: Int64
    /// Blocks up to this one are safe in the history; they are deleted with the next transaction, which costs no sync of its own.
    private var taken: Int64
    private var deleted: Int64

    init(_ connection: Database, after historySequence: Int64) throws(QueueError) {
        insert = try PreparedStatement(connection, "INSERT INTO outbox VALUES (?,?)")
        deleteThrough = try PreparedStatement(connection, "DELETE FROM outbox WHERE sequence <= ?")
        select = try PreparedStatement(connection, "SELECT sequence, events FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT 512")
        let last = try connection.number("SELECT coalesce(max(sequence), 0) FROM outbox")
        next = max(last, historySequence) + 1
        following = next
        taken = historySequence
        deleted = 0
    }

    /// Whether the history has blocks to take.
    var hasBlocks: Bool { taken < next - 1 }

    /// Whether blocks lie in the table that the history has taken.
    var hasLeftovers: Bool { deleted < taken }

    /// The history has these, durably.
    mutating func take(through sequence: Int64) { taken = max(taken, sequence) }

    mutating func append(_ event: RelayEvent) {
        event.encode(into: &block)
        if block.count >= Self.blockSize {
            full.append(block)
            block = []
        }
    }

    /// Writes what was gathered; part of the transaction.
    mutating func flush() throws(QueueError) {
        if hasLeftovers {
            deleteThrough.bind(1, taken)
            try deleteThrough.run()
        }
        following = next
        for events in block.isEmpty ? full : full + [block] {
            insert.bind(1, following)
            insert.bind(2, blob: events)
            try insert.run()
            following += 1
        }
    }

    /// The transaction is durable.
    mutating func settle() {
        next = following
        deleted = taken
        forget()
    }

    /// The transaction is gone.
    mutating func forget() {
        full.removeAll()
        block.removeAll(keepingCapacity: block.capacity <= 2 * Self.blockSize)
    }

    /// The blocks after a number, about 1 MiB of them at most.
    func blocks(after sequence: Int64) throws(QueueError) -> OutboxBatch {
        var blocks: [OutboxBlock] = []
        var room = 1 << 20
        select.bind(1, sequence)
        try select.forEachRowWhile({ () throws(QueueError) in
            guard room > 0 else { return false }
            select.withBlob(1) { octets in
                room -= octets.count
                blocks.append(OutboxBlock(sequence: select.int64(0), events: StoredEvent.decode(block: octets)))
            }
            return true
        })
        return OutboxBatch(blocks: blocks, isLast: room > 0 && blocks.count < 512)
    }
}

/// What one reading of the outbox brought.
struct OutboxBatch: Sendable {
    let blocks: [OutboxBlock]
    /// Whether there was nothing after it.
    let isLast: Bool
}

/// A numbered piece of the outbox.
struct OutboxBlock: Sendable {
    let sequence: Int64
    let events: [StoredEvent]
}
