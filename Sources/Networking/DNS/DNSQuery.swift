/// One question for the records of a name, and what a server says to it (RFC 1035): octets in, value out.
struct DNSQuery: Hashable, Sendable {
    enum RecordType: UInt16, Hashable, Sendable {
        case mx = 15
        case txt = 16
    }

    let id: UInt16
    let name: DNSName
    var type = RecordType.txt

    enum Answer: Hashable, Sendable {
        /// One element per record, at least one: of TXT its strings, joined; of MX as a zone file has it, `10 mx.example.com`.
        case records([[UInt8]])
        /// No such name, or no such record at it.
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

    private static let typeCNAME: UInt16 = 5
    private static let classIN: UInt16 = 1
    /// More than this is not looked at.
    private static let recordLimit = 200

    /// A standard query, recursion desired.
    var octets: [UInt8] {
        [UInt8(id >> 8), UInt8(id & 0xff), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name.octets
            + [0, UInt8(type.rawValue), 0, UInt8(Self.classIN)]
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
        let answerCount = try reader.number16()
        try reader.skip(4)
        // An answer (QR), of a standard query (OPCODE 0).
        guard answerID == id, flags & 0xf800 == 0x8000 else { return nil }
        let code = UInt8(flags & 0xf)
        if questions == 0, code != 0, code != 3 { return .failed(code) }  // some servers leave it out when they refuse
        guard questions == 1, try reader.name() == name, try reader.number16() == type.rawValue, try reader.number16() == Self.classIN
        else { return nil }
        if flags & 0x0200 != 0 { return .truncated }
        guard code == 0 || code == 3 else { return .failed(code) }
        return try answers(in: &reader, count: min(Int(answerCount), Self.recordLimit), isKnown: code == 0)
    }

    private func answers(in reader: inout DNSReader, count: Int, isKnown: Bool) throws(DNSReader.Malformed) -> Answer {
        var found: [DNSName: [[UInt8]]] = [:]
        var aliases: [DNSName: DNSName] = [:]
        for _ in 0..<count {
            let owner = try reader.name()
            let recordType = try reader.number16()
            let recordClass = try reader.number16()
            _ = try reader.number32()
            let length = Int(try reader.number16())
            let end = reader.index + length
            if recordClass == Self.classIN, recordType == type.rawValue {
                found[owner, default: []].append(try value(in: &reader, length))
                guard reader.index == end else { throw DNSReader.Malformed() }
            } else if recordClass == Self.classIN, recordType == Self.typeCNAME {
                aliases[owner] = try reader.name()
                guard reader.index == end else { throw DNSReader.Malformed() }
            } else {
                try reader.skip(length)
            }
        }
        var current = name
        // Each alias is followed once, so a circle of them ends.
        while found[current] == nil, let next = aliases.removeValue(forKey: current) { current = next }
        if let records = found[current] { return .records(records) }
        return current == name || !isKnown ? .absent : .alias(current)
    }

    private func value(in reader: inout DNSReader, _ length: Int) throws(DNSReader.Malformed) -> [UInt8] {
        switch type {
        case .txt: return try Self.text(reader.take(length))
        case .mx:
            let preference = try reader.number16()
            return Array("\(preference) ".utf8) + (try reader.name().text)
        }
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
