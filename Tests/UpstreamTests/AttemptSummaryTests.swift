import MailModel
import MailQueue
import SMTPProtocol
import Testing
@testable import Upstream

/// What a transaction came to as a whole: every class of answer, in every phase, on a fresh and on a reused connection.
@Suite struct AttemptSummaryTests {
    typealias Outcome = SMTPProtocol.RecipientResult.Outcome

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let outcomes: [Outcome]
        let fresh: String
        var reused: String?
        var testDescription: String { name }
    }

    private static func answered(_ phase: Phase, _ code: UInt16, _ text: String = "x") -> Outcome {
        .answered(phase, Reply(code, nil, text))
    }
    private static func lost(_ phase: Phase) -> Outcome { .failed(ClientFailure(phase: phase, reason: .connectionLost("reset"))) }

    static let cases: [Case] =
        [
            Case(name: "taken", outcomes: [answered(.finalDot, 250)], fresh: "relayed"),
            Case(name: "2yz elsewhere decides nothing", outcomes: [answered(.rcpt, 250)], fresh: "deferred 250"),
            Case(name: "5yz at the dot", outcomes: [answered(.finalDot, 554)], fresh: "failed 554"),
            Case(name: "4yz at the dot", outcomes: [answered(.finalDot, 451)], fresh: "deferred 451"),
            Case(name: "each its own", outcomes: [answered(.rcpt, 550), answered(.finalDot, 250)], fresh: "failed 550, relayed"),
            Case(name: "one put off", outcomes: [answered(.rcpt, 450), answered(.finalDot, 250)], fresh: "deferred 450, relayed"),
            Case(
                name: "rate, after one was refused",
                outcomes: [answered(.rcpt, 550), answered(.finalDot, 454, "Maximum sending rate exceeded")],
                fresh: "failed 550, deferred 454"),
            Case(name: "login gone", outcomes: [answered(.mail, 530), answered(.mail, 530)], fresh: "login refused"),
            Case(name: "paused", outcomes: [answered(.finalDot, 554, "Sending paused for this account.")], fresh: "account refused"),
            Case(name: "denied", outcomes: [answered(.finalDot, 554, "Access denied: User x")], fresh: "identity"),
            Case(
                name: "no dot sent", outcomes: [.failed(ClientFailure(phase: .mail, reason: .messageTooLarge(limit: 1)))],
                fresh: "failed 552"),
            Case(name: "8-bit", outcomes: [.failed(ClientFailure(phase: .mail, reason: .eightBitNotOffered))], fresh: "failed 554"),
            Case(
                name: "354 to MAIL", outcomes: [.failed(ClientFailure(phase: .mail, reason: .protocolError(Reply(354, nil, "go"))))],
                fresh: "deferred connection"),
            Case(
                name: "nonsense after the dot",
                outcomes: [.failed(ClientFailure(phase: .finalDot, reason: .protocolError(Reply(354, nil, "go"))))],
                fresh: "in doubt"),
            Case(
                name: "in doubt beside refused", outcomes: [answered(.rcpt, 550), lost(.finalDot)], fresh: "failed 550, in doubt"),
            Case(name: "refused, then lost", outcomes: [answered(.rcpt, 550), lost(.content)], fresh: "failed 550, deferred connection"),
        ]
        + [Phase.mail, .rcpt, .data].map {
            Case(
                name: "session used up at \($0)",
                outcomes: [answered($0, 421, "Connection closed by server. Too many messages in one session")],
                fresh: "deferred 421", reused: "stale")
        }
        + [Phase.mail, .rcpt, .data].map {
            Case(
                name: "idle timeout read at \($0)", outcomes: [answered($0, 451, "Timeout waiting for data from client.")],
                fresh: "deferred 451",
                reused: "stale")
        }
        + [Phase.mail, .rcpt, .data, .content].map {
            Case(name: "lost at \($0)", outcomes: [lost($0), lost($0)], fresh: "deferred connection, deferred connection", reused: "stale")
        }
        + [Case(name: "lost after the dot", outcomes: [lost(.finalDot), lost(.finalDot)], fresh: "in doubt, in doubt")]

    @Test(arguments: cases) func summary(_ example: Case) throws {
        let delivery = try delivery(to: example.outcomes.indices.map { "r\($0)@example.net" })
        let results = zip(delivery.message.recipients, example.outcomes).map {
            SMTPProtocol.RecipientResult(recipient: $0.mailbox, outcome: $1)
        }
        for (isReused, expected) in [(false, example.fresh), (true, example.reused ?? example.fresh)] {
            let found =
                switch AttemptSummary(results, of: delivery, isReusedConnection: isReused) {
                case .stale: "stale"
                case .outcomes(let outcomes): word(.outcomes(outcomes, relay: ""))
                case .trouble(let trouble): word(.routeTrouble(trouble, relay: ""))
                case .identity(let reply): word(.identityRefused(reply, relay: ""))
                }
            #expect(found == expected, "reused: \(isReused)")
        }
    }

    /// Only an answer to RCPT is about the recipient: an address must not be suppressed for the sake of a sender or a size.
    @Test(
        arguments: [
            (.mail, .message), (.rcpt, .recipient), (.data, .transaction), (.content, .message), (.finalDot, .transaction),
        ] as [(Phase, RecipientOutcome.Scope)])
    func scopes(phase: Phase, scope: RecipientOutcome.Scope) throws {
        let delivery = try delivery(to: ["r@example.net"])
        let result = SMTPProtocol.RecipientResult(
            recipient: delivery.message.recipients[0].mailbox, outcome: .answered(phase, Reply(550, nil, "No")))
        guard case .outcomes(let outcomes) = AttemptSummary([result], of: delivery, isReusedConnection: false) else {
            Issue.record("no outcomes")
            return
        }
        #expect(outcomes.map(\.scope) == [scope])
    }

    /// A slice of the message's recipients keeps their places.
    @Test func indicesAreTheMessages() throws {
        let whole = try delivery(to: (0..<5).map { "r\($0)@example.net" })
        let part = Delivery(message: whole.message, recipients: [3, 1])
        let results = [3, 1].map {
            SMTPProtocol.RecipientResult(
                recipient: whole.message.recipients[$0].mailbox, outcome: .answered(.finalDot, Reply(250, nil, "Ok 0102abcdefgh")))
        }
        guard case .outcomes(let outcomes) = AttemptSummary(results, of: part, isReusedConnection: false) else {
            Issue.record("no outcomes")
            return
        }
        #expect(outcomes.map(\.recipient) == [3, 1])
    }
}
