/// What is wrong with a line before its words are even looked at.
public enum CommandLineError: Error, Hashable, Sendable {
    /// Over the limit. Told once; the rest of the line is dropped as it arrives.
    case tooLong
    /// LF without CR before it. Whoever sends this disagrees with us about where lines end, so the connection must close: what
    /// follows may be a second command smuggled past somebody else.
    case bareLineFeed
    /// CR that is not followed by LF.
    case bareCarriageReturn
}

/// Finds command lines in a connection's read buffer, without copying; the same result however the stream is cut.
///
/// The caller keeps what was not consumed at the front of its buffer and offers it again with more behind it.
public struct CommandLineDecoder: Hashable, Sendable {
    /// CRLF included. RFC 5321 §4.5.3.1.4 asks for 512; extensions add to that.
    public static let commandLimit = 2048
    /// CRLF included; for the answers within an AUTH exchange (RFC 4954 §4).
    public static let authenticationLimit = 12_288 + 2

    public enum Step: Hashable, Sendable {
        /// Drop `consumed` octets, keep the rest, call again when there is more.
        case needsMoreInput(consumed: Int)
        /// The offsets of a line, without its CRLF.
        case line(Range<Int>, consumed: Int)
        case failure(CommandLineError, consumed: Int)
    }

    /// Octets at the front of the kept input that are known to hold no LF, so that a dribbling client costs linear time.
    private var searched = 0
    private var isDiscarding = false
    /// The last discarded octet was CR.
    private var endedWithCarriageReturn = false

    public init() {}

    /// - Parameter limit: the longest line with its CRLF; `ServerSession.maximumLineOctets` knows it.
    public mutating func next(in input: UnsafeRawBufferPointer, limit: Int) -> Step {
        var start = 0
        if isDiscarding {
            guard let lineFeed = Octets.firstLineFeed(in: input, from: 0) else {
                if let last = input.last { endedWithCarriageReturn = last == 13 }
                return .needsMoreInput(consumed: input.count)
            }
            isDiscarding = false
            let isBare = lineFeed == 0 ? !endedWithCarriageReturn : input[lineFeed - 1] != 13
            start = lineFeed + 1
            if isBare { return .failure(.bareLineFeed, consumed: start) }
        }
        guard let lineFeed = Octets.firstLineFeed(in: input, from: start + min(searched, input.count - start)) else {
            guard input.count - start >= limit else {
                searched = input.count - start
                return .needsMoreInput(consumed: start)
            }
            searched = 0
            isDiscarding = true
            endedWithCarriageReturn = input.last == 13
            return .failure(.tooLong, consumed: input.count)
        }
        searched = 0
        let consumed = lineFeed + 1
        guard lineFeed > start, input[lineFeed - 1] == 13 else { return .failure(.bareLineFeed, consumed: consumed) }
        guard consumed - start <= limit else { return .failure(.tooLong, consumed: consumed) }
        let line = start..<(lineFeed - 1)
        guard !input[line].contains(13) else { return .failure(.bareCarriageReturn, consumed: consumed) }
        return .line(line, consumed: consumed)
    }
}
