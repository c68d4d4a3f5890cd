internal import MailModel
internal import MessageFormat

/// Which fields are signed (the `h=` tag) for mail that leaves through Amazon SES.
///
/// SES replaces Date and Message-ID, consumes Return-Path, Bounces-To and X-SES-*, and adds Feedback-ID, Received and signatures of its
/// own: naming one of them, present or not, breaks the signature on the way.
enum HeaderSelection {
    /// Signed, and named once more than they occur, so that one added later breaks the signature (RFC 6376 §8.15).
    private static let always: [FieldName] = [
        .from, .sender, .replyTo, .to, .cc, .subject, .inReplyTo, .references, .listUnsubscribe, .listUnsubscribePost,
    ]
    /// The same, but only if the message has them: it is not known whether SES adds missing ones.
    private static let ifPresent: [FieldName] = [.mimeVersion, .contentType, .contentTransferEncoding]
    /// SES writes these itself if X-SES-LIST-MANAGEMENT-OPTIONS asks for it.
    private static let managedBySES: [FieldName] = [.listUnsubscribe, .listUnsubscribePost]

    /// The names for `h=`, each as often as it stands there.
    static func names(for header: HeaderBlock) -> [FieldName] {
        let isListManaged = header.first(.xSESListManagementOptions) != nil
        var names: [FieldName] = []
        names.reserveCapacity(32)
        for name in always + ifPresent {
            let count = header.count(of: name)
            if isListManaged, managedBySES.contains(name) { continue }
            if count == 0, ifPresent.contains(name) { continue }
            for _ in 0...count { names.append(name) }
        }
        return names
    }

    /// Appends the fields that `names` stand for, the last one of a name first (RFC 6376 §5.4.2).
    static func appendCanonical(_ header: HeaderBlock, names: [FieldName], to output: inout [UInt8]) {
        var previous: FieldName?
        for name in names where name != previous {  // equal names are neighbours
            previous = name
            let fields = header.fields
            for index in fields.indices.reversed() where fields[index].name == name {
                Canonicalization.relaxed.append(fields[index], to: &output)
            }
        }
    }
}
