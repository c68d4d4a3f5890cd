internal import MailModel
internal import MessageFormat

/// The first pass over a body: what each part needs to become 7-bit, and what makes the message unsendable.
struct BodySurvey: MIMESink {
    /// The message itself comes first, then its parts in order.
    private(set) var repairs: [PartRepair] = [PartRepair()]
    /// The first reason to refuse.
    private(set) var refusal: Refusal?

    private var content: ContentHeader
    /// Of the part that began last, repaired.
    private var header = HeaderBlock()
    private var isSealed: Bool
    private var sawSealed: Bool
    private var octets = 0
    private var octets8Bit = 0
    private var hasLongLine = false
    private var utf8 = UTF8Check()

    /// - Parameter content: what the header of the message says.
    init(content: ContentHeader) {
        self.content = content
        isSealed = content.isSealed
        sawSealed = content.isSealed
        checkNames(of: content)
    }

    /// Takes over what an earlier survey found out about the message itself.
    mutating func assume(_ repair: PartRepair) { repairs[0] = repair }

    mutating func part(_ header: PartHeader, content: ContentHeader, isSealed: Bool) {
        self.content = content
        self.header = header.block ?? HeaderBlock()
        self.isSealed = isSealed
        if isSealed { sawSealed = true }
        repairs.append(PartRepair())
        checkNames(of: content)
        guard refusal == nil, header.octets.contains(where: { $0 >= 0x80 }) || Self.hasLongLine(header.octets) else { return }
        guard !isSealed else { return refusal = ContentRefusal.sealed(content) }
        guard var block = header.block else { return refusal = ContentRefusal.partHeader }
        do throws(HeaderError) {
            try block.makeSevenBit(declaredCharset: content.charset)
            self.header = block
        } catch {
            refusal = ContentRefusal.partHeader
        }
    }

    mutating func content(_ piece: UnsafeRawBufferPointer) {
        octets += piece.count
        let count = Self.count8Bit(piece)
        octets8Bit += count
        if count > 0 || !utf8.isValid { utf8.update(piece) }
    }

    mutating func endOfContent() {
        defer {
            (octets, octets8Bit, hasLongLine) = (0, 0, false)
            utf8 = UTF8Check()
        }
        guard refusal == nil, octets8Bit > 0 || hasLongLine else { return }
        guard !isSealed else { return refusal = ContentRefusal.sealed(content) }
        var repair = PartRepair()
        switch content.transferEncoding {
        case .quotedPrintable: repair.method = .mendQuotedPrintable
        case .base64: repair.method = .mendBase64
        case .other: return refusal = ContentRefusal.unencodable(content)
        case .identity:
            guard content.mayBeEncoded else { return refusal = ContentRefusal.unencodable(content) }
            // Quoted-printable makes three octets of one, base 64 four of three; where they meet, the shorter wins. Text in Latin letters
            // stays readable, all else is the same for everyone.
            repair.method = content.isText && octets8Bit * 6 <= octets ? .quotedPrintable : .base64
            if octets8Bit > 0, content.isText, content.charset == nil {
                repair.charset = utf8.isValid ? .utf8 : content.hasContentType ? .keep : .windows1252
            }
        }
        repairs[repairs.count - 1] = repair
        var described = header
        if (try? repair.apply(to: &described, of: content)) == nil { refusal = ContentRefusal.partHeader }
    }

    mutating func frame(_ piece: UnsafeRawBufferPointer) {
        if sawSealed, refusal == nil, Self.count8Bit(piece) > 0 { refusal = ContentRefusal.sealed(content) }
    }

    mutating func longLine() { hasLongLine = true }

    private mutating func checkNames(of content: ContentHeader) {
        if !content.isReadable { refusal = refusal ?? ContentRefusal.contentField }
        guard refusal == nil, let name = content.fileNames.first(where: RefusedAttachments.contains) else { return }
        refusal = ContentRefusal.attachment(name)
    }

    private static func hasLongLine(_ octets: [UInt8]) -> Bool {
        octets.count > 1000 && octets.split(separator: ASCII.lineFeed).contains { $0.count > 999 }
    }

    static func count8Bit(_ octets: UnsafeRawBufferPointer) -> Int {
        guard let base = octets.baseAddress else { return 0 }
        var count = 0
        var index = 0
        while index + 8 <= octets.count {
            count += (base.loadUnaligned(fromByteOffset: index, as: UInt64.self) & PackedOctets.flags).nonzeroBitCount
            index += 8
        }
        while index < octets.count {
            if octets[index] >= 0x80 { count += 1 }
            index += 1
        }
        return count
    }
}
