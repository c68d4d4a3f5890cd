/// After an outage everybody's mail is due at once: the first attempts go in small numbers that double with each round of successes, so that
/// an upstream that has just come back is not thrown over.
struct SlowStart {
    /// `nil` when nothing is held back.
    private var window: Int?

    mutating func begin() { window = 1 }

    /// The upstream spoke about a message, whatever it said.
    mutating func answered() {
        guard let current = window else { return }
        window = current >= Self.enough ? nil : current + 1
    }

    func limit(_ capacity: Int) -> Int { min(capacity, window ?? capacity) }

    private static let enough = 64
}
