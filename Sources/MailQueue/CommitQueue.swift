internal import Dispatch
internal import GRDB
internal import MailModel
internal import Synchronization

/// The one road to `queue.db`: gathers what all sessions ask and does it in one transaction with one sync.
///
/// Whatever came in while the last sync ran is the next group. Where several sessions came together, more are on their way: then the next
/// group gathers for up to `interval` since the last one began, which costs them a millisecond or two and saves most of the work. A lone
/// client is never delayed. Outcomes of deliveries, which only bookkeeping waits for, go with the next group, or alone after a few
/// milliseconds.
final class CommitQueue: Sendable {
    /// What a job may do when the storage is in trouble.
    enum Kind: Sendable, Equatable {
        /// New mail of about so many octets: refused while the disk is full or unhealthy.
        case admission(octets: Int)
        /// Removals and orders: may use the reserve.
        case settlement
        /// Outcomes: as settlements, but they wait a moment for company, so that each message costs one transaction instead of two.
        case bookkeeping
        /// Runs after the group's commit, outside a transaction.
        case reading
    }

    private struct Job: Sendable {
        let kind: Kind
        /// Throwing undoes the whole group; what concerns only the caller is left in the job's result.
        let run: @Sendable (QueueDatabase) throws(QueueError) -> Void
        let finish: @Sendable (QueueError?) -> Void

        var isAdmission: Bool { if case .admission = kind { true } else { false } }
        var isPatient: Bool { kind == .bookkeeping }
        var octets: Int { if case .admission(let octets) = kind { octets } else { 0 } }
    }

    private struct State: Sendable {
        var jobs: [Job] = []
        var isDraining = false
        var isClosed = false
        var isMaintenancePlanned = false
        var isPatienceLimited = false
        /// The last group had company, so the next one gathers.
        var isBusy = false
        var lastStart = ContinuousClock.now
        /// How long a group took of late.
        var groupTime = Duration.zero
        var health = StorageHealth.healthy
        var commits = 0
        var database: QueueDatabase?
    }

    /// So many jobs share a transaction at most: bounds what one failure undoes and how long a reply waits.
    private static let groupLimit = 1024
    /// Between the beginnings of two groups while many come: a sync at most every few milliseconds.
    private static let interval: Duration = .milliseconds(4)
    /// So many are a group worth its transaction.
    private static let gatherLimit = 12
    /// How long outcomes wait for company.
    private static let patience = DispatchTimeInterval.milliseconds(8)
    /// So many outcomes are company enough.
    private static let patientLimit = 128
    /// Room that new mail leaves to outcomes, besides the reserve.
    private static let margin = 2 << 20

    private static let timer = DispatchQueue(label: "fairlead.queue.maintenance")

    private let databaseQueue: DatabaseQueue
    private let reserve: Reserve
    private let spool: FileSpool
    private let state: Mutex<State>
    /// Told, after the commit, that the outbox has something.
    private let outboxGrew: @Sendable () -> Void

    init(
        _ databaseQueue: DatabaseQueue, _ database: QueueDatabase, reserve: Reserve, spool: FileSpool,
        outboxGrew: @escaping @Sendable () -> Void
    ) {
        self.databaseQueue = databaseQueue
        self.reserve = reserve
        self.spool = spool
        self.outboxGrew = outboxGrew
        var first = State()
        first.database = database
        first.health = reserve.make() ? .healthy : .outOfSpace
        state = Mutex(first)
    }

    var health: StorageHealth { state.withLock(\.health) }

    /// Transactions so far, each with one sync.
    var commits: Int { state.withLock(\.commits) }

    func markUnhealthy(_ error: QueueError) {
        guard case .storageUnhealthy(let reason) = error else { return }
        state.withLock { $0.health = .unhealthy(reason) }
    }

    /// Runs `body` with the next group. `completion` runs on the commit queue once it is durable, or failed.
    ///
    /// `body` may run again if another job of its group fails; it returns what only its caller must know.
    func perform<Value: Sendable>(
        _ kind: Kind, _ body: @escaping @Sendable (QueueDatabase) throws(QueueError) -> Result<Value, QueueError>,
        completion: @escaping @Sendable (Result<Value, QueueError>) -> Void
    ) {
        let outcome = Outcome<Value>()
        let job = Job(
            kind: kind,
            run: { database throws(QueueError) in outcome.value = try body(database) },
            finish: { error in completion(error.map { .failure($0) } ?? outcome.value) })
        submit(job)
    }

    nonisolated(nonsending) func perform<Value: Sendable>(
        _ kind: Kind, _ body: @escaping @Sendable (QueueDatabase) throws(QueueError) -> Result<Value, QueueError>
    ) async throws(QueueError) -> Value {
        try await withUnsafeContinuation { continuation in
            perform(kind, body) { continuation.resume(returning: $0) }
        }.get()
    }

