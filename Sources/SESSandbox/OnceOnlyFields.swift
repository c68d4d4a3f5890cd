internal import MailModel

/// The fields that SES wants at most once ("Amazon SES header fields" in its developer guide, and from newer lists
/// `List-Unsubscribe-Post`).
enum OnceOnlyFields {
    static let names = [
        "Accept-Language", "acceptLanguage", "Archived-At", "Auto-Submitted", "Bounces-to", "Comments", "Content-Alternative",
        "Content-Base", "Content-Class", "Content-Description", "Content-Disposition", "Content-Duration", "Content-ID",
        "Content-Language", "Content-Length", "Content-Location", "Content-MD5", "Content-Transfer-Encoding", "Content-Type",
        "Date", "Delivered-To", "Disposition-Notification-Options", "Disposition-Notification-To", "DKIM-Signature",
        "DomainKey-Signature", "Errors-To", "From", "Importance", "In-Reply-To", "Keywords", "List-Archive", "List-Help",
        "List-Id", "List-Owner", "List-Post", "List-Subscribe", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-Context",
        "Message-ID", "MIME-Version", "Organization", "Original-From", "Original-Message-ID", "Original-Recipient",
        "Original-Subject", "Precedence", "Priority", "References", "Reply-To", "Return-Path", "Return-Receipt-To", "Sender",
        "Solicitation", "Sensitivity", "Subject", "Thread-Index", "Thread-Topic", "User-Agent", "VBR-Info",
    ]

    private static let folded: [[UInt8]: String] = Dictionary(
        uniqueKeysWithValues: names.map { (Array($0.utf8).map(ASCII.lowercased), $0) })

    /// The first name of the list that stands a second time, in SES's spelling.
    static func firstRepeated(in fields: [HeaderField]) -> String? {
        var seen: Set<[UInt8]> = []
        for field in fields {
            let key = field.name.map(ASCII.lowercased)
            if let name = folded[key], !seen.insert(key).inserted { return name }
        }
        return nil
    }
}
