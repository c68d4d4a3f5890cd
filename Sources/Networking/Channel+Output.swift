internal import Cryptography
internal import Glibc

extension Channel {
    /// Sends now, or at the end of the event that is being handled; what the kernel does not take waits. Nothing is sent on a
    /// channel that is closing.
    public func send(_ octets: UnsafeRawBufferPointer) {
        guard phase == .open, outputFailure == nil, !octets.isEmpty else { return }
        // What is alone and need not wait for company is not copied.
        if security == .clear, output.isEmpty, clearOutput.isEmpty, !isBlocked, corks == 0 || octets.count >= 16 << 10 {
            let sent = write(octets)
            if outputFailure != nil { return dropOutput() }
            return queue(UnsafeRawBufferPointer(rebasing: octets[sent...]))
        }
        queue(octets)
        if corks == 0 || output.count >= Scratch.size { flush() }
    }

    public func send(_ octets: [UInt8]) { octets.withUnsafeBytes { send($0) } }

    /// How many octets wait to be written, including TLS's own.
    public var unsentOctets: Int { clearOutput.count + output.count + (tls?.pendingCiphertextCount ?? 0) }

    private func queue(_ octets: UnsafeRawBufferPointer) {
        guard !octets.isEmpty else { return }
        if output.isEmpty, output.capacity == 0 { swap(&output, &worker.spareOutput) }
        output.append(octets)
    }

    /// Writes what waits, as far as the kernel takes it.
    public func flush() {
        guard phase != .closed else { return }
        let isDone = outputFailure == nil && !isBlocked && pushAll()
        if outputFailure != nil { return dropOutput() }
        if output.isEmpty, output.capacity > 0 { giveBackRoom() }
        if isDone, phase == .closing { allSent() }
    }

    /// The write source fired.
    func writable() {
        guard phase != .closed else { return }
        isBlocked = false
        flush()
        guard phase != .closed, !isBlocked else { return }
        descriptor?.suspendWriting()
        if unsentOctets == 0 { turn { deliver(.drained) } } else { tidyInput() }
    }

    /// - Returns: whether nothing waits any more.
    private func pushAll() -> Bool {
        while !clearOutput.isEmpty {
            let sent = write(clearOutput.octets)
            clearOutput.drop(sent)
            if sent == 0 { return false }
        }
        if clearOutput.capacity > 0 { clearOutput.clear() }
        return security == .clear ? pushClear() : pushSecure()
    }

    private func pushClear() -> Bool {
        while !output.isEmpty {
            let sent = write(output.octets)
            output.drop(sent)
            if sent == 0 { return false }
        }
        return true
    }

    private func pushSecure() -> Bool {
        if !output.isEmpty { keepTLSBuffers() }
        while true {
            // Encrypted first, so that a handshake's last flight and the first words leave together; a little at a time, since
            // encrypted octets lie in memory beside those that they were made from.
            while security == .secured, !output.isEmpty, (tls?.pendingCiphertextCount ?? 0) < Scratch.size {
                do throws(OpenSSLError) {
                    let octets = UnsafeRawBufferPointer(rebasing: output.octets.prefix(Scratch.size))
                    guard case .done(let taken) = try tls?.write(octets) else { break }
                    output.drop(taken)
                } catch {
                    outputFailure = .tls(error)
                    return false
                }
            }
            guard (tls?.pendingCiphertextCount ?? 0) > 0 else { return output.isEmpty || phase == .closing }
            var sent = 0
            tls?.withPendingCiphertext { ciphertext in
                sent = write(ciphertext)
                return sent
            }
            if sent == 0 { return false }
        }
    }

    /// - Returns: how many octets the kernel took; 0 if it has no room (`isBlocked`) or the peer is gone (`outputFailure`).
    private func write(_ octets: UnsafeRawBufferPointer) -> Int {
        guard let descriptor else { return 0 }
        var sent = 0
        while sent < octets.count, let base = octets.baseAddress {
            let count = Glibc.send(descriptor.rawValue, base + sent, octets.count - sent, Int32(MSG_NOSIGNAL))
            if count >= 0 { sent += count; continue }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                isBlocked = true
                descriptor.resumeWriting { [weak self] in self?.writable() }
            default:
                outputFailure = Closure(errno: errno, call: "send", peer: peer)
            }
            break
        }
        return sent
    }

    /// The peer is gone. What it said before is still read; then the channel closes, paused or not.
    private func dropOutput() {
        output.clear()
        clearOutput.clear()
        descriptor?.suspendWriting()
        if phase == .closing { finish() } else { resumeInput() }
    }

    /// Lends the room on to the next channel, or frees it.
    private func giveBackRoom() {
        if worker.spareOutput.capacity == 0, output.capacity <= Scratch.size {
            swap(&output, &worker.spareOutput)
        } else {
            output.clear()
        }
    }
}
