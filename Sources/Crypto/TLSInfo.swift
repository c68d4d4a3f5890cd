internal import COpenSSL

/// What two sides agreed on, for `Received` and the log.
public struct TLSInfo: Hashable, Sendable {
    /// `TLSv1.3`.
    public let protocolVersion: String
    /// OpenSSL's name, such as `TLS_AES_128_GCM_SHA256`.
    public let cipher: String
    /// The secret bits of the cipher's key.
    public let keyBits: Int

    public init(protocolVersion: String, cipher: String, keyBits: Int) {
        self.protocolVersion = protocolVersion
        self.cipher = cipher
        self.keyBits = keyBits
    }

    init(_ ssl: OpaquePointer) {
        protocolVersion = String(cString: SSL_get_version(ssl))
        let cipher = SSL_get_current_cipher(ssl)
        self.cipher = SSL_CIPHER_get_name(cipher).map { String(cString: $0) } ?? "none"
        keyBits = cipher == nil ? 0 : Int(SSL_CIPHER_get_bits(cipher, nil))
    }
}
