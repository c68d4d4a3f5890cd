internal import MailModel

/// Takes the transparency off what follows DATA (RFC 5321 §4.5.2), and finds the end: `CRLF . CRLF` and nothing else.
struct DotDecoder {
    private enum State { case lineStart, dot, dotReturn, inLine, carriageReturn }
    private var state = State.lineStart

    /// - Returns: how many octets of `input` belong to the message and its end, or `nil` if the end is not among them (all were taken).
    mutating func decode(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) -> Int? {
        var index = input.startIndex
        while index < input.endIndex {
            if state == .inLine {
                let run = input.firstOffset(of: ASCII.carriageReturn, from: index) ?? input.endIndex
                output.append(contentsOf: input[index..<run])
                index = run
                if index == input.endIndex { break }
            }
            let octet = input[index]
            index += 1
            switch (state, octet) {
            case (.lineStart, ASCII.dot):
                state = .dot
                continue
            case (.dot, ASCII.carriageReturn):
                state = .dotReturn
                continue
            case (.dotReturn, ASCII.lineFeed):
                state = .lineStart
                return index - input.startIndex
            case (.dotReturn, _): output.append(ASCII.carriageReturn)
            default: break
            }
            let followsReturn = state == .carriageReturn
            output.append(octet)
            state = octet == ASCII.carriageReturn ? .carriageReturn : followsReturn && octet == ASCII.lineFeed ? .lineStart : .inLine
        }
        return nil
    }
}
