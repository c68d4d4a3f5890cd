internal import Cryptography
internal import Glibc

extension Channel {
    /// How long the kernel may take to accept our last words, and how long the peer may then take to hang up.
    static let flushTime = Duration.seconds(10)
    static let lingerTime = Duration.seconds(2)

    /// Ends the connection well: sends what waits, says goodbye, and lets the peer read it, all within seconds.
    /// No event but `.closed(.local)` comes any more.
    public func close() {
        beginClosing(.local)
        if corks == 0 { flush() }
    }

    /// Ends the connection now: what waits is dropped and the peer sees a reset. `.closed(.local)` comes in a later turn.
    public func abort() {
        guard phase != .closed else { return }
        if phase == .open { closure = .local }
        if let descriptor {
            var hard = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor.rawValue, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        }
        finish()
    }

    /// The end is decided; the turn's flush goes on from here.
    func beginClosing(_ reason: Closure) {
        guard phase == .open else { return }
        phase = .closing
        closure = reason
        selfWhileClosing = self
        setTimer(.now + Self.flushTime)
        switch reason {
        case .reset, .failed: finish()
        default: break
        }
    }

    /// Everything has been written out.
    func allSent() {
        guard phase == .closing, !isShutDown, let descriptor else { return }
        if tls != nil {
            tls?.sendCloseNotify()
            var isBlocked = false
            tls?.withPendingCiphertext { octets in
                let sent = Glibc.send(descriptor.rawValue, octets.baseAddress, octets.count, Int32(MSG_NOSIGNAL))
                isBlocked = sent < octets.count
                return max(0, sent)
            }
            // Two dozen octets that find no room, just after everything else did: not worth waiting for.
            if isBlocked { return finish() }
        }
        isShutDown = true
        shutdown(descriptor.rawValue, Int32(SHUT_WR))
        switch closure {
        // The peer may still be talking: it shall hear why before it is cut off.
        case .local, .tls:
            setTimer(.now + Self.lingerTime)
            descriptor.resumeReading()
        default: finish()
        }
    }

    /// Closes the descriptor; `.closed` comes when that is done.
    func finish() {
        guard phase != .closed else { return }
        phase = .closed
        if let timer { worker.wheel.remove(timer) }
        timer = nil
        if let tlsRest { worker.wheel.remove(tlsRest) }
        tlsRest = nil
        let descriptor = descriptor
        self.descriptor = nil
        descriptor?.close { [self] in
            selfWhileClosing = nil
            let handler = onEvent
            onEvent = nil
            handler?(.closed(closure))
            kept.clear()
            tls = nil
        }
        output.clear()
        clearOutput.clear()
    }
}
