public import MailModel

/// Reads a server's replies (RFC 5321 §4.2) from a stream that may be hostile: every length is bounded, and what does not fit is a
/// typed error (CVE-2020-8794 was a multi-line reply).
public struct ReplyDecoder: Hashable, Sendable {
    public enum Fault: Error, Hashable, Sendable {
        /// A line over 2048 octets.
        case lineTooLong
        /// More than 100 lines or 64 KiB.
        case tooLong
        /// No code from 200 to 599, or something other than space, hyphen or the line's end behind it.
        case malformedCode
        case codeChanged
        case bareLineFeed
    }

    public enum Step: Hashable, Sendable {
        /// All input was taken.
        case needsMoreInput
        /// What follows the first `consumed` octets belongs to another reply.
        case reply(Reply, consumed: Int)
        /// The connection is of no more use.
        case failure(Fault)
    }

    private var line: [UInt8] = []
    private var texts: [ArraySlice<UInt8>] = []
    private var code: UInt16?
    private var total = 0

    public init() {}

    public mutating func decode(_ input: UnsafeRawBufferPointer) -> Step {
        var start = 0
        while start < input.count {
            let lineFeed = Octets.firstLineFeed(in: input, from: start)
            let end = lineFeed.map { $0 + 1 } ?? input.count
            total += end - start
            guard line.count + end - start <= 2048 else { return fail(.lineTooLong) }
            guard total <= 65_536 else { return fail(.tooLong) }
            line.append(contentsOf: input[start..<end])
            start = end
            guard lineFeed != nil else { break }
            do {
                if let reply = try takeLine() { return .reply(reply, consumed: end) }
            } catch {
                return fail(error)
            }
        }
        return .needsMoreInput
    }

    /// - Returns: the reply, if this was its last line.
    private mutating func takeLine() throws(Fault) -> Reply? {
        guard line.count >= 2, line[line.count - 2] == ASCII.carriageReturn else { throw .bareLineFeed }
        let text = line.dropLast(2)
        guard text.count >= 3, let value = Decimal.parse(text.prefix(3)), (200...599).contains(value) else { throw .malformedCode }
        let separator = text.dropFirst(3).first ?? ASCII.space
        guard separator == ASCII.space || separator == ASCII.hyphen else { throw .malformedCode }
        guard code == nil || code == UInt16(value) else { throw .codeChanged }
        guard texts.count < 100 else { throw .tooLong }
        code = UInt16(value)
        texts.append(text.dropFirst(4))
        line = []
        guard separator == ASCII.space else { return nil }
        let reply = Self.assemble(UInt16(value), texts)
        self = ReplyDecoder()
        return reply
    }

    private mutating func fail(_ fault: Fault) -> Step {
        self = ReplyDecoder()
        return .failure(fault)
    }

    /// Moves an enhanced status code (RFC 2034) of the right class out of the text. One of another class stays text: the first digit
    /// of the reply decides (RFC 5321 §4.3.2).
    private static func assemble(_ code: UInt16, _ texts: [ArraySlice<UInt8>]) -> Reply {
        let status = texts.first.flatMap { StatusPrefix($0, code: code) }
        let lines = texts.map { text in
            let own = StatusPrefix(text, code: code)
            return PrintableText.sanitized(own != nil && own?.detail == status?.detail ? own?.rest ?? text : text, limit: 500)
        }
        return Reply(code, status?.detail, lines)
    }
}

/// `2.1.5 ` at the head of a reply's text.
private struct StatusPrefix {
    let detail: StatusDetail
    let rest: ArraySlice<UInt8>

    init?(_ text: ArraySlice<UInt8>, code: UInt16) {
        let word = text.prefix { $0 != ASCII.space }
        let parts = word.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard parts.count == 3, [2, 4, 5].contains(code / 100), Decimal.parse(parts[0]) == Int(code / 100),
            parts[1].count <= 3, let subject = Decimal.parse(parts[1]), parts[2].count <= 3, let detail = Decimal.parse(parts[2])
        else { return nil }
        self.detail = StatusDetail(UInt16(subject), UInt16(detail))
        rest = text[word.endIndex...].dropFirst()
    }
}
