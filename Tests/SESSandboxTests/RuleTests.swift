internal import MailModel
@testable import SESSandbox
import Testing

@Suite struct QuotaTests {
    struct Step: Sendable {
        let at: Duration
        var recipients = 1
        var domain = "example.net"
        let reply: Reply?
    }

    private func run(_ steps: [Step], _ change: (inout SandboxRules) -> Void) throws {
        var rules = try exampleRules()
        change(&rules)
        var quota = SendingQuota()
        let start = ContinuousClock.now
        for (index, step) in steps.enumerated() {
            let recipients = try (0..<step.recipients).map { try address("u\($0)@\(step.domain)") }
            #expect(quota.admit(recipients, under: rules, now: start + step.at) == step.reply, "step \(index)")
        }
    }

    @Test func ratePerSlidingSecond() throws {
        try run([
            Step(at: .zero, recipients: 2, reply: nil), Step(at: .milliseconds(300), reply: nil),
            Step(at: .milliseconds(999), reply: .rateExceeded), Step(at: .seconds(1), recipients: 2, reply: nil),
            Step(at: .milliseconds(1299), reply: .rateExceeded), Step(at: .milliseconds(1300), reply: nil),
            Step(at: .milliseconds(1400), domain: "simulator.amazonses.com", reply: .rateExceeded),
            Step(at: .seconds(9), recipients: 50, reply: nil), Step(at: .milliseconds(9999), reply: .rateExceeded),
            Step(at: .seconds(10), reply: nil),
        ]) { $0.maximumSendRate = 3 }
    }

    @Test func rollingDay() throws {
        try run([
            Step(at: .zero, recipients: 6, reply: nil), Step(at: .seconds(3600), recipients: 4, reply: nil),
            Step(at: .seconds(3601), reply: .quotaExceeded), Step(at: .seconds(3602), domain: "simulator.amazonses.com", reply: nil),
            Step(at: .seconds(86_399), reply: .quotaExceeded), Step(at: .seconds(86_400), recipients: 6, reply: nil),
            Step(at: .seconds(86_401), reply: .quotaExceeded), Step(at: .seconds(90_000), recipients: 4, reply: nil),
        ]) { $0.dailyQuota = 10 }
    }

    @Test func manyMessagesStayCheap() throws {
        try run((0..<5000).map { Step(at: .milliseconds($0), reply: nil) }) {
            $0.maximumSendRate = 1000
            $0.dailyQuota = 5000
        }
    }

    @Test func texts() {
        #expect(Reply.rateExceeded.oneLine == "454 Throttling failure: Maximum sending rate exceeded.")
        #expect(Reply.quotaExceeded.oneLine == "454 Throttling failure: Daily message quota exceeded.")
        #expect(Reply.idleTimeout.oneLine == "451 4.4.2 Timeout waiting for data from client.")
        #expect(Reply.tooManyConnections.oneLine == "421 Too many concurrent SMTP connections")
        #expect(Reply.localFailure.oneLine == "451 Temporary service failure")
    }
}

@Suite struct FaultTests {
    typealias Moment = (phase: SandboxTransaction.Phase, sender: String, recipient: String, action: SandboxFault.Action?)

    private func strikes(_ specifications: [String], _ moments: [Moment]) throws {
        var plan = SandboxFaultPlan(try specifications.map { try SandboxFault(parsing: $0) })
        for (index, moment) in moments.enumerated() {
            let strike = plan.strike(moment.phase, sender: octets(moment.sender), recipients: [octets(moment.recipient)])
            #expect(strike.action == moment.action, "moment \(index)")
        }
    }

    @Test func replyAtAPhase() throws {
        let reply = SandboxFault.Action.reply(Reply(450, nil, "4.2.1 try again"))
        try strikes(
            ["rcpt,to=*@Slow.example:450 4.2.1 try again"],
            [
                (.rcpt, "a@x.example", "b@slow.example", reply), (.rcpt, "a@x.example", "b@fast.example", nil),
                (.mail, "a@x.example", "b@slow.example", nil),
            ])
        #expect(Reply(450, nil, "4.2.1 try again").oneLine == "450 4.2.1 try again")
    }

    @Test func everyAndTimes() throws {
        try strikes(
            ["dot,every=2,times=1:lose-reply", "dot,from=spam@*:lose-message", "any:delay 50ms"],
            [
                (.dot, "a@x.example", "b@y.example", nil), (.dot, "a@x.example", "b@y.example", .loseReply),
                (.dot, "spam@x.example", "b@y.example", .loseMessage), (.dot, "a@x.example", "b@y.example", nil),
                (.dot, "a@x.example", "b@y.example", nil),
            ])
    }

