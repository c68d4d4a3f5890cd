internal import MailModel
internal import MessageFormat

/// Takes octets up to the first empty line, and no more than a header may have.
struct HeaderCollector {
    /// Whole lines, each with its CRLF; without the empty line.
    private(set) var octets: [UInt8] = []
    private(set) var isTooLong = false
    private let limit: Int
    /// Octets of the line that is not ended yet, without its LF.
    private var lineLength = 0
    private var lastOctet: UInt8 = 0

    /// - Parameter octets: a header that was taken before.
    init(limit: Int, octets: [UInt8] = []) {
        self.limit = limit
        self.octets = octets
        isTooLong = octets.count > limit
    }

    /// - Returns: where the body begins in `chunk`, or `nil` if the header goes on.
    mutating func take(_ chunk: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        let end = min(chunk.count, max(0, limit + 2 - octets.count))
        while index < end {
            let octet = chunk[index]
            index += 1
            guard octet == ASCII.lineFeed else {
                lineLength += 1
                lastOctet = octet
                continue
            }
            if lineLength == 1, lastOctet == ASCII.carriageReturn {
                octets.append(contentsOf: chunk[..<index])
                octets.removeLast(2)
                return index
            }
            lineLength = 0
        }
        octets.append(contentsOf: chunk[..<index])
        if octets.count > limit { isTooLong = true }
        return nil
    }
}
