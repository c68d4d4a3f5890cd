internal import COpenSSL

/// What the sessions of one listener or one upstream have in common: keys or trust, versions, ciphers. Loaded once, replaced as a whole;
/// a session keeps the context that it began with alive.
///
/// TLS 1.2 and 1.3; in 1.2 only ECDHE with AEAD (RFC 9325). No compression, no renegotiation, no early data, no resumption: every
/// session has keys of its own that die with it.
///
/// `@unchecked Sendable`: the SSL_CTX is configured before anyone else sees it and never changed after; making sessions from it on
/// several threads is what OpenSSL allows (openssl-threads(7): its reference count and caches are locked inside).
public final class TLSContext: @unchecked Sendable {
    /// Whom a client believes.
    public enum Trust: Hashable, Sendable {
        /// The certificate authorities of the system (`/etc/ssl/certs`, or what `SSL_CERT_FILE` names).
        case system
        /// Those in one PEM file and no others.
        case file(path: String)
        /// The first certificate of a PEM file itself, whoever issued it: for a host that talks to itself.
        case certificate(path: String)
    }

    enum Role { case server, client }

    let role: Role
    let pointer: OpaquePointer  // SSL_CTX *, ours

    private init(role: Role) throws(OpenSSLError) {
        guard OpenSSL.isPrepared else { throw .draining(after: "OPENSSL_init_crypto") }
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw .draining(after: "SSL_CTX_new")
        }
        self.role = role
        self.pointer = pointer
        try applyPolicy()
    }

    deinit { SSL_CTX_free(pointer) }

    /// - Parameters:
    ///   - certificateChainPEM: the server's own certificate first, then those between it and the root.
    ///   - privateKeyPEM: of that certificate, without a passphrase.
    /// - Throws: also if the key is not the certificate's. Whether the certificate is still valid is not looked at.
    public static func server(certificateChainPEM: [UInt8], privateKeyPEM: [UInt8]) throws(OpenSSLError) -> TLSContext {
        let context = try TLSContext(role: .server)
        try context.use(certificateChainPEM, privateKeyPEM)
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)  // on a server: do not ask for a client certificate
        SSL_CTX_set_alpn_select_cb(
            context.pointer,
            { _, _, _, offered, length, _ in
                ApplicationProtocols.areAllForeign(UnsafeBufferPointer(start: offered, count: Int(length)))
                    ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
            }, nil)
        return context
    }

    /// - Throws: also if the trust file cannot be read or holds no certificate.
    public static func client(trust: Trust) throws(OpenSSLError) -> TLSContext {
        let context = try TLSContext(role: .client)
        SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        switch trust {
        case .system:
            try check("SSL_CTX_set_default_verify_paths", SSL_CTX_set_default_verify_paths(context.pointer))
        case .file(let path):
            try check("SSL_CTX_load_verify_file", SSL_CTX_load_verify_file(context.pointer, path))
        case .certificate(let path):
            try check("SSL_CTX_load_verify_file", SSL_CTX_load_verify_file(context.pointer, path))
            // The chain may end here, although no authority signed itself.
            try check(
                "X509_VERIFY_PARAM_set_flags",
                X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.pointer), UInt(X509_V_FLAG_PARTIAL_CHAIN)))
        }
        return context
    }

    private func applyPolicy() throws(OpenSSLError) {
        try Self.check("SSL_CTX_set_min_proto_version", Int32(shim_SSL_CTX_set_min_proto_version(pointer, TLS1_2_VERSION)))
        try Self.check("SSL_CTX_set_max_proto_version", Int32(shim_SSL_CTX_set_max_proto_version(pointer, TLS1_3_VERSION)))
        SSL_CTX_set_security_level(pointer, 2)  // 112 bits, whatever the system's openssl.cnf says
        // AES-128 first: all are strong enough, and its handshake hash is the faster one.
        try Self.check(
            "SSL_CTX_set_cipher_list",
            SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM+AES128:ECDHE+AESGCM+AES256:ECDHE+CHACHA20:!aNULL"))
        try Self.check(
            "SSL_CTX_set_ciphersuites",
            SSL_CTX_set_ciphersuites(pointer, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"))
        try Self.check("SSL_CTX_set1_groups_list", Int32(shim_SSL_CTX_set1_groups_list(pointer, "X25519:P-256:P-384")))
        SSL_CTX_set_options(
            pointer,
            shim_SSL_OP_NO_COMPRESSION | shim_SSL_OP_NO_RENEGOTIATION | shim_SSL_OP_NO_TICKET | shim_SSL_OP_CIPHER_SERVER_PREFERENCE
                | shim_SSL_OP_PRIORITIZE_CHACHA)
        _ = shim_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        try Self.check("SSL_CTX_set_num_tickets", SSL_CTX_set_num_tickets(pointer, 0))
        try Self.check("SSL_CTX_set_max_early_data", SSL_CTX_set_max_early_data(pointer, 0))
        _ = shim_SSL_CTX_set_mode(pointer, Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY))
    }

    private func use(_ certificateChainPEM: [UInt8], _ privateKeyPEM: [UInt8]) throws(OpenSSLError) {
        let key: KeyHandle
        do throws(KeyFault) { key = try PEM.privateKey(privateKeyPEM) } catch { throw error.asOpenSSLError }
        _ = try PEM.withCertificates(certificateChainPEM) { (index, certificate) throws(OpenSSLError) in
            if index == 0 {
                try Self.check("X509_check_private_key", X509_check_private_key(certificate.pointer, key.pointer))
                try Self.check("SSL_CTX_use_certificate", SSL_CTX_use_certificate(pointer, certificate.pointer))
            } else {
                X509_up_ref(certificate.pointer)
                guard shim_SSL_CTX_add0_chain_cert(pointer, certificate.pointer) == 1 else {
                    X509_free(certificate.pointer)
                    throw .draining(after: "SSL_CTX_add0_chain_cert")
                }
            }
        }
        try Self.check("SSL_CTX_use_PrivateKey", SSL_CTX_use_PrivateKey(pointer, key.pointer))
        try Self.check("SSL_CTX_check_private_key", SSL_CTX_check_private_key(pointer))
    }

    private static func check(_ call: String, _ result: Int32) throws(OpenSSLError) {
        guard result == 1 else { throw .draining(after: call) }
    }
}

extension TLSContext {
    /// For tests: how a peer that is behind the times behaves.
    func limitToTLS12() { _ = shim_SSL_CTX_set_max_proto_version(pointer, TLS1_2_VERSION) }

    /// For tests: what a client offers by ALPN; names, each after its length in one octet.
    func offerProtocols(_ names: [UInt8]) { SSL_CTX_set_alpn_protos(pointer, names, UInt32(names.count)) }
}
