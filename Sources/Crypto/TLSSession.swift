internal import COpenSSL

/// One TLS connection as a machine between ciphertext and plaintext. Lives and dies on its connection's queue.
///
/// Feed what the socket gave, step until the machine needs more, send what is pending; after *every* call, a failed one too, there may
/// be ciphertext to send: a handshake's next flight, an alert that tells the peer why.
/// The machine knows nothing of TCP: when the socket ends and `read` has not said `peerClosed`, the stream was cut off, perhaps by an
/// attacker, and what came last must not be taken for complete.
///
/// A failure is final: every later call throws the same error, and what is fed is dropped.
public struct TLSSession: ~Copyable {
    public enum Step<Value> {
        case done(Value)
        /// Nothing more until something is fed.
        case needsMoreInput
        /// The peer sent close_notify: the true end of what it had to say. Writing may go on.
        case peerClosed
    }

    private let ssl: OpaquePointer  // SSL *, ours
    private let wire: UnsafeMutablePointer<Wire>  // ours; the session's BIO points to it
    private var failure: OpenSSLError?
    private var isPeerClosed = false

    /// The side that was connected to.
    public init(server context: TLSContext) throws(OpenSSLError) {
        (ssl, wire) = try Self.open(context, .server)
        SSL_set_accept_state(ssl)
    }

    /// The side that connects. The handshake succeeds only with a chain to the context's trust and `serverName` in the certificate.
    ///
    /// - Parameter serverName: a host name, sent as SNI, or an IP address, looked for among the certificate's addresses.
    /// - Throws: also if it is neither.
    public init(client context: TLSContext, serverName: String) throws(OpenSSLError) {
        let name = try ServerName(serverName)
        let (ssl, wire) = try Self.open(context, .client)
        do throws(OpenSSLError) { try Self.expect(name, of: ssl) } catch {
            Self.close(ssl, wire)
            throw error
        }
        (self.ssl, self.wire) = (ssl, wire)
        SSL_set_connect_state(ssl)
    }

    deinit { Self.close(ssl, wire) }

    /// Goes on with the handshake as far as the fed octets reach.
    ///
    /// - Throws: with `certificate verify failed (…)` and the cause if the peer could not be believed.
    public mutating func handshake() throws(OpenSSLError) -> Step<Void> {
        try prepare()
        let result = SSL_do_handshake(ssl)
        return result == 1 ? .done(()) : try step(after: "SSL_do_handshake", result)
    }

    /// Takes over ciphertext from the socket. Read until `needsMoreInput` before feeding again, or it piles up.
    public mutating func feed(_ ciphertext: UnsafeRawBufferPointer) throws(OpenSSLError) {
        if let failure { throw failure }
        // What follows close_notify is nobody's (CVE-2026-45185 was made of it).
        guard !isPeerClosed, let base = ciphertext.baseAddress, !ciphertext.isEmpty else { return }
        guard wire.pointee.incoming.append(base, count: ciphertext.count) else {
            throw fail(OpenSSLError(call: "feed", reasons: ["out of memory"]))
        }
    }

    /// Whether another `read` can bring something without being fed: part of a record, or all of one, lies here.
    public var hasUnreadInput: Bool { wire.pointee.incoming.count > 0 || SSL_has_pending(ssl) == 1 }

