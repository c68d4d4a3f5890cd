public import Alignment
public import MailModel
public import Rewriting

/// A message as it will be sent, apart from its body, which the caller stored while it was read or repaired.
public struct PreparedMessage: Sendable {
    public let queueID: QueueID
    /// Who sends it on; `nil` if the recipients get it as it was addressed.
    public let alias: Mailbox?
    /// The complete header, from our Received to the empty line.
    public let headerOctets: [UInt8]
    /// The reverse-path is a verified mailbox, never null.
    public let envelope: Envelope
    /// There are octets above 127: the upstream must be told `BODY=8BITMIME`. Never the case since bodies are repaired.
    public let is8Bit: Bool
    /// Octets of header and body.
    public let octetCount: Int
    /// As it stands in the header, with angle brackets; printable.
    public let messageID: String
    /// The author as the client wrote it.
    public let authorBefore: Mailbox
    /// The author that leaves.
    public let author: Mailbox
    /// Of our signature and of the reverse-path with that author; SES may put a reverse-path of its own in place of ours.
    public let alignment: Alignment
    /// What was rewritten, and by which rule.
    public let changes: [RewriteChange]
    /// What it was made from.
    public let original: OriginalMessage
}
