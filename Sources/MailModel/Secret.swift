/// Octets that must not be seen: however it is printed, interpolated or dumped, it says `<redacted>`.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The octets themselves, for the one place that needs them.
    public let exposed: [UInt8]

    public init(_ octets: [UInt8]) { exposed = octets }

    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
