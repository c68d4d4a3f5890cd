internal import Cryptography
internal import MailModel
internal import Synchronization

/// Where all queue ids come from: accepted mail and mail of our own must never share one.
final class QueueIDSource: Sendable {
    private let generator: Mutex<QueueIDGenerator>
    private let clock: WallClock

    /// - Parameter floor: the highest id ever used.
    init(floor: QueueID?, clock: @escaping WallClock) {
        generator = Mutex(QueueIDGenerator(floor: floor))
        self.clock = clock
    }

    func next() -> QueueID {
        let random = SecureRandom.uint32()
        let now = clock()
        return generator.withLock { $0.next(now: now, random: random) }
    }
}
