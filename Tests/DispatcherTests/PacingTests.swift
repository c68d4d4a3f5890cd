@testable import Dispatcher
import Synchronization
import Testing

@Suite struct SlidingWindowTests {
    /// Whatever the order and latency of transactions, no second sees more than the limit; and what may be used is used.
    @Test(arguments: [(1, 1), (7, 3), (14, 1), (14, 14), (100, 50), (1000, 1)])
    func neverAboveTheLimitAndHardlyBelow(limit: Int, largest: Int) {
        var random = SystemRandomNumberGenerator()
        var window = SlidingWindow(limit: limit)
        let start = ContinuousClock.now
        /// When each place counts upstream: somewhere between dot and reply.
        var counted: [(at: Int, count: Int)] = []
        var replies: [(at: Int, count: Int)] = []
        let step = 1  // millisecond
        let end = 20_000
        var waiting = Int.random(in: 1...largest, using: &random)
        for now in stride(from: 0, to: end, by: step) {
            let instant = start + .milliseconds(now)
            for reply in replies where reply.at <= now { window.settle(reply.count, at: instant) }
            replies.removeAll { $0.at <= now }
            while window.take(waiting, at: instant) {
                let latency = Int.random(in: 0...5, using: &random)
                counted.append((now + Int.random(in: 0...latency, using: &random), waiting))
                replies.append((now + latency, waiting))
                waiting = Int.random(in: 1...largest, using: &random)
            }
        }
        counted.sort { $0.at < $1.at }
        var first = 0
        var inSecond = 0
        var most = 0
        for entry in counted {
            inSecond += entry.count
            while counted[first].at <= entry.at - 1000 {
                inSecond -= counted[first].count
                first += 1
            }
            most = max(most, inSecond)
        }
        #expect(most <= limit)
        let used = Double(counted.reduce(0) { $0 + $1.count })
        // One piece may not fit into what is left of a second.
        let possible = Double(limit - (largest - 1)) * Double(end) / 1000
        #expect(used >= 0.98 * possible, "\(used) of \(possible)")
    }

    /// More recipients than a second allows: when all places are free, and then for as long as their rate says.
    @Test func aLargeTransactionCoolsInProportion() {
        var window = SlidingWindow(limit: 10)
        let start = ContinuousClock.now
        let isTaken = window.take(50, at: start)
        #expect(isTaken)
        window.settle(50, at: start)
        let early = window.take(1, at: start + .milliseconds(4999))
        let late = window.take(1, at: start + .seconds(5))
        #expect(!early && late)
    }

    @Test func givenBackIsFreeAtOnce() {
        var window = SlidingWindow(limit: 2)
        let now = ContinuousClock.now
        let both = window.take(2, at: now)
        let more = window.take(1, at: now)
        window.giveBack(2)
        let again = window.take(2, at: now)
        #expect(both && !more && again)
    }

    @Test func anotherLimitKeepsThePast() {
        var window = SlidingWindow(limit: 10)
        let now = ContinuousClock.now
        _ = window.take(6, at: now)
        window.settle(6, at: now)
        var lower = window.limited(to: 5)
        let early = lower.take(1, at: now + .milliseconds(500))
        let late = lower.take(5, at: now + .seconds(1))
        #expect(!early && late)
    }
}

@Suite(.timeLimit(.minutes(1))) struct PacerTests {
    /// Who waits is let through in the order of coming, as places become free, and not before.
    @Test func inOrderUnderTheManualClock() async throws {
        let time = ManualTime()
        let pacer = Pacer(rate: 2, time: time.keeper)
        let order = Order()
        #expect(pacer.trySend(recipients: 2))
        #expect(!pacer.trySend(recipients: 1))
        var tasks: [Task<Void, Never>] = []
        for number in 1...4 {
            tasks.append(
                Task {
                    await pacer.waitToSend(recipients: 1)
                    order.add(number)
                    pacer.sent(recipients: 1)
                })
            while pacer.waiting < number, !Task.isCancelled { await Task.yield() }
        }
        #expect(time.sleeperCount == 0, "nothing to wait for as long as no reply is there")
        pacer.sent(recipients: 2)
        while time.sleeperCount == 0, !Task.isCancelled { await Task.yield() }
        time.advance(by: .milliseconds(999))
        #expect(order.all.isEmpty)
        time.advance(by: .milliseconds(1))
        while order.all.count < 2, !Task.isCancelled { await Task.yield() }
        #expect(order.all.sorted() == [1, 2])
        #expect(!pacer.trySend(recipients: 1), "nobody passes those who wait")
        while time.sleeperCount == 0, !Task.isCancelled { await Task.yield() }
        time.advance(by: .seconds(1))
        for task in tasks { await task.value }
        #expect(order.all.suffix(2).sorted() == [3, 4])
    }

    /// A transaction begins only when its final dot is near: SES hangs up on who falls silent in between.
    @Test func approachesOnlyWhenTheDotIsNear() async {
        let time = ManualTime()
        let pacer = Pacer(rate: 14, time: time.keeper)
        await pacer.approach(recipients: 50)
        #expect(pacer.trySend(recipients: 50))
        let passed = Order()
        let second = Task {
            await pacer.approach(recipients: 50)
            passed.add(2)
        }
        while pacer.waitingToApproach == 0, !Task.isCancelled { await Task.yield() }
        pacer.sent(recipients: 50)
        pacer.left(recipients: 50)
        // 50 recipients take 3.57 s at this rate; three seconds before that the next may begin.
        while time.sleeperCount == 0, !Task.isCancelled { await Task.yield() }
        time.advance(by: .milliseconds(500))
        #expect(passed.all.isEmpty)
        time.advance(by: .milliseconds(100))
        await second.value
        #expect(!pacer.trySend(recipients: 50), "near, and not there")
        time.advance(by: .seconds(3))
        #expect(pacer.trySend(recipients: 50))
    }

    @Test func smallTransactionsApproachTogether() async {
        let pacer = Pacer(rate: 14, time: ManualTime().keeper)
        for _ in 1...42 { await pacer.approach(recipients: 1) }
        let last = Task { await pacer.approach(recipients: 1) }
        while pacer.waitingToApproach == 0, !Task.isCancelled { await Task.yield() }
        pacer.left(recipients: 1)
        await last.value
        let more = Task { await pacer.approach(recipients: 1000) }
        while pacer.waitingToApproach == 0, !Task.isCancelled { await Task.yield() }
        pacer.change(rate: nil)
        await more.value
    }

    @Test func lettingGoOfTheLimitLetsEverybodyThrough() async {
        let pacer = Pacer(rate: 1, time: ManualTime().keeper)
        #expect(pacer.trySend(recipients: 1))
        let waiter = Task { await pacer.waitToSend(recipients: 1) }
        while pacer.waiting == 0, !Task.isCancelled { await Task.yield() }
        pacer.change(rate: nil)
        await waiter.value
        #expect(pacer.limit == nil)
        #expect(pacer.trySend(recipients: 1000))
    }

    @Test func withdrawnPlacesGoToTheNext() async {
        let pacer = Pacer(rate: 1, time: ManualTime().keeper)
        #expect(pacer.trySend(recipients: 1))
        let waiter = Task { await pacer.waitToSend(recipients: 1) }
        while pacer.waiting == 0, !Task.isCancelled { await Task.yield() }
        pacer.withdrawn(recipients: 1)
        await waiter.value
    }

    final class Order: Sendable {
        private let numbers = Mutex<[Int]>([])
        func add(_ number: Int) { numbers.withLock { $0.append(number) } }
        var all: [Int] { numbers.withLock { $0 } }
    }
}
