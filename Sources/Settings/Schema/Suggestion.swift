internal import MailModel

/// Foreign text between quotes, fit for one line of a message.
func quoted(_ text: String) -> String { "'" + PrintableText.sanitized(text.utf8, limit: 60) + "'" }

/// Finds the word that was probably meant.
enum Suggestion {
    /// - Returns: the nearest of `words`, if it is near enough to be worth a question.
    static func nearest(to word: String, among words: [String]) -> String? {
        let octets = Array(word.utf8.prefix(64))
        let normal = normalized(octets)
        if let same = words.first(where: { normalized(Array($0.utf8)) == normal }) { return same }
        let ranked = words.map { ($0, distance(octets, Array($0.utf8))) }.min { $0.1 < $1.1 }
        guard let (best, distance) = ranked, distance <= Swift.max(1, Swift.min(octets.count, best.utf8.count) / 3) else { return nil }
        return best
    }

    /// Without case, `-` and `_`: `messageSize` and `message-size` are `message_size`.
    private static func normalized(_ octets: [UInt8]) -> [UInt8] {
        octets.filter { $0 != ASCII.hyphen && $0 != UInt8(ascii: "_") }.map(ASCII.lowercased)
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            for j in right.indices {
                let cost = left[i] == right[j] ? 0 : 1
                var best = Swift.min(previous[j + 1] + 1, current[j] + 1, previous[j] + cost)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { best = Swift.min(best, older[j - 1] + 1) }
                current.append(best)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}