    /// Stops taking jobs and finishes those that came before.
    nonisolated(nonsending) func close() async {
        await withUnsafeContinuation { continuation in
            perform(
                .reading,
                { database throws(QueueError) in
                    try database.tidyForClosing()
                    return .success(())
                }
            ) { _ in continuation.resume() }
            state.withLock { $0.isClosed = true }
        }
        letGo()
    }

    /// Statements end before their connection does, on its queue.
    private func letGo() {
        databaseQueue.writeWithoutTransaction { _ in self.state.withLock { $0.database = nil } }
        try? databaseQueue.close()
    }

    func markHealthy() { state.withLock { if $0.health != .outOfSpace { $0.health = .healthy } } }

    /// A place for a job's result. `@unchecked Sendable`: written and read only by the job, on the commit queue.
    private final class Outcome<Value>: @unchecked Sendable {
        var value: Result<Value, QueueError> = .failure(.closed)
    }

    private func submit(_ job: Job) {
        enum Step { case refuse, wait, start, startLater }
        let step: Step = state.withLock { state in
            if state.isClosed { return .refuse }
            state.jobs.append(job)
            if state.isDraining { return .wait }
            if job.isPatient, state.jobs.count < Self.patientLimit {
                defer { state.isPatienceLimited = true }
                return state.isPatienceLimited ? .wait : .startLater
            }
            state.isDraining = true
            return .start
        }
        switch step {
        case .refuse: job.finish(.closed)
        case .wait: break
        case .start: databaseQueue.asyncWriteWithoutTransaction { _ in self.drain() }
        case .startLater: Self.timer.asyncAfter(deadline: .now() + Self.patience) { self.endPatience() }
        }
    }

    private func endPatience() {
        let mustStart = state.withLock { state in
            state.isPatienceLimited = false
            guard !state.isDraining, !state.jobs.isEmpty else { return false }
            state.isDraining = true
            return true
        }
        if mustStart { databaseQueue.asyncWriteWithoutTransaction { _ in self.drain() } }
    }

    /// Works off groups until none is left. The queue stays in the state of draining while a group gathers.
    private func drain(hasGathered: Bool = false) {
        var hasGathered = hasGathered
        guard let database = state.withLock(\.database) else {
            while let group = nextGroup() { for job in group { job.finish(.closed) } }
            return
        }
        while true {
            if !hasGathered, let wait = timeToGather() {
                Self.timer.asyncAfter(deadline: .now() + .microseconds(wait)) {
                    self.databaseQueue.asyncWriteWithoutTransaction { _ in self.drain(hasGathered: true) }
                }
                return
            }
            hasGathered = false
            guard let group = nextGroup() else { break }
            settle(group.filter { $0.kind != .reading }, database)
            for job in group where job.kind == .reading {
                do throws(QueueError) {
                    try job.run(database)
                    job.finish(nil)
                } catch {
                    job.finish(error)
                }
            }
            if database.isWALLong || (database.isWALNoticeable && health == .outOfSpace) { checkpoint(database) }
        }
        if database.isWALWorthCheckpointing { checkpoint(database) }
        planMaintenance(database)
    }

    /// How many microseconds to let the next group grow; `nil` to take it as it is.
    private func timeToGather() -> Int? {
        state.withLock { state in
            guard state.isBusy, !state.isClosed, !state.jobs.isEmpty else { return nil }
            guard !state.jobs.contains(where: { $0.kind == .reading }) else { return nil }
            // Where a sync takes long, those whom the last one let go come together by themselves while the next one runs.
            guard state.jobs.count < Self.gatherLimit, state.groupTime <= Self.interval else { return nil }
            let left = Self.interval - state.lastStart.duration(to: .now)
            return left > .microseconds(200) ? Int(left.components.attoseconds / 1_000_000_000_000) : nil
        }
    }

    private func nextGroup() -> [Job]? {
        state.withLock { state in
            // What is patient only waits for the next group, or for the timer.
            if state.jobs.isEmpty || (state.isPatienceLimited && state.jobs.count < Self.patientLimit && state.jobs.allSatisfy(\.isPatient))
            {
                state.isDraining = false
                return nil
            }
            let group = Array(state.jobs.prefix(Self.groupLimit))
            state.jobs.removeFirst(group.count)
            state.isBusy = group.count(where: \.isAdmission) > 1
            state.lastStart = .now
            return group
        }
    }

