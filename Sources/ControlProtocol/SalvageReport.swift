/// What `queue salvage` got out of a damaged queue. Names are an interface: add, never rename.
public struct SalvageReport: Codable, Hashable, Sendable {
    public var recovered: Int
    /// Whole, and with nothing left to be sent.
    public var finished: Int
    /// Queue ids of which not everything was found.
    public var damaged: [String]
    public var knowsFreePages: Bool

    enum CodingKeys: String, CodingKey {
        case recovered, finished, damaged
        case knowsFreePages = "knows_free_pages"
    }

    public init(recovered: Int, finished: Int, damaged: [String], knowsFreePages: Bool) {
        self.recovered = recovered
        self.finished = finished
        self.damaged = damaged
        self.knowsFreePages = knowsFreePages
    }
}
