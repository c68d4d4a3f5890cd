internal import MailModel

/// A piece of an exported message: the envelope comes with the first.
public struct ExportedPiece: Codable, Hashable, Sendable {
    public var queueID: String
    public var envelope: QueueEntry?
    /// As sent upstream; empty for the null reverse-path.
    public var reversePath: String?
    /// In base64.
    public var data: String

    enum CodingKeys: String, CodingKey {
        case queueID = "queue_id"
        case envelope
        case reversePath = "reverse_path"
        case data
    }

    public init(queueID: String, envelope: QueueEntry? = nil, reversePath: String? = nil, octets: [UInt8]) {
        self.queueID = queueID
        self.envelope = envelope
        self.reversePath = reversePath
        data = String(decoding: Base64.encode(octets), as: UTF8.self)
    }

    /// `nil` if what came is no base64.
    public var octets: [UInt8]? { Base64.decode(Array(data.utf8)) }
}
