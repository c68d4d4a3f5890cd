internal import COpenSSL
internal import Synchronization

/// Contexts that are ready to sign with one RSA key, kept between signatures: OpenSSL takes as long to look up algorithms and set
/// parameters as a twentieth of the signature itself.
final class SigningContexts: Sendable {
    /// `@unchecked Sendable`: a context is in one pair of hands at a time, those of the thread that took it out of `idle`.
    private struct Context: @unchecked Sendable {
        let pointer: OpaquePointer  // EVP_PKEY_CTX *, ours
    }

    private let key: KeyHandle
    private let idle = Mutex<[Context]>([])

    init(_ key: KeyHandle) { self.key = key }

    deinit {
        for context in idle.withLock({ $0 }) { EVP_PKEY_CTX_free(context.pointer) }
    }

    /// Signs a SHA-256 digest: RSASSA-PKCS1-v1_5.
    func signature(ofDigest digest: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        ERR_clear_error()
        let context: Context
        if let kept = idle.withLock({ $0.popLast() }) { context = kept } else { context = try make() }
        var length = Int(EVP_PKEY_get_size(key.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_PKEY_sign(context.pointer, &signature, &length, digest, digest.count) == 1 else {
            // What failed once is not trusted again.
            EVP_PKEY_CTX_free(context.pointer)
            throw .draining(after: "EVP_PKEY_sign")
        }
        idle.withLock { $0.append(context) }
        signature.removeLast(signature.count - length)
        return signature
    }

    private func make() throws(OpenSSLError) -> Context {
        guard let pointer = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else { throw .draining(after: "EVP_PKEY_CTX_new_from_pkey") }
        guard EVP_PKEY_sign_init(pointer) == 1, EVP_PKEY_CTX_set_rsa_padding(pointer, RSA_PKCS1_PADDING) == 1,
            EVP_PKEY_CTX_set_signature_md(pointer, EVP_sha256()) == 1
        else {
            EVP_PKEY_CTX_free(pointer)
            throw .draining(after: "EVP_PKEY_sign_init")
        }
        return Context(pointer: pointer)
    }
}
