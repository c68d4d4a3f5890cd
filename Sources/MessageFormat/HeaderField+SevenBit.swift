internal import MailModel

extension HeaderField {
    /// Whether the field has octets above 127.
    public var has8Bit: Bool { octets.contains { $0 >= 0x80 } }

    /// Whether one of its lines has more than 998 octets (RFC 5322 §2.1.1).
    public var hasLongLine: Bool {
        guard octets.count > 1000 else { return false }
        return octets.split(separator: ASCII.lineFeed).contains { $0.count > 999 }
    }

    /// The same field in 7-bit lines of at most 998 octets, or `nil` if nothing of it is left.
    ///
    /// Text becomes encoded-words, parameters take the form of RFC 2231, domains become A-labels, blanks take the folds.
    ///
    /// - Parameter declared: the charset that the body is in, by its own word; lower case.
    func repaired(declaredCharset declared: [UInt8]?, line: Int) throws(HeaderError) -> HeaderField? {
        guard has8Bit else { return try refolded(value, line: line) }
        let printableName = PrintableText.sanitized(nameOctets, limit: 80)
        let flat = value.filter { $0 != ASCII.carriageReturn && $0 != ASCII.lineFeed }
        let text = RawHeaderText(flat, declared: declared)
        let repaired: [UInt8]
        switch syntax {
        case .text: repaired = text.encodingWords(of: flat[...])
        case .addresses:
            var list = AddressRepair(flat, text, field: printableName)
            repaired = try list.repaired()
        case .parameters:
            guard let value = text.encodingParameters(of: flat) else { throw .nonASCII(field: printableName, line: line) }
            repaired = value
        case .locations: repaired = Self.percentEncoded(flat)
        case .identifiers:
            let kept = flat.split(whereSeparator: ASCII.isBlank).filter { word in word.allSatisfy { $0 < 0x80 } }
            guard !kept.isEmpty else { return nil }
            repaired = [ASCII.space] + kept.joined(separator: [ASCII.space])
        case .machine: repaired = flat.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }
        }
        return try refolded(repaired[...], line: line)
    }

    private enum Syntax { case text, addresses, parameters, locations, identifiers, machine }

    private var syntax: Syntax {
        switch name {
        case .from, .sender, .replyTo, .to, .cc, .bcc, .resentBcc, .errorsTo, .dispositionNotificationTo, .returnReceiptTo, .returnPath,
            .deliveredTo, .xOriginalFrom:
            return .addresses
        case .contentType, .contentDisposition: return .parameters
        case .listArchive, .listHelp, .listOwner, .listPost, .listSubscribe, .listUnsubscribe, .archivedAt, .contentLocation, .contentBase:
            return .locations
        case .messageID, .inReplyTo, .references, .contentID: return .identifiers
        case .date, .received, .mimeVersion, .contentTransferEncoding, .dkimSignature, .domainKeySignature, .contentMD5: return .machine
        default:
            let isAddress = Self.resentAddresses.contains { ASCII.equalsIgnoringCase($0, nameOctets) }
            return isAddress ? .addresses : .text
        }
    }

    private static let resentAddresses = ["Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Reply-To"]
        .map { (name: String) in Array(name.utf8) }

    /// An address in the web becomes a URI (RFC 3987 §3.1).
    private static func percentEncoded(_ value: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        for octet in value {
            if octet < 0x80 {
                encoded.append(octet)
            } else {
                encoded.append(UInt8(ascii: "%"))
                HexDigit.append(octet, to: &encoded)
            }
        }
        return encoded
    }

    /// The field with `value` in its place, folded anew where it has blanks.
    private func refolded(_ value: ArraySlice<UInt8>, line: Int) throws(HeaderError) -> HeaderField {
        var folded = Array(octets.prefix(octets.count - self.value.count - 2))
        var column = folded.count
        guard column <= HeaderLimits().lineOctets else { throw .lineTooLong(line: line) }
        var isVisible = false  // on this line, behind the name
        var index = value.startIndex
        while index < value.endIndex {
            let start = index
            while index < value.endIndex,
                ASCII.isBlank(value[index]) || value[index] == ASCII.carriageReturn || value[index] == ASCII.lineFeed
            {
                index += 1
            }
            let blanks = value[start..<index].filter(ASCII.isBlank)
            let wordStart = index
            while index < value.endIndex, !ASCII.isBlank(value[index]), value[index] != ASCII.carriageReturn { index += 1 }
            let word = value[wordStart..<index]
            guard !word.isEmpty else { break }  // blanks at the end say nothing
            if isVisible, !blanks.isEmpty, column + blanks.count + word.count > Self.widest {
                folded.append(contentsOf: ASCII.crlf)
                column = 0
            } else if !isVisible, !blanks.isEmpty, column + blanks.count + word.count > HeaderLimits().lineOctets {
                folded.append(contentsOf: ASCII.crlf)
                column = 0
            }
            folded.append(contentsOf: blanks)
            folded.append(contentsOf: word)
            column += blanks.count + word.count
            guard column <= HeaderLimits().lineOctets else { throw .lineTooLong(line: line) }
            isVisible = true
        }
        folded.append(contentsOf: ASCII.crlf)
        return HeaderField(checked: folded[...], nameCount: nameOctets.count, colonOffset: octets.count - self.value.count - 3)
    }

    /// RFC 2047 §2: a line with an encoded-word.
    private static let widest = 76
}

