import ControlProtocol
import MailModel
import Networking
@testable import RelayDaemon
import SafeIO
import Synchronization
import Testing

@Suite("The control socket", .timeLimit(.minutes(1)))
struct ControlServerTests {
    @Test("An answer goes at its reader's pace, and ends when the reader leaves")
    func pace() async throws {
        let path = "/tmp/fairlead-control-\(UInt32.random(in: 0...UInt32.max)).sock"
        let answers = EndlessAnswers()
        let server = try ControlServer(path: path, workers: WorkerPool(count: 1), answers: answers)
        server.start()
        do {
            var stream = try UnixStream.connect(path: path)
            try stream.writeAll(try ControlCoding.encode(ControlRequest(.queueList)) + [10])
            while answers.sent.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(5)) }
            try await Task.sleep(for: .milliseconds(300))
            let first = answers.sent.withLock { $0 }
            #expect(first < 4096, "\(first) KiB for a reader that does not read")
            // It goes on when it is read.
            for _ in 0..<first + 10 { #expect(try stream.readLine()?.count == 1024) }
            #expect(!answers.hasEnded.withLock { $0 })
        }
        while !answers.hasEnded.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
        await server.stop()
    }
}

/// Lists for ever.
private final class EndlessAnswers: ControlAnswering {
    let sent = Mutex(0)
    let hasEnded = Mutex(false)

    func answer(_ request: ControlRequest, send: @escaping ControlLineSender) async throws(ControlFailure) -> Int? {
        while await send([UInt8](repeating: 120, count: 1024)) {
            sent.withLock { $0 += 1 }
            if sent.withLock({ $0 }) > 100_000 { break }
        }
        hasEnded.withLock { $0 = true }
        return nil
    }

    func follow(_ send: @escaping @Sendable (RelayEvent) -> Void) -> @Sendable () -> Void { {} }
}
