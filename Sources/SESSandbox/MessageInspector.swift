internal import MailModel

/// Takes a message as it streams past and says at its end what SES would say of it. Holds the header, never the body.
struct MessageInspector {
    private let maximumHeaderOctets: Int
    private var header: [UInt8] = []
    private var headerIsTooLong = false
    private var isInBody = false
    private var endsLine = true
    private var fields: [HeaderField] = []
    private var body = BodyInspector()
    private var size = 0

    init(maximumHeaderOctets: Int) { self.maximumHeaderOctets = maximumHeaderOctets }

    mutating func consume(_ chunk: ArraySlice<UInt8>) {
        size += chunk.count
        var rest = chunk
        while !isInBody, !rest.isEmpty {
            let end = (rest.firstOffset(of: ASCII.lineFeed, from: rest.startIndex)).map { $0 + 1 } ?? rest.endIndex
            takeHeader(rest[rest.startIndex..<end])
            rest = rest[end...]
        }
        if isInBody { body.consume(rest) }
    }

    mutating func finish() -> InspectedMessage {
        if !isInBody { endHeader() }
        body.finish()
        let section = header[...]
        let problem = headerIsTooLong ? .transactionFailed("Header section too long") : HeaderCheck.problem(in: fields) ?? body.problem
        var findings = HeaderCheck.findings(in: fields, section: section)
        findings.formUnion(body.findings)
        return InspectedMessage(
            fields: fields, headerOctets: header.count, size: size, findings: findings, problem: problem)
    }

    private mutating func takeHeader(_ piece: ArraySlice<UInt8>) {
        // An empty line, which may have come in two pieces.
        let lineStart = endsLine ? header.count : header.lastIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? 0
        guard header.count + piece.count <= maximumHeaderOctets else {
            headerIsTooLong = true
            return endHeader()
        }
        header.append(contentsOf: piece)
        endsLine = piece.last == ASCII.lineFeed
        guard endsLine else { return }
        let line = header[lineStart...]
        if line.elementsEqual(ASCII.crlf) || line.elementsEqual([ASCII.lineFeed]) { endHeader() }
    }

    private mutating func endHeader() {
        isInBody = true
        fields = HeaderField.parse(header[...])
        // Line ends, NUL and length are judged alike in header and body; the octets above 127 are told apart.
        var lines = BodyInspector()
        lines.consume(header[...])
        lines.finish()
        body.note(lines.findings.subtracting([.eightBitBody]))
        body.enterPart(fields)
    }
}

/// What is known of a message once all of it went past.
struct InspectedMessage: Sendable {
    var fields: [HeaderField]
    /// Where the body begins in what was submitted.
    var headerOctets: Int
    var size: Int
    var findings: Set<SandboxFinding>
    /// Why SES refuses it whatever account it is sent from.
    var problem: Reply?

    func first(_ name: StaticString) -> HeaderField? { fields.first { $0.isNamed(name) } }
}
