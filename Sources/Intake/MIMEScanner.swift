internal import MailModel
internal import MessageFormat

/// What a scan of a body finds, in order. Every octet of the body comes exactly once.
protocol MIMESink {
    /// A body part begins; all of its header, with the empty line if there is one.
    ///
    /// - Parameter isSealed: it is, or lies in, something signed or encrypted.
    mutating func part(_ header: PartHeader, content: ContentHeader, isSealed: Bool)
    /// Content of the part, or of the message itself, that began last; without the line end before a delimiter.
    mutating func content(_ octets: UnsafeRawBufferPointer)
    /// The content is complete.
    mutating func endOfContent()
    /// Delimiters, and what nobody reads: preamble and epilogue.
    mutating func frame(_ octets: UnsafeRawBufferPointer)
    /// A line of more than 998 octets was part of what came last, or is part of what comes next.
    mutating func longLine()
}

/// The header of a body part as it came, and as far as it can be read.
struct PartHeader {
    let octets: [UInt8]
    /// `nil` if it cannot be read.
    let block: HeaderBlock?
    let endsInEmptyLine: Bool
}

/// Finds the parts of a MIME body while it streams by (RFC 2046 §5.1), as leniently as mail programs do: what is malformed is content.
///
/// No recursion: nesting is a stack of at most 100. How the body is cut into pieces changes nothing. Memory is one line and one header
/// of a part.
struct MIMEScanner {
    enum Failure: Error, Hashable {
        case nesting, parts, partHeader
        /// Not one delimiter of a multipart: Amazon SES refuses such a message.
        case unstarted
    }

    private struct Level {
        /// `nil` where the header names none: all is content then, and any line `--…` may be a delimiter.
        let boundary: [UInt8]?
        let isDigest: Bool
        let isSealed: Bool
        /// Enclosing multiparts and messages.
        let depth: Int
        var hasStarted = false
    }

    private enum Place { case header, content, frame }

    private var levels: [Level] = []
    private var place: Place
    private var depth = 0
    private var parts = 0
    private var isInDigest = false
    private var isSealed: Bool
    private(set) var failure: Failure?

    /// The beginning of a line that goes on in the next piece.
    private var carry: [UInt8] = []
    /// The line was too long to be carried: what comes next is its continuation.
    private var isMidLine = false
    private var midLineLength = 0
    /// A line end was content, unless a delimiter follows.
    private var owesLineEnd = false
    private var header: [UInt8] = []

    static let deepest = 100
    static let mostParts = 10_000
    /// A delimiter is never longer.
    private static let longestCarry = 2048
    private static let longestLine = 998

    /// - Parameter content: what the header of the message says.
    init(content: ContentHeader) {
        isSealed = content.isSealed
        place = .content
        enter(content)
    }

