internal import Cryptography
public import DKIM

/// OpenSSL's SHA-256 behind the protocol that DKIM knows.
public final class SHA256Digest: BodyDigest {
    private var hash = SHA256()

    public init() {}

    public func update(_ octets: UnsafeRawBufferPointer) { hash.update(octets) }

    public func finalize() -> [UInt8] { hash.finalize() }
}
