internal import MailModel

/// Walks through a message line by line as it streams, keeping no more than one line and one MIME part's header.
///
/// It looks for what SES refuses in a body (a multipart that never starts, attachments it does not send) and for what a relay should not
/// have sent (findings).
struct BodyInspector {
    private(set) var findings: Set<SandboxFinding> = []
    /// The first reason to refuse; `finish` may add one.
    private(set) var problem: Reply?

    private var multiparts: [Multipart] = []
    /// The header of the MIME part that a delimiter just opened.
    private var partHeader: [UInt8]?
    private var partialLine: [UInt8] = []
    private var partialLength = 0

    private struct Multipart {
        /// `nil` if the Content-Type named none: then the first line with `--` is it, as in JavaMail.
        var boundary: [UInt8]?
        var hasStarted = false
    }

    private static let keptOfLine = 8 << 10
    private static let maximumPartHeader = 64 << 10
    private static let maximumMultiparts = 100

    /// Goes by the header of the message or of one of its parts.
    mutating func enterPart(_ fields: [HeaderField]) {
        do {
            try enter(fields)
        } catch {
            refuse(error.reply)
        }
    }

    private mutating func enter(_ fields: [HeaderField]) throws(HeaderProblem) {
        if let field = fields.first(where: { $0.isNamed("Content-Type") }) {
            let type = try MIMEValue(contentType: field.value)
            if type.isMultipart, multiparts.count < Self.maximumMultiparts { multiparts.append(Multipart(boundary: type.boundary)) }
            if let name = type.fileName("name"), let reply = RefusedAttachments.reply(to: name) { refuse(reply) }
        }
        if let field = fields.first(where: { $0.isNamed("Content-Disposition") }) {
            let disposition = try MIMEValue(disposition: field.value)
            if let name = disposition.fileName("filename"), let reply = RefusedAttachments.reply(to: name) { refuse(reply) }
        }
    }

    mutating func consume(_ chunk: ArraySlice<UInt8>) {
        var start = chunk.startIndex
        while let feed = chunk.firstOffset(of: ASCII.lineFeed, from: start) {
            take(chunk[start...feed])
            start = feed + 1
        }
        keep(chunk[start...])
    }

    mutating func finish() {
        if partialLength > 0 { take([]) }
        closePartHeader()
        if multiparts.contains(where: { !$0.hasStarted }) { refuse(.transactionFailed("Missing start boundary")) }
    }

    mutating func note(_ more: Set<SandboxFinding>) { findings.formUnion(more) }

    private mutating func refuse(_ reply: Reply) { problem = problem ?? reply }

    private mutating func keep(_ piece: ArraySlice<UInt8>) {
        partialLength += piece.count
        partialLine.append(contentsOf: piece.prefix(Swift.max(0, Self.keptOfLine - partialLine.count)))
    }

    private mutating func take(_ end: ArraySlice<UInt8>) {
        guard partialLength > 0 else { return inspect(end, length: end.count) }
        keep(end)
        let line = partialLine
        let length = partialLength
        partialLine.removeAll(keepingCapacity: true)
        partialLength = 0
        inspect(line[...], length: length)
    }

    /// - Parameter length: of the whole line with its end; of a long line only the beginning is here.
    private mutating func inspect(_ line: ArraySlice<UInt8>, length: Int) {
        if length > 1000 { findings.insert(.longLine) }
        if line.containsEightBit { findings.insert(.eightBitBody) }
        if line.firstOffset(of: ASCII.nul, from: line.startIndex) != nil { findings.insert(.nul) }
        let isWhole = line.count == length
        if isWhole, line.last == ASCII.lineFeed, line.dropLast().last != ASCII.carriageReturn { findings.insert(.bareLineFeed) }
        if let at = line.firstOffset(of: ASCII.carriageReturn, from: line.startIndex), isWhole || at < line.endIndex - 1,
            at + 2 != line.endIndex || line.last != ASCII.lineFeed
        {
            findings.insert(.bareCarriageReturn)
        }
        guard !multiparts.isEmpty else { return }
        let hyphen = ASCII.hyphen
        if line.count >= 2, line[line.startIndex] == hyphen, line[line.startIndex + 1] == hyphen, delimits(line) { return }
        guard let octets = partHeader?.count else { return }
        if line.elementsEqual(ASCII.crlf) || line.elementsEqual([ASCII.lineFeed]) || octets > Self.maximumPartHeader {
            closePartHeader()
        } else {
            partHeader?.append(contentsOf: line)
        }
    }

    private mutating func closePartHeader() {
        guard let header = partHeader else { return }
        partHeader = nil
        enterPart(HeaderField.parse(header[...]))
    }

    /// Whether the line, which begins with `--`, begins or ends a part.
    private mutating func delimits(_ line: ArraySlice<UInt8>) -> Bool {
        var text = line.dropFirst(2)
        while let last = text.last, ASCII.isBlank(last) || last == ASCII.carriageReturn || last == ASCII.lineFeed { text.removeLast() }
        for index in multiparts.indices.reversed() {
            let boundary = multiparts[index].boundary ?? Array(text)
            guard text.starts(with: boundary) else { continue }
            let rest = text.dropFirst(boundary.count)
            guard rest.isEmpty || rest.elementsEqual("--".utf8) else { continue }
            multiparts[index].boundary = boundary
            closePartHeader()
            if rest.isEmpty {
                multiparts[index].hasStarted = true
                partHeader = []
            }
            return true
        }
        return false
    }
}
