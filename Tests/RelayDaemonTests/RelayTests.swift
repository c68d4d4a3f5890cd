import ControlProtocol
import Cryptography
import Glibc
import MailModel
import MailQueue
import Networking
@testable import RelayDaemon
import SafeIO
import Settings
@testable import Submission
import Testing

/// The whole daemon: start, reload, stop.
@Suite(.timeLimit(.minutes(2)), .serialized) struct RelayTests {
    private func with(_ body: (Installation, UInt16) async throws -> Void) async throws {
        let installation = try Installation()
        let port = try await Installation.freePort()
        try installation.configure(ports: [port])
        do { try await body(installation, port) } catch {
            await installation.remove()
            throw error
        }
        await installation.remove()
    }

    private func failure(_ installation: Installation) async throws -> StartFailure? {
        do throws(StartFailure) {
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            await relay.stop()
            return nil
        } catch {
            return error
        }
    }

    private func hash(_ relay: Relay) throws -> String? {
        relay.service.current.settings.accounts[try #require(AccountName("app"))]?.passwordHash
    }

    @Test func startsServesAndStops() async throws {
        try await with { installation, port in
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            #expect(relay.addresses == ["127.0.0.1:\(port)"])
            #expect(await Installation.answers(port))
            let report = await relay.report()
            #expect(report.route.state == "open" && report.queue.messages == 0)
            await relay.stop()
            #expect(await !Installation.answers(port))
            #expect(access(installation.folder + "/control.sock", F_OK) != 0)
            // And once more, on the same queue and port.
            let again = try await Relay.start(configuration: installation.configuration, quiet: true)
            await again.stop()
        }
    }

    @Test func aPortInUse() async throws {
        try await with { installation, port in
            let other = try Listener(address: try Installation.loopback(port), workers: WorkerPool(count: 1)) { _, _ in }
            let failure = try #require(try await failure(installation))
            #expect(failure.code == 78)
            #expect(failure.lines.count == 1)
            let text = "127.0.0.1:\(port) is in use by another program; stop it (ss -ltnp shows it) or choose another port"
            #expect(failure.lines[0].hasSuffix(text), "\(failure.lines)")
            #expect(failure.lines[0].contains("fairlead.yaml:4:"), "the line of the listener: \(failure.lines)")
            await other.stop()
        }
    }

    @Test func aSecondDaemon() async throws {
        try await with { installation, _ in
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            let failure = try #require(try await failure(installation))
            #expect(failure.code == 75)
            await relay.stop()
        }
    }

    /// Whatever is wrong with the new configuration, all of the old one stays.
    @Test func aBadReloadChangesNothing() async throws {
        try await with { installation, port in
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true, watchesFiles: false)
            let before = try hash(relay)
            try installation.setPassword("second")
            let taken = try Listener(address: try Installation.loopback(0), workers: WorkerPool(count: 1)) { _, _ in }
            let free = try await Installation.freePort()
            let bad: [(String, () throws -> Void)] = [
                ("unknown key", { try installation.configure(ports: [port, free], more: "colour: blue") }),
                ("no YAML", { try WholeFile.replace(installation.configuration, with: Array("{[".utf8), mode: 0o644) }),
                ("no file", { unlink(installation.configuration) }),
                ("port in use", { try installation.configure(ports: [port, free, taken.localAddress.port]) }),
                (
                    "certificate without its key",
                    {
                        try installation.configure(ports: [port, free])
                        let (_, other) = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 1)
                        try WholeFile.replace(installation.folder + "/tls/key.pem", with: other, mode: 0o600)
                    }
                ),
            ]
            for (name, spoil) in bad {
                try spoil()
                do throws(ControlFailure) {
                    _ = try await relay.reload()
                    Issue.record("\(name): taken")
                } catch {
                    #expect(error.code == 78, "\(name)")
                    #expect(error.text.hasPrefix("the old configuration stays in force:\n"), "\(name): \(error.text)")
                }
                #expect(try hash(relay) == before, "\(name)")
                #expect(relay.addresses == ["127.0.0.1:\(port)"], "\(name)")
                #expect(await Installation.answers(port), "\(name)")
                #expect(await !Installation.answers(free), "\(name)")
            }
            await taken.stop()
            await relay.stop()
        }
    }

    /// What the files say is taken up without a word, what the configuration says waits for its reload.
    @Test func changedFilesAreTakenUp() async throws {
        try await with { installation, port in
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            let (before, pool) = (try hash(relay), relay.pool)
            let other = try await Installation.freePort()
            try installation.configure(ports: [other], more: "colour: blue")
            try installation.setPassword("second")
            try await until("the password") { try hash(relay) != before }
            #expect(relay.addresses == ["127.0.0.1:\(port)"])
            #expect(relay.pool === pool, "connections to the upstream go on")

            // Half of a pair.
            let (fresh, key) = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 50)
            let certificate = relay.assembly.loaded.certificateChain
            try WholeFile.replace(installation.folder + "/tls/cert.pem", with: fresh, mode: 0o644)
            try await until("the complaint") { await relay.report().configuration?.filesRefused != nil }
            #expect(relay.assembly.loaded.certificateChain == certificate)
            #expect(await relay.report().warnings.contains { $0.contains("is not the key of the first certificate") })
            try WholeFile.replace(installation.folder + "/tls/key.pem", with: key, mode: 0o600)
            try await until("the certificate") { relay.assembly.loaded.certificateChain == fresh }
            try await until("the end of the complaint") { await relay.report().configuration?.filesRefused == nil }

            // A login that the upstream refuses, and one that it takes.
            try installation.setCredentials("BWrongXs4PmqkCFAoHxb7rY4Tkp1cXAgVOwGdKSIGxnFx")
            try await until("the refusal") { await relay.report().configuration?.filesRefused?.text.contains("535") == true }
            #expect(relay.pool === pool)
            try installation.setCredentials(Installation.sesPassword)
            try await until("the end of it") { await relay.report().configuration?.filesRefused == nil }
            await relay.stop()
        }
    }

    @Test func aGoodReloadSwapsEverything() async throws {
        try await with { installation, port in
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            let (before, certificate) = (try hash(relay), relay.assembly.loaded.certificateChain)
            let pool = relay.pool
            // A session from before goes on.
            let worker = Worker()
            let old = try await Peer(try await Connector.connect(host: "127.0.0.1", port: port, timeout: .seconds(5), worker: worker))
            try await until("the greeting") { await old.lineCount == 1 }

            try installation.setPassword("second")
            let (fresh, key) = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 50)
            try WholeFile.replace(installation.folder + "/tls/cert.pem", with: fresh, mode: 0o644)
            try WholeFile.replace(installation.folder + "/tls/key.pem", with: key, mode: 0o600)
            let other = try await Installation.freePort()
            try installation.configure(ports: [port, other])
            _ = try await relay.reload()
            #expect(relay.addresses == ["127.0.0.1:\(port)", "127.0.0.1:\(other)"].sorted())
            #expect(await Installation.answers(other))
            #expect(try hash(relay) != before)
            #expect(relay.assembly.loaded.certificateChain != certificate)
            #expect(relay.pool !== pool)
            await old.send(Array("NOOP\r\n".utf8))
            try await until("the old session's answer") { await old.lineCount == 2 }

            try installation.configure(ports: [other])
            _ = try await relay.reload()
            #expect(relay.addresses == ["127.0.0.1:\(other)"])
            #expect(await !Installation.answers(port))
            await relay.stop()
        }
    }

    /// Over the socket, as the command does it.
    @Test func reloadOverTheControlSocket() async throws {
        try await with { installation, _ in
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            let path = installation.folder + "/control.sock"
            func ask(_ request: ControlRequest) throws -> ControlTrailer {
                var stream = try UnixStream.connect(path: path, timeout: .seconds(20))
                try stream.writeAll(try ControlCoding.encode(request) + [10])
                var last: [UInt8] = []
                while let line = try stream.readLine() { last = line }
                return try ControlCoding.decode(ControlTrailer.self, from: last)
            }
            #expect(try ask(ControlRequest(.reload)) == ControlTrailer(end: true))
            try WholeFile.replace(installation.configuration, with: Array("nonsense".utf8), mode: 0o644)
            #expect(try ask(ControlRequest(.reload)).code == 78)
            #expect(try ask(ControlRequest(.queueRemove)).code == 65, "an order without a selection")
            #expect(try ask(ControlRequest(.queueShow, filter: QueueFilter(ids: ["nonsense"]))).code == 65)
            #expect(try ask(ControlRequest(.status)) == ControlTrailer(end: true))
            await relay.stop()
        }
    }

    /// What the alarm's command wrote down.
    private func told(_ installation: Installation) -> String {
        String(decoding: (try? WholeFile.read(installation.folder + "/alarm.said")) ?? [], as: UTF8.self)
    }

    @Test func wrongCredentialsPauseAndAReloadResumes() async throws {
        try await with { installation, port in
            try installation.setCredentials("BWrongXs4PmqkCFAoHxb7rY4Tkp1cXAgVOwGdKSIGxnFx")
            let trusted = try await Installation.freePort()
            let text = String(decoding: try WholeFile.read(installation.configuration), as: UTF8.self)
                .replacing(
                    "listeners:\n",
                    with: "listeners:\n  - { address: \"127.0.0.1:\(trusted)\", tls: none, account: local, allow: [127.0.0.1] }\n")
            let script = "#!/bin/sh\necho $FAIRLEAD_ALARM_KIND $FAIRLEAD_ALARM_STATE >> $0.said\n"
            try WholeFile.replace(installation.folder + "/alarm", with: Array(script.utf8), mode: 0o755)
            try WholeFile.replace(
                installation.configuration, with: Array((text + "alarm: { command: alarm, url: \"http://127.0.0.1:9/\" }\n").utf8),
                mode: 0o644)
            let relay = try await Relay.start(configuration: installation.configuration, quiet: true)
            let client = try await Peer(
                try await Connector.connect(host: "127.0.0.1", port: trusted, timeout: .seconds(5), worker: Worker()))
            for (command, lines) in [
                ("EHLO app.example", 0), ("MAIL FROM:<app@mail.example.com>", 1), ("RCPT TO:<user@example.net>", 1), ("DATA", 1),
                ("From: app@mail.example.com\r\nTo: user@example.net\r\nSubject: x\r\n\r\nHello\r\n.", 1),
            ] {
                let before = await client.lineCount
                await client.send(Array("\(command)\r\n".utf8))
                try await until(command) { await client.lineCount >= before + max(1, lines) }
                if lines == 0 { try await until("all of EHLO") { await client.text.contains("250 ") } }
            }
            try await until("the pause") { await relay.report().route.state == "paused" }
            // The operator is told at once, by every road.
            try await until("the alarm") { await !relay.report().alarms.isEmpty }
            let alarm = try #require(await relay.report().alarms.first)
            #expect((alarm.kind, alarm.detail, alarm.grave) == ("route_paused", "login_refused", true))
            #expect(alarm.cause.contains("535 Authentication Credentials Invalid") && alarm.cure.contains("upstream.credentials"))
            #expect(HealthReport(await relay.report()).grade == 2)
            try await until("the command") { told(installation) == "route_paused raised\n" }
            let report = await relay.report()
            #expect(report.route.cause == "login_refused")
            #expect(report.route.reason?.contains("535") == true && report.lastError?.text.contains("535") == true)
            #expect(report.queue.messages == 1)
            try installation.setCredentials(Installation.sesPassword)
            _ = try await relay.reload()
            try await until("the message to leave") { await relay.report().queue.messages == 0 }
            #expect(await relay.report().route.state == "open")
            try await until("the end of the alarm") { await relay.report().alarms.isEmpty }
            try await until("the command") { told(installation) == "route_paused raised\nroute_paused cleared\n" }
            #expect(HealthReport(await relay.report()).grade <= 1)
            let names = try await relay.store.history.recent(100).map(\.name)
            #expect(names.count { $0 == .alarm } == 1 && names.count { $0 == .alarmCleared } == 1)
            await client.hangUp()
            await relay.stop()
        }
    }
}
