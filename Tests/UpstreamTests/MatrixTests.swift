import Crypto
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
        bodyStart    doubt      doubt      wait       lost       wait       wait       451        421        550        wait             wait
        bodyHalf     doubt      doubt      wait       lost       wait       wait       451        421        550        wait             wait
        bodyEnd      doubt      doubt      wait       lost       wait       wait       451        421        550        wait             doubt
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
    private static let soon = Duration.milliseconds(400)
    private static let never = Duration.seconds(120)
    /// Within this everything has ended: the time-out, or the five seconds of a QUIT, or the seconds in which a channel says its last words.
    private static let bound = Duration.seconds(30)

    private static func patience(_ step: Step) -> UpstreamSettings.Patience {
        var patience = UpstreamSettings.Patience()
        (patience.connect, patience.reply, patience.handshake, patience.data) = (never, never, never, never)
        (patience.block, patience.finalDot, patience.idle, patience.age) = (never, never, never, never)
        switch step {
        case .tls: patience.handshake = soon
        case .data: patience.data = soon
        case .bodyStart, .bodyHalf, .bodyEnd: (patience.block, patience.finalDot) = (soon * 3, soon * 3)
        case .dot: patience.finalDot = soon
        default: patience.reply = soon
        }
        return patience
    }

    @Test(arguments: cells.filter { $0.expected != "-" }) func cell(_ cell: Cell) async throws {
        let material = try Material()
        // One run warms what is made once and kept: the thread pool, OpenSSL's tables.
        try await run(cell, 1, material)
        let before = openDescriptors()
        let began = ContinuousClock.now
        try await run(cell, Self.repeats, material)
        let rounds = Duration.seconds(1) * Double((Self.repeats - 1) / Self.atOnce)
        #expect(began.duration(to: .now) < Self.bound + rounds * 8)
        try await until("the descriptors to be as many as before") { openDescriptors() <= before }
    }

    private func run(_ cell: Cell, _ repeats: Int, _ material: Material) async throws {
        // Only what no buffer of the kernel's holds makes a sender wait.
        let size = cell.step.part == nil ? nil : cell.fault == .windowZero ? 16 << 20 : 256 << 10
        let server = try FaultyServer(material, cell.fault, at: cell.step, contentSize: size ?? 0)
        let gate = CountingGate()
        weak var gone: UpstreamPool?
        do {
            let opener: BodyOpener = { file async throws(QueueError) in PacedReader(file, server) }
            let pool = UpstreamPool(
                settings: settings(
                    port: server.port, material, connections: Self.atOnce, messages: cell.step == .idle || cell.step == .rset ? 50 : 1,
                    patience: Self.patience(cell.step), openBody: opener),
                gate: gate, workers: WorkerPool(count: 2))
            gone = pool
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...repeats {
                    if number > Self.atOnce { try await group.next() }
                    group.addTask { try await once(cell, number, size, pool, server) }
                }
                try await group.waitForAll()
            }
            #expect(pool.connectionCounts.busy == 0)
            await pool.close()
            #expect(pool.connectionCounts.open == 0)
        }
        try await until("the pool to be forgotten by all its tasks") { gone == nil }
        #expect(gate.counts.approached == gate.counts.left, "every approach ends")
        #expect(gate.counts.taken == gate.counts.sent + gate.counts.withdrawn, "every place is given back")
        try await until("the server's connections to end") { server.open == 0 }
        #expect(server.faults >= repeats, "each time the fault did happen")
        await server.stop()
    }

    private func once(_ cell: Cell, _ number: Int, _ size: Int?, _ pool: UpstreamPool, _ server: FaultyServer) async throws {
        let isForTwo = cell.step == .rcpt || cell.step == .rcptSecond
        let recipients = ["user-\(number)@example.net"] + (isForTwo ? ["other-\(number)@example.net"] : [])
        let body = try size.map { StoredBody.file(SpoolFile(id: try #require(QueueID(Int64(number))), size: $0, checksum: 1)) }
        let word = word(await pool.attempt(try delivery(number, to: recipients, body: body)))
        #expect(word == Self.words(cell.expected) || cell.expected == "lost" && ["in doubt", "deferred connection"].contains(word))
        guard cell.step == .idle || cell.step == .rset else { return }
        // What comes next is wholly its own, on this connection or another one.
        if cell.step == .idle { try await until("the fault") { server.faults >= number } }
        let next = await said(pool, try delivery(10_000 + number, to: ["good-\(10_000 + number)@example.net"]))
        // Half a reply that nobody asked for makes the next one unreadable, and that attempt counts.
        #expect(next == "relayed" || cell.step == .idle && cell.fault == .drip && next == "deferred connection")
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

    private func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
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
