internal import ControlProtocol
internal import Glibc
internal import MailModel
internal import MailQueue
internal import Networking
internal import SafeIO

/// Answers the commands over the control socket. A malformed request ends that connection only.
final class ControlServer: Sendable {
    private let listener: UnixListener

    /// Binds the socket: 0660 for the group `fairlead` where there is one, else 0600. A dead socket of an earlier run is replaced; a
    /// live one means that another daemon runs.
    init(path: String, workers: WorkerPool, answers: any ControlAnswering) throws(SystemCallError) {
        let group = Self.group(named: "fairlead")
        listener = try UnixListener(path: path, mode: group == nil ? 0o600 : 0o660, group: group, workers: workers) { socket, worker in
            guard let peer = try? socket.peerCredentials() else { return }
            let mayOrder = peer.userID == 0 || peer.userID == geteuid()
            let session = ControlSession(socket: socket, worker: worker, answers: answers, mayOrder: mayOrder)
            session.assumeIsolated { $0.start() }
        }
    }

    func start() { listener.start() }

    /// Closes and removes the socket.
    func stop() async { await listener.stop() }

    static func group(named name: String) -> UInt32? {
        var record = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getgrnam_r(name, &record, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return record.gr_gid
    }
}

/// What stands behind the control socket.
protocol ControlAnswering: Sendable {
    /// Answers with one JSON line per call of `send`; the trailer is written by the session.
    ///
    /// - Parameter send: returns once the asker keeps up; false if it is gone and the rest may be left out.
    /// - Returns: how many messages an order concerned.
    func answer(_ request: ControlRequest, send: @escaping ControlLineSender) async throws(ControlFailure) -> Int?

