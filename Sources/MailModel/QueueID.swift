/// The name of an accepted message, for life: in the 250, in every log line, in the store, in `trace`.
///
/// 42 bits of milliseconds since 2020, then 21 bits that are random when a millisecond begins and count up within it. Printed as 13
/// digits of Crockford's base 32 in lower case, so that ids sort by age.
public struct QueueID: Hashable, Sendable, Comparable {
    /// 0 ..< 2^63; the row id in the store.
    public let value: Int64

    /// - Returns: `nil` for negative values.
    public init?(_ value: Int64) {
        guard value >= 0 else { return nil }
        self.value = value
    }

    /// Reads the printed form, in either case.
    public init?(parsing text: some StringProtocol) {
        guard text.utf8.count == 13 else { return nil }
        var value: UInt64 = 0
        for octet in text.utf8 {
            guard let digit = Self.digits.firstIndex(of: ASCII.lowercased(octet)) else { return nil }
            guard value >> 58 == 0 else { return nil }
            value = value << 5 | UInt64(digit)
        }
        guard value <= UInt64(Int64.max) else { return nil }
        self.value = Int64(value)
    }

    /// When it was made, to the millisecond.
    public var time: Timestamp { Timestamp(milliseconds: (value >> 21) + Self.epochMilliseconds) }

    public static func < (left: QueueID, right: QueueID) -> Bool { left.value < right.value }

    static let epochMilliseconds: Int64 = 1_577_836_800_000  // 2020-01-01T00:00:00Z
    static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}

extension QueueID: CustomStringConvertible {
    public var description: String {
        String(unsafeUninitializedCapacity: 13) { octets in
            for index in 0..<13 { octets.initializeElement(at: index, to: Self.digits[Int(value >> (60 - 5 * Int64(index))) & 31]) }
            return 13
        }
    }
}

/// Makes queue ids that are never repeated by this process, nor after a restart with the store's highest id as `floor`.
public struct QueueIDGenerator: Sendable {
    private var last: Int64

    /// - Parameter floor: the highest id ever used, or `nil`; a clock that was set back cannot make it again.
    public init(floor: QueueID? = nil) { last = floor?.value ?? 0 }

    /// - Parameters:
    ///   - now: the wall clock.
    ///   - random: any random bits; 20 of them start each new millisecond, so that cloned hosts differ.
    public mutating func next(now: Timestamp, random: UInt32) -> QueueID {
        let milliseconds = Swift.max(0, now.milliseconds - QueueID.epochMilliseconds) & 0x3FF_FFFF_FFFF
        let fresh = milliseconds << 21 | Int64(random & 0xF_FFFF)
        last = Swift.max(fresh, last &+ 1)
        return QueueID(last) ?? QueueID(unchecked: 0)
    }
}

extension QueueID {
    init(unchecked value: Int64) { self.value = value }
}
