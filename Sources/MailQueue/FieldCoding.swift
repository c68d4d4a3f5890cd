/// Writes tagged, length-framed fields: no value can end another, whatever octets it holds.
struct FieldEncoder {
    private(set) var octets: [UInt8] = []

    init(version: UInt8) {
        octets.reserveCapacity(480)
        octets.append(version)
    }

    mutating func field(_ tag: UInt8, _ text: String?) {
        guard var text else { return }
        text.withUTF8 { append(tag, UnsafeRawBufferPointer($0)) }
    }

    mutating func field(_ tag: UInt8, _ value: [UInt8]) {
        value.withUnsafeBytes { append(tag, $0) }
    }

    mutating func field(_ tag: UInt8, _ number: Int64?) {
        guard let number else { return }
        withUnsafeBytes(of: number.littleEndian) { append(tag, $0) }
    }

    private mutating func append(_ tag: UInt8, _ value: UnsafeRawBufferPointer) {
        octets.append(tag)
        octets.appendLength(value.count)
        octets.append(contentsOf: value)
    }
}

extension [UInt8] {
    /// Seven bits an octet, least first; the high bit says that more follow.
    mutating func appendLength(_ length: Int) {
        var rest = UInt64(Swift.max(0, length))
        while rest >= 128 {
            append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

/// Reads what `FieldEncoder` wrote; damage ends the reading with an error value, never a trap.
struct FieldDecoder {
    struct Field {
        let tag: UInt8
        let value: UnsafeRawBufferPointer

        var text: String { String(decoding: value, as: UTF8.self) }
        var octets: [UInt8] { Array(value) }
        /// `nil` unless the value is eight octets.
        var number: Int64? { value.count == 8 ? Int64(littleEndian: value.loadUnaligned(as: Int64.self)) : nil }
    }

    let version: UInt8
    private let octets: UnsafeRawBufferPointer
    private var offset = 1
    /// Whether a length went past the end.
    private(set) var isDamaged = false

    /// - Returns: `nil` without even a version.
    init?(_ octets: UnsafeRawBufferPointer) {
        guard let version = octets.first else { return nil }
        self.version = version
        self.octets = octets
    }

    mutating func next() -> Field? {
        guard !isDamaged, offset < octets.count else { return nil }
        let tag = octets[offset]
        offset += 1
        guard let length = Self.length(in: octets, at: &offset), length <= octets.count - offset else {
            isDamaged = true
            return nil
        }
        defer { offset += length }
        return Field(tag: tag, value: UnsafeRawBufferPointer(rebasing: octets[offset..<(offset + length)]))
    }

    static func length(in octets: UnsafeRawBufferPointer, at offset: inout Int) -> Int? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            guard offset < octets.count else { return nil }
            let octet = octets[offset]
            offset += 1
            value |= UInt64(octet & 127) << shift
            if octet < 128 { return Int(value) }
        }
        return nil
    }
}
