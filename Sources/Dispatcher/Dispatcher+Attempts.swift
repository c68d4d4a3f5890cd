internal import MailModel
internal import MailQueue
internal import Upstream

/// Starting attempts, as far as route, rate, quota and fairness allow.
extension Dispatcher {
    func pump() {
        guard !isStopping else { return }
        while running.count < slowStart.limit(route.capacity) {
            let isProbe: Bool
            switch routeState.permission(at: time.now()) {
            case .open: isProbe = false
            case .probe: isProbe = true
            case .closed(let until):
                wake(at: until)
                return
            }
            let room = quotaRoom()
            guard room > 0 else { return }
            guard let start = nextStart(isProbe: isProbe, room: room) else { break }
            if !reserved.isEmpty, reserved.contains(start.entry.id) {
                setAside(start)
                continue
            }
            running.begin(start)
            if isProbe { routeState.probeStarted() }
            Task { await attempt(start) }
        }
        refillFromStore()
    }

    /// The next message, if it may go now.
    ///
    /// - Parameter room: recipients that the quota has left.
    private func nextStart(isProbe: Bool, room: Int) -> Start? {
        let size = min(transactionSize, room)
        if let until = suspicion.keepsOthersWaiting(at: time.now()) {
            wake(at: until)
            return nil
        }
        if let alone = suspicion.mayStart(ready.suspectCount, running: running.count, at: time.now()) {
            guard alone != .notYet, let suspect = ready.nextSuspect() else {
                wake(at: time.now() + Suspicion.patience)
                return nil
            }
            if alone == .alone { suspicion.started(suspect.id, at: time.now()) }
            return Start(
                suspect, recipients: min(suspect.recipients, size), isProbe: isProbe, isAlone: alone == .alone, on: routeNumber)
        }
        let free = route.sendingLimit.map { $0 - running.recipients }
        let entry = ready.next(allowsLarge: running.large < max(1, route.capacity / 2), turn: size) { recipients in
            // Little is under way at a time under a rate, so that the next message of another account is never far from its turn.
            running.count == 0 || free.map { min(recipients, size) <= $0 } ?? true
        }
        return entry.map { Start($0, recipients: min($0.recipients, size), isProbe: isProbe, isAlone: false, on: routeNumber) }
    }

    /// How many recipients share a transaction: under a rate no more than half a second's worth, since a larger one would overrun it, and
    /// make all others wait.
    private var transactionSize: Int {
        let most = max(1, route.recipientsPerTransaction)
        guard let limit = route.sendingLimit else { return most }
        return min(most, max(1, limit / 2))
    }

    /// How many recipients the rolling 24 hours leave room for.
    private func quotaRoom() -> Int {
        let now = time.now()
        let wasUsedUp = quota.usedUpUntil != nil
        guard let limit = settings.dailyQuota else {
            quota = DailyQuota()
            if wasUsedUp, routeState.pause == nil { store.serviceClock.setFlowing(true) }
            return .max
        }
        switch quota.look(limit: limit, underWay: running.recipients + unsettled, ledger: store.ledger, now: now, wall: time.wall()) {
        case .open(let room):
            if wasUsedUp, routeState.pause == nil { store.serviceClock.setFlowing(true) }
            return room
        case .usedUp(let isNew):
            if isNew {
                store.serviceClock.setFlowing(false)
                announceQuota(limit)
            }
            wake(at: now + DailyQuota.interval)
            return 0
        }
    }

