public import MailModel
internal import Synchronization

/// How many recipients each account was accepted for, and how many were relayed, in the last 24 hours.
///
/// Counted by quarter hours and kept in `queue.db`, in the transactions that accept and settle, so that a restart forgets nothing. The window
/// reaches back to the beginning of a quarter hour, and so is up to 15 minutes longer than a day: a limit is never overrun by rounding.
public final class SendingLedger: Sendable {
    struct Counts: Hashable, Sendable {
        var accepted = 0
        var relayed = 0

        static func += (left: inout Counts, right: Counts) {
            left.accepted += right.accepted
            left.relayed += right.relayed
        }
    }

    struct Key: Hashable, Sendable {
        let slot: Int64
        let account: AccountName
    }

    /// Seconds.
    static let slotLength: Int64 = 900
    /// A day of slots, and the one that has just begun.
    static let slots: Int64 = 97

    private struct State: Sendable {
        var accounts: [AccountName: [Int64: Counts]] = [:]
        var total: [Int64: Counts] = [:]
    }
    private let state = Mutex(State())

    init() {}

    static func slot(of time: Timestamp) -> Int64 { time.seconds / slotLength }

    /// Adds what has become durable.
    func add(_ counts: [Key: Counts]) {
        guard !counts.isEmpty else { return }
        state.withLock { state in
            for (key, value) in counts {
                state.total[key.slot, default: Counts()] += value
                state.accounts[key.account, default: [:]][key.slot, default: Counts()] += value
            }
        }
    }

    /// Forgets what is older than the window.
    func forget(before slot: Int64) {
        state.withLock { state in
            state.total = state.total.filter { $0.key >= slot }
            for (account, slots) in state.accounts {
                let left = slots.filter { $0.key >= slot }
                state.accounts[account] = left.isEmpty ? nil : left
            }
        }
    }

    /// Recipients that the account was accepted for in the 24 hours before `time`.
    public func accepted(_ account: AccountName, at time: Timestamp) -> Int {
        sum(state.withLock { $0.accounts[account] ?? [:] }, at: time).accepted
    }

    /// Recipients that were relayed in the 24 hours before `time`, for all accounts.
    public func relayed(at time: Timestamp) -> Int { sum(state.withLock(\.total), at: time).relayed }

    public func relayed(_ account: AccountName, at time: Timestamp) -> Int {
        sum(state.withLock { $0.accounts[account] ?? [:] }, at: time).relayed
    }

    /// When fewer than `limit` recipients will have been relayed in the 24 hours before, if no more are.
    public func freeAt(relayedBelow limit: Int, at time: Timestamp) -> Timestamp {
        free(state.withLock(\.total).mapValues(\.relayed), below: limit, at: time)
    }

    /// When the account will have been accepted for fewer than `limit`.
    public func freeAt(_ account: AccountName, acceptedBelow limit: Int, at time: Timestamp) -> Timestamp {
        free(state.withLock { $0.accounts[account] ?? [:] }.mapValues(\.accepted), below: limit, at: time)
    }

    private func free(_ slots: [Int64: Int], below limit: Int, at time: Timestamp) -> Timestamp {
        let first = Self.slot(of: time) - Self.slots + 1
        let current = slots.filter { $0.key >= first }.sorted { $0.key < $1.key }
        var left = current.reduce(0) { $0 + $1.value }
        guard left >= limit else { return time }
        for (slot, count) in current {
            left -= count
            if left < max(1, limit) { return Timestamp(seconds: (slot + Self.slots) * Self.slotLength) }
        }
        return time
    }

    private func sum(_ slots: [Int64: Counts], at time: Timestamp) -> Counts {
        let first = Self.slot(of: time) - Self.slots + 1
        return slots.reduce(into: Counts()) { sum, slot in if slot.key >= first { sum += slot.value } }
    }
}
