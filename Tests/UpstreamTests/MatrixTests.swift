import Cryptography
import Glibc
import MailModel
import MailQueue
import Networking
import Synchronization
import Testing
@testable import Upstream

/// Every step of the dialogue with each fault: what becomes of the message, within which time, and that nothing is left behind.
///
/// Each fault happens once; with `FAIRLEAD_MATRIX=100` in the environment a hundred times. Only the time-out that belongs to the step is
/// short, so that a cell that ends has ended by the right one.
@Suite(.timeLimit(.minutes(30))) struct MatrixTests {
    /// What the table says of a cell.
    ///
    ///     route      the route's trouble: paused, probed, no attempt counted
    ///     login      the same, as a refused login
    ///     wait       deferred for the connection's sake; the attempt counts
    ///     451, 421   deferred with this reply; the attempt counts
    ///     550        failed
    ///     doubt      the final dot has left, nobody knows: in doubt, counted, may come twice
    ///     lost       wait or doubt, by what the network had taken when it ended
    ///     ok         relayed, whatever happened then
    ///     -          nothing to happen
    ///
    /// With two recipients a cell names both: `ok/451`.
    private static let table = """
                     silence    1 octet/s  FIN        RST        TLS alert  garbage    4xx        421+close  5xx        2xx out of turn  window zero
        banner       route      route      route      route      route      route      route      route      route      route            route
        helo         route      route      route      route      route      route      route      route      route      route            route
        startTLS     route      route      route      route      route      route      route      route      route      route            route
        tls          route      route      route      route      route      route      route      route      route      route            route
        heloAgain    route      route      route      route      route      route      route      route      route      route            route
        auth         route      route      route      route      route      route      route      route      login      route            route
        authName     route      route      route      route      route      route      route      route      login      route            route
        authPassword route      route      route      route      route      route      route      route      login      route            route
        mail         wait       wait       wait       wait       wait       wait       451        421        550        wait             wait
        rcpt         wait/wait  wait/wait  wait/wait  wait/wait  wait/wait  wait/wait  451/ok     421/421    550/ok     wait/wait        wait/wait
        rcptSecond   wait/wait  wait/wait  wait/wait  wait/wait  wait/wait  wait/wait  ok/451     421/421    ok/550     wait/wait        wait/wait
        data         wait       wait       wait       wait       wait       wait       451        421        550        wait             wait
        bodyStart    doubt      doubt      wait       lost       lost       wait       451        421        550        wait             wait
        bodyHalf     doubt      doubt      wait       lost       lost       wait       451        421        550        wait             wait
        bodyEnd      doubt      doubt      lost       lost       lost       wait       451        421        550        wait             doubt
        dot          doubt      doubt      doubt      doubt      doubt      doubt      451        421        550        ok               doubt
        rset         451        451        451        451        451        451        451        451        451        451              451
        quit         ok         ok         ok         ok         ok         ok         ok         ok         ok         ok               ok
        idle         -          ok         ok         ok         ok         ok         ok         ok         ok         ok               -
        """

    struct Cell: Sendable, CustomTestStringConvertible {
        let step: Step
        let fault: Fault
        let expected: String
        var testDescription: String { "\(step.rawValue) × \(fault.rawValue): \(expected)" }
    }

    static let cells: [Cell] = table.split(separator: "\n").dropFirst().flatMap { line in
        let words = line.split(separator: " ").map(String.init)
        guard let step = words.first.flatMap(Step.init(rawValue:)) else { return [Cell]() }
        return zip(Fault.allCases, words.dropFirst()).map { Cell(step: step, fault: $0, expected: $1) }
    }

    @Test func theTableIsComplete() {
        #expect(Self.cells.count == Step.allCases.count * Fault.allCases.count)
        #expect(Set(Self.cells.map(\.step)).count == Step.allCases.count)
    }

    /// How often each fault happens, and how often at once.
    private static let repeats = getenv("FAIRLEAD_MATRIX").flatMap { Int(String(cString: $0)) } ?? 1
    private static let atOnce = 20
    /// The step's own time-out; all others are `never`.
    private static let soon = Duration.milliseconds(500)
    private static let never = Duration.seconds(120)
    /// Within this everything has ended: the time-out, or the five seconds of a QUIT, or the seconds in which a channel says its last words.
    private static let bound = Duration.seconds(30)

    private static func patience(_ cell: Cell) -> UpstreamSettings.Patience {
        var patience = UpstreamSettings.Patience()
        (patience.connect, patience.reply, patience.handshake, patience.data) = (never, never, never, never)
        (patience.block, patience.finalDot, patience.idle, patience.age) = (never, never, never, never)
        // Anything else than being left waiting ends without a clock; before TLS an alert is half a line.
        let isClear = [.banner, .helo, .startTLS].contains(cell.step)
        guard [.silence, .drip, .windowZero].contains(cell.fault) || cell.fault == .alert && isClear else { return patience }
        switch cell.step {
        case .tls: patience.handshake = soon
        case .data: patience.data = soon
        case .bodyStart where cell.fault == .windowZero, .bodyHalf where cell.fault == .windowZero: patience.block = soon * 4
        case .bodyStart, .bodyHalf, .bodyEnd: patience.finalDot = soon * 4
        case .dot: patience.finalDot = soon
        default: patience.reply = soon
        }
        return patience
    }

    /// A full window takes sixteen megabytes a time to come about: not as often, and not as many at once.
    private static func isCostly(_ cell: Cell) -> Bool { cell.step.part != nil && cell.fault == .windowZero }

    private static func atOnce(_ cell: Cell) -> Int {
        // Two that follow each other on one connection would not let it be idle.
        cell.step == .idle ? 1 : isCostly(cell) ? 3 : atOnce
    }

    /// The cells of a row run side by side, a few at a time: most of them only wait for a clock.
    @Test(arguments: Step.allCases) func row(_ step: Step) async throws {
        let material = try Material()
        let cells = Self.cells.filter { $0.step == step && $0.expected != "-" }
        // One run warms what is made once and kept: the thread pool, OpenSSL's tables.
        try await run(try #require(cells.first { $0.fault == .fin }), 1, material)
        let before = openDescriptors()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, cell) in cells.enumerated() {
                if index >= Self.cellsAtOnce { try await group.next() }
                group.addTask {
                    let began = ContinuousClock.now
                    let repeats = Self.isCostly(cell) ? (Self.repeats + 7) / 8 : Self.repeats
                    try await run(cell, repeats, material)
                    #expect(began.duration(to: .now) < Self.bound * (1 + (repeats - 1) / Self.atOnce(cell)), "\(cell.testDescription)")
                }
            }
            try await group.waitForAll()
        }
        try await until("the descriptors to be as many as before") { openDescriptors() <= before }
    }

    /// A hundred of each are enough at a time.
    private static let cellsAtOnce = repeats == 1 ? 6 : 1

    private func run(_ cell: Cell, _ repeats: Int, _ material: Material) async throws {
        // Only what no buffer of the kernel's holds makes a sender wait.
        let size = cell.step.part == nil ? nil : cell.fault == .windowZero ? 16 << 20 : 256 << 10
        let server = try FaultyServer(material, cell.fault, at: cell.step, contentSize: size ?? 0)
        let gate = CountingGate()
        let atOnce = Self.atOnce(cell)
        weak var gone: UpstreamPool?
        do {
            let opener: BodyOpener = { file async throws(QueueError) in PacedReader(file, server) }
            let pool = UpstreamPool(
                settings: settings(
                    port: server.port, material, connections: atOnce, messages: cell.step == .idle || cell.step == .rset ? 50 : 1,
                    patience: Self.patience(cell), openBody: opener),
                gate: gate, workers: WorkerPool(count: 2))
            gone = pool
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...repeats {
                    if number > atOnce { try await group.next() }
                    group.addTask { try await once(cell, number, size, pool, server) }
                }
                try await group.waitForAll()
            }
            #expect(pool.connectionCounts.busy == 0, "\(cell.testDescription)")
            await pool.close()
            #expect(pool.connectionCounts.open == 0, "\(cell.testDescription)")
        }
        try await until("the pool to be forgotten by all its tasks") { gone == nil }
        #expect(gate.counts.approached == gate.counts.left, "every approach ends: \(cell.testDescription)")
        #expect(gate.counts.taken == gate.counts.sent + gate.counts.withdrawn, "every place is given back: \(cell.testDescription)")
        try await until("the server's connections to end") { server.open == 0 }
        #expect(server.faults >= repeats, "each time the fault did happen: \(cell.testDescription)")
        await server.stop()
    }

    private func once(_ cell: Cell, _ number: Int, _ size: Int?, _ pool: UpstreamPool, _ server: FaultyServer) async throws {
        let isForTwo = cell.step == .rcpt || cell.step == .rcptSecond
        let recipients = ["user-\(number)@example.net"] + (isForTwo ? ["other-\(number)@example.net"] : [])
        let body = try size.map { StoredBody.file(SpoolFile(id: try #require(QueueID(Int64(number))), size: $0, checksum: 1)) }
        let word = word(await pool.attempt(try delivery(number, to: recipients, body: body)))
        let isLost = cell.expected == "lost" && ["in doubt", "deferred connection"].contains(word)
        #expect(word == Self.words(cell.expected) || isLost, "\(cell.testDescription): \(word)")
        guard cell.step == .idle || cell.step == .rset else { return }
        // What comes next is wholly its own, on this connection or another one.
        if cell.step == .idle { try await until("the fault") { server.faults >= number } }
        let next = await said(pool, try delivery(10_000 + number, to: ["good-\(10_000 + number)@example.net"]))
        #expect(next == "relayed", "\(cell.testDescription): \(next)")
    }

    private static func words(_ expected: String) -> String {
        expected.split(separator: "/").map { word in
            switch word {
            case "route": "unreachable"
            case "login": "login refused"
            case "wait": "deferred connection"
            case "451", "421": "deferred \(word)"
            case "550": "failed 550"
            case "doubt": "in doubt"
            case "ok": "relayed"
            default: String(word)
            }
        }.joined(separator: ", ")
    }

    // MARK: Nothing of one message in another

    /// Whatever went wrong before on a connection that is used again, the next message's recipients and body are its own (U10).
    @Test func noCrossTalk() async throws {
        let total = Self.repeats > 1 ? 10_000 : 1_000
        let material = try Material()
        let judge = CrossTalkJudge()
        let server = try ScriptedServer(material) { line, connection, _ in judge.answer(line, on: connection) }
        judge.server = server
        let gate = CountingGate()
        let pool = UpstreamPool(settings: settings(port: server.port, material, connections: 8), gate: gate, workers: WorkerPool(count: 2))
        var results: [String: Int] = [:]
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 1...total {
                if number > 16, let word = try await group.next() { results[word, default: 0] += 1 }
                let body = StoredBody.inline(CrossTalkJudge.body(number))
                let delivery = try delivery(number, to: ["one-\(number)@example.net", "two-\(number)@example.net"], body: body)
                group.addTask { word(await pool.attempt(delivery)) }
            }
            for try await word in group { results[word, default: 0] += 1 }
        }
        await pool.close()
        try await until("the server's connections to end") { server.open == 0 }
        await server.stop()
        judge.server = nil
        let verdict = judge.verdict
        #expect(verdict.mixedUp.isEmpty, "\(verdict.mixedUp.prefix(5))")
        #expect(verdict.twice == 0, "each was attempted once")
        #expect(gate.counts.taken == gate.counts.sent + gate.counts.withdrawn)
        // Who was told yes is there, and there was trouble of each kind.
        let relayed = results.filter { $0.key.contains("relayed") }.values.reduce(0, +)
        #expect(relayed <= verdict.taken && verdict.taken <= relayed + (results["in doubt, in doubt"] ?? 0) + (results["in doubt"] ?? 0))
        #expect(results.count >= 6 && relayed > total / 4 && server.connections < total, "\(results)")
    }

    private func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}

/// Answers at random, badly one time in five, and compares each message that it takes with its recipients.
final class CrossTalkJudge: Sendable {
    struct Verdict {
        var mixedUp: [String] = []
        var taken = 0
        var twice = 0
    }
    fileprivate struct State {
        var verdict = Verdict()
        var seen: Set<Int> = []
        /// The recipients of each connection's present transaction that were answered with 250.
        var recipients: [Int: [String]] = [:]
        var random = SplitMix(state: 1)
        weak var server: ScriptedServer?
    }
    private let state = Mutex(State())
    var verdict: Verdict { state.withLock(\.verdict) }
    var server: ScriptedServer? {
        get { state.withLock { $0.server } }
        set { state.withLock { $0.server = newValue } }
    }

    static func body(_ number: Int) -> [UInt8] {
        Array(String(repeating: "This line belongs to \(number) and to nobody else.\r\n", count: 1 + number % 40).utf8)
    }

    func answer(_ line: String, on connection: Int) -> ScriptedServer.Answer? {
        let verb = line.split(separator: " ").first ?? ""
        guard ["MAIL", "RCPT", "DATA", ".", "RSET"].contains(verb) else { return nil }
        // The server runs on one worker: the message that this dot ends is its latest.
        let message = verb == "." ? server?.messages.last : nil
        return state.withLock { state in
            if verb == "MAIL" || verb == "RSET" { state.recipients[connection] = [] }
            let trouble: ScriptedServer.Answer? =
                switch state.random.next() % 32 {
                case 0: .reply("451 4.0.0 Not now")
                case 1: .reply("550 5.0.0 Never")
                case 2: .last("421 4.0.0 Bye")
                case 3: .hangUp
                case 4: .reply(verb == "DATA" ? "250 Ok" : "250 Ok\r\n250 Ok")
                case 5: .reply("this is no SMTP")
                default: nil
                }
            let isTaken = trouble.map { if case .reply(let text) = $0 { text.hasPrefix("250") } else { false } } ?? true
            if verb == "RCPT", isTaken { state.recipients[connection, default: []].append(line) }
            if verb == ".", isTaken, let message { state.judge(message, for: state.recipients[connection] ?? []) }
            return trouble
        }
    }
}

extension CrossTalkJudge.State {
    fileprivate mutating func judge(_ message: [UInt8], for recipients: [String]) {
        let text = String(decoding: message, as: UTF8.self)
        let number = Int(text.firstMatch(of: /X-Token: ([0-9]+)/)?.1 ?? "") ?? 0
        let body = text.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
        let own = ["one", "two"].map { "RCPT TO:<\($0)-\(number)@example.net>" }
        if recipients.isEmpty || !recipients.allSatisfy(own.contains) { verdict.mixedUp.append("\(number) for \(recipients)") }
        // The last line end is the dot's.
        if body + "\r\n" != String(decoding: CrossTalkJudge.body(number), as: UTF8.self) {
            verdict.mixedUp.append("\(number): another body")
        }
        verdict.taken += 1
        if !seen.insert(number).inserted { verdict.twice += 1 }
    }
}

/// Random numbers that are the same in each run.
struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A body in small pieces. Where the server's fault ends the connection, the pieces behind it come when that is known, so that a cell
/// does not depend on who is faster.
final class PacedReader: SpoolReader {
    let size: Int
    private let number: Int
    private let server: FaultyServer
    private let pieces = Mutex(0)
    private static let count = 128

    init(_ file: SpoolFile, _ server: FaultyServer) {
        size = file.size
        number = Int(file.id.value)
        self.server = server
    }

    func next(_ completion: @escaping @Sendable (Result<[UInt8]?, QueueError>) -> Void) {
        let piece = pieces.withLock { count in
            count += 1
            return count
        }
        guard piece <= Self.count else { return completion(.success(nil)) }
        let octets = [UInt8](repeating: 97, count: size / Self.count - 2) + [13, 10]
        let endsConnection = ![.silence, .drip, .windowZero].contains(server.fault)
        let isHeldBack = Double(piece) > max(1, (server.step.part ?? 0) * Double(Self.count) + 1)
        guard endsConnection, isHeldBack else { return completion(.success(octets)) }
        Task {
            try await until("the connection's end") { self.server.isOver(self.number) }
            completion(.success(octets))
        }
    }
}
