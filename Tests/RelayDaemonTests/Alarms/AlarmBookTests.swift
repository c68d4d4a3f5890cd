import MailModel
@testable import RelayDaemon
import Testing

/// The book with a clock that only moves when it is told to.
private struct Desk {
    var book = AlarmBook()
    private let begin = ContinuousClock.now
    private var passed: Duration = .zero

    mutating func pass(_ duration: Duration) { passed += duration }

    /// What people are told, as `+kind` and `-kind after`.
    mutating func see(_ conditions: AlarmCondition...) -> [String] {
        book.update(conditions, at: begin + passed, wall: Timestamp(seconds: 1_800_000_000) + passed).map { change in
            let kind = change.alarm.kind.rawValue
            return switch change.state {
            case .raised: "+\(kind)"
            case .cleared(let duration): "-\(kind) \(duration.inWords)"
            }
        }
    }
}

@Suite struct AlarmBookTests {
    private func paused(_ detail: String = "login_refused", patience: Duration = .zero) -> AlarmCondition {
        var condition = AlarmCondition(.routePaused, cause: "535 no", cure: "mend it")
        (condition.detail, condition.patience) = (detail, patience)
        return condition
    }

    private func counted(_ magnitude: Int) -> AlarmCondition {
        var condition = AlarmCondition(.quarantined, cause: "\(magnitude)", cure: "look")
        condition.magnitude = magnitude
        return condition
    }

    @Test func toldOnceAndOnceWhenOver() {
        var desk = Desk()
        #expect(desk.see(paused()) == ["+route_paused"])
        for _ in 0..<100 {
            desk.pass(.seconds(5))
            #expect(desk.see(paused()) == [])
        }
        #expect(desk.book.alarms.map(\.since) == [Timestamp(seconds: 1_800_000_000)])
        desk.pass(.seconds(5))
        #expect(desk.see() == ["-route_paused 8 min 25 s"])
        #expect(desk.book.alarms.isEmpty)
        desk.pass(.seconds(5))
        #expect(desk.see() == [])
    }

    /// What heals within its patience concerns nobody.
    @Test func patience() {
        var desk = Desk()
        #expect(desk.see(paused(patience: .seconds(30))) == [])
        desk.pass(.seconds(25))
        #expect(desk.see(paused(patience: .seconds(30))) == [])
        #expect(desk.book.alarms.isEmpty)
        #expect(desk.see() == [])
        #expect(desk.see(paused(patience: .seconds(30))) == [])
        desk.pass(.seconds(30))
        #expect(desk.see(paused(patience: .seconds(30))) == ["+route_paused"])
        // It turns out to be worse: at once.
        var other = Desk()
        #expect(other.see(paused("unreachable", patience: .seconds(30))) == [])
        other.pass(.seconds(5))
        #expect(other.see(paused()) == ["+route_paused"])
    }

    /// Comes and goes every minute for two hours.
    @Test func flapping() {
        var desk = Desk()
        var told: [String] = []
        for _ in 0..<60 {
            told += desk.see(paused())
            #expect(desk.book.alarms.count == 1, "status shows it all the same")
            desk.pass(.seconds(60))
            told += desk.see()
            desk.pass(.seconds(60))
        }
        #expect(told.count { $0.hasPrefix("+") } == 8)
        #expect(told.count { $0.hasPrefix("-") } == 8)
    }

    /// It came back within the quiet time and stays: told once that time is over.
    @Test func returningAndStaying() {
        var desk = Desk()
        #expect(desk.see(paused()) == ["+route_paused"])
        desk.pass(.seconds(60))
        #expect(desk.see() == ["-route_paused 1 min"])
        desk.pass(.seconds(60))
        #expect(desk.see(paused()) == [])
        desk.pass(.seconds(13 * 60))
        #expect(desk.see(paused()) == ["+route_paused"])
        desk.pass(.seconds(60))
        #expect(desk.see() == ["-route_paused 14 min"])
    }

    @Test func remindersEachDay() {
        var desk = Desk()
        var told: [String] = []
        for _ in 0..<(3 * 24 * 12 + 1) {
            told += desk.see(paused())
            desk.pass(.seconds(300))
        }
        #expect(told == [String](repeating: "+route_paused", count: 4))
    }

    @Test func anotherKindOfTroubleIsNews() {
        var desk = Desk()
        #expect(desk.see(paused("unreachable")) == ["+route_paused"])
        desk.pass(.seconds(5))
        #expect(desk.see(paused("login_refused")) == ["+route_paused"])
        // To and fro is not.
        for _ in 0..<20 {
            desk.pass(.seconds(5))
            #expect(desk.see(paused("unreachable")) == [])
            desk.pass(.seconds(5))
            #expect(desk.see(paused("login_refused")) == [])
        }
    }

