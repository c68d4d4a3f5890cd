public import MailModel
internal import MessageFormat

/// A message as a program of this host writes it to `sendmail`, made one that submission takes.
///
/// Line ends become CRLF whatever they were, a single CR among them: output of programs that draw progress bars arrives. NULs are left out.
/// A header that is missing, or that runs into the body, is set apart by an empty line; users in its address fields get the host's name; a
/// missing From is made. The rest is the relay's work.
public struct LocalMessage: Sendable {
    /// For after DATA: dots doubled, the final dot at the end.
    public let wire: [UInt8]
    /// Those that the header names, if they were asked for: of the Resent fields where there are any.
    public let recipients: [LocalAddress]

    /// - Parameters:
    ///   - dotEnds: whether a line with a single dot ends the message.
    ///   - author: whom a From names that has to be made.
    ///   - host: what users of this host get as their domain.
    ///   - readsRecipients: `-t`.
    ///   - mark: for Message-ID and Date where they are missing, so that copies of one message, handed in twice, are known as such; `nil`
    ///     leaves both to the relay.
    public init(
        _ input: [UInt8], dotEnds: Bool, author: (name: [UInt8], mailbox: Mailbox), host: Domain, readsRecipients: Bool,
        mark: (unique: [UInt8], time: Timestamp)? = nil
    ) throws(LocalMailError) {
        var lines = InputLines(input, dotEnds: dotEnds)
        var header = LocalHeader(&lines)
        recipients = readsRecipients ? try header.recipients() : []
        header.qualify(with: host)
        var wire: [UInt8] = []
        wire.reserveCapacity(input.count + input.count / 32 + 1024)
        if !header.has("From") { wire += Self.from(author.name, author.mailbox) }
        if let mark {
            if !header.has("Message-ID") {
                wire += Array("Message-ID: ".utf8) + MessageID.make(unique: mark.unique, domain: host) + ASCII.crlf
            }
            if !header.has("Date") { wire += Array("Date: ".utf8) + MessageDate.format(mark.time) + ASCII.crlf }
        }
        for field in header.fields { Self.add(field.octets[...], to: &wire) }
        wire += ASCII.crlf
        while let line = lines.next() { Self.add(line, to: &wire) }
        self.wire = wire + [ASCII.dot] + ASCII.crlf
    }

    private static func add(_ line: ArraySlice<UInt8>, to wire: inout [UInt8]) {
        if line.first == ASCII.dot { wire.append(ASCII.dot) }
        wire.append(contentsOf: line)
        wire.append(ASCII.carriageReturn)
        wire.append(ASCII.lineFeed)
    }

    private static func from(_ name: [UInt8], _ mailbox: Mailbox) -> [UInt8] {
        let named = try? HeaderField(.from, mailbox, called: DisplayName(text: name))
        return named.map { Array($0.octets) } ?? Array("From: ".utf8) + mailbox.wireOctets + ASCII.crlf
    }
}

/// The lines of the input without their ends.
struct InputLines {
    private let octets: [UInt8]
    private let dotEnds: Bool
    private var index = 0

    init(_ octets: [UInt8], dotEnds: Bool) {
        self.octets = octets
        self.dotEnds = dotEnds
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard let (line, end) = look() else { return nil }
        index = end
        return line
    }

    /// The next line, and where the one after it begins.
    func look() -> (line: ArraySlice<UInt8>, end: Int)? {
        guard index < octets.count else { return nil }
        var end = index
        var hasNUL = false
        while end < octets.count, octets[end] != ASCII.lineFeed, octets[end] != ASCII.carriageReturn {
            if octets[end] == ASCII.nul { hasNUL = true }
            end += 1
        }
        let line = hasNUL ? octets[index..<end].filter { $0 != ASCII.nul }[...] : octets[index..<end]
        if dotEnds, line.count == 1, line.first == ASCII.dot { return nil }
        // Any number of CRs before an LF, and any number of them alone, is one line end.
        while end < octets.count, octets[end] == ASCII.carriageReturn { end += 1 }
        if end < octets.count, octets[end] == ASCII.lineFeed { end += 1 }
        return (line, end)
    }

    mutating func skip(to end: Int) { index = end }
}
