/// Writes a message for the wire: stuffs dots, closes it with CRLF `.` CRLF (RFC 5321 §4.5.2).
///
/// What leaves holds no CR without LF and no LF without CR, whatever was stored: otherwise the message is not sent at all.
public struct DataEncoder: Hashable, Sendable {
    /// The message has a bare CR or LF. The connection is in the middle of DATA and must be dropped.
    public struct BareLineEnd: Error, Hashable, Sendable {}

    private var isAtLineStart = true
    private var endedWithCarriageReturn = false

    public init() {}

    /// Appends the next octets of the message, in pieces of any size.
    ///
    /// - Throws: `BareLineEnd`; nothing of this piece was appended then.
    public mutating func encode(_ piece: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(BareLineEnd) {
        guard let first = piece.first, let last = piece.last else { return }
        guard endedWithCarriageReturn == (first == 10) else { throw BareLineEnd() }
        guard !Octets.survey(piece).hasBareCarriageReturn else { throw BareLineEnd() }
        let lengthBefore = output.count
        var isLineStart = isAtLineStart
        var copied = 0
        var index = 0
        while index < piece.count {
            if isLineStart, piece[index] == 46 {
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[copied...index]))
                copied = index  // the dot goes out twice
            }
            guard let lineFeed = Octets.firstLineFeed(in: piece, from: index) else {
                isLineStart = false
                break
            }
            guard lineFeed > 0 ? piece[lineFeed - 1] == 13 : endedWithCarriageReturn else {
                output.removeSubrange(lengthBefore...)
                throw BareLineEnd()
            }
            isLineStart = true
            index = lineFeed + 1
        }
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[copied...]))
        isAtLineStart = isLineStart
        endedWithCarriageReturn = last == 13
    }

    /// Appends the end of data; a last line without CRLF gets one.
    public mutating func finish(into output: inout [UInt8]) throws(BareLineEnd) {
        guard !endedWithCarriageReturn else { throw BareLineEnd() }
        if !isAtLineStart { output.append(contentsOf: [13, 10]) }
        output.append(contentsOf: [46, 13, 10])
        isAtLineStart = true
    }
}