    @Test func growingIsNewsButNotEachTime() {
        var desk = Desk()
        #expect(desk.see(counted(1)) == ["+quarantined"])
        desk.pass(.seconds(5))
        #expect(desk.see(counted(2)) == [])
        desk.pass(.seconds(900))
        #expect(desk.see(counted(3)) == ["+quarantined"])
        desk.pass(.seconds(900))
        #expect(desk.see(counted(3)) == [])
        #expect(desk.see(counted(1)) == [])
        #expect(desk.see() == ["-quarantined 30 min 5 s"])
    }

    /// 80 % that becomes 100 % is not over.
    @Test func escalation() {
        var desk = Desk()
        let (some, other) = ("crm", "erp")
        #expect(
            desk.see(
                AlarmCondition(.accountDaily80, some, cause: "", cure: ""), AlarmCondition(.accountDaily80, other, cause: "", cure: ""))
                == ["+account_daily_80", "+account_daily_80"])
        desk.pass(.seconds(5))
        #expect(
            desk.see(AlarmCondition(.accountDailyReached, some, cause: "", cure: "")) == [
                "+account_daily_reached", "-account_daily_80 5 s",
            ])
        desk.pass(.seconds(5))
        #expect(desk.see() == ["-account_daily_reached 5 s"])
    }

    @Test func graveOnesComeFirst() {
        var desk = Desk()
        _ = desk.see(counted(1))
        desk.pass(.seconds(5))
        _ = desk.see(counted(1), AlarmCondition(.spaceLow, cause: "", cure: ""), paused())
        #expect(desk.book.alarms.map(\.kind) == [.routePaused, .quarantined, .spaceLow])
    }

    /// Steps of the wall clock change no waiting, and what began before the first look keeps its own time.
    @Test func sinceIsTheConditionsOwn() {
        var desk = Desk()
        var condition = paused()
        condition.since = Timestamp(seconds: 1_700_000_000)
        _ = desk.see(condition)
        desk.pass(.seconds(5))
        condition.since = Timestamp(seconds: 1_700_000_099)
        _ = desk.see(condition)
        #expect(desk.book.alarms.map(\.since) == [Timestamp(seconds: 1_700_000_000)])
    }
}

@Suite struct ClockWatchTests {
    @Test(
        arguments: [
            (0, nil), (1, nil), (-299, nil), (299, nil), (301, 301), (-301, -301), (3600, 3600), (-86_400, -86_400),
            (315_360_000, 315_360_000),
            (-1_800_000_000, -1_800_000_000),
        ] as [(Int, Int?)])
    func steps(by seconds: Int, found: Int?) {
        var watch = ClockWatch()
        let (begin, wall) = (ContinuousClock.now, Timestamp(seconds: 1_800_000_000))
        watch.look(at: begin, wall: wall)
        watch.look(at: begin + .seconds(5), wall: wall + .seconds(5))
        #expect(watch.step == nil)
        let jump = Duration.seconds(seconds)
        watch.look(at: begin + .seconds(10), wall: wall + .seconds(10) + jump)
        #expect(watch.step?.by == found.map { .seconds($0) })
        watch.look(at: begin + .seconds(15), wall: wall + .seconds(15) + jump)
        #expect(watch.step?.by == found.map { .seconds($0) })
        watch.look(at: begin + .seconds(3700), wall: wall + .seconds(3700) + jump)
        #expect(watch.step == nil)
    }

    /// Ten days that never passed make nothing old; what came after the step has its own age.
    @Test(arguments: [86_400 * 10, -86_400 * 10]) func agesAcrossAStep(_ seconds: Int) {
        var watch = ClockWatch()
        let (begin, wall, jump) = (ContinuousClock.now, Timestamp(seconds: 1_800_000_000), Duration.seconds(seconds))
        watch.look(at: begin, wall: wall)
        #expect(watch.age(byWall: .seconds(90)) == .seconds(90))
        watch.look(at: begin + .seconds(60), wall: wall + .seconds(60) + jump)
        #expect(watch.age(byWall: .seconds(90) + jump) == .seconds(90))
        #expect(watch.age(byWall: .seconds(5)) == .seconds(5))
        watch.look(at: begin + .seconds(120), wall: wall + .seconds(120))
        #expect(watch.age(byWall: .seconds(150)) == .seconds(150))
    }
}
