internal import Cryptography
internal import SafeIO
internal import Dispatch
internal import Glibc

extension Channel {
    /// How many octets came and were not consumed.
    public var inputCount: Int { lent.isEmpty ? kept.count : lent.count }

    /// Lends all unread octets, in one piece. The memory is valid within `body` only; `consume` may be called in there.
    public func withInput<Result, Failure>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Result) throws(Failure) -> Result {
        readers += 1
        defer {
            readers -= 1
            tidyInput()
        }
        return try body(lent.isEmpty ? kept.octets : lent)
    }

    /// Marks `count` octets (at most all) as read.
    public func consume(_ count: Int) {
        if lent.isEmpty {
            kept.drop(count)
            tidyInput()
        } else {
            lent = UnsafeRawBufferPointer(rebasing: lent.dropFirst(max(0, count)))
        }
    }

    /// Once nobody looks: memory goes back, and reading goes on if there is room again.
    func tidyInput() {
        guard corks == 0, readers == 0, phase == .open else { return }
        if kept.isEmpty, kept.capacity > 0 { kept.clear() }
        guard wantsInput, endOfInput == nil else { return }
        if mayHoldPlaintext { resumeInput() } else { descriptor?.resumeReading() }
    }

    /// TLS answers some of what it reads by itself (KeyUpdate): a peer that asks and never reads must not fill our memory.
    private static let pendingCiphertextLimit = 256 << 10

    private var wantsInput: Bool {
        phase == .open && isReading && inputCount < inputLimit && (tls?.pendingCiphertextCount ?? 0) < Self.pendingCiphertextLimit
    }

    /// Takes in what has come already, without waiting for the worker to hear of it; the owner is told as ever, within this call.
    ///
    /// For the moment before a connection that stood idle is used again.
    public func readAtOnce() { readable() }

    /// The read source fired.
    func readable() {
        switch phase {
        case .closed: return
        case .closing: return discardInput()
        case .open: break
        }
        // A paused channel is suspended only now: most pauses end before anything comes.
        guard wantsInput, endOfInput == nil else { descriptor?.suspendReading(); return }
        turn { receive() }
    }

    /// Goes on after a pause, in a turn of its own: the caller may be in the middle of its own work.
    func resumeInput() {
        guard phase == .open else { return }
        guard inputCount > 0 || mayHoldPlaintext || endOfInput != nil || outputFailure != nil else {
            descriptor?.resumeReading()
            return
        }
        guard !isResumeScheduled else { return }
        isResumeScheduled = true
        // Not Sendable, but it goes to the very queue that it is confined to.
        nonisolated(unsafe) let channel = self
        worker.queue.async { channel.resumeInputNow() }
    }

    private func resumeInputNow() {
        isResumeScheduled = false
        guard phase == .open else { return }
        turn {
            if isReading, inputCount > 0 { deliver(.input) }
            if wantsInput || outputFailure != nil { receive() }
        }
    }

    /// Reads and delivers while the socket gives whole buffers, for at most a few, so that others have their turn too.
    private func receive() {
        // From a peer that is gone there is one buffer of the kernel's at most, and no second chance.
        var rounds = outputFailure == nil ? 4 : 64
        while wantsInput, endOfInput == nil, rounds > 0 {
            rounds -= 1
            let isMore = security == .clear ? receiveClear() : receiveSecure()
            settle()
            if !isMore { break }
        }
        settle()
        // The peer's end waits for an owner that paused; a lost peer does not.
        if let outputFailure {
            beginClosing(outputFailure)
        } else if let endOfInput, isReading {
            beginClosing(endOfInput)
        }
    }

    /// Moves what was not read out of the worker's buffer, which the next channel will use.
    private func settle() {
        guard !lent.isEmpty else { return }
        kept.append(lent)
        lent = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// - Returns: whether the buffer was filled, so that there is probably more.
    private func receiveClear() -> Bool {
        let space = UnsafeMutableRawBufferPointer(rebasing: worker.scratch.clear[roomBefore...])
        let count = receive(into: space)
        guard count > 0 else { return false }
        present(newCount: count)
        return count == space.count
    }

    private func receiveSecure() -> Bool {
        var isFull = false
        if !mayHoldPlaintext {
            let count = receive(into: worker.scratch.wire)
            guard count > 0 else { return false }
            isFull = count == worker.scratch.wire.count
            let ciphertext = UnsafeRawBufferPointer(rebasing: worker.scratch.wire[..<count])
            do throws(OpenSSLError) { try tls?.feed(ciphertext) } catch { return fail(error) }
        }
        keepTLSBuffers()
        return decrypt() || isFull
    }

    /// Steps the TLS machine over what it was fed.
    ///
    /// - Returns: whether it may hold more.
    private func decrypt() -> Bool {
        if security == .handshaking {
            do throws(OpenSSLError) {
                guard try handshake() else { return false }
            } catch {
                return fail(error)
            }
            // The owner may have paused or closed when it heard of it.
            mayHoldPlaintext = true
            guard wantsInput else { return false }
        }
        let start = roomBefore
        var filled = start
        mayHoldPlaintext = true
        do throws(OpenSSLError) {
            while filled < Scratch.size, mayHoldPlaintext {
                let space = UnsafeMutableRawBufferPointer(rebasing: worker.scratch.clear[filled...])
                switch try tls?.read(into: space) {
                case .done(let count):
                    filled += count
                    mayHoldPlaintext = tls?.hasUnreadInput ?? false
                case .peerClosed: endOfInput = .closeNotify; mayHoldPlaintext = false
                case .needsMoreInput, nil: mayHoldPlaintext = false
                }
            }
        } catch {
            // What came before the bad record was genuine and is still told.
            _ = fail(error)
        }
        if filled > start { present(newCount: filled - start) }
        return mayHoldPlaintext
    }

    /// - Returns: false; TLS is over, and the alert that says why leaves at the end of the turn.
    private func fail(_ error: OpenSSLError) -> Bool {
        mayHoldPlaintext = false
        endOfInput = .tls(error)
        return false
    }

    /// Where new octets go in the worker's buffer: behind the kept ones, if those are few enough to be put in front.
    private var roomBefore: Int { kept.count <= Scratch.size / 2 ? kept.count : 0 }

    /// Makes the octets that lie at `roomBefore` readable behind the kept ones, and tells the owner.
    private func present(newCount: Int) {
        let offset = roomBefore
        let buffer = worker.scratch.clear
        if offset == kept.count {
            buffer.copyMemory(from: kept.octets)
            kept.clear()
            lent = UnsafeRawBufferPointer(rebasing: buffer[..<(offset + newCount)])
        } else {
            kept.append(UnsafeRawBufferPointer(rebasing: buffer[..<newCount]))
        }
        deliver(.input)
    }

    /// - Returns: how many octets came; 0 if none, and then `endOfInput` tells whether that was the end.
    private func receive(into space: UnsafeMutableRawBufferPointer) -> Int {
        guard let descriptor else { return 0 }
        while true {
            let count = recv(descriptor.rawValue, space.baseAddress, space.count, 0)
            if count > 0 { return count }
            if count == 0 {
                endOfInput = security == .clear ? .endOfStream : .truncated
                return 0
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            default: endOfInput = Closure(errno: errno, call: "recv", peer: peer); return 0
            }
        }
    }

    /// While closing: what still comes is thrown away until the peer's end, so that our last words are not lost to a reset.
    private func discardInput() {
        guard let descriptor else { return }
        while discarded < 1 << 20 {
            let count = recv(descriptor.rawValue, worker.scratch.wire.baseAddress, Scratch.size, 0)
            if count > 0 {
                discarded += count
            } else if count == 0 {
                return isShutDown ? finish() : descriptor.suspendReading()
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                return finish()
            }
        }
        finish()
    }
}

extension Channel.Closure {
    init(errno code: Int32, call: String, peer: SocketAddress) {
        switch code {
        case ECONNRESET, EPIPE: self = .reset
        default: self = .failed(SystemCallError(call, code: code, subject: "\(peer)"))
        }
    }
}
