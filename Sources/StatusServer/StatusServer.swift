internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The HTTP server: health, metrics, status and the dashboard. Whoever starts it may change who may ask, and stops it.
///
/// It has one thread of its own. What it costs while nobody asks is a look at a few counters every five seconds, for the plots.
public final class StatusServer: Sendable {
    /// The port, also where any free one was wished for.
    public let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let live: LiveState
    private let tasks: [Task<Void, Never>]

    /// More connections wait until one of these ends.
    private static let connectionLimit = 64
    /// A connection that is silent so long is closed.
    private static let patience: TimeAmount = .seconds(60)
    /// A connection that has asked for nothing by then is closed, so that silent ones cannot keep health checks out for long.
    fileprivate static let firstRequestPatience: TimeAmount = .seconds(10)
    private static let headerLimit = 16 << 10

    /// Listens, and answers from then on.
    ///
    /// - Parameters:
    ///   - host: a numeric address.
    ///   - port: 0 for any free one.
    public static func start(
        host: String, port: Int, access: AccessRules, source: any StatusSource
    ) async throws(BindFailure) -> StatusServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let live = LiveState(access)
        let logger = Logger(label: "fairlead.http") { _ in SwiftLogNoOpLogHandler() }
        let beginning = Beginning()
        let application = Application(
            responder: StatusResponder(
                source: source, access: { live.access.withLock(\.self) }, timeline: { live.timeline.withLock(\.self) }),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [FirstRequestDeadline()], idleTimeout: patience,
                    httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                        maxHeaderFieldSize: headerLimit, maxHeaderListSize: headerLimit, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(connectionLimit, logger: logger)),
            onServerRunning: { beginning.take(.success($0.localAddress?.port ?? port)) },
            eventLoopGroupProvider: .shared(group), logger: logger)
        let run = Task {
            do {
                try await application.run()
                beginning.take(.failure(BindFailure(code: 0, reason: "it ended at once")))
            } catch {
                beginning.take(.failure(BindFailure(error)))
            }
        }
        switch await beginning.outcome() {
        case .success(let port):
            return StatusServer(port: port, group: group, live: live, tasks: [run, Task(priority: .utility) { await live.watch(source) }])
        case .failure(let failure):
            run.cancel()
            try? await group.shutdownGracefully()
            throw failure
        }
    }

    private init(port: Int, group: MultiThreadedEventLoopGroup, live: LiveState, tasks: [Task<Void, Never>]) {
        self.port = port
        self.group = group
        self.live = live
        self.tasks = tasks
    }

    /// From the next request on.
    public func change(_ access: AccessRules) { live.access.withLock { $0 = access } }

    /// Closes the port and every connection.
    public func stop() async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        try? await group.shutdownGracefully()
    }
}

/// Why the server could not listen.
public struct BindFailure: Error {
    /// The system's error number, or 0.
    public let code: Int32
    public let reason: String

    init(code: Int32, reason: String) {
        self.code = code
        self.reason = reason
    }

    init(_ error: any Error) {
        self.init(code: (error as? IOError)?.errnoCode ?? 0, reason: "\(error)")
    }
}

/// Closes a connection whose first request is not answered in time; drops of it now and then do not help.
private final class FirstRequestDeadline: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = Any
    private var deadline: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: StatusServer.firstRequestPatience) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        deadline?.cancel()
        deadline = nil
        context.write(data, promise: promise)
    }
}

/// What requests look at, and reloads and time change.
private final class LiveState: Sendable {
    let access: Mutex<AccessRules>
    let timeline = Mutex(Timeline())

    init(_ access: AccessRules) { self.access = Mutex(access) }

    /// Takes a sample now and then; ends when its task is cancelled.
    func watch(_ source: any StatusSource) async {
        repeat {
            let sample = await source.sample()
            timeline.withLock { $0.add(sample) }
        } while (try? await Task.sleep(for: .seconds(Timeline.step))) != nil
    }
}

/// Whether the server listens, told once.
private final class Beginning: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Result<Int, BindFailure>, Never>)
        case known(Result<Int, BindFailure>)
    }
    private let state = Mutex(State.open)

    func take(_ outcome: Result<Int, BindFailure>) {
        let waiter = state.withLock { state -> CheckedContinuation<Result<Int, BindFailure>, Never>? in
            switch state {
            case .open:
                state = .known(outcome)
                return nil
            case .awaited(let waiter):
                state = .known(outcome)
                return waiter
            case .known: return nil
            }
        }
        waiter?.resume(returning: outcome)
    }

    func outcome() async -> Result<Int, BindFailure> {
        await withCheckedContinuation { waiter in
            let outcome = state.withLock { state -> Result<Int, BindFailure>? in
                if case .known(let outcome) = state { return outcome }
                state = .awaited(waiter)
                return nil
            }
            if let outcome { waiter.resume(returning: outcome) }
        }
    }
}
