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
            Serve.self, Dev.self, Demo.self, Sandbox.self, Status.self, Queue.self, Tail.self, Trace.self, Report.self, Accounts.self,
            DKIMKeys.self,
            Suppress.self, Forward.self, Check.self, Reload.self,
        ])

}

/// Runs the command that the process's arguments name, and ends the process.
public func runFairlead() async { await Fairlead.main() }
