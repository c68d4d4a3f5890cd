public import SafeIO
internal import Cryptography

/// One connected socket, in clear or under TLS, on its worker's queue: octets in and out, a deadline, one end.
///
/// Not `Sendable`: made and used on its worker only, in the listener's callback or in an actor whose executor is the worker.
/// It reads by itself from the start; set `onEvent` in the same turn. Dropping the last reference to an open channel aborts it; an
/// owner whose `onEvent` holds it strongly lives as long as the connection, since the channel drops `onEvent` at the end.
///
/// Input is lent from the worker's reading buffer, and only what the owner leaves unread is kept; output is written at once, or, within
/// an event, when the event's handler returns. A channel that has been idle for three seconds holds no buffer, unless its
/// peer stopped in the middle of a record.
public final class Channel {
    /// Called on the worker. Dropped after `.closed`.
    public var onEvent: ((Event) -> Void)?
    public let peer: SocketAddress
    public let local: SocketAddress

    /// False stops reading, and with it the peer, once the kernel's buffer is full. It holds back the end of the stream too: what a
    /// peer sent before it went is not lost. Back to true, `.input` comes if there are unread octets.
    public var isReading = true {
        didSet { if isReading, !oldValue { resumeInput() } }
    }

    /// When `.deadline` is due, to a quarter of a second. Moving it later costs a store.
    public var deadline: ContinuousClock.Instant? {
        get { phase == .open ? timer?.due : nil }
        set { if phase == .open { setTimer(newValue) } }
    }

    enum Phase { case open, closing, closed }
    /// Where TLS stands: `.handshaking` sends nothing of the owner's.
    enum Security { case clear, handshaking, secured }

    let worker: Worker
    let inputLimit: Int
    var descriptor: WatchedDescriptor?
    var phase = Phase.open
    var timer: WheelTimer?

    var security = Security.clear
    var tls: TLSSession?
    /// Fires a while after TLS was last used.
    var tlsRest: WheelTimer?
    var isTLSUsed = false

    /// Unread octets that outlived the turn they came in.
    var kept = OctetQueue()
    /// Unread octets in the worker's buffer: those of `kept` and new ones. Empty outside an event's turn.
    var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Decrypted octets may wait inside `tls`, for which no socket event will come.
    var mayHoldPlaintext = false
    var isResumeScheduled = false
    /// The peer's end, seen but not yet told, because unread input comes first.
    var endOfInput: Closure?

    /// What waits to be sent: in clear, or to be encrypted.
    var output = OctetQueue()
    /// What must leave in clear before the first octet of TLS.
    var clearOutput = OctetQueue()
    /// More than zero while the owner looks at unread octets: their memory stays.
    var readers = 0
    /// More than zero within a turn: sends are collected.
    var corks = 0
    /// The kernel had no room; the write source will tell.
    var isBlocked = false
    /// A write found the peer gone: input is read to its end, then this is why we close.
    var outputFailure: Closure?

    var closure = Closure.local
    var isShutDown = false
    var discarded = 0
    /// Keeps a closing channel alive until its descriptor is closed, whoever has let go of it.
    var selfWhileClosing: Channel?

    /// - Parameter inputLimit: reading pauses while this many octets or more lie unread. An owner that waits for more than that in
    ///   one piece waits for ever.
    /// - Throws: `EBADF` if `socket` was taken before.
    public init(_ socket: ConnectedSocket, worker: Worker, inputLimit: Int = 256 << 10) throws(SystemCallError) {
        worker.checkIsolated()
        peer = socket.peer
        local = socket.local
        self.worker = worker
        self.inputLimit = max(1, inputLimit)
        guard let owned = socket.take() else { throw SystemCallError("take", code: 9, subject: "\(socket.peer)") }
        // Weak: a source must not keep alive a channel that nobody holds.
        descriptor = nil
        descriptor = try WatchedDescriptor(owned, worker: worker) { [weak self] in self?.readable() }
    }

    /// Under TLS, or on the way there.
    public var isSecure: Bool { security != .clear }

    /// Runs `body`, and lets everything that it sends leave together. Within an event that is so anyway.
    public func corked(_ body: () -> Void) { turn(body) }

    /// One turn of work: what is sent within leaves together at the end; borrowed input that was not read is kept.
    func turn(_ body: () -> Void) {
        corks += 1
        body()
        corks -= 1
        guard corks == 0, phase != .closed else { return }
        flush()
        tidyInput()
    }

    func deliver(_ event: Event) {
        guard phase == .open else { return }
        onEvent?(event)
    }

    func setTimer(_ due: ContinuousClock.Instant?) {
        if let timer {
            worker.wheel.set(timer, to: due)
        } else if let due {
            let fresh = WheelTimer { [weak self] in self?.timerFired() }
            timer = fresh
            worker.wheel.set(fresh, to: due)
        }
    }

    private func timerFired() {
        switch phase {
        case .open: turn { deliver(.deadline) }
        case .closing: finish()
        case .closed: break
        }
    }
}
