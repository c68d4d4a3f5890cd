internal import COpenSSL

/// An RSA key that signs: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2), the `rsa-sha256` of DKIM. Any thread may use it.
public final class RSAPrivateKey: Sendable {
    public enum LoadError: Error, Hashable, Sendable, CustomStringConvertible {
        /// It needs a passphrase, and a daemon has nobody to ask.
        case encrypted
        /// No private key in PEM, or a damaged one.
        case unreadable(OpenSSLError)
        /// A key of another kind, such as `EC`.
        case notRSA(kind: String)
        /// Fewer than `minimumBits`: verifiers ignore such signatures (RFC 8301 §3.2).
        case tooSmall(bits: Int)

        public var description: String {
            switch self {
            case .encrypted: "the private key is encrypted with a passphrase"
            case .unreadable(let error): "no readable private key in PEM (\(error))"
            case .notRSA(let kind): "the private key is of the kind \(kind), not RSA"
            case .tooSmall(let bits): "the RSA key has \(bits) bits, fewer than \(minimumBits)"
            }
        }
    }

    public static let minimumBits = 1024

    /// The length of the modulus. Below 2048 is worth a warning.
    public let bits: Int
    private let key: KeyHandle
    private let contexts: SigningContexts

    /// Reads PKCS#1 or PKCS#8 in PEM.
    ///
    /// A key whose parts do not fit together is unreadable too: it is made to sign once, because what it signs later cannot be mended.
    public init(pem: [UInt8]) throws(LoadError) {
        do throws(KeyFault) { key = try PEM.privateKey(pem) } catch {
            switch error {
            case .encrypted: throw .encrypted
            case .unreadable(let cause): throw .unreadable(cause)
            }
        }
        contexts = SigningContexts(key)
        guard EVP_PKEY_is_a(key.pointer, "RSA") == 1 else {
            throw .notRSA(kind: EVP_PKEY_get0_type_name(key.pointer).map { String(cString: $0) } ?? "unknown")
        }
        bits = Int(EVP_PKEY_get_bits(key.pointer))
        guard bits >= Self.minimumBits else { throw .tooSmall(bits: bits) }
        do throws(OpenSSLError) {
            let probe: [UInt8] = [1, 2, 3]
            guard try RSAPublicKey(spkiDER: publicKeyDER).isValid(signature: signature(of: probe), of: probe) else {
                throw OpenSSLError(call: "EVP_DigestVerify", reasons: ["the private key does not fit its public key"])
            }
        } catch { throw .unreadable(error) }
    }

    private init(_ key: KeyHandle) {
        self.key = key
        contexts = SigningContexts(key)
        bits = Int(EVP_PKEY_get_bits(key.pointer))
    }

    /// A new key; 2048 bits take some hundred milliseconds.
    public static func generate(bits: Int = 2048) throws(OpenSSLError) -> RSAPrivateKey {
        guard (minimumBits...16384).contains(bits) else {
            throw OpenSSLError(call: "RSAPrivateKey.generate", reasons: ["a key of \(bits) bits is not to be had"])
        }
        return RSAPrivateKey(try KeyHandle.generating("RSA") { EVP_PKEY_CTX_set_rsa_keygen_bits($0, Int32(bits)) })
    }

    /// The key itself, PKCS#8 without encryption: for a file that only the daemon can read.
    public var pem: [UInt8] { get throws(OpenSSLError) { try key.pem } }

    /// The public half as SubjectPublicKeyInfo: what goes, in base 64, into `p=` of a DKIM record.
    public var publicKeyDER: [UInt8] {
        get throws(OpenSSLError) { try derEncoding("i2d_PUBKEY") { i2d_PUBKEY(key.pointer, $0) } }
    }

    /// Signs the SHA-256 digest of `message`; as long as the modulus.
    public func signature(of message: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        try contexts.signature(ofDigest: SHA256.digest(of: message))
    }
}

extension KeyHandle {
    /// A new key of a kind, after `configure` has chosen its size or curve.
    static func generating(_ kind: String, _ configure: (OpaquePointer) -> Int32) throws(OpenSSLError) -> KeyHandle {
        guard OpenSSL.isPrepared else { throw .draining(after: "OPENSSL_init_crypto") }
        ERR_clear_error()
        guard let context = EVP_PKEY_CTX_new_from_name(nil, kind, nil) else { throw .draining(after: "EVP_PKEY_CTX_new_from_name") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, configure(context) == 1, EVP_PKEY_generate(context, &key) == 1, let key else {
            throw .draining(after: "EVP_PKEY_generate")
        }
        return KeyHandle(key)
    }

    var pem: [UInt8] {
        get throws(OpenSSLError) {
            try PEM.written("PEM_write_bio_PrivateKey") { PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
        }
    }
}
