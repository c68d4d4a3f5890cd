import Testing
@testable import LocalMail

@Suite struct SendmailArgumentsTests {
    private func given(_ line: String) -> SendmailArguments { SendmailArguments(line.split(separator: " ").map(String.init)) }

    /// What the callers of this world really write.
    @Test(arguments: [
        "-t -i", "-ti", "-it", "-t -oi", "-toi", "-oi -t", "-i -t -oem", "-t -i --", "-oem -oi -t", "-t -o i", "-t -OIgnoreDots",
        "-t -O IgnoreDots=True",
        "-G -U -t -i -n -Am", "-t -i -hh -L tag", "-B8BITMIME -ti", "-B 7BIT -ti", "-p SMTP:host -t -i", "-d0.1 -t -i", "-X /dev/null -ti",
        "-t -i -z -Z",
        "-Vxyz -Rhdrs -t -i", "-qm -bm -t -i",
    ]) func fromHeader(line: String) {
        let arguments = given(line)
        #expect(arguments.readsRecipients && !arguments.dotEnds)
        #expect(arguments.recipients == [])
        #expect(arguments.mode == .deliver)
    }

    @Test(arguments: [
        ("-FCronDaemon -i -B8BITMIME -oem root", SendmailArguments.Mode.deliver, ["root"]),
        ("-i -f a@b.example -- c@d.example -t", .deliver, ["c@d.example", "-t"]),
        ("c@d.example -i e@f.example", .deliver, ["c@d.example", "e@f.example"]),
        ("-bs", .dialogue, []), ("-b s", .dialogue, []), ("-bp", .listQueue, []), ("-bv x", .verify, ["x"]), ("-bi", .aliases, []),
        ("-I", .aliases, []),
        ("-q", .flush, []), ("-q30m", .flush, []), ("-qf", .flush, []), ("-bd -q30m", .foreign("d"), []), ("-bm x", .deliver, ["x"]),
        ("-oQ/tmp -oA/etc/aliases x", .deliver, ["x"]), ("--help", .help, []), ("-", .deliver, ["-"]), ("", .deliver, []),
        ("-b", .deliver, []), ("-f", .deliver, []), ("--unknown=1 --more x", .deliver, ["x"]),
    ]) func modes(line: String, mode: SendmailArguments.Mode, recipients: [String]) {
        #expect(given(line).mode == mode)
        #expect(given(line).recipients == recipients)
    }

    @Test func values() {
        let arguments = given("-f a@b.example -F Cron -N never -v --config /x/y.yaml z")
        #expect(arguments.sender == "a@b.example")
        #expect(arguments.fullName == "Cron")
        #expect(arguments.wantsNoReports && arguments.isVerbose)
        #expect(arguments.configuration == "/x/y.yaml")
        #expect(given("-ra@b.example").sender == "a@b.example")
        #expect(given("x --config=/z").configuration == "/z")
        #expect(!given("-N failure,delay x").wantsNoReports)
        #expect(SendmailArguments(["-f", "", "x"]).sender == "")
        #expect(SendmailArguments(["-F", "Ann B. Example", "x"]).fullName == "Ann B. Example")
    }
}
