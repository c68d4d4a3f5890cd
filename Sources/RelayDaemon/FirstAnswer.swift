internal import Synchronization

/// The value that `body` comes to, or `nil` if that takes longer; it goes on by itself then, and its value is lost.
///
/// For questions to storage that may hang while somebody waits for an answer.
func answer<Value: Sendable>(within limit: Duration, of body: @escaping @Sendable () async -> Value?) async -> Value? {
    let asker = FirstAnswer<Value>()
    return await withCheckedContinuation { continuation in
        asker.wait(continuation)
        let timer = Task {
            try? await Task.sleep(for: limit)
            asker.take(nil)
        }
        Task {
            asker.take(await body())
            timer.cancel()
        }
    }
}

/// Resumes whoever waits, once.
private final class FirstAnswer<Value: Sendable>: Sendable {
    private let waiter = Mutex<CheckedContinuation<Value?, Never>?>(nil)

    func wait(_ continuation: CheckedContinuation<Value?, Never>) { waiter.withLock { $0 = continuation } }

    func take(_ value: Value?) {
        let waiter = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiter?.resume(returning: value)
    }
}
