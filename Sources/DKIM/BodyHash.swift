/// The hash of a body that streams by, canonicalised on the way (RFC 6376 §3.4.3, §3.4.4).
///
/// Text without runs of blanks goes to the digest straight from the caller's memory, in pieces as large as they came. How the body is
/// cut into pieces changes nothing.
public struct BodyHash: ~Copyable {
    private var output: CanonicalBody
    private let canonicalization: Canonicalization
    /// A blank was read that stands for one space, unless the line ends here. Relaxed only.
    private var owesSpace = false

    /// - Parameter digest: fresh, and from now on ours alone.
    public init(_ digest: any BodyDigest, _ canonicalization: Canonicalization = .relaxed) {
        output = CanonicalBody(digest)
        self.canonicalization = canonicalization
    }

    /// - Parameter body: octets with CRLF line ends; dot-stuffing undone.
    public mutating func update(_ body: UnsafeRawBufferPointer) {
        switch canonicalization {
        case .simple: output.append(body)
        case .relaxed: updateRelaxed(body)
        }
    }

    /// The value of `bh=`, before base 64.
    public mutating func finalize() -> [UInt8] {
        owesSpace = false
        return output.finalize(emptyIsLine: canonicalization == .simple)
    }

    private mutating func updateRelaxed(_ body: UnsafeRawBufferPointer) {
        var start = 0
        if owesSpace {
            start = Self.endOfBlanks(in: body, from: 0)
            guard start < body.count else { return }
            owesSpace = false
            if body[start] != 13 { output.appendSpace() }
        }
        while start < body.count {
            let blank = BlankScanner.firstReducible(in: body, from: start)
            guard blank < body.count else {
                output.append(UnsafeRawBufferPointer(rebasing: body[start...]))
                return
            }
            let next = Self.endOfBlanks(in: body, from: blank)
            if next == body.count {
                owesSpace = true
                output.append(UnsafeRawBufferPointer(rebasing: body[start..<blank]))
                return
            }
            if body[next] == 13 {  // blanks at the end of a line
                output.append(UnsafeRawBufferPointer(rebasing: body[start..<blank]))
            } else if body[blank] == 32 {  // the first blank of the run is the space that stays
                output.append(UnsafeRawBufferPointer(rebasing: body[start...blank]))
            } else {
                output.append(UnsafeRawBufferPointer(rebasing: body[start..<blank]))
                output.appendSpace()
            }
            start = next
        }
    }

    private static func endOfBlanks(in body: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < body.count, body[index] == 32 || body[index] == 9 { index += 1 }
        return index
    }
}
