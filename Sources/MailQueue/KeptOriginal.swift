internal import Compression
public import MailModel

/// What came in, besides the body that is sent: enough to make the header once more from other rules, keys or identities.
public struct KeptOriginal: Hashable, Sendable {
    /// The header as it came, each line with its CRLF, without the empty line.
    public var header: [UInt8]
    /// As the client gave it.
    public var reversePath: ReversePath
    /// As the client gave them; `nil` where they are those of the message.
    public var recipients: [Mailbox]?
    /// What was done to the body, in the code of whoever did it; zero for nothing.
    public var bodyRepair: UInt8
    /// For the signature.
    public var bodyHash: [UInt8]
    /// How it came, for the Received field.
    public var helloName: [UInt8]
    public var client: String?
    public var transfer: String
    /// Which settings made the header that is queued.
    public var generation: String

    public init(
        header: [UInt8], reversePath: ReversePath, recipients: [Mailbox]? = nil, bodyRepair: UInt8, bodyHash: [UInt8],
        helloName: [UInt8], client: String?, transfer: String, generation: String
    ) {
        self.header = header
        self.reversePath = reversePath
        self.recipients = recipients
        self.bodyRepair = bodyRepair
        self.bodyHash = bodyHash
        self.helloName = helloName
        self.client = client
        self.transfer = transfer
        self.generation = generation
    }
}

/// A `KeptOriginal` as it lies in the queue. Made by whoever accepts the message, since the one road to the disk has no time for it.
public struct EncodedOriginal: Hashable, Sendable {
    let octets: [UInt8]

    init(octets: [UInt8]) { self.octets = octets }

    /// A header of more octets was never taken in.
    static let longestHeader = 16 << 20

    /// A shorter one stays as it is: to compress it takes as long as to sync its share of a transaction, and would free less than a
    /// twentieth of a page.
    private static let worthCompressing = 512

    /// - Returns: `nil` where that is not worth it, or there is no memory.
    private static func compressed(_ header: [UInt8]) -> [UInt8]? {
        header.count < worthCompressing ? nil : try? Deflate.compress(header)
    }

    /// - Parameter id: of the message; what is read for another one is damaged.
    public init(_ original: KeptOriginal, of id: QueueID) {
        var encoder = FieldEncoder(version: 1)
        if let compressed = Self.compressed(original.header) {
            encoder.field(1, Int64(original.header.count))
            encoder.field(2, compressed)
        } else {
            encoder.field(3, original.header)
        }
        encoder.field(4, original.reversePath.wireOctets)
        for recipient in original.recipients ?? [] { encoder.field(5, recipient.wireOctets) }
        if original.bodyRepair != 0 { encoder.field(6, [original.bodyRepair]) }
        encoder.field(7, original.bodyHash)
        encoder.field(8, original.helloName)
        encoder.field(9, original.client)
        encoder.field(10, original.transfer)
        encoder.field(11, original.generation)
        var octets = encoder.octets
        withUnsafeBytes(of: Self.checksum(octets[...], id).littleEndian) { octets.append(contentsOf: $0) }
        self.octets = octets
    }

    /// - Returns: `nil` if the octets are damaged, or another message's.
    func decoded(of id: QueueID) -> KeptOriginal? {
        let content = octets.dropLast(8)
        guard octets.count > 8, octets.suffix(8).reversed().reduce(0, { $0 << 8 | UInt64($1) }) == Self.checksum(content, id) else {
            return nil
        }
        return content.withUnsafeBytes { Self.decode($0) }
    }

    private static func decode(_ octets: UnsafeRawBufferPointer) -> KeptOriginal? {
        guard var decoder = FieldDecoder(octets), decoder.version == 1 else { return nil }
        var original = KeptOriginal(
            header: [], reversePath: .null, bodyRepair: 0, bodyHash: [], helloName: [], client: nil, transfer: "", generation: "")
        var count = 0
        var recipients: [Mailbox] = []
        while let field = decoder.next() {
            switch field.tag {
            case 1: count = field.number.flatMap { Int(exactly: $0) } ?? 0
            case 2:
                guard let header = try? Deflate.restore(field.octets, count: count, limit: longestHeader) else { return nil }
                original.header = header
            case 3: original.header = field.octets
            case 4:
                guard let path = ReversePath(stored: field.octets) else { return nil }
                original.reversePath = path
            case 5:
                guard let mailbox = try? Mailbox(parsing: field.octets) else { return nil }
                recipients.append(mailbox)
            case 6: original.bodyRepair = field.octets.first ?? 0
            case 7: original.bodyHash = field.octets
            case 8: original.helloName = field.octets
            case 9: original.client = field.text
            case 10: original.transfer = field.text
            case 11: original.generation = field.text
            default: break
            }
        }
        if !recipients.isEmpty { original.recipients = recipients }
        return decoder.isDamaged ? nil : original
    }

    private static func checksum(_ content: ArraySlice<UInt8>, _ id: QueueID) -> UInt64 {
        var checksum = Checksum()
        checksum.update(UInt64(bitPattern: id.value))
        content.withUnsafeBytes { checksum.update($0) }
        return checksum.value
    }
}
