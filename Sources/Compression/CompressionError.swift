/// Why octets were not compressed or restored.
public enum CompressionError: Error, Hashable, Sendable {
    case outOfMemory
    /// They are not what `Deflate.compress` made of so many octets.
    case damaged
    /// They would be longer than the caller takes.
    case tooLong(limit: Int)
}

extension CompressionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outOfMemory: "there is no memory for compression"
        case .damaged: "compressed octets are damaged"
        case .tooLong(let limit): "compressed octets are longer than \(limit) when restored"
        }
    }
}
