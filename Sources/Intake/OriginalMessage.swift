public import MailModel

/// What was known of a message when it was accepted, apart from the body as it is sent: its header can be made from it again and again.
public struct OriginalMessage: Hashable, Sendable {
    /// As it came: whole lines, each with its CRLF, without the empty line.
    public var header: [UInt8]
    /// What was done to the body.
    public var repair: BodyRepairKind
    /// Of the body as it is sent, relaxed.
    public var bodyHash: [UInt8]
    /// As the client gave it, with the recipients of this message only.
    public var envelope: Envelope
    public var received: ReceivedInfo
    /// `IntakeSettings.generation` of the settings that made the header.
    public var generation: String

    public init(
        header: [UInt8], repair: BodyRepairKind, bodyHash: [UInt8], envelope: Envelope, received: ReceivedInfo, generation: String
    ) {
        self.header = header
        self.repair = repair
        self.bodyHash = bodyHash
        self.envelope = envelope
        self.received = received
        self.generation = generation
    }
}

/// What was done to a body, as far as the fields of the header that describe it must say so.
public struct BodyRepairKind: Hashable, Sendable {
    /// For ever the same, since it is kept with queued messages; zero if the body is as it came.
    public let code: UInt8

    public static let none = BodyRepairKind(code: 0)

    public init(code: UInt8) { self.code = code }

    private static let isRepaired: UInt8 = 0x80

    /// - Parameter message: what became of the message itself, not of its parts.
    init(_ message: PartRepair) { code = Self.isRepaired | message.charset.rawValue << 4 | message.method.rawValue }

    /// - Returns: `nil` if the body is as it came, or the code is none.
    var ofMessage: PartRepair? {
        guard code & Self.isRepaired != 0, let method = PartRepair.Method(rawValue: code & 0x0F),
            let charset = PartRepair.Charset(rawValue: code >> 4 & 0x07)
        else { return nil }
        return PartRepair(method: method, charset: charset)
    }
}
