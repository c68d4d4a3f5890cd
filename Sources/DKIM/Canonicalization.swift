/// How header and body are brought to one form before they are hashed (RFC 6376 §3.4).
public enum Canonicalization: String, Hashable, Sendable, CaseIterable {
    case simple
    case relaxed
}
