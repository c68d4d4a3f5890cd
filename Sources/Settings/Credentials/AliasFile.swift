public import MailModel

/// The aliases: lines of `address: target, target`; `#` begins a comment line, and a line that begins with a blank goes on with
/// the one before.
public struct AliasFile: Hashable, Sendable {
    public struct Alias: Hashable, Sendable {
        public let address: Mailbox
        public internal(set) var targets: [Mailbox]
    }

    /// In the order of the file.
    public let aliases: [Alias]

    /// Reads what can be read; every other line is an error.
    public static func parse(_ octets: [UInt8], file: String) -> (file: AliasFile, problems: [Problem]) {
        var parser = AliasParser(file: file)
        for (index, line) in octets.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).enumerated() {
            parser.consume(line.last == ASCII.carriageReturn ? line.dropLast() : line, line: index + 1)
        }
        return (AliasFile(aliases: parser.aliases), parser.problems)
    }
}

private struct AliasParser {
    let file: String
    var aliases: [AliasFile.Alias] = []
    var problems: [Problem] = []
    private var firstLines: [Mailbox: Int] = [:]
    private var mayContinue = false

    init(file: String) { self.file = file }

    mutating func consume(_ line: ArraySlice<UInt8>, line number: Int) {
        guard let first = line.first(where: { !ASCII.isBlank($0) }), first != UInt8(ascii: "#") else { return }
        if let start = line.first, ASCII.isBlank(start) {
            if mayContinue {
                addTargets(line, number)
            } else {
                fail(number, "begins with a blank and so goes on with an alias, but there is none before it; write address: target")
            }
            return
        }
        mayContinue = false
        guard let colon = Self.first(ASCII.colon, in: line) else {
            return fail(number, "has no colon; write address: target, target")
        }
        guard let address = mailbox(line[..<colon], number) else { return }
        if let other = firstLines[address] {
            return fail(number, "gives \(address) again, first on line \(other); put all targets into one line")
        }
        firstLines[address] = number
        aliases.append(.init(address: address, targets: []))
        mayContinue = true
        let targets = line[line.index(after: colon)...]
        if targets.contains(where: { !ASCII.isBlank($0) }) {
            addTargets(targets, number)
        } else {
            fail(number, "gives \(address) no target; write address: target, target")
        }
    }

    private mutating func addTargets(_ text: ArraySlice<UInt8>, _ number: Int) {
        var rest = text
        while !rest.isEmpty {
            let end = Self.first(ASCII.comma, in: rest) ?? rest.endIndex
            let part = rest[..<end]
            rest = rest[end...].dropFirst()
            guard part.contains(where: { !ASCII.isBlank($0) }) else { continue }
            if let target = mailbox(part, number) { aliases[aliases.count - 1].targets.append(target) }
        }
    }

    private mutating func mailbox(_ text: ArraySlice<UInt8>, _ number: Int) -> Mailbox? {
        var text = text.drop(while: ASCII.isBlank)
        while let last = text.last, ASCII.isBlank(last) { text.removeLast() }
        do {
            return try Mailbox(parsing: text)
        } catch {
            fail(
                number,
                "\(quoted(String(decoding: text, as: UTF8.self))) is not an address: \(error.explanation); "
                    + "write whole addresses, anna@corp.example")
            return nil
        }
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