    @Test func delaysAddUp() throws {
        var plan = SandboxFaultPlan([try SandboxFault(parsing: "any:delay 50ms"), try SandboxFault(parsing: "mail:delay 2s")])
        #expect(plan.strike(.mail, sender: nil, recipients: []).delay == .milliseconds(2050))
        #expect(plan.strike(.rcpt, sender: nil, recipients: []).delay == .milliseconds(50))
    }

    @Test(arguments: [
        "", "mail", "nowhere:close", "mail:explode", "mail:99 x", "mail:600 x", "mail:450", "mail:delay", "mail:delay 5", "mail:delay 5min",
        "mail:delay 99999999999999999999s", "mail:lose-reply", "any:lose-message", "mail,every=0:close", "mail,every=x:close",
        "mail,to:close",
        "mail,colour=red:close", "mail,to=:close", ":close",
    ]) func refuses(_ specification: String) {
        #expect(throws: SandboxFaultError.self) { try SandboxFault(parsing: specification) }
    }

    @Test(arguments: [
        ("*", "", true), ("", "", true), ("", "a", false), ("a?c", "abc", true), ("A*C", "aXXc", true), ("a*b*c", "aXbXbXc", true),
        ("a*b*c", "aXbXbX", false), ("*@x.example", "a@X.EXAMPLE", true), ("*a", "aab", false), ("a", "ab", false),
        (String(repeating: "*a", count: 200) + "b", String(repeating: "a", count: 300), false),
    ]) func globs(_ pattern: String, _ text: String, _ matches: Bool) {
        #expect(Glob(pattern).matches(octets(text)) == matches)
    }
}

@Suite struct DeliveryTests {
    @Test func headerAsRecipientsGetIt() {
        let time = Timestamp(seconds: 1_772_355_907)
        let fields = HeaderField.parse(
            octets(
                "Return-Path: <x@mail.example.com>\r\nmessage-id: <1@app.example>\r\nX-SES-Configuration-Set: a\r\n"
                    + "From: a@mail.example.com\r\nx-ses-message-tags: b=c\r\n d=e\r\nSubject: long\r\n folded\r\n"
                    + "Date: yesterday\r\nX-App: 1\r\n\r\n")[...])
        let header = DeliveredHeader.make(from: fields, sesID: "0102-1-000000", region: "eu-west-1", at: time)
        #expect(
            String(decoding: header, as: UTF8.self)
                == "Message-ID: <0102-1-000000@eu-west-1.amazonses.com>\r\nFrom: a@mail.example.com\r\nSubject: long\r\n folded\r\n"
                + "Date: Sun, 1 Mar 2026 09:05:07 +0000\r\nX-App: 1\r\n"
                + "Feedback-ID: ::1.eu-west-1.RmFpcmxlYWQncyBTRVMgc2FuZGJveCwgbm90IFNFUy4=:AmazonSES\r\n"
                + "X-SES-Outgoing: 2026.03.01-192.0.2.10\r\n\r\n")
    }

    @Test func missingFieldsAreAdded() {
        let fields = HeaderField.parse(octets("From: a@mail.example.com")[...])
        let header = String(
            decoding: DeliveredHeader.make(from: fields, sesID: "1", region: "us-east-1", at: Timestamp(seconds: 0)), as: UTF8.self)
        #expect(
            header.contains("From: a@mail.example.com\r\nMessage-ID: <1@email.amazonses.com>\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n"))
    }

    @Test func ids() {
        let time = Timestamp(milliseconds: 0x18f_2c6d_7e11)
        let random: (UInt64, UInt64) = (0x1b4e_28ba_2fa1_11d2, 0x883f_0016_d3cc_a427)
        #expect(
            SESMessageID.make(region: "eu-west-1", now: time, random: random)
                == "0102018f2c6d7e11-1b4e28ba-2fa1-11d2-883f-0016d3cca427-000000")
        #expect(SESMessageID.make(region: "us-east-1", now: time, random: random).hasPrefix("0100018f"))
    }

    @Test func json() {
        var transaction = SandboxTransaction(outcome: .refused, phase: .mail, time: Timestamp(seconds: 0), client: "[::1]:25")
        transaction.mailFrom = "\"a\\b\"@x.example"
        transaction.findings = [.pipelined]
        transaction.reply = .invalidSender
        #expect(
            String(decoding: transaction.json, as: UTF8.self)
                == #"{"time":"1970-01-01T00:00:00.000Z","outcome":"refused","phase":"mail","client":"[::1]:25","#
                + #""mail_from":"\"a\\b\"@x.example","rcpt_to":[],"findings":["pipelined"],"#
                + #""reply":"501 Invalid MAIL FROM address provided"}"#)
    }
}
