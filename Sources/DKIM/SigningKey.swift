/// The private key of a selector. DKIM knows no cryptography: keys and digests are handed in.
public protocol SigningKey: Sendable {
    /// RSASSA-PKCS1-v1_5 with SHA-256 over `octets` (RFC 8017 §8.2): the `rsa-sha256` of RFC 6376 §3.3.2.
    func signature(of octets: [UInt8]) throws(SigningError) -> [UInt8]
}

/// A public key out of a key record.
public protocol VerifyingKey {
    func isValid(signature: [UInt8], of octets: [UInt8]) -> Bool
}

/// SHA-256, fed piece by piece.
public protocol BodyDigest: AnyObject {
    func update(_ octets: UnsafeRawBufferPointer)
    /// The digest of everything so far.
    func finalize() -> [UInt8]
}

/// A signature that could not be made. The mail must wait: it never leaves unsigned.
public struct SigningError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason as the cryptographic library gave it, for the log.
    public let description: String

    public init(_ reason: String) { description = reason }
}
