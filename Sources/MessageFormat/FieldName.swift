internal import MailModel

/// The header fields that some rule of ours names; every other field is carried through without being looked at.
///
/// The raw value is the spelling for fields that we write ourselves. Names are compared without case (RFC 5322 §1.2.2).
public enum FieldName: String, Hashable, Sendable, CaseIterable {
    case from = "From"
    case sender = "Sender"
    case replyTo = "Reply-To"
    case to = "To"
    case cc = "Cc"
    case bcc = "Bcc"
    case resentBcc = "Resent-Bcc"
    case subject = "Subject"
    case date = "Date"
    case messageID = "Message-ID"
    case inReplyTo = "In-Reply-To"
    case references = "References"
    case received = "Received"
    case returnPath = "Return-Path"
    case deliveredTo = "Delivered-To"
    case dkimSignature = "DKIM-Signature"
    case domainKeySignature = "DomainKey-Signature"
    case feedbackID = "Feedback-ID"
    case xOriginalFrom = "X-Original-From"
    case xOriginalTo = "X-Original-To"

    case mimeVersion = "MIME-Version"
    case contentType = "Content-Type"
    case contentTransferEncoding = "Content-Transfer-Encoding"
    case contentAlternative = "Content-Alternative"
    case contentBase = "Content-Base"
    case contentClass = "Content-Class"
    case contentDescription = "Content-Description"
    case contentDisposition = "Content-Disposition"
    case contentDuration = "Content-Duration"
    case contentID = "Content-ID"
    case contentLanguage = "Content-Language"
    case contentLength = "Content-Length"
    case contentLocation = "Content-Location"
    case contentMD5 = "Content-MD5"

    case listArchive = "List-Archive"
    case listHelp = "List-Help"
    case listID = "List-Id"
    case listOwner = "List-Owner"
    case listPost = "List-Post"
    case listSubscribe = "List-Subscribe"
    case listUnsubscribe = "List-Unsubscribe"
    case listUnsubscribePost = "List-Unsubscribe-Post"

    case acceptLanguage = "Accept-Language"
    case acceptLanguageJoined = "acceptLanguage"
    case archivedAt = "Archived-At"
    case autoSubmitted = "Auto-Submitted"
    case bouncesTo = "Bounces-To"
    case comments = "Comments"
    case dispositionNotificationOptions = "Disposition-Notification-Options"
    case dispositionNotificationTo = "Disposition-Notification-To"
    case errorsTo = "Errors-To"
    case importance = "Importance"
    case keywords = "Keywords"
    case messageContext = "Message-Context"
    case organization = "Organization"
    case originalFrom = "Original-From"
    case originalMessageID = "Original-Message-ID"
    case originalRecipient = "Original-Recipient"
    case originalSubject = "Original-Subject"
    case precedence = "Precedence"
    case priority = "Priority"
    case returnReceiptTo = "Return-Receipt-To"
    case sensitivity = "Sensitivity"
    case solicitation = "Solicitation"
    case threadIndex = "Thread-Index"
    case threadTopic = "Thread-Topic"
    case userAgent = "User-Agent"
    case vbrInfo = "VBR-Info"

    case xSESConfigurationSet = "X-SES-CONFIGURATION-SET"
    case xSESMessageTags = "X-SES-MESSAGE-TAGS"
    case xSESSourceARN = "X-SES-SOURCE-ARN"
    case xSESFromARN = "X-SES-FROM-ARN"
    case xSESReturnPathARN = "X-SES-RETURN-PATH-ARN"
    case xSESListManagementOptions = "X-SES-LIST-MANAGEMENT-OPTIONS"
    case xSESTenant = "X-SES-TENANT"

    /// The place among the cases, of which there are fewer than 128: what an enumeration without payloads is in memory.
    var ordinal: UInt8 { withUnsafeBytes(of: self) { $0[0] } }

    /// - Returns: `nil` for a name that no rule knows.
    public init?(matching name: ArraySlice<UInt8>) {
        guard let known = Self.table[Self.slot(of: name)].first(where: { ASCII.equalsIgnoringCase($0.octets, name) }) else {
            return nil
        }
        self = known.name
    }

    private static let table: [[(octets: [UInt8], name: FieldName)]] = {
        var table = [[(octets: [UInt8], name: FieldName)]](repeating: [], count: 256)
        for name in allCases {
            let octets = Array(name.rawValue.utf8)
            table[slot(of: octets[...])].append((octets, name))
        }
        return table
    }()

    private static func slot(of name: ArraySlice<UInt8>) -> Int {
        var hash: UInt32 = 0x811C_9DC5  // FNV-1a
        for octet in name { hash = (hash ^ UInt32(ASCII.lowercased(octet))) &* 0x0100_0193 }
        return Int((hash ^ hash >> 16) & 255)
    }
}
