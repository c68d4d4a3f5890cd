import MailModel
import MailQueue
@testable import Reports
import Testing

/// More than so many in an hour become one digest.
@Suite struct ReportRateTests {
    private let clock = ManualClock()

    private func fail(_ writer: ReportWriter, from sender: String = "anna@corp.example") throws -> String {
        let message = try message(from: sender)
        return writer.failure(of: message, recipients: message.failed(), at: arrival).summary
    }

    @Test func theTwentyFirstWaitsForTheEndOfTheHour() throws {
        let writer = makeWriter(try reportSettings(), clock: clock)
        for _ in 0..<20 {
            #expect(try fail(writer) == "to anna@corp.example")
            clock.advance(by: .seconds(60))
        }
        #expect(try fail(writer) == "digest in 2400")
        clock.advance(by: .seconds(600))
        #expect(try fail(writer) == "digest in 1800")
        #expect(try fail(writer, from: "otto@corp.example") == "to otto@corp.example", "another sender")
        clock.advance(by: .seconds(1800))
        #expect(try fail(writer) == "to anna@corp.example", "the first has left the hour")
        #expect(try fail(writer) == "digest in 3600", "never two digests in one hour")
        clock.advance(by: .seconds(7200))
        for _ in 0..<20 { #expect(try fail(writer) == "to anna@corp.example") }
    }

    @Test func warningsHaveTheirOwnCount() throws {
        let writer = makeWriter(try reportSettings(), clock: clock)
        let message = try message()
        func warn() -> String { writer.delay(of: message, recipients: message.failed(as: .delayed), until: .never, at: arrival).summary }
        for _ in 0..<20 { #expect(warn() == "to anna@corp.example") }
        #expect(warn() == "none: anna@corp.example was told of 20 late messages within an hour")
        #expect(try fail(writer) == "to anna@corp.example")
    }

    @Test func aNewLimitCountsAtOnceAndWhatWasCountedStays() throws {
        var settings = try reportSettings()
        let writer = makeWriter(settings, clock: clock)
        for _ in 0..<5 { _ = try fail(writer) }
        settings.perHour = 5
        writer.change(settings)
        #expect(try fail(writer) == "digest in 3600")
        settings.perHour = 0
        writer.change(settings)
        #expect(try fail(writer, from: "otto@corp.example") == "digest in 3600")
    }

    @Test func memoryIsBoundedUnderAFloodOfSenders() throws {
        var rate = ReportRate()
        func key(_ number: Int) throws -> ReportRate.Key {
            ReportRate.Key(told: try mailbox("u\(number)@corp.example"), account: crm, isWarning: false)
        }
        let start = ContinuousClock.now
        for number in 0..<ReportRate.maximumKeys { #expect(try rate.wait(for: key(number), at: start, limit: 20) == nil) }
        #expect(try rate.wait(for: key(-1), at: start, limit: 20) == .seconds(3600))
        #expect(try rate.wait(for: key(0), at: start, limit: 20) == nil)
        #expect(try rate.wait(for: key(-1), at: start + .seconds(3601), limit: 20) == nil)
    }
}
