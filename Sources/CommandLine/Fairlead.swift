public import ArgumentParser

/// The one binary.
public struct Fairlead: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "fairlead",
        abstract: "SMTP submission relay for Amazon SES: accepts, aligns, signs, relays, and never loses a message.",
        discussion: "Exit codes are those of sysexits.h: 64 usage, 65 data, 69 unavailable, 75 try again, 77 permission, 78 configuration.",
        version: "fairlead \(fairleadVersion)",
        subcommands: [
            Serve.self, Dev.self, Demo.self, Sandbox.self, Status.self, Queue.self, Tail.self, Trace.self, Accounts.self, DKIMKeys.self,
            Check.self, Reload.self,
        ])

    public init() {}
}