    /// One message's turn: one transaction for recipients that are due, then the outcomes to the disk.
    private func attempt(_ start: Start) async {
        let entry = start.entry
        var turn = Turn()
        var message: QueuedMessage?
        do throws(QueueError) {
            message = try await current(entry)
        } catch {
            note(error: error.description)
            wake(at: time.now() + Self.storageWait)
        }
        if let message {
            let due = message.waitingRecipients.filter { $0.nextAttempt <= steadyNow + .seconds(1) }
            if due.isEmpty {
                wake(for: message.waitingRecipients.map(\.nextAttempt))
            } else if identities.permits(message.identity, at: time.now()) {
                store.attemptBegins(message.id, alone: start.isAlone)
                turn = await transact(message, due.prefix(start.recipients).map(\.index))
                turn.hasMoreDue = due.count > start.recipients
            } else {
                identities.park(message.id, of: message.identity)
                let reason = "the identity \(message.identity) is held: \(identities.reply(to: message.identity)?.oneLine ?? "")"
                turn.verdicts = due.map { wait(for: $0, of: message, reply: reason) }
            }
        }
        running.end(start)
        suspicion.ended(entry.id)
        // A probe of a route that was replaced meanwhile says nothing of the one in force.
        let isOfRoute = start.routeNumber == routeNumber
        if start.isProbe, isOfRoute { routeState.probeEnded() }
        if let message {
            conclude(entry, message, turn, isProbe: start.isProbe && isOfRoute, isOfRoute: isOfRoute)
        } else {
            known.remove(entry.id)
        }
        pump()
        tellIfIdle()
    }

    private func current(_ entry: ReadyList.Entry) async throws(QueueError) -> QueuedMessage? {
        if let message = entry.message { return message }
        do throws(QueueError) {
            return try await store.load(entry.id)
        } catch {
            // Removed or held while it waited here: nothing to do and nothing wrong.
            if error.meansGone { return nil }
            throw error
        }
    }

    /// One transaction, which ends on the route on which it began. SES judges a message with all its recipients: when it refuses all for the
    /// sake of one, perhaps, the halves are tried at once, and so on, so that the others still get it.
    private func transact(_ message: QueuedMessage, _ recipients: [Int]) async -> Turn {
        let route = route
        var turn = Turn(recipients: recipients)
        var slices = [recipients]
        while !(isStopping && turn.wasAttempted), let slice = slices.popLast() {
            let result = await route.attempt(Delivery(message: message, recipients: slice))
            guard case .outcomes(let outcomes, let relay) = result else {
                turn.obstacle = result
                return turn
            }
            turn.wasAttempted = true
            if slice.count > 1, outcomes.areRefusedTogether {
                // Whoever has no verdict when the daemon stops waits for the next start.
                slices.append(Array(slice[(slice.count / 2)...]))
                slices.append(Array(slice[..<(slice.count / 2)]))
            } else {
                turn.verdicts += outcomes.map { verdict($0, of: message, relay: relay) }
            }
        }
        return turn
    }
}

/// A message about to be attempted.
struct Start {
    let entry: ReadyList.Entry
    /// How many it may reach in this turn.
    let recipients: Int
    let isProbe: Bool
    /// Nothing else runs meanwhile.
    let isAlone: Bool
    let routeNumber: Int

    init(_ entry: ReadyList.Entry, recipients: Int, isProbe: Bool, isAlone: Bool, on routeNumber: Int) {
        self.entry = entry
        self.recipients = recipients
        self.isProbe = isProbe
        self.isAlone = isAlone
        self.routeNumber = routeNumber
    }
}

/// What is being attempted now.
struct Running {
    private(set) var count = 0
    private(set) var large = 0
    private(set) var recipients = 0

    mutating func begin(_ start: Start) {
        count += 1
        recipients += start.recipients
        if start.entry.isLarge { large += 1 }
    }

    mutating func end(_ start: Start) {
        count -= 1
        recipients -= start.recipients
        if start.entry.isLarge { large -= 1 }
    }
}

/// What one message's turn came to.
struct Turn {
    /// Those that it was for.
    var recipients: [Int] = []
    var verdicts: [Verdict] = []
    /// What kept the rest from being attempted.
    var obstacle: AttemptResult?
    /// Whether the upstream spoke about the message: only then it says something about the route.
    var wasAttempted = false
    /// Other recipients are due and had no place in this turn.
    var hasMoreDue = false
}

extension [RecipientOutcome] {
    /// All were refused for good by one answer that may be the fault of one of them.
    fileprivate var areRefusedTogether: Bool {
        guard case .failed(let reply)? = first?.outcome, !ReplyPolicy.isAboutMessage(reply) else { return false }
        return allSatisfy { $0.scope == .transaction && $0.outcome == .failed(reply) }
    }
}
