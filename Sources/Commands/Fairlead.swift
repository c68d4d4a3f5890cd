internal import ArgumentParser
internal import RelayDaemon

/// The one binary.
struct Fairlead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairlead",
        abstract: "SMTP submission relay for Amazon SES: accepts, aligns, signs, relays, and never loses a message.",
        discussion: "Exit codes are those of sysexits.h: 64 usage, 65 data, 69 unavailable, 75 try again, 77 permission, 78 configuration.",
        version: "fairlead \(fairleadVersion)",
        subcommands: [
            Serve.self, Setup.self, TestMessage.self, Dev.self, Demo.self, Sandbox.self, Status.self, Queue.self, Tail.self, Trace.self,
            Report.self, Accounts.self, DKIMKeys.self, DNSCommand.self, CertificateCommand.self, Suppress.self, Forward.self, Sendmail.self,
            Check.self, Reload.self, NotifyFailure.self,
        ])

}

/// Runs the command that the process's arguments name, and ends the process. By the names of sendmail's family it is that family.
public func runFairlead() async {
    let arguments = CommandLine.arguments
    let name = arguments.first.flatMap { $0.split(separator: "/").last } ?? ""
    switch name {
    case "sendmail": await Fairlead.main(["sendmail"] + arguments.dropFirst())
    case "mailq": await Fairlead.main(["sendmail", "-bp"] + arguments.dropFirst())
    case "newaliases": await Fairlead.main(["sendmail", "-bi"] + arguments.dropFirst())
    default: await Fairlead.main()
    }
}
