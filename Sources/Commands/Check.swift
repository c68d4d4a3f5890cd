internal import ArgumentParser
internal import ControlProtocol
internal import MailModel
internal import RelayDaemon
internal import SafeIO
internal import Settings

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for trouble before it happens.", subcommands: [Config.self, UpstreamCheck.self, Health.self, Message.self])

    struct Config: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "All problems of the configuration and the files it names, with line and key.")
        @Flag(help: "List every key there is instead: its kind, its default, what it is for.") var keys = false
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Finding: Encodable {
            let severity: String
            let file: String
            let line: Int?
            let column: Int?
            let key: String?
            let message: String

            init(_ problem: Problem) {
                severity = problem.severity == .error ? "error" : "warning"
                (file, line, column, key, message) = (problem.file, problem.line, problem.column, problem.key, problem.message)
            }
        }

        func run() async throws {
            if keys { return try KeyReference.print(json: output.json) }
            var problems: [Problem]
            var isGood = true
            do throws(SettingsError) {
                let loaded = try SettingsLoader(clock: { Timestamp(microseconds: SystemClock.microseconds()) }).load(common.config)
                problems = loaded.warnings + loaded.keysWithoutEffect
            } catch {
                problems = error.problems
                isGood = false
            }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(problems.map(Finding.init)), as: UTF8.self))
            } else {
                for problem in problems { isGood ? Terminal.line("\(problem)") : Terminal.error("\(problem)") }
                if isGood { Terminal.line("\(common.config): the configuration is good") }
            }
            if !isGood { throw ExitCode(Sysexits.configuration) }
        }
    }

    struct UpstreamCheck: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "upstream", abstract: "DNS, TCP, TLS, name and login to the upstream, without sending anything.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Answer: Encodable {
            struct Step: Encodable {
                let step: String
                /// Absent for a step that was not come to.
                let ok: Bool?
                let detail: String
            }

            let ok: Bool
            let host: String
            let steps: [Step]
            let reason: String?
            let cure: String?
        }

        func run() async throws {
            let result: UpstreamProbe
            do throws(StartFailure) {
                result = try await UpstreamProbe.run(configuration: common.config)
            } catch {
                for line in error.lines { Terminal.error("fairlead: \(line)") }
                throw ExitCode(error.code)
            }
            let isGood = result.reason == nil
            if output.json {
                let answer = Answer(
                    ok: isGood, host: result.host, steps: result.steps.map { Answer.Step(step: $0.name, ok: $0.isGood, detail: $0.detail) },
                    reason: result.reason, cure: result.cure)
                Terminal.line(String(decoding: try ControlCoding.encode(answer), as: UTF8.self))
            } else {
                for step in result.steps {
                    let mark =
                        switch step.isGood {
                        case true?: Terminal.styled("ok  ", .green)
                        case false?: Terminal.styled("FAIL", .red)
                        case nil: Terminal.styled("-   ", .dim)
                        }
                    let name = step.name + String(repeating: " ", count: max(0, 5 - step.name.utf8.count))
                    Terminal.line("\(mark) \(name) \(step.detail)")
                }
                if let reason = result.reason {
                    Terminal.error("\(reason.hasPrefix(result.host) ? "" : "\(result.host): ")\(reason)\nto do: \(result.cure ?? "")")
                } else {
                    Terminal.line("\(result.host): connected, TLS verified, logged in")
                }
            }
            if !isGood { throw ExitCode(Sysexits.unavailable) }
        }
    }

    struct Health: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One line for monitors; exit status 0 good, 1 somebody should look, 2 mail does not flow.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let answer: (value: HealthReport, json: [UInt8])
            do {
                var client = try ControlClient(config: common.config)
                answer = try client.value(HealthReport.self, ControlRequest(.health))
            } catch {
                Terminal.line("CRITICAL: the daemon does not answer")
                throw ExitCode(2)
            }
            Terminal.line(output.json ? String(decoding: answer.json, as: UTF8.self) : answer.value.summary)
            if answer.value.grade != 0 { throw ExitCode(answer.value.grade) }
        }
    }
}