    mutating func feed(_ chunk: UnsafeRawBufferPointer, to sink: inout some MIMESink) {
        var rest = chunk
        if !carry.isEmpty {
            guard let end = LineFeeds.next(in: rest, from: 0) else { return keep(rest, &sink) }
            var line = carry
            carry = []
            line.append(contentsOf: rest[...end])
            line.withUnsafeBytes { process($0, &sink) }
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
        var end = rest.count
        while end > 0, rest[end - 1] != ASCII.lineFeed { end -= 1 }
        process(UnsafeRawBufferPointer(rebasing: rest[..<end]), &sink)
        keep(UnsafeRawBufferPointer(rebasing: rest[end...]), &sink)
    }

    /// To be called once, after the last piece.
    mutating func finish(to sink: inout some MIMESink) {
        let last = carry
        carry = []
        last.withUnsafeBytes { if !$0.isEmpty { process($0, &sink) } }
        if place == .header { beginPart(endsInEmptyLine: false, &sink) }
        payLineEnd(&sink)
        if place == .content { sink.endOfContent() }
        leave(from: 0)
    }

    /// Forgets the multiparts from that level on.
    private mutating func leave(from index: Int) {
        guard index < levels.count else { return }
        if levels[index...].contains(where: { !$0.hasStarted }) { failure = failure ?? .unstarted }
        levels.removeSubrange(index...)
    }

    /// The octets of a line whose end has not come.
    private mutating func keep(_ octets: UnsafeRawBufferPointer, _ sink: inout some MIMESink) {
        guard !octets.isEmpty else { return }
        carry.append(contentsOf: octets)
        guard place != .header else {
            if carry.count > HeaderLimits().octets { failure = failure ?? .partHeader }
            if failure != nil { carry = [] }
            return
        }
        guard carry.count > Self.longestCarry else { return }
        let line = carry
        carry = [line[line.count - 1]]  // a CR may belong to a line end
        line.withUnsafeBytes { whole in
            let part = UnsafeRawBufferPointer(rebasing: whole.dropLast())
            midLineLength += part.count
            if midLineLength > Self.longestLine { sink.longLine() }
            write(part, &sink)
        }
        isMidLine = true
    }

    /// Takes whole lines; after the last piece, also one without its end.
    private mutating func process(_ lines: UnsafeRawBufferPointer, _ sink: inout some MIMESink) {
        var written = 0  // up to here all is handed on
        var start = 0
        while start < lines.count {
            let end = LineFeeds.next(in: lines, from: start).map { $0 + 1 } ?? lines.count
            let isWhole = !isMidLine
            if end - start + midLineLength > Self.longestLine + 2 { sink.longLine() }
            isMidLine = false
            midLineLength = 0
            guard failure == nil else { return }
            if isWhole, !levels.isEmpty, end - start > 2, lines[start] == ASCII.hyphen, lines[start + 1] == ASCII.hyphen,
                let delimiter = delimiter(in: lines, start..<end)
            {
                write(UnsafeRawBufferPointer(rebasing: lines[written..<start]), &sink)
                close(at: delimiter.level, isLast: delimiter.isLast, line: UnsafeRawBufferPointer(rebasing: lines[start..<end]), &sink)
                written = end
            } else if place == .header {
                let isHeader = takeHeaderLine(UnsafeRawBufferPointer(rebasing: lines[start..<end]), &sink)
                written = isHeader ? end : start
                if !isHeader { continue }  // it is looked at again where it belongs: it may be a delimiter of what has just begun
            }
            start = end
        }
        write(UnsafeRawBufferPointer(rebasing: lines[written...]), &sink)
    }

    private mutating func write(_ octets: UnsafeRawBufferPointer, _ sink: inout some MIMESink) {
        guard !octets.isEmpty else { return }
        guard place == .content else { return sink.frame(octets) }
        payLineEnd(&sink)
        var end = octets.count
        if !levels.isEmpty, end >= 2, octets[end - 1] == ASCII.lineFeed, octets[end - 2] == ASCII.carriageReturn {
            end -= 2
            owesLineEnd = true
        }
        if end > 0 { sink.content(UnsafeRawBufferPointer(rebasing: octets[..<end])) }
    }

    private mutating func payLineEnd(_ sink: inout some MIMESink) {
        guard owesLineEnd else { return }
        owesLineEnd = false
        ASCII.crlf.withUnsafeBytes { sink.content($0) }
    }

    // MARK: Delimiters

    private mutating func delimiter(in lines: UnsafeRawBufferPointer, _ line: Range<Int>) -> (level: Int, isLast: Bool)? {
        var end = line.upperBound
        while end > line.lowerBound, lines[end - 1] <= ASCII.space { end -= 1 }  // line end and blanks
        let text = UnsafeRawBufferPointer(rebasing: lines[(line.lowerBound + 2)..<max(end, line.lowerBound + 2)])
        for index in levels.indices.reversed() {
            guard let boundary = levels[index].boundary else { continue }
            guard text.count == boundary.count || text.count == boundary.count + 2, text.starts(with: boundary) else { continue }
            if text.count == boundary.count { return (index, false) }
            if text[text.count - 1] == ASCII.hyphen, text[text.count - 2] == ASCII.hyphen { return (index, true) }
        }
        if !text.isEmpty, let last = levels.indices.last, levels[last].boundary == nil { levels[last].hasStarted = true }
        return nil
    }

    private mutating func close(at index: Int, isLast: Bool, line: UnsafeRawBufferPointer, _ sink: inout some MIMESink) {
        if place == .header { beginPart(endsInEmptyLine: false, &sink) }
        if place == .content { sink.endOfContent() }
        if owesLineEnd {
            owesLineEnd = false
            ASCII.crlf.withUnsafeBytes { sink.frame($0) }
        }
        sink.frame(line)
        if !isLast { levels[index].hasStarted = true }
        let level = levels[index]
        leave(from: isLast ? index : index + 1)
        place = isLast ? .frame : .header
        depth = level.depth
        isInDigest = level.isDigest
        isSealed = level.isSealed
    }

    // MARK: Headers of parts

    /// - Returns: whether the line is part of the header; otherwise the content begins with it.
    private mutating func takeHeaderLine(_ line: UnsafeRawBufferPointer, _ sink: inout some MIMESink) -> Bool {
        if line[0] == ASCII.lineFeed || (line[0] == ASCII.carriageReturn && line.count == 2) {
            header.append(contentsOf: line)
            beginPart(endsInEmptyLine: true, &sink)
            return true
        }
        guard ASCII.isBlank(line[0]) ? !header.isEmpty : Self.isField(line) else {
            beginPart(endsInEmptyLine: false, &sink)
            return false
        }
        header.append(contentsOf: line)
        if header.count > HeaderLimits().octets { failure = failure ?? .partHeader }
        return true
    }

    private static func isField(_ line: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < line.count, line[index] > ASCII.space, line[index] < 127, line[index] != ASCII.colon { index += 1 }
        guard index > 0 else { return false }
        while index < line.count, ASCII.isBlank(line[index]) { index += 1 }
        return index < line.count && line[index] == ASCII.colon
    }

    private mutating func beginPart(endsInEmptyLine: Bool, _ sink: inout some MIMESink) {
        let octets = header
        header = []
        let fields = endsInEmptyLine ? Array(octets.dropLast(2)) : octets
        var limits = HeaderLimits()
        limits.lineOctets = limits.octets
        let block = try? HeaderBlock(parsing: fields, limits: limits)
        let content = ContentHeader(block ?? HeaderBlock(), isInDigest: isInDigest)
        if content.isSealed { isSealed = true }
        parts += 1
        if parts > Self.mostParts { failure = failure ?? .parts }
        sink.part(PartHeader(octets: octets, block: block, endsInEmptyLine: endsInEmptyLine), content: content, isSealed: isSealed)
        enter(content)
    }

    /// Goes into what the header announced.
    private mutating func enter(_ content: ContentHeader) {
        isInDigest = false
        switch content.structure {
        case .leaf:
            place = .content
            return
        case .message: place = .header
        case .multipart(let boundary):
            place = .frame
            push(boundary, content)
        case .multipartWithoutBoundary:
            place = .content
            push(nil, content)
        }
        depth += 1
        if depth > Self.deepest { failure = failure ?? .nesting }
    }

    private mutating func push(_ boundary: [UInt8]?, _ content: ContentHeader) {
        levels.append(
            Level(
                boundary: boundary, isDigest: content.mediaType.equalsIgnoringCase("multipart/digest"), isSealed: isSealed,
                depth: depth + 1))
    }
}

/// Finds line feeds eight octets at a time.
enum LineFeeds {
    static func next(in octets: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = octets.baseAddress else { return nil }
        var index = start
        while index + 8 <= octets.count {
            let none = PackedOctets.differing(base.loadUnaligned(fromByteOffset: index, as: UInt64.self), from: ASCII.lineFeed)
            let found = ~none & PackedOctets.flags
            if found != 0 { return index + found.littleEndian.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < octets.count {
            if octets[index] == ASCII.lineFeed { return index }
            index += 1
        }
        return nil
    }
}
