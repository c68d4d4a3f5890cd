public import MailModel

/// The aliases as a file has them: lines of `address: target, target` and `@domain: target`. A target may be `:include:/path`, a file with
/// an address on each line. `#` begins a comment line, and a line that begins with a blank goes on with the one before.
public struct AliasFile: Hashable, Sendable {
    /// In the order of the file.
    public internal(set) var entries: [AliasTable.Entry] = []
    /// Where each of them begins.
    public internal(set) var lines: [Int] = []

    /// More are refused.
    public static let mostEntries = 100_000

    /// The content of a file, or why it cannot be had: what is wrong; what to do.
    public typealias Include = (String) -> Result<[UInt8], IncludeFailure>

    public struct IncludeFailure: Error, Hashable, Sendable {
        public let text: String
    }

    /// Reads what can be read; every other line is an error.
    public static func parse(_ octets: [UInt8], file: String, include: Include) -> (file: AliasFile, problems: [Problem]) {
        var parser = AliasParser(file: file)
        for (number, line) in AliasParser.lines(of: octets) { parser.consume(line, line: number, include: include) }
        return (parser.result, parser.problems)
    }
}

private struct AliasParser {
    let file: String
    var result = AliasFile()
    var problems: [Problem] = []
    private var firstLines: [AliasTable.Name: Int] = [:]
    private var mayContinue = false
    private var isFull = false

    init(file: String) { self.file = file }

    /// Comments and empty lines are left out.
    static func lines(of octets: [UInt8]) -> [(number: Int, text: ArraySlice<UInt8>)] {
        octets.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            let line = line.last == ASCII.carriageReturn ? line.dropLast() : line
            guard let first = line.first(where: { !ASCII.isBlank($0) }), first != UInt8(ascii: "#") else { return nil }
            return (index + 1, line)
        }
    }

    mutating func consume(_ line: ArraySlice<UInt8>, line number: Int, include: AliasFile.Include) {
        if let start = line.first, ASCII.isBlank(start) {
            if mayContinue {
                addTargets(line, number, include)
            } else {
                fail(number, "begins with a blank and so goes on with an alias, but there is none before it; write address: target")
            }
            return
        }
        mayContinue = false
        guard let colon = Self.first(ASCII.colon, in: line) else {
            return fail(number, "has no colon; write address: target, target")
        }
        guard let name = name(line[..<colon], number) else { return }
        if let other = firstLines[name.folded] {
            return fail(number, "gives \(name) again, first on line \(other); put all targets into one line")
        }
        firstLines[name.folded] = number
        guard result.entries.count < AliasFile.mostEntries else {
            if !isFull { fail(number, "is one too many: there are more than \(AliasFile.mostEntries) aliases") }
            isFull = true
            return
        }
        result.entries.append(AliasTable.Entry(name: name, targets: []))
        result.lines.append(number)
        mayContinue = true
        let targets = line[line.index(after: colon)...]
        if targets.contains(where: { !ASCII.isBlank($0) }) {
            addTargets(targets, number, include)
        } else {
            fail(number, "gives \(name) no target; write address: target, target")
        }
    }

    private mutating func name(_ text: ArraySlice<UInt8>, _ number: Int) -> AliasTable.Name? {
        let text = Self.trimmed(text)
        guard text.first == ASCII.at else { return mailbox(text, in: file, number).map(AliasTable.Name.address) }
        do {
            return .catchAll(try Domain(text.dropFirst()))
        } catch {
            fail(
                number,
                "\(quoted(String(decoding: text, as: UTF8.self))) is no catch-all: \(error.explanation); write @ and a domain, @mail.example.com"
            )
            return nil
        }
    }

    private mutating func addTargets(_ text: ArraySlice<UInt8>, _ number: Int, _ include: AliasFile.Include) {
        var rest = text
        while !rest.isEmpty {
            let end = Self.first(ASCII.comma, in: rest) ?? rest.endIndex
            let part = Self.trimmed(rest[..<end])
            rest = rest[end...].dropFirst()
            if part.isEmpty { continue }
            if part.starts(with: ":include:".utf8) {
                addIncluded(String(decoding: Self.trimmed(part.dropFirst(9)), as: UTF8.self), number, include)
            } else if let target = mailbox(part, in: file, number) {
                add(target)
            }
        }
    }

    private mutating func addIncluded(_ path: String, _ number: Int, _ include: AliasFile.Include) {
        guard !path.isEmpty, !path.utf8.contains(0) else { return fail(number, "names no file; write :include:/path") }
        switch include(path) {
        case .failure(let failure): fail(number, "cannot include \(PrintableText.sanitized(path.utf8, limit: 400)): \(failure.text)")
        case .success(let octets):
            let lines = Self.lines(of: octets)
            if lines.isEmpty { fail(number, "includes \(path), which has no address; write one on each line") }
            for (line, text) in lines {
                if let target = mailbox(text, in: path, line) { add(target) }
            }
        }
    }

    /// One more than may be kept, so that the table finds it is too many.
    private mutating func add(_ target: Mailbox) {
        let last = result.entries.count - 1
        if result.entries[last].targets.count <= AliasTable.mostTargets { result.entries[last].targets.append(target) }
    }

    private mutating func mailbox(_ text: ArraySlice<UInt8>, in file: String, _ number: Int) -> Mailbox? {
        do {
            let mailbox = try Mailbox(parsing: Self.trimmed(text))
            guard !mailbox.localPart.octets.contains(where: { $0 == ASCII.colon || $0 == ASCII.at }) else {
                problems.append(
                    Problem(
                        .error, file: file, line: number,
                        "\(mailbox): Amazon SES takes no ':' or '@' before the '@'; choose another address"))
                return nil
            }
            return mailbox
        } catch {
            let words = quoted(String(decoding: Self.trimmed(text), as: UTF8.self))
            problems.append(
                Problem(
                    .error, file: file, line: number,
                    "\(words) is not an address: \(error.explanation); write whole addresses, anna@corp.example"))
            return nil
        }
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text.drop(while: ASCII.isBlank)
        while let last = text.last, ASCII.isBlank(last) { text.removeLast() }
        return text
    }

    /// The first separator that is not inside quotes.
    private static func first(_ separator: UInt8, in line: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        var isEscaped = false
        for (index, octet) in zip(line.indices, line) {
            if isEscaped {
                isEscaped = false
            } else if octet == ASCII.backslash {
                isEscaped = isQuoted
            } else if octet == ASCII.quote {
                isQuoted.toggle()
            } else if octet == separator, !isQuoted {
                return index
            }
        }
        return nil
    }

    private mutating func fail(_ line: Int, _ message: String) {
        problems.append(Problem(.error, file: file, line: line, message))
    }
}

extension AliasTable.Name {
    /// In lower case: case does not count.
    fileprivate var folded: AliasTable.Name {
        guard case .address(let mailbox) = self,
            let localPart = try? LocalPart(unquoted: mailbox.localPart.octets.map(ASCII.lowercased))
        else { return self }
        return .address(Mailbox(localPart: localPart, domain: mailbox.domain))
    }
}
