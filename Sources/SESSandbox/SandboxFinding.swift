/// Something that SES lets pass, or may let pass, and that a good relay does not send. The raw values stand in JSON: add, never rename.
public enum SandboxFinding: String, Hashable, Sendable, CaseIterable {
    /// The client did not wait for a reply; SES announces no PIPELINING.
    case pipelined
    /// A parameter of MAIL or RCPT that SES does not announce.
    case unannouncedParameter = "unannounced_parameter"
    /// AUTH or MAIL without EHLO, or without a new one inside TLS (RFC 3207 §4.2).
    case missingEHLO = "missing_ehlo"
    case bareCarriageReturn = "bare_cr"
    case bareLineFeed = "bare_lf"
    case nul
    /// More than 998 octets without CRLF: receivers may refuse it or break the signature.
    case longLine = "long_line"
    case eightBitHeader = "eight_bit_header"
    /// SES may garble it (ses.md 5.6).
    case eightBitBody = "eight_bit_body"
    case malformedHeaderLine = "malformed_header_line"
    /// Nobody else may remove it.
    case bccField = "bcc_field"
    /// SES adds its own; two of them break its signature.
    case feedbackIDField = "feedback_id_field"
    case unsigned
    /// `h=` of the DKIM signature names a field that SES replaces or removes: the signature will not verify.
    case signsReplacedField = "signs_replaced_field"
    case missingDate = "missing_date"
    case missingMessageID = "missing_message_id"
}
