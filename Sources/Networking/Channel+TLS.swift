public import Cryptography
internal import Glibc

extension Channel {
    /// Becomes the server of a TLS connection. What was sent before, such as the reply to STARTTLS, still leaves in clear; what is sent
    /// from now on waits for `.secured`.
    ///
    /// - Throws: `premature` if there are unread octets, also those the kernel still holds while our own reply has not left.
    public func startTLS(server context: TLSContext) throws(StartTLSError) {
        // Once the reply is out, what the kernel holds may be the client's hello; before, nobody honest has spoken.
        try requireSilence(askingKernel: !output.isEmpty)
        do throws(OpenSSLError) { tls = try TLSSession(server: context) } catch { throw .tls(error) }
        beginHandshake()
    }

    /// Becomes the client of a TLS connection; its first flight leaves at once.
    ///
    /// - Parameter serverName: sent as SNI and required in the certificate.
    /// - Throws: `premature` if there are unread octets, also in the kernel: a TLS server never speaks first.
    public func startTLS(client context: TLSContext, serverName: String) throws(StartTLSError) {
        try requireSilence(askingKernel: true)
        do throws(OpenSSLError) { tls = try TLSSession(client: context, serverName: serverName) } catch { throw .tls(error) }
        beginHandshake()
        // The first flight; what goes wrong here is told like any failure of the handshake.
        do throws(OpenSSLError) { _ = try tls?.handshake() } catch { endOfInput = .tls(error) }
        if corks == 0 { flush() }
        if endOfInput != nil { resumeInput() }
    }

    private func requireSilence(askingKernel: Bool) throws(StartTLSError) {
        guard phase == .open, let descriptor else { throw .closed }
        guard security == .clear else { throw .alreadyStarted }
        guard inputCount == 0 else { throw .premature }
        var octet: UInt8 = 0
        if askingKernel, recv(descriptor.rawValue, &octet, 1, Int32(MSG_PEEK)) > 0 { throw .premature }
    }

    private func beginHandshake() {
        swap(&clearOutput, &output)
        security = .handshaking
        keepTLSBuffers()
    }

    private static let tlsRestAfter = Duration.seconds(1)

    /// TLS is about to be used: its buffers stay until nobody has needed them for a second or two.
    func keepTLSBuffers() {
        isTLSUsed = true
        guard tlsRest?.due == nil else { return }
        let timer = tlsRest ?? WheelTimer { [weak self] in self?.restTLS() }
        tlsRest = timer
        worker.wheel.set(timer, to: .now + Self.tlsRestAfter)
    }

    private func restTLS() {
        if isTLSUsed, let tlsRest {
            isTLSUsed = false
            worker.wheel.set(tlsRest, to: .now + Self.tlsRestAfter)
        } else {
            tls?.releaseBuffers()
        }
    }

    /// - Returns: whether it is done.
    func handshake() throws(OpenSSLError) -> Bool {
        switch try tls?.handshake() {
        case .done:
            guard let info = tls?.info else { return false }
            security = .secured
            deliver(.secured(info))
            return phase == .open
        case .peerClosed:
            endOfInput = .closeNotify
            return false
        case .needsMoreInput, nil:
            return false
        }
    }
}
