public import Cryptography
public import MailModel

/// The accounts: lines of `name:hash`, the hash as crypt(3) makes it; `#` begins a comment line.
///
/// An edit changes the lines of one account and leaves every other line as it stands.
public struct PasswordFile: Hashable, Sendable {
    private enum Line: Hashable, Sendable {
        case account(AccountName, Secret)
        /// A comment, an empty line, or one that could not be read.
        case other(Secret)

        func isAccount(_ other: AccountName) -> Bool {
            if case .account(let name, _) = self { name == other } else { false }
        }
    }

    private var lines: [Line] = []
    private var hashes: [AccountName: Secret] = [:]

    public init() {}

    /// In the order of the file.
    public var names: [AccountName] {
        lines.compactMap { if case .account(let name, _) = $0 { name } else { nil } }
    }

    /// The crypt(3) hash, for `PasswordHash.verify`; `nil` if there is no such account.
    public func hash(for name: AccountName) -> String? {
        hashes[name].map { String(decoding: $0.exposed, as: UTF8.self) }
    }

    /// Adds the account, or replaces its hash where it stands.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    public mutating func set(_ hash: String, for name: AccountName) -> Bool {
        let line = Line.account(name, Secret(Array(hash.utf8)))
        let isReplacement = hashes.updateValue(Secret(Array(hash.utf8)), forKey: name) != nil
        guard let index = lines.firstIndex(where: { $0.isAccount(name) }) else {
            lines.append(line)
            return isReplacement
        }
        lines[index] = line
        return isReplacement
    }

    /// - Returns: whether there was one.
    @discardableResult
    public mutating func remove(_ name: AccountName) -> Bool {
        lines.removeAll { $0.isAccount(name) }
        return hashes.removeValue(forKey: name) != nil
    }

    /// The whole file.
    public var octets: [UInt8] {
        lines.flatMap { line in
            switch line {
            case .account(let name, let hash): name.octets + [ASCII.colon] + hash.exposed + [ASCII.lineFeed]
            case .other(let text): text.exposed + [ASCII.lineFeed]
            }
        }
    }

    /// A secret of 160 random bits, as 32 characters that can be read aloud: `a` to `z` and `2` to `7`, so neither 0 nor 1.
    public static func generateSecret() throws(OpenSSLError) -> Secret {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        for octet in try SecureRandom.octets(count: 20) {
            bits = (bits & 0x1F) << 8 | UInt32(octet)
            held += 8
            while held >= 5 {
                held -= 5
                text.append(alphabet[Int(bits >> UInt32(held) & 31)])
            }
        }
        return Secret(text)
    }
}

extension PasswordFile {
    /// Reads what can be read; every other line is an error, and kept as it stands.
    public static func parse(_ octets: [UInt8], file: String) -> (file: PasswordFile, problems: [Problem]) {
        var parsed = PasswordFile()
        var problems: [Problem] = []
        var text = octets[...]
        if text.last == ASCII.lineFeed { text.removeLast() }
        guard !octets.isEmpty else { return (parsed, []) }
        var firstLines: [AccountName: Int] = [:]
        for (index, line) in text.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).enumerated() {
            func fail(_ message: String) {
                problems.append(Problem(.error, file: file, line: index + 1, message))
                parsed.lines.append(.other(Secret(Array(line))))
            }
            let content = line.last == ASCII.carriageReturn ? line.dropLast() : line
            guard let first = content.first(where: { !ASCII.isBlank($0) }), first != UInt8(ascii: "#") else {
                parsed.lines.append(.other(Secret(Array(line))))
                continue
            }
            guard let colon = content.firstIndex(of: ASCII.colon) else {
                fail("has no colon; write name:hash, or let `fairlead account add` do it")
                continue
            }
            guard let name = AccountName(content[..<colon]) else {
                fail(accountNameAdvice(String(decoding: content[..<colon], as: UTF8.self)))
                continue
            }
            let hash = content[content.index(after: colon)...]
            guard isStrongHash(hash) else {
                fail("has no hash of a strong kind for \(name) ($y$, $2b$, $6$, …); run `fairlead account passwd \(name)`")
                continue
            }
            if let line = firstLines[name] {
                fail("names \(name) again, first on line \(line); remove one of them")
                continue
            }
            firstLines[name] = index + 1
            parsed.lines.append(.account(name, Secret(Array(hash))))
            parsed.hashes[name] = Secret(Array(hash))
        }
        return (parsed, problems)
    }

    /// What `PasswordHash` takes: other kinds would refuse every login, or withstand no guessing.
    private static func isStrongHash(_ hash: ArraySlice<UInt8>) -> Bool {
        ["$y$", "$gy$", "$7$", "$2b$", "$2a$", "$2y$", "$6$", "$5$"].contains { hash.starts(with: $0.utf8) } && hash.count > 20
            && hash.count < 384 && hash.allSatisfy { (0x21...0x7E).contains($0) && !":;*!\\".utf8.contains($0) }
    }
}
