/// Foreign octets made fit for a log line, a reply or an operator's screen.
public enum PrintableText {
    /// Printable ASCII only: every other octet becomes `?`; what passes `limit` octets is cut and marked with `...`.
    ///
    /// One value stays one line, and no escape sequence reaches a terminal.
    public static func sanitized(_ octets: some Collection<UInt8>, limit: Int) -> String {
        let octets = Array(octets)  // generic code is slow across modules
        let isCut = octets.count > limit
        // Through a concrete type, so that no caller in another module pays for a generic loop.
        var kept = Array(octets.prefix(isCut ? Swift.max(0, limit - 3) : limit))
        for index in kept.indices where !ASCII.isPrintable(kept[index]) { kept[index] = UInt8(ascii: "?") }
        if isCut { kept.append(contentsOf: "...".utf8) }
        return String(decoding: kept, as: UTF8.self)
    }
}
