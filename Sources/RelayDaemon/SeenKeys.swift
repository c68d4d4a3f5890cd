internal import Cryptography
internal import Glibc
public import MailModel
public import SafeIO

/// The DKIM keys that the DNS has shown, and since when we know: kept in a small file, so that a restart without a name server signs as
/// before. The file is text, one key per line: `fl2026._domainkey.mail.example.com 9f86… 1772355907`.
public struct SeenKeys: Hashable, Sendable {
    private struct Key: Hashable, Sendable {
        let name: String
        let fingerprint: String
    }

    private var times: [Key: Int64] = [:]

    /// A forgotten key is looked up again; the oldest ones go first.
    private static let limit = 1000

    public init() {}

    /// Lines that are none are left out: what they said is looked up again.
    public init(parsing octets: [UInt8]) {
        for line in octets.split(separator: 10) {
            let words = line.split(separator: 32).map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 3, words[1].utf8.count == 2 * SHA256.octetCount, let seconds = Int64(words[2]), seconds >= 0 else {
                continue
            }
            times[Key(name: words[0], fingerprint: words[1])] = seconds
        }
    }

    public var octets: [UInt8] {
        let lines = times.map { "\($0.key.name) \($0.key.fingerprint) \($0.value)\n" }
        return Array(lines.sorted().joined().utf8)
    }

    /// When the DNS was first seen to show this key; another key under the same name does not count.
    public func time(of key: DKIMKey) -> Timestamp? {
        times[Key(name: key.name, fingerprint: key.fingerprint)].map { Timestamp(seconds: $0) }
    }

    /// - Returns: whether that is new.
    mutating func note(_ key: DKIMKey, at time: Timestamp) -> Bool {
        let entry = Key(name: key.name, fingerprint: key.fingerprint)
        guard times[entry] == nil else { return false }
        times[entry] = max(0, time.seconds)
        if times.count > Self.limit, let oldest = times.min(by: { ($0.value, $0.key.name) < ($1.value, $1.key.name) }) {
            times.removeValue(forKey: oldest.key)
        }
        return true
    }

    mutating func remove(_ key: DKIMKey) { times[Key(name: key.name, fingerprint: key.fingerprint)] = nil }

    /// Forgets every key but these.
    ///
    /// - Returns: whether there were others.
    mutating func keep(_ keys: [DKIMKey]) -> Bool {
        let wanted = Set(keys.map { Key(name: $0.name, fingerprint: $0.fingerprint) })
        let count = times.count
        times = times.filter { wanted.contains($0.key) }
        return times.count < count
    }

    /// Where it is kept.
    public static func path(inQueue folder: String) -> String { "\(folder)/dkim-seen" }

    /// What the file says; nothing if there is none yet.
    public static func read(inQueue folder: String) throws(SystemCallError) -> SeenKeys {
        do throws(SystemCallError) {
            return SeenKeys(parsing: try WholeFile.read(path(inQueue: folder), limit: 1 << 20))
        } catch {
            if error.code == ENOENT { return SeenKeys() }
            throw error
        }
    }

    func write(inQueue folder: String) throws(SystemCallError) {
        try WholeFile.replace(Self.path(inQueue: folder), with: octets, mode: 0o600)
    }
}
