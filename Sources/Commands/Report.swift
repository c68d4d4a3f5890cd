internal import ArgumentParser
internal import ControlProtocol
internal import MailModel
internal import SafeIO

struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What each account sent in a month: messages, recipients, bytes, failures, and what SES will ask for it.",
        discussion: """
            Months are those of UTC, as on the bill. The price is an estimate: recipients that SES took, and all octets of what it took, \
            headers and text among them; free tiers and dedicated addresses are not known here.
            """)

    @Option(help: ArgumentHelp("The month. Default: the current one.", valueName: "YYYY-MM")) var month: String?
    @Option(help: ArgumentHelp("US dollars for 1,000 recipients.", valueName: "price")) var perThousand = 0.10
    @Option(help: ArgumentHelp("US dollars for 1,000,000,000 octets.", valueName: "price")) var perGigabyte = 0.12
    @Flag(help: "Print comma-separated values, without the total.") var csv = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if csv, output.json { throw ValidationError("--csv and --json exclude each other; choose one") }
        for (name, price) in [("--per-thousand", perThousand), ("--per-gigabyte", perGigabyte)] where !(0...1e6).contains(price) {
            throw ValidationError("\(name) takes a price from 0 to 1000000, not \(price)")
        }
        guard let month else { return }
        let parts = month.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2], Int(parts[0]) != nil, (1...12).contains(Int(parts[1]) ?? 0) else {
            throw ValidationError("--month takes a year and a month such as 2026-03, not '\(month)'")
        }
    }

    func run() async throws {
        let now = Timestamp(microseconds: SystemClock.microseconds()).description
        var answer: [UInt8] = []
        try await QueueQuestion.ask(ControlRequest(.usage, word: month ?? String(now.prefix(7))), config: common.config) { answer = $0 }
        var report = try ControlCoding.decode(MonthReport.self, from: answer)
        report.price(by: MonthReport.Tariff(perThousand: perThousand, perGigabyte: perGigabyte))
        if output.json {
            Terminal.line(String(decoding: try ControlCoding.encode(report), as: UTF8.self))
        } else if csv {
            Terminal.line(Self.columns.joined(separator: ","))
            for account in report.accounts { Terminal.line(Self.row(account).joined(separator: ",")) }
            if let since = report.countedSince { Terminal.error("fairlead: counted since \(since)") }
        } else {
            show(report)
        }
    }

    private func show(_ report: MonthReport) {
        var table = Table(["account", "messages", "recipients", "bytes", "relayed", "relayed bytes", "failures", "expired", "US$"])
        for account in report.accounts { table.add(Self.row(account)) }
        if let total = report.total, report.accounts.count != 1 { table.add(Self.row(total)) }
        if Terminal.isInteractive {
            Terminal.line(Terminal.styled(report.month, .bold) + (report.countedSince.map { ", counted since \($0)" } ?? ""))
        }
        table.print()
        if Terminal.isInteractive, report.accounts.isEmpty { Terminal.line("no mail in that month") }
    }

    private static let columns = [
        "account", "messages", "recipients", "bytes", "relayed", "relayed_bytes", "failures", "expired", "ses_price",
    ]

    private static func row(_ account: MonthReport.Account) -> [String] {
        [account.account]
            + [
                account.messages, account.recipients, account.bytes, account.relayed, account.relayedBytes, account.failures,
                account.expired,
            ].map { String($0) } + [Self.decimal(account.sesPrice ?? 0)]
    }

    /// Four digits behind the point, without an exponent: spreadsheets read it.
    private static func decimal(_ price: Double) -> String {
        let units = Int64(max(0, min(price, 1e12)) * 10_000 + 0.5)
        let digits = String(units % 10_000)
        return "\(units / 10_000)." + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
