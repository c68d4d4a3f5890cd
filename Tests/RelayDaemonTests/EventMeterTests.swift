import MailModel
@testable import RelayDaemon
import Testing

@Suite struct EventMeterTests {
    private static func event(_ name: RelayEvent.Name, account: String? = "crm", recipients: Int = 1) throws -> RelayEvent {
        let mailbox = try Mailbox(parsing: Array("a@example.com".utf8))
        var event = RelayEvent(
            name, at: Timestamp(seconds: 1), account: account.flatMap(AccountName.init),
            recipients: Array(repeating: mailbox, count: recipients))
        event.messageSize = 1000
        event.delay = .milliseconds(20)
        return event
    }

    @Test func everyOutcomeHasItsCounter() throws {
        var meter = EventMeter()
        for (name, count) in [(.accepted, 5), (.relayed, 4), (.deferred, 3), (.failed, 2), (.expired, 1), (.inDoubt, 6)]
            as [(RelayEvent.Name, Int)]
        {
            meter.count(try Self.event(name, recipients: count))
        }
        let crm = try #require(AccountName("crm").flatMap { meter.accounts[$0] })
        #expect((crm.messages, crm.octets, crm.accepted, crm.relayed, crm.deferred) == (1, 1000, 5, 4, 3))
        #expect((crm.failed, crm.expired, crm.inDoubt) == (2, 1, 6))
        #expect((meter.accepted, meter.relayed, meter.failed) == (5, 4, 3))
        #expect(meter.delays.counts.reduce(0, +) == 1 && abs(meter.delays.sum - 0.02) < 1e-9)
    }

    /// Whoever may not log in makes no entry, whatever name was tried.
    @Test func strangersMakeNoEntries() throws {
        var meter = EventMeter()
        for number in 0..<1000 {
            meter.count(try Self.event(.loginRefused, account: "guess\(number)"))
            meter.count(try Self.event(.refused, account: "guess\(number)"))
            meter.count(try Self.event(.alarm, account: nil, recipients: 0))
        }
        #expect(meter.accounts.isEmpty)
        #expect((meter.refusedLogins, meter.refusedMessages) == (1000, 1000))
    }
}
