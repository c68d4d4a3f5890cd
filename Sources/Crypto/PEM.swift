internal import COpenSSL

/// A key of any kind, counted.
///
/// `@unchecked Sendable`: the pointer never changes, the key is not altered after `init`, and OpenSSL guards the reference count and
/// the caches inside a key with its own locks (openssl-threads(7)).
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer  // EVP_PKEY *, ours

    /// Takes ownership.
    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }
}

/// A certificate, owned by whoever holds the value.
struct CertificateHandle: ~Copyable {
    let pointer: OpaquePointer  // X509 *, ours

    /// Takes ownership.
    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }
}

enum KeyFault: Error {
    case encrypted
    case unreadable(OpenSSLError)

    var asOpenSSLError: OpenSSLError {
        switch self {
        case .encrypted: OpenSSLError(call: "PEM_read_bio_PrivateKey", reasons: ["the private key is encrypted with a passphrase"])
        case .unreadable(let error): error
        }
    }
}

/// Keys and certificates as the text between BEGIN and END lines (RFC 7468).
enum PEM {
    /// A private key of any kind, PKCS#1, SEC 1 or PKCS#8.
    static func privateKey(_ pem: [UInt8]) throws(KeyFault) -> KeyHandle {
        var wasAsked = false
        let key = reading(pem) { bio in
            // Without a callback OpenSSL would ask for a passphrase on the terminal.
            PEM_read_bio_PrivateKey(
                bio, nil,
                { _, _, _, wasAsked in
                    wasAsked?.storeBytes(of: true, as: Bool.self)
                    return -1
                }, &wasAsked)
        }
        if let key { return KeyHandle(key) }
        let error = OpenSSLError.draining(after: "PEM_read_bio_PrivateKey")
        throw wasAsked ? .encrypted : .unreadable(error)
    }

    /// The certificates in their order, the end entity's first; blocks of other kinds are skipped.
    ///
    /// - Throws: also if there is none.
    static func withCertificates<Value>(
        _ pem: [UInt8], _ body: (_ index: Int, consuming CertificateHandle) throws(OpenSSLError) -> Value
    ) throws(OpenSSLError) -> [Value] {
        let result = reading(pem) { bio -> Result<[Value], OpenSSLError> in
            var values: [Value] = []
            do throws(OpenSSLError) {
                while let certificate = PEM_read_bio_X509(bio, nil, { _, _, _, _ in -1 }, nil) {
                    values.append(try body(values.count, CertificateHandle(certificate)))
                }
            } catch { return .failure(error) }
            let last = ERR_peek_last_error()
            guard ERR_GET_LIB(last) == ERR_LIB_PEM, ERR_GET_REASON(last) == PEM_R_NO_START_LINE, !values.isEmpty else {
                return .failure(.draining(after: "PEM_read_bio_X509"))
            }
            ERR_clear_error()
            return .success(values)
        }
        guard let result else { throw .draining(after: "BIO_new_mem_buf") }
        return try result.get()
    }

    /// What `write` puts into a memory BIO.
    static func written(_ call: String, _ write: (OpaquePointer) -> Int32) throws(OpenSSLError) -> [UInt8] {
        guard OpenSSL.isPrepared else { throw .draining(after: "OPENSSL_init_crypto") }
        ERR_clear_error()
        guard let bio = BIO_new(BIO_s_mem()) else { throw .draining(after: "BIO_new") }
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { throw .draining(after: call) }
        var data: UnsafeMutablePointer<CChar>?
        let count = shim_BIO_get_mem_data(bio, &data)
        return Array(UnsafeRawBufferPointer(start: data, count: count))
    }

    /// - Returns: `nil`, with the error queue telling why, if `body` does or there is no BIO over `octets`.
    private static func reading<Value>(_ octets: [UInt8], _ body: (OpaquePointer) -> Value?) -> Value? {
        guard OpenSSL.isPrepared, let length = Int32(exactly: octets.count) else { return nil }
        ERR_clear_error()
        return octets.withUnsafeBytes { buffer in
            // A null pointer is an error to OpenSSL, an empty text is none.
            guard let bio = BIO_new_mem_buf(buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1), length) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}

/// The octets of what one of OpenSSL's `i2d` functions encodes.
func derEncoding(_ call: String, _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) throws(OpenSSLError) -> [UInt8] {
    ERR_clear_error()
    var start: UnsafeMutablePointer<UInt8>?
    let length = encode(&start)
    guard length > 0, let start else { throw .draining(after: call) }
    defer { CRYPTO_free(start, nil, 0) }
    return Array(UnsafeBufferPointer(start: start, count: Int(length)))
}
