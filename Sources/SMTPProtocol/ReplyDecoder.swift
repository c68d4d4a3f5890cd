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
        let kind = code / 100
        var rest = text
        guard [2, 4, 5].contains(kind), Self.takeNumber(&rest) == kind, rest.popFirst() == ASCII.dot,
            let subject = Self.takeNumber(&rest), rest.popFirst() == ASCII.dot, let detail = Self.takeNumber(&rest),
            rest.first == nil || rest.first == ASCII.space
        else { return nil }
        self.detail = StatusDetail(subject, detail)
        self.rest = rest.dropFirst()
    }

    /// One to three digits; a fourth is left to what follows.
    private static func takeNumber(_ text: inout ArraySlice<UInt8>) -> UInt16? {
        let digits = text.prefix(3).prefix(while: ASCII.isDigit)
        guard !digits.isEmpty else { return nil }
        text = text[digits.endIndex...]
        return digits.reduce(0) { $0 * 10 + UInt16($1 - ASCII.zero) }
    }
}
