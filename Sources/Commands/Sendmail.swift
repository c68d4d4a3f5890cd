internal import ArgumentParser
internal import LocalMail

struct Sendmail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a message from a program of this host, as /usr/sbin/sendmail does.",
        discussion: """
            The message is read from standard input, with its header; recipients are the arguments. A user of this host needs no domain: such \
            mail goes to the alias of that name, else to the operator. Called as sendmail, mailq or newaliases, it is that program.

              -t              recipients from To, Cc and Bcc, besides those given
              -i, -oi         a line with a single dot does not end the message
              -f, -r ADDRESS  the envelope sender; empty or <> for none
              -F NAME         the author's name, where there is no From
              -N never        nobody is told of failures
              -bs             SMTP on standard input and output
              -bv             say whether the recipients would be taken
              -bp             the queue, as mailq prints it
              -bi             put the aliases in force, as newaliases does
              -q              try everything in the queue now
              -v              say the queue id
              --              what follows are addresses
              --config FILE   default: /etc/fairlead/fairlead.yaml

            Other options of sendmail are ignored. While the daemon is down the message goes to the maildrop, which the daemon empties. \
            Exit status 0: accepted; 64: usage; 65: the message is refused; 67: a recipient is refused; 75: try again; 77: not allowed.
            """)

    @Argument(parsing: .captureForPassthrough, help: "As sendmail takes them.") var arguments: [String] = []

    func run() async throws {
        let given = SendmailArguments(arguments)
        let config = given.configuration ?? "/etc/fairlead/fairlead.yaml"
        switch given.mode {
        case .deliver: try Submitting(given, config: config).deliver()
        case .verify: try Submitting(given, config: config).verify()
        case .dialogue:
            var dialogue = try SMTPOnStandardInput(config: config)
            try dialogue.run()
        case .listQueue: try await MailQueueListing.show(config: config)
        case .flush: try await ask(Queue.Retry.self, ["--all"], config)
        case .aliases: try await newAliases(config)
        case .help: Terminal.line(Fairlead.helpMessage(for: Sendmail.self))
        case .foreign(let letter):
            throw failure(
                "-b\(letter) is not for this sendmail: the daemon is `fairlead serve`, and systemd starts it: systemctl start fairlead",
                Sysexits.usage)
        }
    }

    private func ask<Command: AsyncParsableCommand>(_ type: Command.Type, _ arguments: [String], _ config: String) async throws {
        var command = try Command.parse(arguments + ["--config", config])
        try await command.run()
    }

    /// Scripts that install programs call it: that no daemon runs is no fault then, for it reads the file when it starts.
    private func newAliases(_ config: String) async throws {
        if ControlClient.isDaemonDown(config: config) {
            Terminal.error("fairlead: no daemon is running; it reads the aliases when it starts")
            return
        }
        try await ask(Reload.self, [], config)
    }
}
