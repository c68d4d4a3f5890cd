/// The last few kinds of trouble, newest first: the same words again are counted, not listed again.
public struct RecentErrors: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let text: String
        /// The last time.
        public let at: Timestamp
        public let count: Int
    }

    private static let limit = 5

    public private(set) var entries: [Entry] = []

    public init() {}

    public mutating func note(_ text: String, at time: Timestamp) {
        // The same trouble thousands of times a second must cost next to nothing.
        if let first = entries.first, first.text == text {
            entries[0] = Entry(text: text, at: time, count: first.count + 1)
            return
        }
        let count = entries.firstIndex { $0.text == text }.map { entries.remove(at: $0).count } ?? 0
        entries.insert(Entry(text: text, at: time, count: count + 1), at: 0)
        if entries.count > Self.limit { entries.removeLast() }
    }

    /// The newest of both.
    public func merged(with other: RecentErrors) -> [Entry] {
        Array((entries + other.entries).sorted { $0.at > $1.at }.prefix(Self.limit))
    }
}
