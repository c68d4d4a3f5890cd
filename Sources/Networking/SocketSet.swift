internal import CLinux
internal import Dispatch
internal import Glibc
internal import SafeIO

/// All sockets of one worker behind a single Dispatch source.
///
/// A Dispatch source for each socket costs three system calls and two thread switches for every few octets that arrive. So the
/// sockets are in an epoll set of the worker's own, and Dispatch watches the set: one event of its brings all that is ready, and while
/// there is much to do the worker finds the next socket without leaving its queue. Confined to that queue.
final class SocketSet {
    /// What waits for one socket.
    final class Watch {
        let descriptor: Int32
        fileprivate let onReadable: () -> Void
        fileprivate var onWritable: (() -> Void)?
        fileprivate var interest: UInt32 = 0

        fileprivate init(_ descriptor: Int32, onReadable: @escaping () -> Void) {
            self.descriptor = descriptor
            self.onReadable = onReadable
        }
    }

    private static let input = UInt32(fairlead_epoll_in)
    private static let output = UInt32(fairlead_epoll_out)
    private static let trouble = UInt32(fairlead_epoll_error)
    /// So often the set is asked again before what else waits on the queue has its turn.
    private static let rounds = 4

    private let set: Int32
    private let queue: DispatchQueue
    private let source: (any DispatchSourceRead)?
    /// By descriptor.
    private var watches: [Watch?] = []
    private let ready = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)

    init(queue: DispatchQueue) {
        self.queue = queue
        let set = fairlead_epoll_create()
        self.set = set
        // Without descriptors for a set there are none for sockets either: `watch` then says so of each.
        guard set >= 0 else {
            source = nil
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: set, queue: queue)
        self.source = source
        source.setCancelHandler { _ = close(set) }
        source.setEventHandler { [weak self] in self?.someAreReady() }
        source.activate()
    }

    deinit {
        source?.cancel()
        ready.deallocate()
    }

    /// Watches for input from now on.
    func watch(_ descriptor: Int32, onReadable: @escaping () -> Void) throws(SystemCallError) -> Watch {
        let watch = Watch(descriptor, onReadable: onReadable)
        guard change(watch, to: Self.input) else { throw .current("epoll_ctl") }
        let index = Int(descriptor)
        if index >= watches.count { watches += [Watch?](repeating: nil, count: index + 1 - watches.count + 64) }
        watches[index] = watch
        return watch
    }

    func setReading(_ watch: Watch, _ isOn: Bool) {
        change(watch, to: isOn ? watch.interest | Self.input : watch.interest & ~Self.input)
    }

    /// - Parameter onWritable: called whenever the kernel has room, until this is called with `nil`.
    func setWriting(_ watch: Watch, _ onWritable: (() -> Void)?) {
        watch.onWritable = onWritable
        change(watch, to: onWritable != nil ? watch.interest | Self.output : watch.interest & ~Self.output)
    }

    func forget(_ watch: Watch) {
        change(watch, to: 0)
        if watches.indices.contains(Int(watch.descriptor)), watches[Int(watch.descriptor)] === watch {
            watches[Int(watch.descriptor)] = nil
        }
    }

    /// A socket that nothing is wanted of leaves the set: epoll tells of errors unasked, again and again.
    ///
    /// - Returns: whether the kernel took it. It refuses for want of memory only, which passes: whoever is watched already is tried again.
    @discardableResult
    private func change(_ watch: Watch, to interest: UInt32) -> Bool {
        guard interest != watch.interest else { return true }
        let operation =
            if interest == 0 { fairlead_epoll_delete } else if watch.interest == 0 { fairlead_epoll_add } else { fairlead_epoll_modify }
        let known = watch.interest
        watch.interest = interest
        if fairlead_epoll_control(set, Int32(operation), watch.descriptor, interest) == 0 { return true }
        if interest != 0 { changeLater(watch, known: known) }
        return false
    }

    private func changeLater(_ watch: Watch, known: UInt32) {
        // Not Sendable, and used nowhere but on this queue.
        nonisolated(unsafe) let (own, watch) = (self, watch)
        queue.asyncAfter(deadline: .now() + .milliseconds(100)) {
            guard own.watches.indices.contains(Int(watch.descriptor)), own.watches[Int(watch.descriptor)] === watch else { return }
            let wanted = watch.interest
            watch.interest = known
            own.change(watch, to: wanted)
        }
    }

    private func someAreReady() {
        for _ in 0..<Self.rounds {
            let count = fairlead_epoll_poll(set, ready)
            guard count > 0 else { return }
            for index in 0..<Int(count) { tell(Int(ready[index] >> 32), UInt32(truncatingIfNeeded: ready[index])) }
        }
    }

    /// A handler may end any other connection: what is forgotten by now is passed over. Its number is not used again before the queue's
    /// next turn, because descriptors are closed in a turn of their own.
    private func tell(_ descriptor: Int, _ events: UInt32) {
        guard watches.indices.contains(descriptor), let watch = watches[descriptor] else { return }
        if events & (Self.input | Self.trouble) != 0, watch.interest & Self.input != 0 { watch.onReadable() }
        if events & (Self.output | Self.trouble) != 0, watch.interest & Self.output != 0 { watch.onWritable?() }
    }
}
