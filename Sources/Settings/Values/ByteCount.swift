/// A size in octets. `MB` is 1,000,000 octets and `MiB` 1,048,576.
public struct ByteCount: Hashable, Sendable, Comparable {
    public let octets: Int

    public init(octets: Int) { self.octets = octets }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.octets < right.octets }

    private static let units: [(name: String, octets: Int)] = [
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("KB", 1000), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("B", 1), ("", 1),
    ]
}

extension ByteCount {
    static func parse(_ text: String) throws(ValueError) -> ByteCount {
        guard let (number, name) = DecimalText.split(text), let unit = units.first(where: { $0.name == name }) else {
            throw ValueError("\(quoted(text)) is not a size; write a number and a unit: 40MB, 512kB, 16MiB")
        }
        let (octets, overflow) = number.multipliedReportingOverflow(by: unit.octets)
        guard !overflow else { throw ValueError("\(quoted(text)) is too large a size; write less than 9000000GB") }
        return ByteCount(octets: octets)
    }
}

extension ByteCount: CustomStringConvertible {
    /// In the largest unit that leaves no rest, a decimal one if there is one: `40MB`.
    public var description: String {
        let unit = Self.units.first { octets >= $0.octets && octets % $0.octets == 0 }
        return unit.map { "\(octets / $0.octets)\($0.name)" } ?? "\(octets)B"
    }
}
