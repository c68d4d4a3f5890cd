/// Octets that show where they were taken from: no stretch of them equals another at a distance of a power of two. Made by copying, since
/// a loop over millions would keep other tests off the processor.
func pattern(_ count: Int) -> [UInt8] {
    let piece = (0..<251 * 241).map { UInt8(truncatingIfNeeded: $0 % 251 ^ $0 / 251) }
    var octets: [UInt8] = []
    octets.reserveCapacity(count)
    while octets.count < count { octets.append(contentsOf: piece.prefix(count - octets.count)) }
    return octets
}
