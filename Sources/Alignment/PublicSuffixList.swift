public import MailModel

/// Where the names begin that someone may register: `co.uk`, `github.io` (https://publicsuffix.org).
///
/// The list is part of the program, as of `date`. Looking up costs some hundred comparisons of octets and no memory: the rules are a sorted
/// literal that is searched in place.
public enum PublicSuffixList {
    /// The organizational domain (RFC 7489 §3.2): the public suffix and one label more.
    ///
    /// - Returns: `nil` for a public suffix, such as `co.uk`, and for a single label: nobody owns these.
    public static func organizationalDomain(of domain: Domain) -> Domain? {
        // Where each label begins, the first one first.
        var starts = [0]
        for (offset, octet) in domain.octets.enumerated() where octet == ASCII.dot { starts.append(offset + 1) }
        let own = suffixStart(of: domain.octets, labels: starts)
        guard own > 0 else { return nil }
        return try? Domain(domain.octets[starts[own - 1]...])
    }

    /// The same for a name as DNS tools write it: in any case, with a dot at its end.
    public static func organizationalDomain(ofName name: some Collection<UInt8>) -> Domain? {
        let octets = Array(name)
        guard let domain = try? Domain(octets.last == ASCII.dot ? octets.dropLast() : octets[...]) else { return nil }
        return organizationalDomain(of: domain)
    }

    /// The index of the label at which the public suffix begins.
    private static func suffixStart(of name: [UInt8], labels: [Int]) -> Int {
        rules.withUTF8Buffer { rules in
            let table = SortedWords(octets: rules)
            // The longest rule prevails, and an exception goes before all others; no rule lies below an exception.
            for (index, start) in labels.enumerated() {
                let parent = index + 1 < labels.count ? labels[index + 1] : nil
                if let parent {
                    if table.contains(mark: exception, name[start...]) { return index + 1 }
                    if table.contains(mark: wildcard, name[parent...]) { return index }
                }
                if table.contains(mark: [], name[start...]) { return index }
            }
            return labels.count - 1  // a top-level domain that the list does not know
        }
    }

    private static let exception = Array("!".utf8)
    private static let wildcard = Array("*.".utf8)
}

/// Words in the order of their octets, a blank or a line end between two.
private struct SortedWords {
    let octets: UnsafeBufferPointer<UInt8>

    /// Whether `mark` and `word`, one behind the other, are one of the words. Halves what is left with each comparison.
    func contains(mark: [UInt8], _ word: ArraySlice<UInt8>) -> Bool {
        var low = 0
        var high = octets.count
        while low < high {
            var start = low + (high - low) / 2
            while start > low, !isSeparator(octets[start - 1]) { start -= 1 }
            var end = start
            while end < high, !isSeparator(octets[end]) { end += 1 }
            switch order(start..<end, mark, word) {
            case 0: return true
            case ..<0: low = min(end + 1, high)
            default: high = start
            }
        }
        return false
    }

    private func isSeparator(_ octet: UInt8) -> Bool { octet == ASCII.space || octet == ASCII.lineFeed }

    /// Below zero if the word at `range` comes before `mark` and `word`, above if it comes behind.
    private func order(_ range: Range<Int>, _ mark: [UInt8], _ word: ArraySlice<UInt8>) -> Int {
        var index = range.lowerBound
        for octet in mark {
            guard index < range.upperBound else { return -1 }
            if octets[index] != octet { return octets[index] < octet ? -1 : 1 }
            index += 1
        }
        for octet in word {
            guard index < range.upperBound else { return -1 }
            if octets[index] != octet { return octets[index] < octet ? -1 : 1 }
            index += 1
        }
        return index < range.upperBound ? 1 : 0
    }
}
