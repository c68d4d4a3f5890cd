internal import MailModel

/// SES's answers, word for word: those that were documented or seen, and for the rest those of SubEthaSMTP, which it descends from.
extension Reply {
    static let hostname = "email-smtp.amazonaws.com"

    static func greeting(token: String) -> Reply { Reply(220, nil, "\(hostname) ESMTP SimpleEmailService-d-FAIRLEAD0 \(token)") }

    static let ok = Reply(250, nil, "Ok")
    static let bye = Reply(221, nil, "Bye")
    static let helo = Reply(250, nil, hostname)
    static let startData = Reply(354, nil, "End data with <CR><LF>.<CR><LF>")
    static func accepted(_ id: String) -> Reply { Reply(250, nil, "Ok \(id)") }

    // Session
    static let readyForTLS = Reply(220, nil, "Ready to start TLS")
    static let tlsAlreadyActive = Reply(454, nil, "TLS not available due to temporary reason: TLS already active")
    static let noParametersAllowed = Reply(501, nil, "Syntax error (no parameters allowed)")
    static let startTLSFirst = Reply(530, nil, "Must issue a STARTTLS command first")
    static let idleTimeout = Reply(451, StatusDetail(4, 2), "Timeout waiting for data from client.")
    static let tooManyConnections = Reply(421, nil, "Too many concurrent SMTP connections")
    static let tooManyMessages = Reply(421, nil, "Connection closed by server. Maximum message count per session reached.")
    static let badSyntax = Reply(500, nil, "Error: bad syntax")
    static let notImplemented = Reply(500, nil, "Error: command not implemented")
    static let lineTooLong = Reply(501, nil, "Input line length is too long!")
    static func unpairedLineEnd(at position: Int) -> Reply {
        Reply(501, nil, "Syntax error at character position \(position). CR and LF must always be CRLF paired.  See RFC 2821 #2.7.1.")
    }
    static let systemFailure = Reply(421, StatusDetail(3, 0), "Mail system failure, closing transmission channel")
    static func isDisabled(_ verb: String) -> Reply { Reply(502, nil, "\(verb) command is disabled") }

    // AUTH
    static let authenticated = Reply(235, nil, "Authentication successful.")
    static let authenticationRequired = Reply(530, nil, "Authentication required")
    static let credentialsInvalid = Reply(535, nil, "Authentication Credentials Invalid")
    static let notSubscribed = Reply(535, nil, "Account not subscribed to SES")
    static let authenticationUnavailable = Reply(454, nil, "Temporary authentication failure")
    static let anotherAUTH = Reply(503, nil, "Refusing any other AUTH command.")
    static let unknownMechanism = Reply(504, nil, "The requested authentication mechanism is not supported")
    static let authenticationCanceled = Reply(501, nil, "Authentication canceled by client.")
    static let authSyntax = Reply(501, nil, "Syntax: AUTH mechanism [initial-response]")
    static let notBase64 = Reply(501, nil, "Invalid command argument, not a valid Base64 string")
    static let notPlain = Reply(501, nil, "Invalid command argument, does not contain NUL")
    static let plainPrompt = Reply(334, nil, "Ok")
    static let usernamePrompt = Reply(334, nil, "VXNlcm5hbWU6")
    static let passwordPrompt = Reply(334, nil, "UGFzc3dvcmQ6")

    // Envelope
    static let heloSyntax = Reply(501, nil, "Syntax: HELO hostname")
    static let ehloSyntax = Reply(501, nil, "Syntax: EHLO hostname")
    static let mailSyntax = Reply(501, nil, "Syntax: MAIL FROM: <address>")
    static let rcptSyntax = Reply(501, nil, "Syntax: RCPT TO: <address>")
    static let invalidSender = Reply(501, nil, "Invalid MAIL FROM address provided")
    static let invalidRecipient = Reply(501, nil, "Invalid RCPT TO address provided")
    static func malformedSender(_ address: [UInt8]) -> Reply { Reply(553, nil, "<\(text(address))> Invalid email address") }
    static func malformedRecipient(_ address: [UInt8]) -> Reply { Reply(553, nil, "<\(text(address))> address unknown") }
    static let senderAlreadyGiven = Reply(503, StatusDetail(5, 1), "Sender already specified.")
    static let needMail = Reply(503, StatusDetail(5, 1), "Error: need MAIL command")
    static let needRecipient = Reply(503, nil, "Error: need RCPT command")

    // After the final dot
    static let messageTooLong = Reply(552, nil, "Message is too long.")
    static let rateExceeded = Reply(454, nil, "Throttling failure: Maximum sending rate exceeded.")
    static let quotaExceeded = Reply(454, nil, "Throttling failure: Daily message quota exceeded.")
    static let serviceFailure = Reply(454, nil, "Temporary service failure")
    static let localFailure = Reply(451, nil, "Temporary service failure")
    static let sendingPaused = Reply(
        554, nil,
        "Message rejected: Sending paused for this account. For more information, please check the inbox of the email address"
            + " associated with your AWS account.")
    static func accessDenied(user: String, identity: String, region: String) -> Reply {
        Reply(
            554, nil,
            "Access denied: User `arn:aws:iam::123456789012:user/\(user)' is not authorized to perform `ses:SendRawEmail' on resource"
                + " `arn:aws:ses:\(region):123456789012:identity/\(identity)'")
    }
    /// `...` marks a list that was too long, as SES does it.
    static func notVerified(_ identities: [String], region: String) -> Reply {
        Reply(
            554, nil,
            "Message rejected: Email address is not verified. The following identities failed the check in region"
                + " \(region.uppercased()): " + identities.joined(separator: ", "))
    }
    static func transactionFailed(_ why: String) -> Reply { Reply(554, nil, "Transaction failed: \(why)") }
    static func tooManyRecipients(_ limit: Int) -> Reply { transactionFailed("Recipient count exceeds \(limit).") }

    private static func text(_ octets: [UInt8]) -> String { PrintableText.sanitized(octets, limit: 320) }
}
