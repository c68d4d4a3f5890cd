internal import MailModel

/// Text for people, as lines that no reader has to wrap; foreign text can neither end a line nor make one too long.
struct ReportText {
    /// UTF-8, each line with its CRLF.
    private(set) var octets: [UInt8] = []

    static let width = 76
    /// A word without a blank is cut here: RFC 5322 allows 998.
    private static let longestWord = 900

    mutating func blankLine() { octets.append(contentsOf: ASCII.crlf) }

    /// One paragraph, wrapped at blanks.
    ///
    /// - Parameters:
    ///   - text: controls become blanks.
    ///   - indent: blanks before each line.
    mutating func paragraph(_ text: String, indent: Int = 0) {
        let start = octets.count
        var lineStart = start
        for word in Self.words(text.utf8) {
            if octets.count > lineStart {
                if octets.count - lineStart + 1 + word.count <= Self.width {
                    octets.append(ASCII.space)
                    octets.append(contentsOf: word)
                    continue
                }
                octets.append(contentsOf: ASCII.crlf)
                lineStart = octets.count
            }
            octets.append(contentsOf: repeatElement(ASCII.space, count: indent))
            octets.append(contentsOf: word)
        }
        if octets.count > start { octets.append(contentsOf: ASCII.crlf) }
    }

    /// Lines that were laid out already stay as they are; only those that are too long are wrapped, with their indentation.
    mutating func lines(_ text: String) {
        for line in text.utf8.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false) {
            let clean = line.map { $0 < ASCII.space || $0 == 127 ? ASCII.space : $0 }
            let indent = min(clean.prefix { $0 == ASCII.space }.count, 40)
            if clean.allSatisfy({ $0 == ASCII.space }) {
                blankLine()
            } else if clean.count <= Self.width {
                octets.append(contentsOf: clean)
                octets.append(contentsOf: ASCII.crlf)
            } else {
                paragraph(String(decoding: clean, as: UTF8.self), indent: indent)
            }
        }
    }

    private static func words(_ text: some Collection<UInt8>) -> [ArraySlice<UInt8>] {
        var words: [ArraySlice<UInt8>] = []
        for var word in Array(text).split(whereSeparator: { $0 <= ASCII.space || $0 == 127 }) {
            while word.count > longestWord {
                var cut = word.startIndex + longestWord
                while cut > word.startIndex + 1, word[cut] & 0xC0 == 0x80 { cut -= 1 }  // not inside a character
                words.append(word[..<cut])
                word = word[cut...]
            }
            words.append(word)
        }
        return words
    }
}

extension String {
    /// What somebody else wrote, on one line and not endless.
    init(foreign text: String, limit: Int = 1000) { self = PrintableText.sanitized(text.utf8, limit: limit) }
}

extension Duration {
    /// `4 days`, `15 minutes`: rounded down to the largest unit that is at least 1.
    var inWords: String {
        let seconds = max(0, components.seconds)
        for (unit, name) in [(86_400, "day"), (3600, "hour"), (60, "minute")] as [(Int64, String)] where seconds >= unit {
            return seconds / unit == 1 ? "1 \(name)" : "\(seconds / unit) \(name)s"
        }
        return seconds == 1 ? "1 second" : "\(seconds) seconds"
    }
}
