internal import MailModel
internal import MessageFormat

/// What becomes of the content of one part, or of the message itself if it has no parts.
struct PartRepair: Hashable {
    enum Method: UInt8 {
        case keep
        case quotedPrintable, base64
        /// It is encoded already, but not as it should be.
        case mendQuotedPrintable, mendBase64
    }

    /// What Content-Type is to say where it says nothing and 8-bit text needs it.
    enum Charset: UInt8 { case keep, utf8, windows1252 }

    var method = Method.keep
    var charset = Charset.keep

    /// Makes the header say what the content has become.
    ///
    /// - Returns: whether anything changed.
    func apply(to header: inout HeaderBlock, of content: ContentHeader) throws(HeaderError) -> Bool {
        var isChanged = false
        switch method {
        case .quotedPrintable: try header.set(.contentTransferEncoding, to: Array("quoted-printable".utf8))
        case .base64: try header.set(.contentTransferEncoding, to: Array("base64".utf8))
        case .keep, .mendQuotedPrintable, .mendBase64:
            // What is inside is 7-bit now; and what is encoded says so already.
            if content.transferEncoding == .identity, let label = header.first(.contentTransferEncoding)?.unfolded,
                label.equalsIgnoringCase("8bit") || label.equalsIgnoringCase("binary")
            {
                try header.set(.contentTransferEncoding, to: Array("7bit".utf8))
                isChanged = true
            }
        }
        if method == .quotedPrintable || method == .base64 { isChanged = true }
        guard charset != .keep else { return isChanged }
        let parameter = Array((charset == .utf8 ? "charset=utf-8" : "charset=windows-1252").utf8)
        let value: [UInt8]
        if let type = header.first(.contentType) {
            var written = Array(type.value.drop(while: ASCII.isBlank))
            while let last = written.last, ASCII.isBlank(last) || last == ASCII.semicolon || ASCII.crlf.contains(last) {
                written.removeLast()
            }
            value = written + Array("; ".utf8) + parameter
        } else {
            value = Array("text/plain; ".utf8) + parameter
        }
        try header.set(.contentType, to: value)
        return true
    }
}

/// The refusals that only content can earn.
enum ContentRefusal {
    static func sealed(_ content: ContentHeader) -> Refusal {
        .syntax(
            "sealed_8bit",
            "A signed or encrypted part (\(PrintableText.sanitized(content.mediaType, limit: 60))) has 8-bit text or a line of more than 998"
                + " octets; Amazon SES needs 7 bits, and changing the part would break it: encode before signing")
    }

    static func unencodable(_ content: ContentHeader) -> Refusal {
        .syntax(
            "body_8bit",
            "A part of type \(PrintableText.sanitized(content.mediaType, limit: 60)) has 8-bit text or a line of more than 998 octets, and its"
                + " type or Content-Transfer-Encoding leaves no 7-bit form; send it as base64")
    }

    static var partHeader: Refusal {
        .syntax(
            "part_header",
            "The header of a body part has 8-bit text or a line of more than 998 octets that has no 7-bit form; use encoded-words and"
                + " RFC 2231 parameters, and fold it")
    }

    static var contentField: Refusal {
        .syntax(
            "content_field",
            "A Content-Type or Content-Disposition field cannot be read by Amazon SES; it is 'type; name=value', and values with blanks or"
                + " special characters stand in double quotes")
    }

    static func structure(_ failure: MIMEScanner.Failure) -> Refusal {
        switch failure {
        case .nesting: .syntax("mime_nesting", "The body has parts within parts more than \(MIMEScanner.deepest) levels deep")
        case .parts: .syntax("mime_parts", "The body has more than \(MIMEScanner.mostParts) parts")
        case .unstarted:
            .syntax(
                "mime_unstarted", "A multipart has no line '--boundary' that begins a part, and Amazon SES refuses that; check its boundary"
            )
        case .partHeader: .syntax("part_header", "The header of a body part is longer than \(HeaderLimits().octets) octets")
        }
    }

    static func attachment(_ fileName: [UInt8]) -> Refusal {
        Refusal(
            "attachment_refused",
            Reply(
                554, StatusDetail(7, 0),
                "Amazon SES does not send attachments of this type: '\(PrintableText.sanitized(fileName, limit: 100))'; put it into a ZIP archive"
            ))
    }
}