    /// Calls `send` for every event from now on; the returned closure ends that.
    func follow(_ send: @escaping @Sendable (RelayEvent) -> Void) -> @Sendable () -> Void
}

typealias ControlLineSender = @Sendable ([UInt8]) async -> Bool

/// An answer that could not be given: the words for the person, and the command's exit code.
public struct ControlFailure: Error {
    /// For people.
    public let text: String
    /// Of sysexits.h.
    public let code: Int32
}

/// One command's connection.
actor ControlSession {
    private let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private let socket: AcceptedSocket
    private let answers: any ControlAnswering
    private let mayOrder: Bool
    private var channel: Channel?
    private var unfollow: (@Sendable () -> Void)?
    /// What happens while the past is still being told; `nil` when it has been.
    private var meanwhile: Meanwhile?
    private var isAnswering = false
    /// The answer, while the asker has too much to read.
    private var waiting: CheckedContinuation<Bool, Never>?

    /// An answer goes on when less than this waits to be read: a listing may be longer than memory.
    private static let answerLimit = 256 << 10
    /// A follower that does not read is cut off rather than buffered for ever.
    private static let followerLimit = 4 << 20

    init(socket: AcceptedSocket, worker: Worker, answers: any ControlAnswering, mayOrder: Bool) {
        self.worker = worker
        self.socket = socket
        self.answers = answers
        self.mayOrder = mayOrder
    }

    func start() {
        guard let channel = try? Channel(socket, worker: worker, inputLimit: ControlRequest.longest + 1) else { return }
        self.channel = channel
        // The channel keeps the session alive until it is closed.
        channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
        channel.deadline = .now + .seconds(30)
    }

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input: readRequest()
        case .deadline: channel?.abort()
        case .closed:
            unfollow?()
            unfollow = nil
            channel?.onEvent = nil
            channel = nil
            goOn(false)
        case .drained: goOn(true)
        case .secured: break
        }
    }

    private func goOn(_ isReading: Bool) {
        let waiting = waiting
        self.waiting = nil
        waiting?.resume(returning: isReading)
    }

    private func readRequest() {
        guard let channel, !isAnswering else { return }
        let line = channel.withInput { octets in octets.firstIndex(of: 10).map { Array(octets[..<$0]) } }
        guard let line else {
            if channel.inputCount > ControlRequest.longest { channel.abort() }
            return
        }
        channel.consume(line.count + 1)
        isAnswering = true
        channel.deadline = nil
        guard let request = try? ControlCoding.decode(ControlRequest.self, from: line) else {
            finish(ControlTrailer(error: "the daemon does not understand this request; is the command of the same version?", code: 65))
            return
        }
        guard mayOrder || !request.command.isOrder else {
            finish(ControlTrailer(error: "only root and the daemon's own user may change things", code: 77))
            return
        }
        Task { await answer(request) }
    }

    private func answer(_ request: ControlRequest) async {
        let isFollowing = request.command == .tail && request.follow == true
        if isFollowing {
            // Whoever asks for what cannot be is told so by the answer.
            follow((try? EventFilter(request.events)) ?? .all)
        }
        do throws(ControlFailure) {
            let changed = try await answers.answer(request) { line in await self.sendAnswer(line) }
            if isFollowing { try await goOnLive() } else { finish(ControlTrailer(end: true, changed: changed)) }
        } catch {
            finish(ControlTrailer(error: error.text, code: error.code))
        }
    }

    private func follow(_ filter: EventFilter) {
        meanwhile = Meanwhile()
        unfollow = answers.follow { event in
            guard filter.matches(event), let line = try? ControlCoding.encode(EventRecord(event)) else { return }
            self.worker.run { self.assumeIsolated { $0.send(line) } }
        }
    }

    /// The past has been told: what happened meanwhile comes next, but for what was in that past already; as long as it takes, for more
    /// happens while that is read.
    private func goOnLive() async throws(ControlFailure) {
        while let news = meanwhile?.takeNews(), !news.isEmpty {
            for line in news { guard await sendPaced(line) else { return } }
        }
        let isOverrun = meanwhile?.isOverrun ?? false
        meanwhile = nil
        if isOverrun {
            throw ControlFailure(
                text: "more happened than was read, and it is left out from here on; fairlead tail --since tells it from the history",
                code: 75)
        }
    }

    /// One line of the answer.
    private func sendAnswer(_ line: [UInt8]) async -> Bool {
        meanwhile?.told(line)
        return await sendPaced(line)
    }

    /// One line, at the asker's pace.
    ///
    /// - Returns: whether he is still there.
    private func sendPaced(_ line: [UInt8]) async -> Bool {
        guard let channel else { return false }
        channel.send(line + [10])
        guard channel.unsentOctets >= Self.answerLimit else { return true }
        return await withCheckedContinuation { waiting = $0 }
    }

    /// An event for a follower.
    private func send(_ line: [UInt8]) {
        guard let channel else { return }
        if meanwhile != nil {
            meanwhile?.happened(line)
            return
        }
        guard channel.unsentOctets < Self.followerLimit || unfollow == nil else {
            channel.abort()
            return
        }
        channel.send(line + [10])
    }

    private func finish(_ trailer: ControlTrailer) {
        if let line = try? ControlCoding.encode(trailer) { channel?.send(line + [10]) }
        channel?.close()
    }
}

/// Live events that wait until the past has been told, and enough of that past to tell nothing twice.
private struct Meanwhile {
    private static let mostOctets = 16 << 20
    private static let mostTold = 40_000
    private var held: [[UInt8]] = []
    private var octets = 0
    private var past: [Int] = []
    /// More happened than is kept: nothing from then on.
    private(set) var isOverrun = false

    mutating func happened(_ line: [UInt8]) {
        guard !isOverrun else { return }
        octets += line.count
        isOverrun = octets > Self.mostOctets
        if !isOverrun { held.append(line) }
    }

    mutating func told(_ line: [UInt8]) {
        past.append(line.hashValue)
        if past.count > Self.mostTold { past.removeFirst(Self.mostTold / 2) }
    }

    /// What was held since the last time and is no part of the past that was told.
    mutating func takeNews() -> [[UInt8]] {
        defer { (held, octets) = ([], 0) }
        let past = Set(past)
        return held.filter { !past.contains($0.hashValue) }
    }
}

extension ControlRequest {
    static let longest = ControlCoding.longestRequest
}
