import Cryptography
import Foundation

/// RFC 6376 read literally, over the octets of a whole message. It shares nothing with the signer but RSA and SHA-256: neither the header's
/// parser nor the canonical forms nor the list of tags.
struct OctetVerifier {
    /// What the DNS has, by name.
    let records: [String: String]

    /// One word for every signature of `domain`, from the top.
    func verdicts(_ message: [UInt8], of domain: String) -> [String] {
        let (header, body) = Self.split(message)
        let fields = Self.fields(header)
        return fields.indices.compactMap { index in
            guard Self.name(fields[index]) == "dkim-signature" else { return nil }
            let tags = Self.tags(Self.value(fields[index]))
            guard tags["d"].map(Self.withoutSpace)?.lowercased() == domain else { return nil }
            return verdict(tags, at: index, of: fields, body)
        }
    }

    private func verdict(_ tags: [String: String], at index: Int, of fields: [[UInt8]], _ body: [UInt8]) -> String {
        func tag(_ name: String) -> String { Self.withoutSpace(tags[name] ?? "") }
        guard tag("v") == "1", tag("a") == "rsa-sha256", tags["l"] == nil else { return "not supported" }
        let forms = tag("c").split(separator: "/").map(String.init)
        let headerIsRelaxed = forms.first == "relaxed"
        let bodyIsRelaxed = forms.count > 1 && forms[1] == "relaxed"
        var hash = SHA256()
        hash.update(Self.canonical(body, isRelaxed: bodyIsRelaxed))
        guard Data(hash.finalize()).base64EncodedString() == tag("bh") else { return "body hash" }

        let names = tag("h").lowercased().split(separator: ":").map(String.init)
        guard names.contains("from") else { return "From is not signed" }
        // Fields of one name are taken from the bottom upwards; a name without a field left stands for none (section 5.4.2).
        var left = Set(fields.indices).subtracting([index])
        var input: [UInt8] = []
        for name in names {
            guard let chosen = left.filter({ Self.name(fields[$0]) == name }).max() else { continue }
            left.remove(chosen)
            input += Self.canonical(field: fields[chosen], isRelaxed: headerIsRelaxed) + [13, 10]
        }
        input += Self.canonical(field: Self.emptied(fields[index]), isRelaxed: headerIsRelaxed)

        guard let record = records["\(tag("s"))._domainkey.\(tag("d"))"] else { return "no record" }
        guard let der = Data(base64Encoded: Self.withoutSpace(Self.tags(Array(record.utf8))["p"] ?? "")),
            let key = try? RSAPublicKey(spkiDER: Array(der))
        else { return "no key" }
        guard let signature = Data(base64Encoded: tag("b")) else { return "no signature" }
        return key.isValid(signature: Array(signature), of: input) ? "good" : "signature"
    }

    private static func split(_ message: [UInt8]) -> (header: [UInt8], body: [UInt8]) {
        var index = 0
        while index + 3 < message.count {
            if message[index] == 13, message[index + 1] == 10, message[index + 2] == 13, message[index + 3] == 10 {
                return (Array(message[..<(index + 2)]), Array(message[(index + 4)...]))
            }
            index += 1
        }
        return (message, [])
    }

    private static func lines(_ text: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for octet in text {
            line.append(octet)
            if octet == 10, line.count > 1, line[line.count - 2] == 13 {
                lines.append(Array(line.dropLast(2)))
                line = []
            }
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }

    /// Each field with its folds, without its last CRLF.
    private static func fields(_ header: [UInt8]) -> [[UInt8]] {
        var fields: [[UInt8]] = []
        for line in lines(header) {
            if let first = line.first, first == 32 || first == 9, !fields.isEmpty {
                fields[fields.count - 1] += [13, 10] + line
            } else {
                fields.append(line)
            }
        }
        return fields
    }

    private static func name(_ field: [UInt8]) -> String {
        withoutSpace(String(decoding: field.prefix { $0 != 58 }, as: UTF8.self)).lowercased()
    }

    private static func value(_ field: [UInt8]) -> [UInt8] { Array(field.drop { $0 != 58 }.dropFirst()) }

    private static func tags(_ value: [UInt8]) -> [String: String] {
        var tags: [String: String] = [:]
        for piece in value.split(separator: 59) {
            let parts = piece.split(separator: 61, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            tags[withoutSpace(String(decoding: parts[0], as: UTF8.self))] = String(decoding: parts[1], as: UTF8.self)
        }
        return tags
    }

    private static func withoutSpace(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 != 32 && $0 != 9 && $0 != 13 && $0 != 10 }, as: UTF8.self)
    }

    /// The signature's own field with nothing after `b=` (section 3.7).
    private static func emptied(_ field: [UInt8]) -> [UInt8] {
        let pieces = value(field).split(separator: 59, omittingEmptySubsequences: false).map { piece -> [UInt8] in
            let tag = piece.prefix { $0 != 61 }
            return withoutSpace(String(decoding: tag, as: UTF8.self)) == "b" ? Array(tag) + [61] : Array(piece)
        }
        return Array(field.prefix { $0 != 58 }) + [58] + Array(pieces.joined(separator: [59]))
    }

    private static func canonical(field: [UInt8], isRelaxed: Bool) -> [UInt8] {
        guard isRelaxed else { return field }
        let unfolded = value(field).filter { $0 != 13 && $0 != 10 }
        return Array(name(field).utf8) + [58] + trimmed(reduced(unfolded))
    }

    private static func canonical(_ body: [UInt8], isRelaxed: Bool) -> [UInt8] {
        var lines = lines(body)
        if isRelaxed {
            lines = lines.map { line in
                var line = reduced(line)
                while line.last == 32 { line.removeLast() }
                return line
            }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { return isRelaxed ? [] : [13, 10] }
        return lines.flatMap { $0 + [13, 10] }
    }

    /// Every run of blanks as one space.
    private static func reduced(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for octet in text {
            if octet == 32 || octet == 9 {
                if result.last != 32 { result.append(32) }
            } else {
                result.append(octet)
            }
        }
        return result
    }

    private static func trimmed(_ text: [UInt8]) -> [UInt8] {
        var text = text
        while text.last == 32 { text.removeLast() }
        while text.first == 32 { text.removeFirst() }
        return text
    }
}
