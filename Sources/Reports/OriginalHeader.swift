internal import MailModel
internal import MailQueue
internal import MessageFormat

/// What a report needs of the header of the message that it tells of.
struct OriginalHeader {
    private let block: HeaderBlock?
    private let octets: [UInt8]

    /// More of the header than this is not sent back.
    static let limit = 32 << 10

    /// - Parameter octets: a stored header, with the empty line that ends it.
    init(_ octets: [UInt8]) {
        self.octets = octets.suffix(2) == ASCII.crlf[...] ? octets.dropLast(2) : octets
        block = try? HeaderBlock(parsing: self.octets)
    }

    /// As it may be shown: where a target stands in the place of an alias, the alias stands there again.
    init(of message: QueuedMessage) {
        guard let alias = message.facts.alias, message.recipients.count == 1, let target = message.recipients.first?.mailbox.wireOctets else {
            self.init(message.header)
            return
        }
        self.init(message.header.replacing(target, with: Array(alias.utf8)))
    }

    /// Cut to a length that fits one glance.
    var subject: HeaderText? {
        guard let field = block?.first(.subject) else { return nil }
        let text = HeaderText(decoding: field.value)
        return text.isEmpty ? nil : text.shortened(to: 200)
    }

    /// With angle brackets; `nil` if there is none that could stand in a field of ours.
    var messageID: [UInt8]? {
        guard let id = block?.first(.messageID)?.unfolded, MessageID.isValid(id), id.count <= 250 else { return nil }
        return id
    }

    /// A delivery report of whoever made it, or a mail of ours that came back to us.
    var isReport: Bool {
        block?.fields.contains { field in
            if field.nameOctets.equalsIgnoringCase(OutgoingMail.marker) { return true }
            return field.name == .contentType && field.unfolded.prefix(16).equalsIgnoringCase("multipart/report")
        } ?? false
    }

    /// The header as text/rfc822-headers, and whether all of it is there.
    ///
    /// Whole fields, without our signature; printable ASCII only, whatever is stored. A field whose name begins like a MIME boundary is left
    /// out.
    var returned: (octets: [UInt8], isWhole: Bool) {
        var output: [UInt8] = []
        var fieldStart = 0
        var isLeftOut = false
        for line in Self.lines(of: octets) {
            if !(line.first.map(ASCII.isBlank) ?? false) {
                fieldStart = output.count
                isLeftOut = line.isEmpty || line.starts(with: "--".utf8) || line.prefix(15).equalsIgnoringCase("DKIM-Signature:")
            }
            if isLeftOut { continue }
            if output.count + line.count + 2 > Self.limit {
                output.removeLast(output.count - fieldStart)
                return (output, false)
            }
            output.append(contentsOf: line.prefix(998).map { ASCII.isPrintable($0) || $0 == ASCII.tab ? $0 : UInt8(ascii: "?") })
            output.append(contentsOf: ASCII.crlf)
        }
        return (output, true)
    }

    private static func lines(of octets: [UInt8]) -> [ArraySlice<UInt8>] {
        octets.split(separator: ASCII.lineFeed).map { $0.last == ASCII.carriageReturn ? $0.dropLast() : $0 }
    }
}

extension HeaderText {
    func shortened(to characters: Int) -> HeaderText {
        let scalars = String(decoding: utf8, as: UTF8.self).unicodeScalars
        guard scalars.count > characters else { return self }
        return HeaderText((String(String.UnicodeScalarView(scalars.prefix(characters))) + " ...").utf8)
    }
}
