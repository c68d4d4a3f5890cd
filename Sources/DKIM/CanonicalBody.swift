/// The end of the road into the digest: holds empty lines back until something follows them, and gathers small pieces.
struct CanonicalBody<Digest: BodyDigest & ~Copyable>: ~Copyable {
    private var digest: Digest
    /// Octets of CR LF CR LF… that were read but are only part of the body if more follows.
    private var heldLineEnds = 0
    private var isEmpty = true
    private var gathered: [UInt8] = []

    private static var gatheredLimit: Int { 4096 }
    /// Below this, a copy is cheaper than a call.
    private static var directMinimum: Int { 512 }

    init(_ digest: consuming Digest) { self.digest = digest }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        var end = piece.count
        while end > 0, piece[end - 1] == 10 || piece[end - 1] == 13 { end -= 1 }
        if end > 0 {
            releaseLineEnds()
            write(UnsafeRawBufferPointer(rebasing: piece[..<end]))
        }
        heldLineEnds += piece.count - end
    }

    mutating func appendSpace() {
        releaseLineEnds()
        isEmpty = false
        reserve(1)
        gathered.append(32)
    }

    /// - Parameter emptyIsLine: an empty body is one CRLF in the simple form and nothing in the relaxed one.
    mutating func finalize(emptyIsLine: Bool) -> [UInt8] {
        if !isEmpty || emptyIsLine {
            reserve(2)
            gathered.append(13)
            gathered.append(10)
        }
        flush()
        heldLineEnds = 0
        isEmpty = true
        return digest.finalize()
    }

    private mutating func releaseLineEnds() {
        var isLineFeed = false
        while heldLineEnds > 0 {
            reserve(1)
            gathered.append(isLineFeed ? 10 : 13)
            isLineFeed.toggle()
            heldLineEnds -= 1
        }
    }

    private mutating func write(_ piece: UnsafeRawBufferPointer) {
        isEmpty = false
        if piece.count >= Self.directMinimum {
            flush()
            digest.update(piece)
        } else {
            reserve(piece.count)
            gathered.append(contentsOf: piece)
        }
    }

    /// Makes room for `count` octets, which are at most `directMinimum`.
    private mutating func reserve(_ count: Int) {
        if gathered.capacity == 0 { gathered.reserveCapacity(Self.gatheredLimit) }
        if gathered.count + count > Self.gatheredLimit { flush() }
    }

    private mutating func flush() {
        guard !gathered.isEmpty else { return }
        gathered.withUnsafeBytes { digest.update($0) }
        gathered.removeAll(keepingCapacity: true)
    }
}
