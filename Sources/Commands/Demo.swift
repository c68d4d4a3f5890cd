internal import ArgumentParser
internal import Foundation
internal import RelayDaemon

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send three messages through a relay and a sandbox of its own, and let others judge what SES would get.",
        discussion: "Needs curl to send and dkimverify (Debian: python3-dkim) to judge; the exit status is the verdict.")

    @Option(help: ArgumentHelp("The first of four ports.", valueName: "port")) var port: UInt16 = 2687
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fairlead-demo-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let environment: DevEnvironment
        do throws(StartFailure) {
            environment = try await DevEnvironment.start(folder: folder, port: port)
        } catch {
            for line in error.lines { Terminal.error("fairlead: \(line)") }
            throw ExitCode(error.code)
        }
        let verdicts = try await DemoRun(environment: environment, folder: folder).verdicts()
        await environment.stop()
        Terminal.line(
            verdicts.allSatisfy { $0 } ? Terminal.styled("all three aligned and verified", .green) : Terminal.styled("not good", .red))
        if !verdicts.allSatisfy({ $0 }) { throw ExitCode(1) }
    }
}

/// The three messages of the demo and what became of them.
private struct DemoRun {
    let environment: DevEnvironment
    let folder: String

    private static let messages: [(title: String, from: String, text: String)] = [
        ("a foreign author", "Anna Example <anna@shop.example>", "Subject: Your order\r\n\r\nThank you.\r\n"),
        ("an author of the verified domain", "Billing <billing@\(DevEnvironment.domain)>", "Subject: Invoice\r\n\r\nEncl.\r\n"),
        (
            "a non-ASCII name and HTML", "=?utf-8?q?J=C3=BCrgen?= <juergen@crm.example>",
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n"
        ),
    ]

    func verdicts() async throws -> [Bool] {
        var verdicts: [Bool] = []
        for (number, message) in Self.messages.enumerated() {
            let path = "\(folder)/message-\(number).eml"
            try Data("From: \(message.from)\r\nTo: you@customer.example\r\nX-Demo: \(number)\r\n\(message.text)".utf8).write(
                to: URL(fileURLWithPath: path))
            try curl(path)
            guard let received = await received(number) else {
                Terminal.line("\(message.title): nothing arrived")
                verdicts.append(false)
                continue
            }
            let verdict = try judge(received)
            Terminal.line(
                "\(Terminal.styled(message.title, .bold))\n  From before  \(message.from)\n  From after   \(header("From", of: received))")
            Terminal.line(
                "  dkimverify   \(verdict ? Terminal.styled("signature ok", .green) : Terminal.styled("does NOT verify", .red))\n")
            verdicts.append(verdict && header("From", of: received).contains("@\(DevEnvironment.domain)>"))
        }
        return verdicts
    }

    private func curl(_ path: String) throws {
        let done = try execute([
            "curl", "--silent", "--show-error", "--cacert", "\(folder)/tls/cert.pem", "smtps://localhost:\(environment.port + 1)", "--user",
            "\(DevEnvironment.account):\(environment.password)", "--mail-from", "app@shop.example", "--mail-rcpt", "you@customer.example",
            "--upload-file", path,
        ])
        guard done.status == 0 else { throw failure("curl could not send: \(done.output)", Sysexits.unavailable) }
    }

    /// The message as SES would pass it on; waits for it at most ten seconds.
    private func received(_ number: Int) async -> String? {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: environment.keptFolder)) ?? []
            for name in names where name.hasSuffix(".eml") && !name.hasSuffix(".raw.eml") {
                let path = "\(environment.keptFolder)/\(name)"
                if let data = FileManager.default.contents(atPath: path),
                    String(decoding: data, as: UTF8.self).contains("X-Demo: \(number)\r\n")
                {
                    return path
                }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return nil
    }

    /// An independent verifier's exit status; our own opinion does not count.
    private func judge(_ path: String) throws -> Bool {
        let record = try execute([
            Bundle.main.executablePath ?? "fairlead", "dkim", "record", "--json", "--config", environment.configurationPath,
        ])
        let script = """
            import dkim, json, sys
            record = json.loads(sys.argv[2])[0]["value"].encode()
            ok = dkim.verify(open(sys.argv[1], "rb").read(), dnsfunc=lambda name, timeout=5: record)
            sys.exit(0 if ok else 1)
            """
        let done = try execute(["/usr/bin/python3", "-c", script, path, record.output])
        if done.output.contains("No module named") { throw failure("no verifier: apt install python3-dkim", Sysexits.unavailable) }
        return done.status == 0
    }

    private func header(_ name: String, of path: String) -> String {
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") } ?? "(none)"
    }

    private func execute(_ command: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
