internal import MessageFormat

/// Fields that SES, or RFC 5322 §3.6, takes once. Those that are removed in any case are not among them, except Sender: which of two
/// is meant, nobody can say.
let onceOnlyFields: Set<FieldName> = [
    .acceptLanguage, .acceptLanguageJoined, .archivedAt, .autoSubmitted, .bouncesTo, .cc, .comments, .contentAlternative, .contentBase,
    .contentClass, .contentDescription, .contentDisposition, .contentDuration, .contentID, .contentLanguage, .contentLength,
    .contentLocation, .contentMD5, .contentTransferEncoding, .contentType, .date, .dispositionNotificationOptions,
    .dispositionNotificationTo, .errorsTo, .from, .importance, .inReplyTo, .keywords, .listArchive, .listHelp, .listID, .listOwner,
    .listPost, .listSubscribe, .listUnsubscribe, .listUnsubscribePost, .messageContext, .messageID, .mimeVersion, .organization,
    .originalFrom, .originalMessageID, .originalRecipient, .originalSubject, .precedence, .priority, .references, .replyTo,
    .returnReceiptTo, .sender, .sensitivity, .solicitation, .subject, .threadIndex, .threadTopic, .to, .userAgent, .vbrInfo,
]

/// Fields that never leave: blind recipients, what SES checks against its identities, what it adds itself, and signatures that our
/// changes would break.
let fieldsThatNeverLeave: Set<FieldName> = [
    .bcc, .deliveredTo, .dkimSignature, .domainKeySignature, .feedbackID, .resentBcc, .returnPath, .sender,
]
