internal import MailModel

/// Writes a field of our own word by word: a space between two, or a fold where the line would pass 76 octets (RFC 2047 §2).
public struct FieldWriter {
    private let name: FieldName
    private let nameCount: Int
    private var octets: [UInt8]
    /// Octets of the line so far.
    private var column: Int
    /// Where the space before the last word stands, as long as a fold may still go there.
    private var lastSpace: Int?

    private static let longestLine = 76

    public init(_ name: FieldName) {
        self.name = name
        octets = []
        octets.reserveCapacity(256)
        octets.append(contentsOf: name.rawValue.utf8)
        nameCount = octets.count
        octets.append(ASCII.colon)
        column = octets.count
    }

    /// - Parameter write: appends the octets of one word: printable ASCII, at least one.
    public mutating func word(_ write: (inout [UInt8]) -> Void) {
        let space = octets.count
        octets.append(ASCII.space)
        write(&octets)
        column += octets.count - space
        lastSpace = space == nameCount + 1 ? nil : space
        foldIfLong()
    }

    public mutating func word(_ word: ArraySlice<UInt8>) { self.word { $0.append(contentsOf: word) } }
    public mutating func word(_ word: [UInt8]) { self.word { $0.append(contentsOf: word) } }
    public mutating func word(_ word: String) { self.word { $0.append(contentsOf: word.utf8) } }

    /// Puts `octet` behind the last word, as part of it.
    public mutating func attach(_ octet: UInt8) {
        octets.append(octet)
        column += 1
        foldIfLong()
    }

    /// Whether there is no word yet.
    public var isEmpty: Bool { octets.count == nameCount + 1 }

    private mutating func foldIfLong() {
        guard column > Self.longestLine, let space = lastSpace else { return }
        octets.insert(contentsOf: ASCII.crlf, at: space)
        column = octets.count - space - 2
        lastSpace = nil
    }

    /// - Throws: as `HeaderField.init(_:value:)`.
    public consuming func field() throws(HeaderError) -> HeaderField {
        try HeaderField(writing: name, octets, nameCount: nameCount)
    }
}
