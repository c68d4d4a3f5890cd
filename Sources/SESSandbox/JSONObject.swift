internal import MailModel

/// Writes one flat JSON object (RFC 8259) on one line.
struct JSONObject {
    private var text: [UInt8] = [UInt8(ascii: "{")]

    var octets: [UInt8] { text + [UInt8(ascii: "}")] }

    mutating func add(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        begin(key)
        append(quoted: value)
    }

    mutating func add(_ key: StaticString, _ value: Int?) {
        guard let value else { return }
        begin(key)
        text.append(contentsOf: String(value).utf8)
    }

    mutating func add(_ key: StaticString, _ values: [String]) {
        begin(key)
        text.append(ASCII.leftBracket)
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(ASCII.comma) }
            append(quoted: value)
        }
        text.append(ASCII.rightBracket)
    }

    private mutating func begin(_ key: StaticString) {
        if text.count > 1 { text.append(ASCII.comma) }
        text.append(ASCII.quote)
        key.withUTF8Buffer { text.append(contentsOf: $0) }
        text.append(ASCII.quote)
        text.append(ASCII.colon)
    }

    private mutating func append(quoted value: String) {
        text.append(ASCII.quote)
        for octet in value.utf8 {
            switch octet {
            case ASCII.quote, ASCII.backslash:
                text.append(ASCII.backslash)
                text.append(octet)
            case 0..<32:
                let digits = Array("0123456789abcdef".utf8)
                text.append(contentsOf: "\\u00".utf8)
                text.append(digits[Int(octet >> 4)])
                text.append(digits[Int(octet & 15)])
            default: text.append(octet)
            }
        }
        text.append(ASCII.quote)
    }
}
