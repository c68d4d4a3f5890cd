internal import MailModel

/// The header that recipients get: SES's own Date and Message-ID in the places of the submitted ones, its control fields gone, its marks at
/// the end (ses.md 6.1). The `d=amazonses.com` signature that SES adds too is left out: nothing here could make a true one.
enum DeliveredHeader {
    /// - Returns: the whole header section with the empty line that ends it.
    static func make(from fields: [HeaderField], sesID: String, region: String, at time: Timestamp) -> [UInt8] {
        let date = "Date: \(rfc5322(time))\r\n"
        let messageID = "Message-ID: <\(sesID)@\(SESMessageID.domain(region: region))>\r\n"
        var header: [UInt8] = []
        var hasDate = false
        var hasMessageID = false
        for field in fields {
            if field.isNamed("Date") {
                if !hasDate { header.append(contentsOf: date.utf8) }
                hasDate = true
            } else if field.isNamed("Message-ID") {
                if !hasMessageID { header.append(contentsOf: messageID.utf8) }
                hasMessageID = true
            } else if !isConsumed(field) {
                header.append(contentsOf: field.octets)
                if field.octets.last != ASCII.lineFeed { header.append(contentsOf: ASCII.crlf) }
            }
        }
        if !hasMessageID { header.append(contentsOf: messageID.utf8) }
        if !hasDate { header.append(contentsOf: date.utf8) }
        // The Base64 part is opaque in SES's too; the address is one of those kept for documentation (RFC 5737).
        header.append(contentsOf: "Feedback-ID: ::1.\(region).RmFpcmxlYWQncyBTRVMgc2FuZGJveCwgbm90IFNFUy4=:AmazonSES\r\n".utf8)
        header.append(contentsOf: "X-SES-Outgoing: \(dotted(time))-192.0.2.10\r\n\r\n".utf8)
        return header
    }

    /// Read by SES and not sent on.
    private static func isConsumed(_ field: HeaderField) -> Bool {
        field.isNamed("Return-Path") || field.name.prefix(6).equalsIgnoringCase("X-SES-")
    }

    /// `Tue, 3 Mar 2026 09:05:07 +0000`
    static func rfc5322(_ time: Timestamp) -> String {
        let civil = CivilTime(time)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][civil.weekday]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][civil.month - 1]
        return "\(weekday), \(civil.day) \(month) \(civil.year) \(padded(civil.hour)):\(padded(civil.minute)):\(padded(civil.second)) +0000"
    }

    private static func dotted(_ time: Timestamp) -> String {
        let civil = CivilTime(time)
        return "\(civil.year).\(padded(civil.month)).\(padded(civil.day))"
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
