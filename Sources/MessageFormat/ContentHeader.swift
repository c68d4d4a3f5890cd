internal import MailModel

/// What the header of a message or of a body part says about its content (RFC 2045).
public struct ContentHeader: Hashable, Sendable {
    public enum Structure: Hashable, Sendable {
        case leaf
        /// Parts between lines `--boundary`.
        case multipart(boundary: [UInt8])
        /// Parts that cannot be told from each other for sure: the boundary is missing, or none. Readers guess.
        case multipartWithoutBoundary
        /// Another message: header and body.
        case message
    }

    public enum TransferEncoding: Hashable, Sendable {
        /// Octets stand for themselves: `7bit`, `8bit`, `binary`, and where nothing is said.
        case identity
        case quotedPrintable
        case base64
        /// One that nobody can undo for sure.
        case other
    }

    /// `text/plain`, lower case; also where nothing is said.
    public let mediaType: [UInt8]
    public let structure: Structure
    public let transferEncoding: TransferEncoding
    /// Lower case.
    public let charset: [UInt8]?
    public let hasContentType: Bool
    /// The names under which a reader would save it, decoded.
    public let fileNames: [[UInt8]]
    /// Whether Content-Type and Content-Disposition follow the grammar so closely that Amazon SES takes them; 8-bit ones are not judged.
    public let isReadable: Bool

    /// - Parameter isInDigest: a part of a `multipart/digest`, which is a message unless it says otherwise (RFC 2046 §5.1.5).
    public init(_ header: HeaderBlock, isInDigest: Bool = false) {
        let type = header.first(.contentType).map { MIMEParameters($0.value) }
        hasContentType = type != nil
        var mediaType = type?.main ?? (isInDigest ? Array("message/rfc822".utf8) : Self.plainText)
        if mediaType.count(where: { $0 == ASCII.slash }) != 1 { mediaType = Self.plainText }  // RFC 2045 §5.2
        self.mediaType = mediaType
        charset = type?.value("charset").map { $0.map(ASCII.lowercased) }
        let encoding = header.first(.contentTransferEncoding).map { MIMEParameters($0.value).main } ?? []
        transferEncoding = Self.transferEncoding(encoding)
        if mediaType.starts(with: "multipart/".utf8),
            let boundary = (type?.value("boundary") ?? type?.extendedValue("boundary")).map(Self.trimmed),
            (1...Self.longestBoundary).contains(boundary.count)
        {
            structure = .multipart(boundary: boundary)
        } else if mediaType.starts(with: "multipart/".utf8) {
            structure = .multipartWithoutBoundary
        } else if mediaType.equalsIgnoringCase("message/rfc822"), transferEncoding == .identity {
            structure = .message
        } else {
            structure = .leaf
        }
        let disposition = header.first(.contentDisposition)
        fileNames = Self.fileNames(type, disposition.map { MIMEParameters($0.value) })
        isReadable =
            header.first(.contentType).map { ContentGrammar.isFollowed(by: $0.value, isType: true) } ?? true
            && disposition.map { ContentGrammar.isFollowed(by: $0.value, isType: false) } ?? true
    }

    /// Whether a change to the content would break a seal that the author put on it, or what reads it: S/MIME and PGP/MIME.
    public var isSealed: Bool {
        mediaType.starts(with: "multipart/signed".utf8) || mediaType.starts(with: "multipart/encrypted".utf8)
            || mediaType.starts(with: "application/pkcs7-".utf8) || mediaType.starts(with: "application/x-pkcs7-".utf8)
    }

    public var isText: Bool { mediaType.starts(with: "text/".utf8) }

    /// `message/delivery-status`, its like and what has parts may only be 7-bit (RFC 2045 §6.4); the `global` ones may be encoded
    /// (RFC 6532 §3.7).
    public var mayBeEncoded: Bool {
        !mediaType.starts(with: "multipart/".utf8)
            && (!mediaType.starts(with: "message/".utf8) || mediaType.starts(with: "message/global".utf8))
    }

    private static let plainText = Array("text/plain".utf8)
    /// RFC 2046 §5.1.1 allows 70; what others write beyond that still separates parts.
    private static let longestBoundary = 200

    private static func transferEncoding(_ name: [UInt8]) -> TransferEncoding {
        if name.isEmpty || name.equalsIgnoringCase("7bit") || name.equalsIgnoringCase("8bit") || name.equalsIgnoringCase("binary") {
            return .identity
        }
        if name.equalsIgnoringCase("quoted-printable") { return .quotedPrintable }
        return name.equalsIgnoringCase("base64") ? .base64 : .other
    }

    private static func trimmed(_ boundary: [UInt8]) -> [UInt8] {
        var boundary = boundary
        while let last = boundary.last, ASCII.isBlank(last) { boundary.removeLast() }
        return boundary
    }

    private static func fileNames(_ type: MIMEParameters?, _ disposition: MIMEParameters?) -> [[UInt8]] {
        guard type?.parameters.isEmpty == false || disposition?.parameters.isEmpty == false else { return [] }
        let names = [
            disposition?.value("filename"), disposition?.extendedValue("filename"), type?.value("name"), type?.extendedValue("name"),
        ]
        return names.compactMap { $0 }.map(EncodedWord.decoded)
    }
}

extension EncodedWord {
    /// Encoded-words in a parameter, where they should not be (RFC 2047 §5) and often are.
    fileprivate static func decoded(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(UInt8(ascii: "?")) else { return text }
        var decoded: [UInt8] = []
        for word in text.split(whereSeparator: ASCII.isBlank) {
            if let encoded = EncodedWord(word) {
                decoded.append(contentsOf: encoded.octets)
            } else {
                if !decoded.isEmpty { decoded.append(ASCII.space) }
                decoded.append(contentsOf: word)
            }
        }
        return decoded
    }
}
