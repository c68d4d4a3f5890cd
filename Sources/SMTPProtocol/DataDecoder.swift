/// Reads a message after 354: finds its end, undoes dot-stuffing, counts (RFC 5321 §4.5.2, RFC 1870 §5).
///
/// Only CRLF `.` CRLF ends a message. A bare CR or LF anywhere makes it refusable, but it is read on to its true end, or the rest
/// would be run as commands (CVE-2023-51764 and its siblings). Memory is a few words, whatever arrives.
public struct DataDecoder: Hashable, Sendable {
    /// Why the message must not be kept. What was emitted of it is to be thrown away.
    public enum Defect: Hashable, Sendable {
        /// More octets than the limit.
        case tooLarge
        /// CR without LF, or LF without CR.
        case bareLineEnd
        case nul
    }

    public enum Progress: Hashable, Sendable {
        /// All input was taken.
        case needsMoreInput
        /// What follows the first `consumed` octets is the next command.
        case finished(consumed: Int)
        /// Over twice the limit and still no end: answer 552 and close.
        case aborted
    }

    private enum State: Hashable {
        case lineStart
        /// A dot that began a line was swallowed.
        case dot
        /// So was the CR behind it: an LF now is the end.
        case dotCarriageReturn
        case inLine
        /// CR was the last octet of the input before this.
        case carriageReturn
        case finished
    }

    /// Octets of the message so far, without stuffed dots and the final one.
    public private(set) var messageSize = 0
    /// Octets of the longest finished line, without CRLF.
    public private(set) var longestLine = 0
    public private(set) var hasEightBitOctets = false

    /// The gravest finding so far; settled once the message is finished.
    public var defect: Defect? {
        if messageSize > limit { return .tooLarge }
        if hasBareLineEnd { return .bareLineEnd }
        return hasNUL ? .nul : nil
    }

    private let limit: Int
    private var state = State.lineStart  // as if after CRLF, so that `.` alone is an empty message
    private var lineLength = 0
    private var hasBareLineEnd = false
    private var hasNUL = false

    /// - Parameter limit: the largest message, in octets.
    public init(limit: Int) { self.limit = max(0, limit) }

    /// Takes the next octets from the connection, in pieces of any size.
    ///
    /// - Parameter emit: gets the message's octets in order, in few large pieces that point into `input` and are valid during the
    ///   call only. It gets no more once a defect is known.
    public mutating func decode(_ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void) -> Progress {
        var index = 0
        var pieceStart = 0
        while index < input.count, state != .finished {
            let octet = input[index]
            switch state {
            case .inLine:
                index = finishLine(in: input, from: index)
            case .lineStart:
                guard octet == 46 else {
                    state = .inLine
                    continue
                }
                emitPiece(input, pieceStart..<index, emit)
                state = .dot
                index += 1
                pieceStart = index
            case .dot:
                guard octet == 13 else {
                    state = .inLine
                    continue
                }
                state = .dotCarriageReturn
                index += 1
                pieceStart = index
            case .dotCarriageReturn:
                guard octet == 10 else {
                    hasBareLineEnd = true
                    state = .inLine
                    continue
                }
                state = .finished
                index += 1
                pieceStart = index
            case .carriageReturn:
                guard octet == 10 else {
                    hasBareLineEnd = true
                    state = .inLine
                    continue
                }
                index += 1
                endLine(length: lineLength - 1)
            case .finished: break
            }
        }
        let survey = Octets.survey(UnsafeRawBufferPointer(rebasing: input[..<index]))
        if survey.hasEightBit { hasEightBitOctets = true }
        if survey.hasNUL { hasNUL = true }
        if survey.hasBareCarriageReturn { hasBareLineEnd = true }
        emitPiece(input, pieceStart..<index, emit)
        if state == .finished { return .finished(consumed: index) }
        return messageSize / 2 > limit ? .aborted : .needsMoreInput
    }

    /// - Returns: the offset behind the line's LF, or the end of the input.
    private mutating func finishLine(in input: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let lineFeed = Octets.firstLineFeed(in: input, from: start) else {
            lineLength += input.count - start
            if input[input.count - 1] == 13 { state = .carriageReturn }
            return input.count
        }
        if lineFeed > start, input[lineFeed - 1] == 13 {
            endLine(length: lineLength + lineFeed - 1 - start)
        } else {
            // No line end: a dot behind it is text.
            hasBareLineEnd = true
            lineLength += lineFeed + 1 - start
        }
        return lineFeed + 1
    }

    private mutating func endLine(length: Int) {
        longestLine = max(longestLine, length)
        lineLength = 0
        state = .lineStart
    }

    private mutating func emitPiece(_ input: UnsafeRawBufferPointer, _ range: Range<Int>, _ emit: (UnsafeRawBufferPointer) -> Void) {
        guard !range.isEmpty else { return }
        messageSize += range.count
        if defect == nil { emit(UnsafeRawBufferPointer(rebasing: input[range])) }
    }
}
