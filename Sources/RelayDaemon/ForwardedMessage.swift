public import MailModel
internal import MessageFormat

/// A message as somebody stored it, to be handed to an alias.
public enum ForwardedMessage {
    /// Who hears of failures: what Return-Path says, which whoever received the message wrote, else the author in From; null if neither can be
    /// read.
    public static func reversePath(of message: [UInt8]) -> ReversePath {
        var limits = HeaderLimits()
        limits.lineOctets = limits.octets
        let end = headerEnd(of: message)
        guard let header = try? HeaderBlock(parsing: Array(message[..<end]), limits: limits) else { return .null }
        if let path = header.first(.returnPath)?.unfolded {
            if path.elementsEqual("<>".utf8) { return .null }
            let inner = path.first == ASCII.less && path.last == ASCII.greater ? Array(path.dropFirst().dropLast()) : path
            if let mailbox = try? Mailbox(parsing: inner) { return .mailbox(mailbox) }
        }
        guard let from = header.first(.from), let author = (try? AddressList(parsing: from.value))?.mailboxes.first?.mailbox,
            author.domain.isFullyQualified
        else { return .null }
        return .mailbox(author)
    }

    static func headerEnd(of message: [UInt8]) -> Int {
        var start = 0
        while start < message.count {
            let end = message[start...].firstIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? message.count
            if message[start..<end].elementsEqual(ASCII.crlf) { return start }
            start = end
        }
        return message.count
    }

    /// As SMTP sends it after DATA: lines end in CRLF, dots are doubled at their beginning, and one stands alone at the end. A line `From `
    /// that mailbox files begin with is left out.
    public static func wireOctets(of octets: [UInt8]) -> [UInt8] {
        var start = octets.startIndex
        if octets.starts(with: "From ".utf8) { start = octets.firstIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? octets.endIndex }
        var wire: [UInt8] = []
        wire.reserveCapacity(octets.count + octets.count / 32 + 5)
        var isAtStart = true
        var previous: UInt8 = 0
        for octet in octets[start...] {
            if octet == ASCII.lineFeed, previous != ASCII.carriageReturn { wire.append(ASCII.carriageReturn) }
            if isAtStart, octet == ASCII.dot { wire.append(ASCII.dot) }
            wire.append(octet)
            isAtStart = octet == ASCII.lineFeed
            previous = octet
        }
        if !isAtStart { wire += ASCII.crlf }
        return wire + [ASCII.dot] + ASCII.crlf
    }
}
