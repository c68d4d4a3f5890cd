import DKIM
import MailModel
import MessageFormat

/// Messages of random shape, the same ones for the same seed, and what SES does to a message.
struct Shapes: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    private mutating func isTrue(_ percent: Int) -> Bool { number(1...100) <= percent }
    private mutating func one(_ choices: [String]) -> String { choices[number(0...choices.count - 1)] }

    private static let words = [
        "Hello", "world", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "a=b", "x;y", "v=1;", "b=", "\"quoted  text\"", "(comment)",
        "<ann@mail.example.com>", "DKIM-Signature:", ":", "100%", "~~",
    ]

    /// Words with blanks and folds between them.
    private mutating func value() -> String {
        var text = one([" ", "", "  ", "\t", "\r\n ", " \r\n\t"])
        for index in 0..<number(1...12) {
            if index > 0 { text += one([" ", " ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", " \r\n  "]) }
            text += one(Self.words)
        }
        return text + one(["", "", " ", "\t ", "   "])
    }

    private mutating func cased(_ name: String) -> String {
        isTrue(60) ? name : String(decoding: name.utf8.map { isTrue(50) && $0 >= 97 && $0 <= 122 ? $0 - 32 : $0 }, as: UTF8.self)
    }

    mutating func message() -> [UInt8] {
        let from = one(["Ann <ann@mail.example.com>", "ann@mail.example.com", "\"Ann,\r\n Example\"\r\n\t<ann@mail.example.com>"])
        var fields = ["\(cased("From")):\(one(["", " ", "\r\n "]))\(from)"]
        let others: [(name: String, percent: Int, most: Int)] = [
            ("Date", 70, 1), ("Message-ID", 70, 1), ("To", 90, 1), ("Cc", 30, 1), ("Subject", 90, 1), ("Reply-To", 40, 1),
            ("MIME-Version", 60, 1), ("Content-Type", 60, 1), ("Content-Transfer-Encoding", 40, 1), ("Received", 40, 4), ("X-Thing", 50, 3),
            ("List-Unsubscribe", 30, 1), ("List-Unsubscribe-Post", 20, 1), ("Comments", 30, 3), ("Keywords", 20, 2), ("In-Reply-To", 20, 1),
            ("References", 30, 1), ("X-SES-CONFIGURATION-SET", 10, 1), ("Feedback-ID", 10, 1),
        ]
        for other in others where isTrue(other.percent) {
            for _ in 0..<number(1...other.most) { fields.append("\(cased(other.name)):\(value())") }
        }
        fields.shuffle(using: &self)
        var body = ""
        for _ in 0..<(isTrue(10) ? 0 : number(0...30)) { body += line() }
        if isTrue(20) { body += one(["the end without a line end", " ", "\t", "x "]) }
        return octets(fields.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    private mutating func line() -> String {
        guard isTrue(75) else { return one(["\r\n", " \r\n", "\t \r\n", ".\r\n", "..\r\n", "  \t\r\n", "--boundary\r\n"]) }
        var text = ""
        for _ in 0..<number(1...15) { text += one(Self.words) + one([" ", "  ", "\t", " \t", ""]) }
        return text + "\r\n"
    }

    /// Date and Message-ID are new ones, Feedback-ID and X-SES-Outgoing stand there, the signature of amazonses.com is on top.
    mutating func behindSES(_ message: [UInt8], key: TestKey) throws -> [UInt8] {
        let signed = try TestMessage(parsing: message)
        var fields = signed.header.fields.map { text($0.octets) }.filter { field in
            let name = field.prefix { $0 != ":" }.lowercased()
            return !["date", "message-id", "feedback-id"].contains(name) && !name.hasPrefix("x-ses-")
        }
        for field in [
            "Date: Sun, 1 Mar 2026 09:05:08 +0000\r\n", "Message-ID: <0102019a-000000@eu-west-1.amazonses.com>\r\n",
            "Feedback-ID: ::1.eu-west-1.abc=:AmazonSES\r\n", "X-SES-Outgoing: 2026.03.01-54.240.7.1\r\n",
        ] { fields.insert(field, at: number(0...fields.count)) }
        var changed = try TestMessage(parsing: octets(fields.joined() + "\r\n") + signed.body)
        let signer = HeaderSigner(domain: try Domain(octets("amazonses.com")), selector: Selector("ses")!, key: key)
        changed.header.prepend(try signer.signature(for: changed.header, bodyHash: changed.bodyHash(), at: signingTime))
        return changed.octets
    }

    /// One octet of the body, or of the author, is another letter; `nil` if there is no letter to change.
    mutating func damaged(_ message: [UInt8]) -> [UInt8]? {
        let end = message.indices.first { message[$0...].starts(with: [13, 10, 13, 10]) } ?? message.count
        var places = message.indices.filter { $0 > end && Self.isLetter(message[$0]) }
        if places.isEmpty || isTrue(30) {
            let author = octets("ann@mail.example.com")
            places = message.indices.filter { $0 < end && message[$0...].starts(with: author) && message[..<$0].suffix(200).contains(58) }
            // Only the From field is sure to be signed; others may hold the same address.
            places = places.filter { place in
                let name = text(message[..<place]).split(separator: "\r\n").last { !$0.hasPrefix(" ") && !$0.hasPrefix("\t") }
                return name?.lowercased().hasPrefix("from:") == true
            }
        }
        guard let place = places.randomElement(using: &self) else { return nil }
        var message = message
        message[place] = message[place] == 122 ? 121 : 122
        return message
    }

    private static func isLetter(_ octet: UInt8) -> Bool { (97...122).contains(octet) || (65...90).contains(octet) }
}
