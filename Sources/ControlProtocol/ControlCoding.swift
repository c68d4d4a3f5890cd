internal import Foundation

/// JSON as it goes over the control socket and out of `--json`: one line of printable ASCII, keys in a fixed order, slashes as they are.
public enum ControlCoding {
    /// The longest request that the daemon reads.
    public static let longestRequest = 64 << 10

    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return inASCII([UInt8](try encoder.encode(value)))
    }

    /// Everything else is escaped, so that no character of a message's moves or colours an operator's terminal.
    private static func inASCII(_ json: [UInt8]) -> [UInt8] {
        if json.allSatisfy({ $0 < 127 }) { return json }
        var escaped: [UInt8] = []
        for unit in String(decoding: json, as: UTF8.self).utf16 {
            if unit < 127 {
                escaped.append(UInt8(unit))
            } else {
                let digits = String(unit, radix: 16)
                escaped += Array("\\u".utf8) + [UInt8](repeating: UInt8(ascii: "0"), count: 4 - digits.utf8.count) + digits.utf8
            }
        }
        return escaped
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from line: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(line))
    }
}
