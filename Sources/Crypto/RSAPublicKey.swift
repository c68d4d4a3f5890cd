internal import COpenSSL

/// The public half of an RSA key, for checking what `RSAPrivateKey` signed.
public final class RSAPublicKey: Sendable {
    public let bits: Int
    private let key: KeyHandle

    /// - Parameter spkiDER: a SubjectPublicKeyInfo and nothing after it.
    public init(spkiDER: [UInt8]) throws(OpenSSLError) {
        guard OpenSSL.isPrepared else { throw .draining(after: "OPENSSL_init_crypto") }
        ERR_clear_error()
        let (pointer, used): (OpaquePointer?, Int) = spkiDER.withUnsafeBufferPointer { buffer in
            var next = buffer.baseAddress
            let pointer = d2i_PUBKEY(nil, &next, buffer.count)
            return (pointer, next.flatMap { next in buffer.baseAddress.map { next - $0 } } ?? 0)
        }
        guard let pointer else { throw .draining(after: "d2i_PUBKEY") }
        key = KeyHandle(pointer)
        guard used == spkiDER.count else { throw OpenSSLError(call: "d2i_PUBKEY", reasons: ["octets after the key"]) }
        guard EVP_PKEY_is_a(pointer, "RSA") == 1 else { throw OpenSSLError(call: "d2i_PUBKEY", reasons: ["not an RSA key"]) }
        bits = Int(EVP_PKEY_get_bits(pointer))
    }

    /// Whether the key's other half made `signature` over `message` with RSASSA-PKCS1-v1_5 and SHA-256.
    public func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit_ex(context, nil, "SHA256", nil, nil, key.pointer, nil) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
