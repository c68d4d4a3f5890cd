internal import MailModel

/// What the DNS shows where the public half of a key should stand.
public enum PublishedKey: Hashable, Sendable {
    /// Our key, and nothing that keeps verifiers from using it.
    case matches
    /// No TXT record.
    case missing
    /// A good record with another key.
    case otherKey
    /// `p=` is empty.
    case revoked
    /// More than one TXT record: which one counts is undefined (RFC 6376 §3.6.2.2).
    case several(Int)
    /// No key record; the reason in words.
    case malformed(String)
    /// A tag that keeps verifiers from using our key: `k=`, `h=`, `t=` or `s=`, with its value.
    case forbidden(tag: String, value: String)

    /// - Parameters:
    ///   - records: the TXT records, the strings of each joined.
    ///   - publicKeyDER: ours.
    public init(records: [[UInt8]], publicKeyDER: [UInt8]) {
        switch records.count {
        case 0: self = .missing
        case 1: self.init(record: records[0], publicKeyDER: publicKeyDER)
        default: self = .several(records.count)
        }
    }

    private init(record: [UInt8], publicKeyDER: [UInt8]) {
        let tags: TagList
        do throws(TagList.Failure) { tags = try TagList(parsing: record[...]) } catch {
            self = .malformed(error == .repeated ? "a tag stands in it twice" : "it is no list of tag=value; …")
            return
        }
        if let version = tags["v"], !version.elementsEqual("DKIM1".utf8) || tags.firstName != Array("v".utf8) {
            self = .malformed("v=DKIM1 must stand first in it")
            return
        }
        guard let key = tags.compact("p") else {
            self = .malformed("it has no p=")
            return
        }
        guard !key.isEmpty else {
            self = .revoked
            return
        }
        guard let der = Base64.decode(key) else {
            self = .malformed("its p= is no base64")
            return
        }
        if let tag = Self.forbidding(tags) {
            self = tag
            return
        }
        self = der == publicKeyDER ? .matches : .otherKey
    }

    private static func forbidding(_ tags: TagList) -> PublishedKey? {
        func list(_ name: StaticString) -> [[UInt8]]? {
            tags.compact(name)?.split(separator: ASCII.colon).map { $0.map(ASCII.lowercased) }
        }
        let checks: [(tag: StaticString, isGood: ([[UInt8]]) -> Bool)] = [
            ("k", { $0 == [Array("rsa".utf8)] }),
            ("h", { $0.contains(Array("sha256".utf8)) }),
            ("s", { $0.contains(Array("*".utf8)) || $0.contains(Array("email".utf8)) }),
            ("t", { !$0.contains(Array("y".utf8)) }),
        ]
        for check in checks {
            guard let values = list(check.tag), !check.isGood(values) else { continue }
            let shown = (tags.compact(check.tag) ?? []).prefix(40).map { (33...126).contains($0) ? $0 : UInt8(ascii: "?") }
            return .forbidden(tag: "\(check.tag)=", value: String(decoding: shown, as: UTF8.self))
        }
        return nil
    }

    /// A word for programs: `match`, `missing`, `other_key`, ...
    public var kind: String {
        switch self {
        case .matches: "match"
        case .missing: "missing"
        case .otherKey: "other_key"
        case .revoked: "revoked"
        case .several: "several"
        case .malformed: "malformed"
        case .forbidden: "forbidden"
        }
    }

    /// What is there, without its end mark.
    public var finding: String {
        switch self {
        case .matches: "the DNS shows our key"
        case .missing: "the DNS has no TXT record"
        case .otherKey: "the DNS shows another key"
        case .revoked: "the DNS says that the key is revoked (its p= is empty)"
        case .several(let count): "the DNS has \(count) TXT records where one must stand"
        case .malformed(let reason): "the TXT record is no DKIM key: \(reason)"
        case .forbidden("t=", _): "the record says t=y, testing: verifiers may treat our mail as unsigned"
        case .forbidden("k=", let value): "the record says k=\(value), and our key is rsa"
        case .forbidden("h=", let value): "the record says h=\(value), and we sign with sha256"
        case .forbidden("s=", let value): "the record says s=\(value), so it is not for email"
        case .forbidden(let tag, let value): "the record says \(tag)\(value)"
        }
    }

    /// What to do, without its end mark; `nil` if nothing.
    public var cure: String? {
        switch self {
        case .matches: nil
        case .missing: "publish the record that `fairlead dkim record` prints, and wait for the DNS"
        case .otherKey:
            "publish the record that `fairlead dkim record` prints in its place; while mail signed with the other key is under way, use a new selector"
        case .revoked:
            "publish the record that `fairlead dkim record` prints, or make a key with a new selector with `fairlead dkim rotate`"
        case .several: "remove all of them but the one that `fairlead dkim record` prints"
        case .malformed: "replace it with the record that `fairlead dkim record` prints"
        case .forbidden("t=", _): "remove t=y from the record"
        case .forbidden(let tag, _): "remove \(tag) from the record, or publish what `fairlead dkim record` prints"
        }
    }
}
