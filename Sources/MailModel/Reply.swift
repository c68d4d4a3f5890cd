/// An enhanced status code without its class (RFC 3463): the class is the first digit of the reply code, and is stored there.
public struct StatusDetail: Hashable, Sendable {
    public let subject: UInt16
    public let detail: UInt16

    public init(_ subject: UInt16, _ detail: UInt16) {
        self.subject = subject
        self.detail = detail
    }
}

/// A server's answer to a command (RFC 5321 §4.2): a code, an enhanced status code where one belongs, and lines of text.
public struct Reply: Hashable, Sendable {
    /// Three digits, 200 to 599.
    public let code: UInt16
    /// `nil` for greetings, EHLO, 3yz, and for servers without ENHANCEDSTATUSCODES.
    public let status: StatusDetail?
    /// Printable ASCII, at least one line, none longer than 500 octets.
    public let lines: [String]

    /// Octets that are not printable ASCII become `?`; lines are cut at 500 octets (RFC 5321 §4.5.3.1.5 allows 512 with the code).
    public init(_ code: UInt16, _ status: StatusDetail? = nil, _ lines: [String]) {
        self.code = Swift.min(Swift.max(code, 200), 599)
        self.status = status
        let texts = lines.isEmpty ? [""] : lines
        self.lines = texts.map { text in
            let isClean = text.utf8.count <= 500 && text.utf8.allSatisfy(ASCII.isPrintable)
            return isClean ? text : PrintableText.sanitized(text.utf8, limit: 500)
        }
    }

    public init(_ code: UInt16, _ status: StatusDetail? = nil, _ text: String) {
        self.init(code, status, [text])
    }

    /// 2yz: the other side did it.
    public var isPositive: Bool { code < 300 }
    /// 3yz: the other side waits for more.
    public var isIntermediate: Bool { (300..<400).contains(code) }
    /// 4yz: the same again later may work.
    public var isTransient: Bool { (400..<500).contains(code) }
    /// 5yz: the same again will not work.
    public var isPermanent: Bool { code >= 500 }

    /// `2.1.5`, or `nil` where there is none.
    public var enhancedStatus: String? { status.map { "\(code / 100).\($0.subject).\($0.detail)" } }

    /// The text on one line, as logs and operators see it: `550 5.1.1 No such user`.
    public var oneLine: String {
        let text = lines.joined(separator: " ")
        return enhancedStatus.map { "\(code) \($0) \(text)" } ?? "\(code) \(text)"
    }

    /// Every line with its code and CRLF, the last one with a space after the code.
    public var wireOctets: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(lines.reduce(0) { $0 + $1.utf8.count + 24 })
        for (index, line) in lines.enumerated() {
            octets.appendDecimal(Int(code))
            octets.append(index == lines.count - 1 ? ASCII.space : ASCII.hyphen)
            if let status {
                octets.appendDecimal(Int(code / 100))
                octets.append(ASCII.dot)
                octets.appendDecimal(Int(status.subject))
                octets.append(ASCII.dot)
                octets.appendDecimal(Int(status.detail))
                octets.append(ASCII.space)
            }
            octets.append(contentsOf: line.utf8)
            octets.append(contentsOf: ASCII.crlf)
        }
        return octets
    }
}

extension Reply: CustomStringConvertible {
    public var description: String { oneLine }
}
