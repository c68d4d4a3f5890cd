internal import CZlib
internal import Synchronization

/// Headers made smaller: raw deflate (RFC 1951) without a frame, with `HeaderDictionary`. Whoever keeps them keeps their length and a
/// checksum.
public enum Deflate {
    /// Made once: making it costs more than compressing a header.
    private static let shared = Mutex<Deflater?>(nil)

    /// For the least work: a header is written once and hardly ever read.
    public static func compress(_ octets: [UInt8]) throws(CompressionError) -> [UInt8] {
        let compressed = shared.withLock { (deflater: inout sending Deflater?) -> [UInt8]? in
            if deflater == nil { deflater = Deflater() }
            return deflater?.compress(octets)
        }
        guard let compressed else { throw .outOfMemory }
        return compressed
    }

    /// - Parameters:
    ///   - count: how many octets there were; no more is written, whatever the input says.
    ///   - limit: what the caller takes at most.
    public static func restore(_ compressed: [UInt8], count: Int, limit: Int) throws(CompressionError) -> [UInt8] {
        guard count <= limit else { throw .tooLong(limit: limit) }
        guard count >= 0, compressed.count <= Int(UInt32.max) else { throw .damaged }
        var stream = z_stream()
        guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw .outOfMemory }
        defer { inflateEnd(&stream) }
        guard HeaderDictionary.withOctets({ inflateSetDictionary(&stream, $0, $1) }) == Z_OK else { throw .damaged }
        var isWhole = false
        var input = compressed
        // One octet more than there may be, so that a longer text is noticed and an empty one has an address to go to.
        let restored = [UInt8](unsafeUninitializedCapacity: count + 1) { output, written in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(clamping: count + 1)
                isWhole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0
            }
            written = count + 1 - Int(stream.avail_out)
        }
        guard isWhole, restored.count == count else { throw .damaged }
        return restored
    }
}

/// zlib's state for compressing, used again and again.
private struct Deflater: ~Copyable {
    /// Its address must not change: zlib points back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// 4 KiB: nearly every header, and quickly made ready for the next.
    private static let windowBits: Int32 = 12
    private static let memoryLevel: Int32 = 5
    // Z_FIXED: a code made for one header costs more time than it saves octets.

    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, Z_BEST_SPEED, Z_DEFLATED, -Self.windowBits, Self.memoryLevel, Z_FIXED, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    mutating func compress(_ octets: [UInt8]) -> [UInt8]? {
        guard octets.count <= Int(UInt32.max) / 2, deflateReset(stream) == Z_OK,
            HeaderDictionary.withOctets({ deflateSetDictionary(stream, $0, $1) }) == Z_OK
        else { return nil }
        let room = Int(deflateBound(stream, uLong(octets.count)))
        var isWhole = false
        let compressed = [UInt8](unsafeUninitializedCapacity: room) { output, written in
            octets.withUnsafeBufferPointer { input in
                // zlib does not write to its input.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = uInt(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = uInt(room)
                isWhole = deflate(stream, Z_FINISH) == Z_STREAM_END
            }
            written = isWhole ? room - Int(stream.pointee.avail_out) : 0
        }
        return isWhole ? compressed : nil
    }
}
