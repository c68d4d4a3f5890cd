@testable import Networking
import SafeIO

/// The actor around one channel, as a shell would write it; what it does at an event is the test's.
actor Endpoint {
    nonisolated let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private let channel: Channel
    private let recorder: Recorder
    private let onEvent: Behaviour

    typealias Behaviour = @Sendable (Channel, Channel.Event, Recorder) -> Void

    private init(_ socket: ConnectedSocket, _ worker: Worker, _ recorder: Recorder, inputLimit: Int, onEvent: @escaping Behaviour) throws {
        self.worker = worker
        self.recorder = recorder
        self.onEvent = onEvent
        channel = try Channel(socket, worker: worker, inputLimit: inputLimit)
    }

    deinit { recorder.update { $0.isFreed = true } }

    /// Must be called on the worker. The endpoint lives as long as its connection.
    @discardableResult
    static func open(
        _ socket: ConnectedSocket, _ worker: Worker, _ recorder: Recorder, inputLimit: Int = 256 << 10,
        setUp: @escaping @Sendable (Channel) -> Void = { _ in }, onEvent: @escaping Behaviour
    ) -> Endpoint? {
        guard let endpoint = try? Endpoint(socket, worker, recorder, inputLimit: inputLimit, onEvent: onEvent) else { return nil }
        endpoint.assumeIsolated { endpoint in
            endpoint.channel.onEvent = { endpoint.handle($0) }
            setUp(endpoint.channel)
        }
        return endpoint
    }

    /// From anywhere.
    static func start(
        _ socket: ConnectedSocket, _ worker: Worker, _ recorder: Recorder, inputLimit: Int = 256 << 10,
        setUp: @escaping @Sendable (Channel) -> Void = { _ in }, onEvent: @escaping Behaviour
    ) async -> Endpoint? {
        await withCheckedContinuation { continuation in
            worker.run {
                continuation.resume(returning: open(socket, worker, recorder, inputLimit: inputLimit, setUp: setUp, onEvent: onEvent))
            }
        }
    }

    /// Reads everything and remembers it.
    static func start(
        _ socket: ConnectedSocket, _ worker: Worker, _ recorder: Recorder, inputLimit: Int = 256 << 10,
        setUp: @escaping @Sendable (Channel) -> Void = { _ in }
    ) async -> Endpoint? {
        await start(socket, worker, recorder, inputLimit: inputLimit, setUp: setUp, onEvent: keep)
    }

    func perform(_ body: @Sendable (Channel) -> Void) { body(channel) }

    private func handle(_ event: Channel.Event) {
        onEvent(channel, event, recorder)
        recorder.update { state in
            switch event {
            case .input: state.inputEvents += 1
            case .secured(let info): state.secured.append(info)
            case .drained: state.drained += 1
            case .deadline: state.deadlines += 1
            case .closed(let closure): state.closures.append(closure)
            }
        }
    }

    /// Reads everything and remembers it.
    static let keep: Behaviour = { channel, event, recorder in
        guard case .input = event else { return }
        let octets = channel.withInput { Array($0) }
        channel.consume(octets.count)
        recorder.update { $0.input += octets }
    }

    /// Sends back everything at once.
    static let echo: Behaviour = { channel, event, _ in
        guard case .input = event else { return }
        channel.withInput { octets in
            channel.send(octets)
            channel.consume(octets.count)
        }
    }
}