    /// Decides which jobs may try, then tries.
    private func settle(_ jobs: [Job], _ database: QueueDatabase) {
        guard !jobs.isEmpty else { return }
        let octets = jobs.reduce(0) { $0 + $1.octets }
        if health == .outOfSpace {
            if reserve.restore(), hasRoom(for: octets, database) { state.withLock { $0.health = .healthy } }
        } else if octets > 0, !hasRoom(for: octets, database) {
            setOutOfSpace()
        }
        switch health {
        case .healthy: commit(jobs, database)
        case .outOfSpace: refuseAdmissions(jobs, .outOfSpace, database)
        case .unhealthy(let reason): refuseAdmissions(jobs, .storageUnhealthy(reason), database)
        }
    }

    /// Whether a group of so many octets leaves enough for the WAL to be copied into the database and for outcomes.
    private func hasRoom(for octets: Int, _ database: QueueDatabase) -> Bool {
        let free = reserve.freeOctets - 2 * octets - Self.margin
        return free >= database.walOctets || free >= database.checkpointGrowth(fileSize: reserve.size(of: "queue.db"))
    }

    private func setOutOfSpace() { state.withLock { if $0.health == .healthy { $0.health = .outOfSpace } } }

    private func refuseAdmissions(_ jobs: [Job], _ error: QueueError, _ database: QueueDatabase) {
        for job in jobs where job.isAdmission { job.finish(error) }
        commit(jobs.filter { !$0.isAdmission }, database)
    }

    private func commit(_ jobs: [Job], _ database: QueueDatabase, isReserveGone: Bool = false) {
        guard !jobs.isEmpty else { return }
        do throws(QueueError) {
            try database.transaction { () throws(QueueError) in
                for job in jobs { try job.run(database) }
            }
        } catch {
            recover(from: error, jobs, database, isReserveGone: isReserveGone)
            return
        }
        state.withLock { state in
            state.commits += 1
            state.groupTime = (state.groupTime * 3 + state.lastStart.duration(to: .now)) / 4
        }
        spool.remove(database.filesToRemove)
        database.filesToRemove.removeAll()
        for job in jobs { job.finish(nil) }
        if database.outbox.hasBlocks { outboxGrew() }
    }

    private func recover(from error: QueueError, _ jobs: [Job], _ database: QueueDatabase, isReserveGone: Bool) {
        var error = error
        if case .storageUnhealthy = error, reserve.findsNoRoom() { error = .outOfSpace }
        switch error {
        case .outOfSpace where !isReserveGone:
            reserve.giveUp()
            setOutOfSpace()
            for job in jobs where job.isAdmission { job.finish(error) }
            // The WAL takes room as well, which an emptied one gives back.
            if canCheckpoint(database) { try? database.checkpoint(truncating: true) }
            commit(jobs.filter { !$0.isAdmission }, database, isReserveGone: true)
        case .outOfSpace:
            for job in jobs { job.finish(error) }
        case .storageUnhealthy where !error.isCorruption || jobs.count == 1:
            markUnhealthy(error)
            for job in jobs { job.finish(error) }
        default:
            // One item cannot be stored: the others must not suffer.
            if jobs.count == 1 {
                jobs[0].finish(error)
            } else {
                for job in jobs { commit([job], database, isReserveGone: isReserveGone) }
            }
        }
    }

    /// A checkpoint that runs out of room half way would have eaten the reserve.
    private func canCheckpoint(_ database: QueueDatabase) -> Bool {
        let growth = database.checkpointGrowth(fileSize: reserve.size(of: "queue.db"))
        return growth == 0 || growth < reserve.freeOctets
    }

    private func checkpoint(_ database: QueueDatabase) {
        guard canCheckpoint(database) else { return setOutOfSpace() }
        do throws(QueueError) {
            try database.checkpoint()
        } catch {
            switch error {
            case .outOfSpace:
                reserve.giveUp()
                setOutOfSpace()
            default: markUnhealthy(error)
            }
        }
    }

    /// After a while without work: the outbox's rest goes, free pages are given back step by step, the WAL is emptied.
    private func planMaintenance(_ database: QueueDatabase) {
        guard database.needsMaintenance else { return }
        let isPlanned = state.withLock { state in
            defer { state.isMaintenancePlanned = true }
            return state.isMaintenancePlanned || state.isClosed
        }
        guard !isPlanned else { return }
        Self.timer.asyncAfter(deadline: .now() + 2) { [weak self] in
            guard let self else { return }
            self.databaseQueue.asyncWriteWithoutTransaction { _ in self.maintain() }
        }
    }

    private func maintain() {
        let (database, isBusy) = state.withLock { state in
            state.isMaintenancePlanned = false
            return (state.database, state.isDraining)
        }
        // A drain that follows plans anew.
        guard let database, !isBusy else { return }
        do throws(QueueError) {
            let isMore = try database.maintain()
            if isMore { databaseQueue.asyncWriteWithoutTransaction { _ in self.maintain() } }
        } catch {
            if case .outOfSpace = error { return }
            markUnhealthy(error)
        }
    }
}
