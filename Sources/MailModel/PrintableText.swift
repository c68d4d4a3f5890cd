/// Foreign octets made fit for a log line, a reply or an operator's screen.
public enum PrintableText {
    /// Printable ASCII only: every other octet becomes `?`; what passes `limit` octets is cut and marked with `...`.
    ///
    /// One value stays one line, and no escape sequence reaches a terminal.
    @inlinable public static func sanitized(_ octets: some Collection<UInt8>, limit: Int) -> String {
        var kept = Array(octets)
        sanitize(&kept, limit: limit)
        return String(decoding: kept, as: UTF8.self)
    }

    /// The same where the octets lie.
    ///
    /// - Parameter start: those before it are left alone, and do not count.
    public static func sanitize(_ octets: inout [UInt8], from start: Int = 0, limit: Int) {
        let isCut = octets.count - start > limit
        if isCut { octets.removeSubrange((start + Swift.max(0, limit - 3))...) }
        for index in start..<octets.count where !ASCII.isPrintable(octets[index]) { octets[index] = UInt8(ascii: "?") }
        if isCut { octets.append(contentsOf: "...".utf8) }
    }
}
