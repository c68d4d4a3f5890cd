internal import CCrypt
internal import Glibc

/// Password hashes as crypt(5) writes them: `$y$…`, `$2b$…`, `$6$…`. Slow on purpose, some 10 to 100 ms and for yescrypt 16 MiB:
/// never on a connection's queue, and only so many at a time.
public enum PasswordHash {
    /// The longest password that crypt takes; a longer one never matches.
    public static let maximumPasswordOctets = Int(CRYPT_MAX_PASSPHRASE_SIZE) - 1

    public enum Verdict: Hashable, Sendable {
        case matches
        case doesNotMatch
        /// Nothing was learnt about the password: the hash is malformed, of a weak or unknown kind, or there was no memory to compute it.
        case unusableHash
    }

    public enum MakeError: Error, Hashable, Sendable, CustomStringConvertible {
        /// It is empty, contains NUL or is longer than `maximumPasswordOctets`.
        case unusablePassword
        /// crypt failed, with this `errno`.
        case failed(code: Int32)

        public var description: String {
            switch self {
            case .unusablePassword: "a password has 1 to \(maximumPasswordOctets) octets and no NUL"
            case .failed(let code): "crypt: \(String(cString: strerror(code)))"
            }
        }
    }

    /// A new hash with a salt of its own: yescrypt at libcrypt's default cost.
    public static func make(_ password: [UInt8]) throws(MakeError) -> String {
        guard !password.isEmpty, isUsable(password) else { throw .unusablePassword }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        // Without octets of ours libcrypt takes the salt from the kernel.
        guard crypt_gensalt_rn("$y$", 0, nil, 0, &setting, Int32(setting.count)) != nil else { throw .failed(code: errno) }
        switch hash(password, setting) {
        case .success(let hash): return String(decoding: hash, as: UTF8.self)
        case .failure(let error): throw error
        }
    }

    /// Compares in a time that depends on the hash's kind and cost and neither on the password nor on the verdict.
    ///
    /// A password that crypt cannot take costs the same as a wrong one. For an unknown account verify against `dummy`. A malformed hash
    /// mostly shows at once: answer as for a store that cannot be read, not as for a wrong password.
    public static func verify(_ password: [UInt8], against hash: String) -> Verdict {
        let expected = Array(hash.utf8)
        guard isWellFormed(expected) else { return .unusableHash }
        let isCandidate = isUsable(password)
        let computed: [UInt8]
        switch Self.hash(isCandidate ? password : substitute, expected.map { CChar(bitPattern: $0) } + [0]) {
        case .success(let octets): computed = octets
        case .failure: return .unusableHash
        }
        // Cut short, or longer than this kind can be: no password would ever match.
        guard computed.count == expected.count else { return .unusableHash }
        return constantTimeEquals(computed, expected) && isCandidate ? .matches : .doesNotMatch
    }

    /// A valid hash, at the cost of new ones, of a password that nobody knows, so that an unknown account answers no faster than a
    /// known one. Made at first use: read it once at start.
    public static let dummy: String = {
        let random = (0..<6).flatMap { _ in withUnsafeBytes(of: SecureRandom.uint32() | 0x0101_0101) { Array($0) } }
        // A stand-in made earlier, for the moment without memory: whoever is unknown is refused whatever the verdict.
        return (try? make(random)) ?? fallbackDummy
    }()

    static let fallbackDummy = "$y$j9T$r.js1pHi7wyJxoHyQUZ2j/$e6v3lSbiaf0UhU70KtPssYegJ5Hzxd9h6W2r5M1LUR1"

    /// Any usable password will do: what it costs is what counts.
    private static let substitute = [UInt8](repeating: UInt8(ascii: "x"), count: 16)

    /// Kinds that withstand guessing. Not DES (any text of 13 letters would pass for one), MD5 or NT.
    private static let kinds = ["$y$", "$gy$", "$7$", "$2b$", "$2a$", "$2y$", "$6$", "$5$"].map { Array($0.utf8) }

    private static func isUsable(_ password: [UInt8]) -> Bool { password.count <= maximumPasswordOctets && !password.contains(0) }

    private static func isWellFormed(_ hash: [UInt8]) -> Bool {
        // From '!' to '~' without what crypt(5) and the files it comes from keep for themselves.
        hash.count < Int(CRYPT_OUTPUT_SIZE) && kinds.contains { hash.starts(with: $0) }
            && hash.allSatisfy { (0x21...0x7E).contains($0) && !":;*!\\".utf8.contains($0) }
    }

    private static func hash(_ password: [UInt8], _ setting: [CChar]) -> Result<[UInt8], MakeError> {
        // 32 KiB of scratch, too large for a thread's stack to be taken for granted.
        let size = MemoryLayout<crypt_data>.size
        guard let scratch = calloc(1, size) else { return .failure(.failed(code: ENOMEM)) }
        var phrase = password.map { CChar(bitPattern: $0) } + [0]
        defer {
            explicit_bzero(scratch, size)
            free(scratch)
            phrase.withUnsafeMutableBytes { if let base = $0.baseAddress { explicit_bzero(base, $0.count) } }
        }
        guard let hash = crypt_rn(phrase, setting, scratch, Int32(size)) else { return .failure(.failed(code: errno)) }
        return .success(Array(UnsafeRawBufferPointer(start: hash, count: strlen(hash))))
    }
}
