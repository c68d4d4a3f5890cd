/// The end of the road into the digest: holds empty lines back until something follows them, and gathers small pieces.
struct CanonicalBody: ~Copyable {
    private let digest: any BodyDigest
    /// Octets of CR LF CR LF… that were read but are only part of the body if more follows.
    private var heldLineEnds = 0
    private var isEmpty = true
    /// Pieces too small for a call each; ours, made when first needed.
    private var gathered = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var gatheredCount = 0

    private static let gatheredLimit = 4096
    /// From here on a call is cheaper than a copy.
    private static let directMinimum = 512

    init(_ digest: any BodyDigest) { self.digest = digest }

    deinit { gathered.deallocate() }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        var end = piece.count
        while end > 0, piece[end - 1] == 10 || piece[end - 1] == 13 { end -= 1 }
        if end > 0 {
            releaseLineEnds()
            isEmpty = false
            write(UnsafeRawBufferPointer(rebasing: piece[..<end]))
        }
        heldLineEnds += piece.count - end
    }

    mutating func appendSpace() {
        releaseLineEnds()
        isEmpty = false
        gather(32)
    }

    /// - Parameter emptyIsLine: an empty body is one CRLF in the simple form and nothing in the relaxed one.
    mutating func finalize(emptyIsLine: Bool) -> [UInt8] {
        if !isEmpty || emptyIsLine {
            gather(13)
            gather(10)
        }
        flush()
        heldLineEnds = 0
        isEmpty = true
        return digest.finalize()
    }

    private mutating func releaseLineEnds() {
        var isLineFeed = false
        while heldLineEnds > 0 {
            gather(isLineFeed ? 10 : 13)
            isLineFeed.toggle()
            heldLineEnds -= 1
        }
    }

    private mutating func write(_ piece: UnsafeRawBufferPointer) {
        if piece.count >= Self.directMinimum {
            flush()
            digest.update(piece)
            return
        }
        reserve(piece.count)
        UnsafeMutableRawBufferPointer(rebasing: gathered[gatheredCount...]).copyMemory(from: piece)
        gatheredCount += piece.count
    }

    private mutating func gather(_ octet: UInt8) {
        reserve(1)
        gathered[gatheredCount] = octet
        gatheredCount += 1
    }

    /// Makes room for `count` octets, which are fewer than `directMinimum`.
    private mutating func reserve(_ count: Int) {
        if gatheredCount + count <= gathered.count { return }
        if gathered.isEmpty {
            gathered = .allocate(byteCount: Self.gatheredLimit, alignment: 1)
        } else {
            flush()
        }
    }

    private mutating func flush() {
        guard gatheredCount > 0 else { return }
        digest.update(UnsafeRawBufferPointer(rebasing: gathered[..<gatheredCount]))
        gatheredCount = 0
    }
}