    /// Decrypts into `buffer`: at least one octet, at most one record (16 KiB).
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(OpenSSLError) -> Step<Int> {
        try prepare()
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return .done(0) }
        var count = 0
        let result = SSL_read_ex(ssl, base, buffer.count, &count)
        return result == 1 ? .done(count) : try step(after: "SSL_read", result)
    }

    /// Encrypts all of `plaintext`; it is pending afterwards, and grows without a bound if nobody sends it.
    ///
    /// - Returns: `needsMoreInput` only before the end of the handshake; nothing was then taken.
    public mutating func write(_ plaintext: UnsafeRawBufferPointer) throws(OpenSSLError) -> Step<Int> {
        try prepare()
        guard let base = plaintext.baseAddress, !plaintext.isEmpty else { return .done(0) }
        var count = 0
        let result = SSL_write_ex(ssl, base, plaintext.count, &count)
        return result == 1 ? .done(count) : try step(after: "SSL_write", result)
    }

    /// Lets go of the buffers for a record each way, some 34 KiB, unless part of a record is held; the next octet brings them back. For a
    /// session that rests: to do it after every record costs more than the record.
    public mutating func releaseBuffers() {
        // OpenSSL asks this itself, and did not always ask well: a buffer that was in use could be freed (CVE-2024-4741).
        guard SSL_has_pending(ssl) == 0, String(cString: SSL_rstate_string(ssl)) == Self.atRecordStart else { return }
        SSL_free_buffers(ssl)
    }

    private static let atRecordStart = "RH"

    /// Says that nothing more will be written. Once is enough; after a failure or inside the handshake it says nothing.
    public mutating func sendCloseNotify() {
        guard failure == nil, SSL_is_init_finished(ssl) == 1, SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    public var hasPendingCiphertext: Bool { pendingCiphertextCount > 0 }

    /// The octets that wait to be sent: stop writing while there are too many.
    public var pendingCiphertextCount: Int { wire.pointee.outgoing.count }

    /// Lends what is to be sent, if anything, without a copy.
    ///
    /// - Parameter body: returns how many octets were taken from the front; the rest stays. If it throws, all stays.
    public mutating func withPendingCiphertext<Failure>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Int) throws(Failure) {
        guard hasPendingCiphertext else { return }
        let taken = try body(wire.pointee.outgoing.octets)
        wire.pointee.outgoing.removeFirst(taken)
    }

    /// Moves what is to be sent to the end of `octets`.
    public mutating func appendPendingCiphertext(to octets: inout [UInt8]) {
        withPendingCiphertext {
            octets.append(contentsOf: $0)
            return $0.count
        }
    }

    /// Meaningful once the handshake is done.
    public var info: TLSInfo { TLSInfo(ssl) }
}

extension TLSSession {
    private static func open(
        _ context: TLSContext, _ role: TLSContext.Role
    ) throws(OpenSSLError) -> (OpaquePointer, UnsafeMutablePointer<Wire>) {
        // A server's context trusts and checks nobody: never let a client run on it.
        guard context.role == role else { throw OpenSSLError(call: "SSL_new", reasons: ["the context is for the other side"]) }
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { throw .draining(after: "SSL_new") }
        let wire = UnsafeMutablePointer<Wire>.allocate(capacity: 1)
        wire.initialize(to: Wire())
        guard let bio = WireBIO.make(over: wire) else {
            close(ssl, wire)
            throw .draining(after: "BIO_new")
        }
        SSL_set_bio(ssl, bio, bio)  // takes it over, once for both directions
        return (ssl, wire)
    }

    private static func close(_ ssl: OpaquePointer, _ wire: UnsafeMutablePointer<Wire>) {
        SSL_free(ssl)
        wire.deinitialize(count: 1)
        wire.deallocate()
    }

    /// Sets whom the certificate must name. The chain alone proves only that the peer is *somebody*.
    private static func expect(_ name: ServerName, of ssl: OpaquePointer) throws(OpenSSLError) {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, nil)
        switch name {
        case .host(let host):
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            guard SSL_set1_host(ssl, host) == 1 else { throw .draining(after: "SSL_set1_host") }
            guard shim_SSL_set_tlsext_host_name(ssl, host) == 1 else { throw .draining(after: "SSL_set_tlsext_host_name") }
        case .address(let address):
            guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address) == 1 else {
                throw .draining(after: "X509_VERIFY_PARAM_set1_ip_asc")
            }
        }
    }

    /// `SSL_get_error` looks at the queue of this thread: what another session left there must be gone.
    private func prepare() throws(OpenSSLError) {
        if let failure { throw failure }
        ERR_clear_error()
    }

    private mutating func step<Value>(after call: String, _ result: Int32) throws(OpenSSLError) -> Step<Value> {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            return .needsMoreInput
        case SSL_ERROR_ZERO_RETURN:
            isPeerClosed = true
            wire.pointee.incoming.removeAll()
            return .peerClosed
        default:
            throw fail(.draining(after: call, verification: SSL_get_verify_result(ssl)))
        }
    }

    private mutating func fail(_ error: OpenSSLError) -> OpenSSLError {
        failure = error
        wire.pointee.incoming.removeAll()
        return error
    }
}
