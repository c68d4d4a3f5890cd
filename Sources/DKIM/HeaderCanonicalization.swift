internal import MailModel
internal import MessageFormat

extension Canonicalization {
    /// Appends a header field in canonical form (RFC 6376 §3.4.1, §3.4.2), with its CRLF.
    func append(_ field: HeaderField, to output: inout [UInt8]) {
        switch self {
        case .simple: output.append(contentsOf: field.octets)
        case .relaxed: Self.appendRelaxed(name: field.nameOctets, value: field.value, to: &output)
        }
    }

    /// Lower-case name, unfolded value, runs of blanks as one space, none at either end.
    static func appendRelaxed(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>, to output: inout [UInt8]) {
        for octet in name { output.append(ASCII.lowercased(octet)) }
        output.append(ASCII.colon)
        let start = output.count
        var owesSpace = false
        for octet in value {
            switch octet {
            case ASCII.space, ASCII.tab: owesSpace = true
            case ASCII.carriageReturn, ASCII.lineFeed: continue
            default:
                if owesSpace, output.count > start { output.append(ASCII.space) }
                owesSpace = false
                output.append(octet)
            }
        }
        output.append(contentsOf: ASCII.crlf)
    }
}
