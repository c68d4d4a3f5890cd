/// One question for TXT records, and what a server says to it (RFC 1035): octets in, value out.
struct TXTQuery: Hashable, Sendable {
    let id: UInt16
    let name: DNSName

    enum Answer: Hashable, Sendable {
        /// One element per record, its strings joined; at least one.
        case records([[UInt8]])
        /// No such name, or no TXT record at it.
        case absent
        /// The name is another one's, and the server did not follow it.
        case alias(DNSName)
        /// Too long for a datagram: ask again with TCP.
        case truncated
        /// The server cannot tell: the response code.
        case failed(UInt8)
    }

    enum Rejection: Error, Hashable {
        /// Not an answer to this question: another one's, or forged. The right one may still come.
        case unrelated
        case malformed
    }

    private static let typeTXT: UInt16 = 16
    private static let typeCNAME: UInt16 = 5
    private static let classIN: UInt16 = 1
    /// More than this is not looked at.
    private static let recordLimit = 200

    /// A standard query, recursion desired.
    var octets: [UInt8] {
        [UInt8(id >> 8), UInt8(id & 0xff), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name.octets
            + [0, UInt8(Self.typeTXT), 0, UInt8(Self.classIN)]
    }

    func answer(in message: [UInt8]) throws(Rejection) -> Answer {
        let answer: Answer?
        do throws(DNSReader.Malformed) { answer = try read(message) } catch { throw .malformed }
        guard let answer else { throw .unrelated }
        return answer
    }

    /// - Returns: `nil` for the answer to another question.
    private func read(_ message: [UInt8]) throws(DNSReader.Malformed) -> Answer? {
        var reader = DNSReader(message)
        let answerID = try reader.number16()
        let flags = try reader.number16()
        let questions = try reader.number16()
        let answers = try reader.number16()
        try reader.skip(4)
        // An answer (QR), of a standard query (OPCODE 0).
        guard answerID == id, flags & 0xf800 == 0x8000 else { return nil }
        let code = UInt8(flags & 0xf)
        if questions == 0, code != 0, code != 3 { return .failed(code) }  // some servers leave it out when they refuse
        guard questions == 1, try reader.name() == name, try reader.number16() == Self.typeTXT, try reader.number16() == Self.classIN
        else { return nil }
        if flags & 0x0200 != 0 { return .truncated }
        guard code == 0 || code == 3 else { return .failed(code) }
        return try Self.answer(to: name, in: &reader, count: min(Int(answers), Self.recordLimit), isKnown: code == 0)
    }

    private static func answer(
        to name: DNSName, in reader: inout DNSReader, count: Int, isKnown: Bool
    ) throws(DNSReader.Malformed) -> Answer {
        var texts: [DNSName: [[UInt8]]] = [:]
        var aliases: [DNSName: DNSName] = [:]
        for _ in 0..<count {
            let owner = try reader.name()
            let type = try reader.number16()
            let recordClass = try reader.number16()
            _ = try reader.number32()
            let length = Int(try reader.number16())
            let end = reader.index + length
            if recordClass == classIN, type == typeTXT {
                texts[owner, default: []].append(try text(reader.take(length)))
            } else if recordClass == classIN, type == typeCNAME {
                aliases[owner] = try reader.name()
                guard reader.index == end else { throw DNSReader.Malformed() }
            } else {
                try reader.skip(length)
            }
        }
        var current = name
        // Each alias is followed once, so a circle of them ends.
        while texts[current] == nil, let next = aliases.removeValue(forKey: current) { current = next }
        if let records = texts[current] { return .records(records) }
        return current == name || !isKnown ? .absent : .alias(current)
    }

    /// The strings of a record, joined as DKIM wants it (RFC 6376 §3.6.2.2).
    private static func text(_ data: ArraySlice<UInt8>) throws(DNSReader.Malformed) -> [UInt8] {
        var text: [UInt8] = []
        var rest = data
        guard !rest.isEmpty else { throw DNSReader.Malformed() }
        while let count = rest.popFirst() {
            guard Int(count) <= rest.count else { throw DNSReader.Malformed() }
            text += rest.prefix(Int(count))
            rest = rest.dropFirst(Int(count))
        }
        return text
    }
}
