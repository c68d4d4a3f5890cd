import ControlProtocol
import Glibc
import MailModel
@testable import RelayDaemon
import Synchronization
import Testing

/// Both ends of a pipe, closed at the end.
final class Pipe: Sendable {
    let reading: Int32
    let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Everything that has been written so far.
    func take() -> String {
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(reading, &buffer, buffer.count)
            if count <= 0 { break }
            octets += buffer[..<count]
        }
        return String(decoding: octets, as: UTF8.self)
    }
}

@Suite struct LogLineTests {
    private func event(_ name: RelayEvent.Name, _ change: (inout RelayEvent) throws -> Void = { _ in }) throws -> RelayEvent {
        var event = RelayEvent(
            name, at: Timestamp(seconds: 1_772_355_907), queueID: QueueID(parsing: "00000000000zz"), account: AccountName("crm"),
            recipients: [try Mailbox(parsing: Array("anna@customer.example".utf8))])
        event.relay = "email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587"
        event.delay = .milliseconds(1_042)
        event.client = "198.51.100.7"
        try change(&event)
        return event
    }

    @Test func relayed() throws {
        let event = try event(.relayed) {
            $0.dsn = "2.0.0"
            $0.reply = "250 Ok 0102018f2c6d7e11-8d0f-000000"
        }
        #expect(
            LogLine.text(event)
                == "00000000000zz: to=<anna@customer.example>, account=crm, relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587, "
                + "delay=1.042, dsn=2.0.0, status=relayed (250 Ok 0102018f2c6d7e11-8d0f-000000)")
    }

    @Test(arguments: [
        (RelayEvent.Name.deferred, "4.0.0", "451 Temporary service failure", "status=deferred (451 Temporary service failure)"),
        (.failed, "5.0.0", "554 Transaction failed: x", "status=failed (554 Transaction failed: x)"),
        (.expired, "5.4.7", "451 Later", "status=expired (451 Later)"), (.inDoubt, "4.4.2", "no answer", "status=in_doubt (no answer)"),
    ])
    func outcomes(name: RelayEvent.Name, dsn: String, reply: String, end: String) throws {
        let event = try event(name) {
            $0.dsn = dsn
            $0.reply = reply
        }
        #expect(LogLine.text(event).hasSuffix("delay=1.042, dsn=\(dsn), \(end)"))
        #expect(LogLine.text(event).hasPrefix("00000000000zz: to=<anna@customer.example>, account=crm, relay="))
    }

    @Test func others() throws {
        let accepted = try event(.accepted) {
            $0.sender = "app@shop.example"
            $0.messageSize = 1234
            $0.messageID = "<1@shop.example>"
            $0.alignment = "dkim=strict, spf=relaxed"
        }
        #expect(
            LogLine.text(accepted)
                == "00000000000zz: client=198.51.100.7, account=crm, from=<app@shop.example>, size=1234, nrcpt=1, message-id=<1@shop.example>, dkim=strict, spf=relaxed"
        )
        let refused = try event(.loginRefused) { $0.reply = "wrong user name or password" }
        #expect(LogLine.text(refused) == "login refused: client=198.51.100.7, account=crm, reason=wrong user name or password")
        let paused = try event(.routePaused) { $0.reply = "535 Authentication Credentials Invalid" }
        #expect(LogLine.text(paused) == "route paused: 535 Authentication Credentials Invalid")
    }

    @Test(arguments: [(0, "0.000"), (7, "0.007"), (999, "0.999"), (60_000, "60.000"), (-5, "0.000"), (-1234, "0.000")])
    func delays(milliseconds: Int, text: String) { #expect(LogLine.seconds(.milliseconds(milliseconds)) == text) }

    /// One event stays one line, and nothing in it obeys somebody else.
    @Test(arguments: [LogWriter.Format.text, .journal, .json]) func nothingEscapes(format: LogWriter.Format) throws {
        let pipe = Pipe()
        let log = Log(writer: LogWriter(descriptor: pipe.writing, format: format, level: .debug), clock: { Timestamp(seconds: 0) })
        let short = "a\r\nb\0\u{1b}[31mred\u{202e}\u{2028}\u{7f}\u{85}ü\t"
        let nasty = short + String(repeating: "x", count: 20_000)
        log.event(
            try event(.deferred) {
                $0.reply = nasty
                $0.relay = short
            })
        log.warning(short)
        log.event(try event(.accepted) { $0.messageID = short })
        log.flush()
        let output = pipe.take()
        #expect(output.utf8.allSatisfy { $0 == 10 || (32..<127).contains($0) })
        #expect(output.utf8.count { $0 == 10 } == 3)
        if format == .json {
            let line = try #require(output.split(separator: "\n").first)
            #expect(try ControlCoding.decode(EventRecord.self, from: Array(line.utf8)).reply == nasty)
        } else {
            #expect(output.split(separator: "\n").allSatisfy { $0.utf8.count < 8300 })
        }
    }

    @Test func levels() throws {
        let pipe = Pipe()
        let log = Log(writer: LogWriter(descriptor: pipe.writing, format: .journal, level: .warning), clock: { Timestamp(seconds: 0) })
        log.info("one")
        log.warning("two")
        log.error("three")
        log.event(try event(.relayed))
        log.flush()
        #expect(pipe.take() == "<4>two\n<3>three\n")
    }
}

@Suite(.timeLimit(.minutes(1))) struct LogWriterTests {
    /// Nobody reads: writing costs nothing and memory is bounded; whoever reads again is told what is missing.
    @Test func neverBlocks() async throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.writing, format: .text, level: .debug)
        let text = String(repeating: "x", count: 999)
        let line = Array(text.utf8)
        let begin = ContinuousClock.now
        for _ in 0..<20_000 { writer.write(line) }
        #expect(begin.duration(to: .now) < .seconds(5))
        #expect(writer.dropped > 10_000)
        let dropped = writer.dropped
        var output = ""
        let deadline = ContinuousClock.now + .seconds(60)
        while !output.contains("were lost"), .now < deadline {
            output += pipe.take()
            await Task.yield()
        }
        let lines = output.split(separator: "\n")
        #expect(lines.count == 20_000 - dropped + 1)
        #expect(lines.dropLast().allSatisfy { $0 == text })
        #expect(lines.last?.hasPrefix("\(dropped) log lines") == true)
    }

    @Test func aClosedPipeCostsLinesOnly() {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        close(ends[0])
        let writer = LogWriter(descriptor: ends[1], format: .text, level: .debug)
        for _ in 0..<100 { writer.write(Array("lost".utf8)) }
        writer.flush()
        #expect(writer.dropped > 0)
        close(ends[1])
    }
}

@Suite(.timeLimit(.minutes(1))) struct FullLogTests {
    /// A full disk under the log: every line is counted, and writing never waits.
    @Test func aFullDestinationCostsLinesOnly() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let writer = LogWriter(descriptor: descriptor, format: .text, level: .debug)
        for _ in 0..<1000 { writer.write(Array("lost".utf8)) }
        writer.flush()
        #expect(writer.dropped == 1000)
    }
}
