internal import ArgumentParser
internal import ControlProtocol
internal import RelayDaemon
internal import Settings

/// Asks the daemon about the queue, or the queue itself while the daemon is down.
enum QueueQuestion {
    static func ask(_ request: ControlRequest, config: String, _ onLine: @escaping ([UInt8]) throws -> Void) async throws {
        guard ControlClient.isDaemonDown(config: config) else {
            var client = try ControlClient(config: config)
            try client.ask(request, onLine)
            return
        }
        let path = try ConfigurationFile.read(config).queue.path
        Terminal.error("fairlead: the daemon is down; reading \(path) itself")
        let receiver = Receiver(onLine)
        do throws(ControlFailure) {
            try await StoppedQueue.answer(request, path: path) { receiver.take($0) }
        } catch {
            throw failure(error.text, error.code)
        }
        if let error = receiver.error { throw error }
    }

    /// Hands lines on as they come, so that none has to wait in memory. `@unchecked Sendable`: the store answers one line after the other, and
    /// all of them while `ask` waits for it.
    private final class Receiver: @unchecked Sendable {
        private let onLine: ([UInt8]) throws -> Void
        private(set) var error: (any Error)?

        init(_ onLine: @escaping ([UInt8]) throws -> Void) { self.onLine = onLine }

        /// - Returns: whether to go on.
        func take(_ line: [UInt8]) -> Bool {
            do {
                try onLine(line)
                return true
            } catch {
                self.error = error
                return false
            }
        }
    }
}
