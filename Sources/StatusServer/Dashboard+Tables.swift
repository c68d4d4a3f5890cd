internal import ControlProtocol

extension Dashboard {
    var accounts: String {
        let table = Table(
            caption: "Accounts",
            columns: [
                .init(name: "Account"), .init(name: "Accepted in 24 h", isNumber: true), .init(name: "Relayed in 24 h", isNumber: true),
                .init(name: "Daily limit", isNumber: true),
                .init(name: "Queued", isNumber: true), .init(name: "Mode"),
            ],
            rows: status.accounts.map { account in
                [
                    HTMLText.escaped(account.name), HTMLText.number(account.accepted24h),
                    account.relayed24h.map(HTMLText.number) ?? "unknown",
                    account.daily.map(HTMLText.number) ?? "none", HTMLText.number(account.queued),
                    account.mode == "live" ? "live" : "<span class=\"badge warn\">\(HTMLText.escaped(account.mode))</span>",
                ]
            }, empty: "No account has sent in 24 hours, and none has mail in the queue.")
        return section("accounts", "Accounts", table.html)
    }

    var recent: String {
        guard let events else { return section("events", "Recent events", "<p class=\"muted\">The history cannot be read now.</p>") }
        let table = Table(
            caption: "Recent events",
            columns: ["Time", "Event", "Message", "Account", "To", "Detail"].map { .init(name: $0) },
            rows: events.map { event in
                [
                    HTMLText.time(event.time), EventRow.badge(event), EventRow.message(event), HTMLText.escaped(event.account ?? ""),
                    EventRow.recipients(event), EventRow.detail(event),
                ]
            }, empty: "Nothing has happened yet.")
        return section("events", "Recent events", table.html)
    }

    private func section(_ id: String, _ title: String, _ content: String) -> String {
        "<section id=\"\(id)\" data-part aria-labelledby=\"\(id)-title\"><h2 id=\"\(id)-title\">\(title)</h2>\(content)</section>"
    }
}
