internal import MailModel

/// One command line, split as SubEthaSMTP splits it: a verb and the rest.
struct SandboxCommand: Hashable {
    enum Verb: String, CaseIterable {
        case helo = "HELO", ehlo = "EHLO", starttls = "STARTTLS", auth = "AUTH", mail = "MAIL", rcpt = "RCPT", data = "DATA"
        case rset = "RSET", noop = "NOOP", quit = "QUIT", vrfy = "VRFY", expn = "EXPN"

        /// The moment that a fault names; `nil` for commands that faults do not reach.
        var phase: SandboxTransaction.Phase? {
            switch self {
            case .helo, .ehlo: .helo
            case .starttls: .starttls
            case .auth: .auth
            case .mail: .mail
            case .rcpt: .rcpt
            case .data: .data
            case .rset, .noop, .quit, .vrfy, .expn: nil
            }
        }
    }

    /// `nil` if it is none that the server has.
    let verb: Verb?
    /// Less than four characters, as all verbs of SMTP have.
    let isTooShort: Bool
    /// Blanks at both ends cut.
    let argument: [UInt8]

    init(_ line: ArraySlice<UInt8>) {
        let text = line.trimmingBlanks
        let end = text.firstIndex(of: ASCII.space) ?? text.endIndex
        verb = Verb(rawValue: String(decoding: text[..<end].map { ASCII.isLetter($0) ? $0 & 0xDF : $0 }, as: UTF8.self))
        isTooShort = end - text.startIndex < 4
        argument = Array(text[end...].trimmingBlanks)
    }

    /// The path of `FROM:<a@b> PARAMETER …` or `TO:…`: what stands between the angle brackets, or the first word.
    struct Path: Hashable {
        let address: [UInt8]
        /// What follows, in upper case: `BODY=8BITMIME`.
        let parameters: [String]

        init(_ address: ArraySlice<UInt8>, parameters: ArraySlice<UInt8>) {
            self.address = Array(address)
            self.parameters = parameters.split(separator: ASCII.space).map { PrintableText.sanitized($0, limit: 200).uppercased() }
        }
    }

    /// - Returns: `nil` if the keyword or everything after it is missing.
    func path(after keyword: StaticString) -> Path? {
        let count = keyword.utf8CodeUnitCount
        guard argument.count > count, argument[..<count].equalsIgnoringCase(keyword) else { return nil }
        let rest = argument[count...].trimmingBlanks
        guard let first = rest.first else { return nil }
        guard first == ASCII.less else {
            let end = rest.firstIndex(of: ASCII.space) ?? rest.endIndex
            return Path(rest[..<end], parameters: rest[end...])
        }
        var isQuoted = false
        var isEscaped = false
        for (index, octet) in zip(rest.indices, rest) {
            if isEscaped {
                isEscaped = false
            } else if octet == ASCII.backslash {
                isEscaped = isQuoted
            } else if octet == ASCII.quote {
                isQuoted.toggle()
            } else if octet == ASCII.greater, !isQuoted {
                return Path(rest[(rest.startIndex + 1)..<index], parameters: rest[(index + 1)...])
            }
        }
        // No closing bracket: the address keeps its opening one, and no check lets that pass.
        return Path(rest, parameters: [])
    }
}
