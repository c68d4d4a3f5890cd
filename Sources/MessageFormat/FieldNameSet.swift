/// Some of the known field names; asking it costs less than hashing a name.
public struct FieldNameSet: Hashable, Sendable, ExpressibleByArrayLiteral {
    /// A bit for each case, in their order.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    public init() {}
    public init(arrayLiteral names: FieldName...) { self.init(names) }
    public init(_ names: some Sequence<FieldName>) {
        for name in names { insert(name) }
    }

    public func contains(_ name: FieldName) -> Bool {
        let (bit, isHigh) = Self.place(of: name)
        return (isHigh ? high : low) & bit != 0
    }

    /// - Returns: whether it was not there yet.
    @discardableResult
    public mutating func insert(_ name: FieldName) -> Bool {
        let (bit, isHigh) = Self.place(of: name)
        defer { if isHigh { high |= bit } else { low |= bit } }
        return (isHigh ? high : low) & bit == 0
    }

    private static func place(of name: FieldName) -> (bit: UInt64, isHigh: Bool) {
        (1 << UInt64(name.ordinal & 63), name.ordinal >= 64)
    }
}
