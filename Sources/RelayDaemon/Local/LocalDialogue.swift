internal import Glibc
internal import MailModel
public import SafeIO

/// The client's side of a submission over a Unix-domain socket, where there is neither TLS nor AUTH: one message.
public struct LocalDialogue: ~Copyable {
    private var stream: UnixStream

    public init(_ stream: consuming UnixStream) { self.stream = stream }

    /// Reads the greeting and says hello.
    public mutating func begin() throws(LocalRefusal) {
        try expect("2", at: .greeting)
        try send("EHLO localhost", at: .greeting)
        try expect("2", at: .greeting)
    }

    /// - Parameters:
    ///   - sender: without angle brackets; empty for none.
    ///   - recipients: the same. They are taken all, or the message is refused: one that some have had cannot be handed in again.
    public mutating func envelope(sender: [UInt8], recipients: [[UInt8]]) throws(LocalRefusal) {
        try send("MAIL FROM:<" + String(decoding: sender, as: UTF8.self) + ">", at: .sender)
        try expect("2", at: .sender)
        for recipient in recipients {
            let stage = LocalRefusal.Stage.recipient(PrintableText.sanitized(recipient, limit: 320))
            try send("RCPT TO:<" + String(decoding: recipient, as: UTF8.self) + ">", at: stage)
            try expect("2", at: stage)
        }
    }

    /// Asks for the message, sends it piece by piece, and waits until it is safe.
    ///
    /// - Parameter next: the message with its final dot; empty at its end.
    /// - Returns: the queue id, or the reply if it names none.
    public mutating func content(_ next: () throws(SystemCallError) -> [UInt8]) throws(LocalRefusal) -> String {
        try send("DATA", at: .content)
        try expect("3", at: .content)
        do throws(SystemCallError) {
            while true {
                let piece = try next()
                if piece.isEmpty { break }
                try stream.writeAll(piece)
            }
        } catch {
            throw lost(error, at: .content)
        }
        let reply = try expect("2", at: .content)
        try? stream.writeAll(Array("QUIT\r\n".utf8))
        let marker = "queued as "
        guard let range = reply.firstRange(of: marker) else { return reply }
        return String(reply[range.upperBound...])
    }

    /// Whether the recipient would be taken from this sender, and the words for it; no message is sent.
    public mutating func verify(sender: [UInt8], recipient: [UInt8]) throws(LocalRefusal) -> (isTaken: Bool, reply: String) {
        do throws(LocalRefusal) {
            try envelope(sender: sender, recipients: [recipient])
        } catch {
            guard error.reply != nil, error.reply != 421 else { throw error }
            try send("RSET", at: .sender)
            try expect("2", at: .sender)
            return (false, error.text)
        }
        try send("RSET", at: .sender)
        return (true, try expect("2", at: .sender))
    }

    private mutating func send(_ command: String, at stage: LocalRefusal.Stage) throws(LocalRefusal) {
        do throws(SystemCallError) {
            try stream.writeAll(Array(command.utf8) + ASCII.crlf)
        } catch {
            throw lost(error, at: stage)
        }
    }

    /// Whoever refuses and hangs up while we still write has said why: that counts, not that the rest could not be written.
    private mutating func lost(_ error: SystemCallError, at stage: LocalRefusal.Stage) -> LocalRefusal {
        if error.code == EPIPE || error.code == ECONNRESET, let text = try? answer(at: stage), let code = Int(text.prefix(3)), code >= 400 {
            return LocalRefusal(stage: stage, reply: code, text: text)
        }
        return LocalRefusal(stage: stage, reply: nil, text: "\(error)")
    }

    /// - Returns: the last line of the reply.
    @discardableResult
    private mutating func expect(_ first: Character, at stage: LocalRefusal.Stage) throws(LocalRefusal) -> String {
        let text = try answer(at: stage)
        guard text.first == first else { throw LocalRefusal(stage: stage, reply: Int(text.prefix(3)) ?? 0, text: text) }
        return text
    }

    private mutating func answer(at stage: LocalRefusal.Stage) throws(LocalRefusal) -> String {
        while true {
            let line: [UInt8]?
            do throws(SystemCallError) {
                line = try stream.readLine(limit: 4096)
            } catch {
                throw LocalRefusal(stage: stage, reply: nil, text: "\(error)")
            }
            guard let line else { throw LocalRefusal(stage: stage, reply: nil, text: "the daemon closed the connection") }
            if line.count > 3, line[3] == ASCII.hyphen { continue }
            return PrintableText.sanitized(line.last == ASCII.carriageReturn ? line.dropLast() : line[...], limit: 1000)
        }
    }
}

/// Why the daemon did not take a message from a program of its host.
public struct LocalRefusal: Error, Hashable, Sendable {
    public enum Stage: Hashable, Sendable {
        case greeting
        case sender
        /// Which one.
        case recipient(String)
        case content
    }

    public let stage: Stage
    /// The code; `nil` if the connection was lost, after the final dot perhaps with the message in the queue.
    public let reply: Int?
    /// The whole reply, or what happened.
    public let text: String

    init(stage: Stage, reply: Int?, text: String) {
        self.stage = stage
        self.reply = reply
        self.text = text
    }

    /// No daemon answered at all.
    public init(unreachable text: String) { self.init(stage: .greeting, reply: nil, text: text) }

    /// Whether no later attempt can do better.
    public var isPermanent: Bool { reply.map { $0 / 100 == 5 } ?? false }

    /// Whether the daemon was not there, or could not do its part: then the message may wait for it. Limits are none of that; who meets one
    /// must hear of it, and of what is wrong with this one message.
    public var isDaemonAway: Bool { reply == nil || reply == 421 || reply == 451 && isBeforeMessage }

    /// Whether it says nothing about the message, for little or nothing of it was told.
    var isBeforeMessage: Bool { stage == .greeting || stage == .sender }

    /// Whether there are too many recipients (RFC 3463, X.5.3), who become no fewer.
    var isTooManyRecipients: Bool {
        guard let status = text.split(separator: " ").dropFirst().first else { return false }
        return status.split(separator: ".").dropFirst().elementsEqual(["5", "3"])
    }

    /// Whether it is about what this user may do (RFC 3463, X.7.X).
    public var isPolicy: Bool {
        guard let status = text.split(separator: " ").dropFirst().first else { return false }
        let parts = status.split(separator: ".")
        return parts.count == 3 && parts[1] == "7"
    }
}
