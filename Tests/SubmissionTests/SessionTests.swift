import MailModel
import MailQueue
import Networking
@testable import Submission
import Testing
import TestSupport

/// Whole sessions, from the greeting to the queue.
@Suite(.timeLimit(.minutes(2))) struct SessionTests {
    @Test func fromStartTLSToTheQueue() async throws {
        let service = try Service()
        let client = try await service.loggedIn()
        do {
            #expect(await client.ask("MAIL FROM:<app@shop.example>") == 250)
            #expect(await client.ask("RCPT TO:<user@example.net>") == 250)
            #expect(await client.ask("RCPT TO:<Postmaster>") == 250)
            #expect(await client.ask("DATA") == 354)
            await client.send("From: Shop <shop@shop.example>\r\nTo: user@example.net\r\nSubject: x\r\n\r\nHello\r\n..dot\r\n.\r\n")
            let reply = try #require(await client.reply())
            let stored = try #require(service.memory.messages.first)
            #expect(reply == "250 2.0.0 OK queued as \(stored.id)")
            #expect(stored.recipients.map(\.mailbox.description) == ["user@example.net", "ops@example.com"])
            #expect(stored.account == AccountName("app") && stored.acceptedAt == Service.now)
            #expect(stored.body == .inline(Array("Hello\r\n.dot\r\n".utf8)))
            let header = String(decoding: stored.header, as: UTF8.self)
            #expect(header.contains("DKIM-Signature:") && header.contains("d=mail.example.com") && header.contains("ESMTPSA"))
            #expect(header.contains("no-reply@mail.example.com"))
            #expect(stored.facts.identity == "mail.example.com" && stored.facts.fromBefore == "shop@shop.example")
            #expect(service.events.names == [.accepted, .rewritten])
            #expect(service.next.seen == NextHand.Seen(expected: [stored.id], accepted: [stored.id]))
            #expect(await client.ask("QUIT") == 221)
        }
        await client.end()
        try await until("the session's end") { service.service.connectionCount == 0 }
    }

    @Test func pipelined() async throws {
        let service = try Service()
        let client = try await service.loggedIn()
        #expect(await client.begin() == [250, 250, 354])
        await client.send(Service.message("1") + ".\r\nNOOP\r\n" + Service.envelope)
        #expect(await client.codes(5) == [250, 250, 250, 250, 354])
        await client.send(Service.message("2") + ".\r\nQUIT\r\n")
        #expect(await client.codes(3) == [250, 221, 0])
        #expect(service.memory.messages.count == 2)
    }

    @Test func nothingInClearAndNothingBeforeTheLogin() async throws {
        let service = try Service()
        let client = try await service.connect()
        _ = await client.reply()
        #expect(await client.ask("EHLO app.example") == 250)
        #expect(await client.ask(Service.login("app", "right")) >= 500)
        #expect(await client.ask("MAIL FROM:<a@b.example>") >= 500)
        await client.hangUp()
        let secured = try await service.secured()
        #expect(await secured.ask("MAIL FROM:<a@b.example>") == 530)
        #expect(await secured.ask("RCPT TO:<a@b.example>") >= 500)
        #expect(await secured.ask("DATA") >= 500)
        #expect(service.memory.messages.isEmpty)
        await secured.hangUp()
    }

    @Test func octetsBehindStartTLSEndTheConnection() async throws {
        let service = try Service()
        let client = try await service.connect()
        _ = await client.reply()
        #expect(await client.ask("EHLO app.example") == 250)
        await client.send("STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n")
        let codes = await client.codes(3)
        #expect(codes.last == 0 && !codes.contains(250))
        await client.end()
    }

    // MARK: Logins

    @Test func wrongPasswordsAreCountedAndDelayed() async throws {
        let service = try Service()
        let client = try await service.secured()
        for _ in 0..<3 { #expect(await client.ask(Service.login("app", "wrong")) == 535) }
        #expect(service.events.names == [.loginRefused, .loginRefused, .loginRefused])
        #expect(
            service.events.all.allSatisfy {
                $0.account == AccountName("app") && $0.reply == "wrong user name or password" && $0.client != nil
            })
        let codes = [await client.ask(Service.login("app", "right")), await client.code()]
        #expect(codes[0] == 421, "and one more closes")
        await client.end()
        // The right one is let in from the same address all the same.
        let other = try await service.loggedIn()
        await other.hangUp()
    }

    @Test func unknownUsersLookLikeWrongPasswords() async throws {
        let service = try Service()
        var replies: Set<String> = []
        for (name, password) in [("nobody", "right"), ("app", "wrong"), ("local", ""), ("local", "right"), ("a b", "x")] {
            let client = try await service.secured()
            await client.send(Service.login(name, password) + "\r\n")
            replies.insert(await client.reply() ?? "closed")
            await client.hangUp()
        }
        #expect(replies.count == 1, "\(replies)")
    }

    /// Whoever hangs up before the verdict has failed too: it has cost us the same.
    @Test func hangingUpDoesNotHideAFailure() async throws {
        let service = try Service()
        for _ in 0..<25 {
            let client = try await service.secured()
            await client.send(Service.login("app", "wrong") + "\r\n")
            await client.hangUp()
            try await until("the end") { service.service.connectionCount == 0 }
        }
        try await until("the throttle to close") {
            service.service.throttle.verdict(network: SocketAddress.unix.networkPrefix, account: nil, at: .now) == .refuse
        }
    }

    /// An account that is gone, or has another password, ends at its next command; one that stays the same goes on.
    @Test func reloadTakesEffectAtTheNextCommand() async throws {
        let service = try Service()
        let client = try await service.loggedIn()
        service.service.change(try Service.settings(tls: service.settings.tls))
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == 250)
        service.service.change(try Service.settings(tls: service.settings.tls, hash: try Service.otherHash.get()))
        #expect(await client.ask("RCPT TO:<user@example.net>") >= 500)
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") >= 500)
        #expect(await client.ask("DATA") >= 500)
        await client.hangUp()
        let other = try await service.secured()
        #expect(await other.ask(Service.login("app", "right")) == 535)
        #expect(await other.ask(Service.login("app", "other")) == 235)
        await other.hangUp()
    }

    @Test func ratesAndRecipientLimits() async throws {
        let service = try Service { $0.maximumRecipients = 3 }
        var limited = try Service.settings(tls: service.settings.tls, rate: Account.Rate(count: 2, per: .seconds(3600)))
        limited.maximumRecipients = 3
        let client = try await service.loggedIn()
        service.service.change(limited)
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == 250)
        #expect(await client.ask("RCPT TO:<a@example.net>") == 250)
        #expect(await client.ask("RCPT TO:<b@example.net>") == 250)
        await client.send("RCPT TO:<c@example.net>\r\n")
        let reply = await client.reply() ?? ""
        #expect(reply.hasPrefix("450 4.7.1") && reply.contains("app"))
        await client.hangUp()
        let trusted = try await service.trusted()
        await trusted.send("MAIL FROM:<app@mail.example.com>\r\n" + (1...5).map { "RCPT TO:<r\($0)@example.net>\r\n" }.joined())
        #expect(await trusted.codes(6) == [250, 250, 250, 250, 452, 452])
        await trusted.hangUp()
    }

    // MARK: Who is let in

    @Test func listenersHaveTheirOwnRules() async throws {
        let service = try Service()
        let client = try await service.trusted()
        #expect(await client.submit(Service.message()) == 250)
        #expect(service.memory.messages.first?.account == AccountName("local"))
        await client.hangUp()

        let (ours, theirs) = try ConnectedSocket.pair()
        let worker = service.workers.workers[0]
        let networks = [try #require(NetworkRange(parsing: "192.0.2.0/24"))]
        let policy = ListenerPolicy(.trusted(try #require(AccountName("local"))), networks: networks)
        worker.run { service.service.serve(ours, on: worker, policy: policy) }
        let stranger = try await Client(theirs, worker: Worker())
        #expect(await stranger.codes(2) == [554, 0])
    }

    @Test func connectionsAreLimited() async throws {
        let service = try Service { $0.connectionsPerNetwork = 2 }
        let first = try await service.connect()
        let second = try await service.connect()
        #expect(await first.code() == 220)
        #expect(await second.code() == 220)
        let third = try await service.connect()
        #expect(await third.codes(2) == [421, 0])
        await first.hangUp()
        try await until("a place") { service.service.connectionCount == 1 }
        let fourth = try await service.connect()
        #expect(await fourth.code() == 220)
        await second.hangUp()
        await fourth.hangUp()
    }

    /// Only connections that never logged in count.
    @Test func strangersAreLimited() async throws {
        let service = try Service()
        for _ in 0..<20 {
            let client = try await service.loggedIn()
            await client.hangUp()
            let trusted = try await service.trusted()
            await trusted.hangUp()
        }
        for _ in 0..<700 {
            let client = try await service.connect()
            let code = await client.code()
            await client.hangUp()
            if code == 421 { break }
        }
        try await until("the end") { service.service.connectionCount == 0 }
        let client = try await service.connect()
        let reply = await client.reply() ?? ""
        // A little fades while the loop runs.
        #expect(reply.hasPrefix("421 4.7.0") || reply.hasPrefix("220"))
        #expect(!service.service.strangers.admits(.unix, at: .now - .seconds(1)))
    }

    // MARK: Time

    @Test func silentAndSlowClientsAreCutOff() async throws {
        let service = try Service {
            $0.patience.command = .milliseconds(100)
            $0.patience.message = .milliseconds(1100)
        }
        let silent = try await service.connect()
        #expect(await silent.codes(3) == [220, 421, 0])

        let patient = try Service { $0.patience.message = .seconds(1) }
        let slow = try await patient.trusted()
        #expect(await slow.begin() == [250, 250, 354])
        await slow.send("From: app@mail.example.com\r\n")
        #expect(await slow.codes(2) == [421, 0])
        #expect(patient.memory.messages.isEmpty)
    }

    // MARK: The end of the service

    @Test func drainLetsMessagesFinish() async throws {
        let service = try Service()
        let idle = try await service.loggedIn()
        let busy = try await service.trusted()
        #expect(await busy.begin() == [250, 250, 354])
        let storing = try await service.trusted()
        service.store.stall()
        #expect(await storing.begin() == [250, 250, 354])
        await storing.send(Service.message() + ".\r\n")
        try await until("the commit") { service.store.underWay == 1 }
        let drained = Task { await service.service.drain() }
        #expect(await idle.codes(2) == [421, 0])
        let late = try await service.connect()
        #expect(await late.codes(2) == [421, 0], "who comes now is sent away")
        await busy.send(Service.message() + ".\r\nNOOP\r\n")
        service.store.goOn()
        #expect(await storing.codes(3) == [250, 421, 0])
        #expect(await busy.codes(3) == [250, 421, 0])
        await drained.value
        #expect(service.memory.messages.count == 2)
    }

    /// Who never finishes does not hold the stop up; nothing was promised.
    @Test func drainEnds() async throws {
        let service = try Service()
        let endless = try await service.trusted()
        #expect(await endless.begin() == [250, 250, 354])
        let handshaking = try await service.connect()
        _ = await handshaking.reply()
        #expect(await handshaking.ask("EHLO app.example") == 250)
        #expect(await handshaking.ask("STARTTLS") == 220)
        await service.service.drain(patience: .milliseconds(50))
        #expect(await endless.codes(2) == [421, 0])
        #expect(service.memory.messages.isEmpty)
        await handshaking.end()
    }

    /// A refused message while the service stops ends in goodbye, not in a wait.
    @Test func drainAfterARefusal() async throws {
        let service = try Service()
        let client = try await service.trusted()
        #expect(await client.begin() == [250, 250, 354])
        let drained = Task { await service.service.drain() }
        try await until("the drain") {
            let other = try await service.connect()
            defer { Task { await other.hangUp() } }
            return await other.code() == 421
        }
        await client.send("From: a@b\r\n\r\nbare \n line feed\r\n.\r\n")
        #expect(await client.codes(3) == [550, 421, 0])
        await drained.value
    }
}