extension RawHeaderText {
    /// Unstructured text with every word that has 8-bit octets, and the blanks between two of them, as encoded-words.
    func encodingWords(of text: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        var run: [UInt8] = []  // what the next encoded-words stand for
        var runBlanks: ArraySlice<UInt8> = []
        var followsEncoded = false
        func flush() {
            guard !run.isEmpty else { return }
            output.append(contentsOf: runBlanks.isEmpty && !output.isEmpty ? [ASCII.space] : runBlanks)
            output.append(contentsOf: encodedWords(run).joined(separator: [ASCII.space]))
            run = []
        }
        var index = text.startIndex
        while index < text.endIndex {
            let start = index
            while index < text.endIndex, ASCII.isBlank(text[index]) { index += 1 }
            let blanks = text[start..<index]
            let wordStart = index
            while index < text.endIndex, !ASCII.isBlank(text[index]) { index += 1 }
            let word = text[wordStart..<index]
            let isEncoded = EncodedWord(word) != nil
            if word.contains(where: { $0 >= 0x80 }) {
                if run.isEmpty {
                    // Blanks between two encoded-words are not shown: behind one, they must be part of the next.
                    if followsEncoded { run.append(contentsOf: blanks) }
                    runBlanks = blanks
                } else {
                    run.append(contentsOf: blanks)
                }
                run.append(contentsOf: word)
                continue
            }
            if isEncoded, !run.isEmpty { run.append(contentsOf: blanks) }
            flush()
            output.append(contentsOf: blanks)
            output.append(contentsOf: word)
            followsEncoded = isEncoded
        }
        flush()
        return output
    }

    /// `filename="Rechnung März.pdf"` becomes `filename*=utf-8''Rechnung%20M%C3%A4rz.pdf` (RFC 2231), in pieces if it is long.
    ///
    /// - Returns: `nil` if there is 8-bit text where no form allows it, or in a boundary, whose lines in the body would have to follow.
    func encodingParameters(of value: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        var copied = 0
        for parameter in MIMEParameters(value[...]).parameters {
            guard value[parameter.range].contains(where: { $0 >= 0x80 }) else { continue }
            guard !parameter.name.equalsIgnoringCase("boundary"), parameter.name.allSatisfy({ $0 < 0x80 }) else { return nil }
            output.append(contentsOf: value[copied..<parameter.range.lowerBound])
            guard let encoded = encoded(parameter) else { return nil }
            output.append(contentsOf: encoded)
            copied = parameter.range.upperBound
        }
        output.append(contentsOf: value[copied...])
        return output.allSatisfy { $0 < 0x80 } ? output : nil
    }

    private func encoded(_ parameter: MIMEParameters.Parameter) -> [UInt8]? {
        if parameter.name.last == MIMEParameters.asterisk {  // in the extended form already, but for some octets
            return parameter.name + [ASCII.equals] + Self.percentEncoded(parameter.value, sparing: { $0 > 32 && $0 < 127 }).joined()
        }
        guard !parameter.name.contains(MIMEParameters.asterisk) else { return nil }
        let characters = Self.percentEncoded(parameter.value, sparing: { ASCII.isLetterOrDigit($0) || [33, 43, 45, 46, 95].contains($0) })
        let start = charset + Array("''".utf8)
        if start.count + characters.reduce(0, { $0 + $1.count }) + parameter.name.count <= 72 {
            return parameter.name + Array("*=".utf8) + start + characters.joined()
        }
        var pieces: [[UInt8]] = [start]
        for character in characters {
            if (pieces.last?.count ?? 0) + character.count > 55 { pieces.append([]) }
            pieces[pieces.count - 1].append(contentsOf: character)
        }
        return Array(
            pieces.enumerated().map { parameter.name + Array("*\($0.offset)*=".utf8) + $0.element }.joined(separator: Array("; ".utf8)))
    }

    private static func percentEncoded(_ text: [UInt8], sparing isSafe: (UInt8) -> Bool) -> [[UInt8]] {
        text.map { octet in
            if isSafe(octet) { return [octet] }
            var encoded = [UInt8(ascii: "%")]
            HexDigit.append(octet, to: &encoded)
            return encoded
        }
    }
}
