internal import ArgumentParser
internal import ControlProtocol
internal import RelayDaemon
internal import Settings

/// Asks the daemon about the queue, or the queue itself while the daemon is down.
enum QueueQuestion {
    static func ask(_ request: ControlRequest, config: String, _ onLine: ([UInt8]) throws -> Void) async throws {
        guard ControlClient.isDaemonDown(config: config) else {
            var client = try ControlClient(config: config)
            try client.ask(request, onLine)
            return
        }
        let path = try ConfigurationFile.read(config).queue.path
        Terminal.error("fairlead: the daemon is down; reading \(path) itself")
        let (lines, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let reading = Task<ControlFailure?, Never> {
            defer { continuation.finish() }
            do throws(ControlFailure) {
                try await StoppedQueue.answer(request, path: path) { line in
                    if case .terminated = continuation.yield(line) { false } else { true }
                }
                return nil
            } catch {
                return error
            }
        }
        for await line in lines { try onLine(line) }
        if let failed = await reading.value { throw failure(failed.text, failed.code) }
    }
}
