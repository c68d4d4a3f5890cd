internal import MailModel

/// Gives those addresses of a field a domain that are written without one, as programs write users of their host: `root (Cron Daemon)`.
///
/// Everything else stays octet for octet. It looks at each octet once and judges no syntax: whether the result is a list of addresses, its
/// parser says. Two words with no address behind them are no user.
struct AddressQualifier {
    private let value: ArraySlice<UInt8>
    private var insertions: [Int] = []

    // Of the element under way.
    private var words = 0
    private var endOfWord = 0
    private var hasAt = false
    private var isInAngle = false
    private var isSettled = false

    /// - Returns: `nil` if every address has a domain.
    static func qualified(_ value: ArraySlice<UInt8>, with domain: Domain) -> [UInt8]? {
        var qualifier = AddressQualifier(value)
        qualifier.scan()
        guard !qualifier.insertions.isEmpty else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(value.count + qualifier.insertions.count * (domain.octets.count + 1))
        var start = value.startIndex
        for end in qualifier.insertions {
            result.append(contentsOf: value[start..<end])
            result.append(ASCII.at)
            result.append(contentsOf: domain.octets)
            start = end
        }
        return result + value[start...]
    }

    private init(_ value: ArraySlice<UInt8>) {
        self.value = value
        endOfWord = value.startIndex - 1
    }

    private mutating func scan() {
        var index = value.startIndex
        while index < value.endIndex {
            let octet = value[index]
            switch octet {
            case ASCII.quote:
                let start = index
                index = Self.end(of: value, from: index) { $0 == ASCII.quote ? .close : .inside }
                take(start..<index)
                continue
            case ASCII.leftParenthesis:
                index = Self.end(of: value, from: index) { octet in
                    octet == ASCII.leftParenthesis ? .open : octet == ASCII.rightParenthesis ? .close : .inside
                }
                continue
            case ASCII.less:
                beginElement()
                isInAngle = true
            case ASCII.greater where isInAngle:
                settle()
                isInAngle = false
                isSettled = true
            case ASCII.at: hasAt = true
            case ASCII.colon where !isInAngle: beginElement()  // the name of a group
            case ASCII.comma where !isInAngle, ASCII.semicolon where !isInAngle:
                settle()
                beginElement()
            case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.lineFeed: break
            default: take(index..<index + 1)
            }
            index += 1
        }
        if !isInAngle { settle() }
    }

    private mutating func beginElement() {
        words = 0
        hasAt = false
        isSettled = false
        endOfWord = value.startIndex - 1
    }

    private mutating func take(_ range: Range<Int>) {
        if range.lowerBound != endOfWord { words += 1 }
        endOfWord = range.upperBound
    }

    private mutating func settle() {
        if words == 1, !hasAt, !isSettled { insertions.append(endOfWord) }
    }

    private enum Bracket { case open, close, inside }

    /// Behind a quoted string or a comment, which comments may be inside of.
    private static func end(of value: ArraySlice<UInt8>, from start: Int, _ kind: (UInt8) -> Bracket) -> Int {
        var depth = 1
        var index = start + 1
        while index < value.endIndex {
            if value[index] == ASCII.backslash {
                index += 2
                continue
            }
            switch kind(value[index]) {
            case .open: depth += 1
            case .close: depth -= 1
            case .inside: break
            }
            index += 1
            if depth == 0 { break }
        }
        return min(index, value.endIndex)
    }
}
