/// A row as SQLite stores it: a header of types, then the values. Every length in it may be wrong.
struct StoredRecord {
    enum Value {
        case null
        case integer(Int64)
        case octets(ArraySlice<UInt8>)

        var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
        var octets: [UInt8]? { if case .octets(let value) = self { Array(value) } else { nil } }
        var isNull: Bool { if case .null = self { true } else { false } }
    }

    let values: [Value]

    /// - Returns: `nil` if this is no record.
    init?(_ payload: [UInt8]) {
        guard let (headerSize, first) = Self.variableInteger(payload, 0), headerSize >= first, headerSize <= payload.count else {
            return nil
        }
        var place = first
        var body = Int(headerSize)
        var values: [Value] = []
        while place < Int(headerSize) {
            guard let (type, next) = Self.variableInteger(payload, place), next <= Int(headerSize) else { return nil }
            place = next
            let length: Int
            switch type {
            case 0, 8, 9: length = 0
            case 1...4: length = Int(type)
            case 5: length = 6
            case 6, 7: length = 8
            case 12...: length = Int((type - 12) / 2)
            default: return nil
            }
            guard length <= payload.count - body else { return nil }
            let octets = payload[body..<body + length]
            body += length
            switch type {
            case 0: values.append(.null)
            case 8: values.append(.integer(0))
            case 9: values.append(.integer(1))
            case 7: return nil  // a floating point number: not in our tables
            case 1...6:
                let negative = (octets.first ?? 0) & 0x80 != 0
                values.append(.integer(octets.reduce(negative ? -1 : 0) { $0 << 8 | Int64($1) }))
            default: values.append(.octets(octets))
            }
            guard values.count <= 20 else { return nil }
        }
        guard body == payload.count else { return nil }
        self.values = values
    }

    /// - Returns: the value, and where what follows begins.
    static func variableInteger(_ octets: [UInt8], _ place: Int) -> (value: Int64, next: Int)? {
        var value: UInt64 = 0
        for index in 0..<9 {
            guard place >= 0, place + index < octets.count else { return nil }
            let octet = octets[place + index]
            if index == 8 { return (Int64(bitPattern: value << 8 | UInt64(octet)), place + 9) }
            value = value << 7 | UInt64(octet & 0x7F)
            if octet & 0x80 == 0 { return (Int64(bitPattern: value), place + index + 1) }
        }
        return nil
    }
}
