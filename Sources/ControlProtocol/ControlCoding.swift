internal import Foundation

/// JSON as it goes over the control socket and out of `--json`: one line, keys in a fixed order, slashes as they are.
public enum ControlCoding {
    /// The longest request that the daemon reads.
    public static let longestRequest = 64 << 10

    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from line: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(line))
    }
}
