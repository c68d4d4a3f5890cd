internal import MailModel

/// What each reply leads to. The first digit decides (RFC 5321 §4.3.2).
extension ClientSession {
    mutating func take(_ reply: Reply) -> Action {
        switch state {
        case .greeting: return greeted(reply)
        case .ehlo: return greetedBack(reply)
        case .startTLS: return startTLSAnswered(reply)
        case .auth(let step): return authAnswered(step, reply)
        case .tlsHandshake: return breakOff(.unsolicitedInput)
        case .ready:  // SES says 451 or 421 before it hangs up on an idle connection
            return reply.isTransient || reply.isPermanent ? breakOff(.refused(reply)) : breakOff(.unsolicitedInput)
        case .mail: return mailAnswered(reply)
        case .rcpt(let index): return recipientAnswered(index, reply)
        case .data: return dataAnswered(reply)
        case .content:
            // The server gave up in the middle of the message: its reply counts, and the connection is out of step.
            guard reply.isTransient || reply.isPermanent else { return breakOff(.protocolError(reply)) }
            let results = results(.answered(.content, reply))
            state = .closed
            return finish(results)
        case .finalDot:
            guard !reply.isIntermediate else { return breakOff(.protocolError(reply)) }
            let results = results(.answered(.finalDot, reply))
            guard !reply.isPositive else {
                state = .ready
                return finish(results)
            }
            return reset(results, after: reply)
        case .resetting(let results):
            state = reply.isPositive ? .ready : .closed
            return finish(results)
        case .quitting, .closed:
            state = .closed
            return .close
        }
    }

    private mutating func mailAnswered(_ reply: Reply) -> Action {
        if reply.isIntermediate { return breakOff(.protocolError(reply)) }
        guard reply.isPositive else { return reset(results(.answered(.mail, reply)), after: reply) }
        return sendRecipient(0)
    }

    private mutating func recipientAnswered(_ index: Int, _ reply: Reply) -> Action {
        if reply.isIntermediate { return breakOff(.protocolError(reply)) }
        recipientReplies.append(reply)
        if reply.code == 421 {  // the rest would be asked of nobody
            let results = results(.answered(.rcpt, reply))
            state = .closed
            return finish(results)
        }
        if index + 1 < (transaction?.recipients.count ?? 0) { return sendRecipient(index + 1) }
        guard recipientReplies.contains(where: \.isPositive) else { return reset(results(.answered(.rcpt, reply)), after: reply) }
        state = .data
        return send("DATA")
    }

    private mutating func dataAnswered(_ reply: Reply) -> Action {
        if reply.isPositive { return breakOff(.protocolError(reply)) }
        guard reply.isIntermediate else { return reset(results(.answered(.data, reply)), after: reply) }
        state = .content
        return .sendContent
    }

    private mutating func sendRecipient(_ index: Int) -> Action {
        guard let recipients = transaction?.recipients, recipients.indices.contains(index) else { return breakOff(.notReady) }
        state = .rcpt(index)
        return .send(Array("RCPT TO:<".utf8) + recipients[index].wireOctets + [ASCII.greater] + ASCII.crlf)
    }

    /// Clears the server's side after a refusal, so that nothing of this message can leak into the next.
    private mutating func reset(_ results: [RecipientResult], after reply: Reply) -> Action {
        if reply.code == 421 {
            state = .closed
            return finish(results)
        }
        transaction = nil
        state = .resetting(results)
        return send("RSET")
    }

    /// One result for each recipient: what the server said to its RCPT, unless that was yes; then `common`.
    func results(_ common: RecipientResult.Outcome) -> [RecipientResult] {
        (transaction?.recipients ?? []).enumerated().map { index, recipient in
            if index < recipientReplies.count, !recipientReplies[index].isPositive {
                return RecipientResult(recipient: recipient, outcome: .answered(.rcpt, recipientReplies[index]))
            }
            return RecipientResult(recipient: recipient, outcome: common)
        }
    }
}
