internal import ArgumentParser
internal import Glibc
internal import LocalMail
internal import MailModel
internal import RelayDaemon
internal import SafeIO
internal import Settings

/// A message from standard input to the daemon, or to the maildrop while there is none.
struct Submitting {
    private let given: SendmailArguments
    private let place: LocalPlace
    private let user: LocalUser

    init(_ given: SendmailArguments, config: String) throws {
        self.given = given
        place = try LocalPlace(config: config)
        user = try LocalUser()
    }

    /// What the largest message may have, and some for its header.
    private static let limit = 64 << 20

    private static func unique(at time: Timestamp) -> [UInt8] {
        Array("\(time.microseconds).\(getpid()).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))".utf8)
    }

    func deliver() throws {
        var recipients = try given.recipients.flatMap { try list($0) }
        // Before anything is read: whoever calls it by mistake at a terminal must not sit before it.
        guard given.readsRecipients || !recipients.isEmpty else {
            throw failure("no recipients; name them behind the options, or give -t to take them from To, Cc and Bcc", Sysexits.usage)
        }
        let sender = try self.sender()
        let message: LocalMessage
        do {
            let name = given.fullName.map { Array($0.utf8) } ?? user.fullName
            let now = Timestamp(microseconds: SystemClock.microseconds())
            let author = (sender ?? user.address).written(at: place.host)
            message = try LocalMessage(
                try WholeFile.readStandardInput(limit: Self.limit), dotEnds: given.dotEnds, author: (name, author), host: place.host,
                readsRecipients: given.readsRecipients, mark: (Self.unique(at: now), now))
        } catch let error as SystemCallError {
            throw failure("\(error)", Sysexits.data)
        } catch {
            throw failure("\(error); give addresses such as anna@example.com, or names of users of this host", Sysexits.data)
        }
        recipients += message.recipients
        guard !recipients.isEmpty else { throw failure("the message names no recipient in To, Cc or Bcc", Sysexits.usage) }
        let path = given.wantsNoReports ? [] : sender?.path ?? []
        try submit(message.wire, from: path, to: recipients.map(\.path))
    }

    /// What would become of each recipient; the last line of each is the daemon's own.
    func verify() throws {
        let recipients = try given.recipients.flatMap { try list($0) }
        guard !recipients.isEmpty else { throw failure("no recipients; name them behind the options", Sysexits.usage) }
        let sender = try self.sender()?.path ?? []
        var isRefused = false
        do throws(LocalRefusal) {
            var dialogue = LocalDialogue(try connect())
            try dialogue.begin()
            for recipient in recipients {
                let (isTaken, reply) = try dialogue.verify(sender: sender, recipient: recipient.path)
                let path = PrintableText.sanitized(recipient.path, limit: 320)
                Terminal.line(isTaken ? "\(path)... would be taken" : "\(path)... \(reply)")
                if !isTaken { isRefused = true }
            }
        } catch {
            throw end(error)
        }
        if isRefused { throw ExitCode(Sysexits.noUser) }
    }

    // MARK: Steps

    private func list(_ text: String) throws -> [LocalAddress] {
        do throws(LocalMailError) {
            return try LocalAddress.list(in: Array(text.utf8), from: PrintableText.sanitized(text.utf8, limit: 100))
        } catch {
            throw failure("\(error); give an address such as anna@example.com, or the name of a user of this host", Sysexits.usage)
        }
    }

    /// `nil` for none.
    private func sender() throws -> LocalAddress? {
        guard let text = given.sender else { return user.address }
        return text.isEmpty || text == "<>" ? nil : try list(text).first
    }

    private func connect() throws(LocalRefusal) -> UnixStream {
        guard let socket = place.socket else {
            throw LocalRefusal(unreachable: "local.socket is off")
        }
        do throws(SystemCallError) {
            return try UnixStream.connect(path: socket, timeout: .seconds(300))
        } catch {
            throw LocalRefusal(unreachable: "\(error)")
        }
    }

    private func submit(_ wire: [UInt8], from sender: [UInt8], to recipients: [[UInt8]]) throws {
        do throws(LocalRefusal) {
            var dialogue = LocalDialogue(try connect())
            try dialogue.begin()
            try dialogue.envelope(sender: sender, recipients: recipients)
            var offset = 0
            let id = try dialogue.content {
                let piece = Array(wire[offset..<min(offset + 64 << 10, wire.count)])
                offset += piece.count
                return piece
            }
            if given.isVerbose { Terminal.line("queued as \(id)") }
        } catch {
            guard error.isDaemonAway else { throw end(error) }
            try drop(wire, from: sender, to: recipients, after: error)
        }
    }

    private func drop(_ wire: [UInt8], from sender: [UInt8], to recipients: [[UInt8]], after refusal: LocalRefusal) throws {
        guard let maildrop = place.maildrop else { throw end(refusal) }
        do throws(SystemCallError) {
            try Maildrop.leave(wire, from: sender, to: recipients, in: maildrop)
            if given.isVerbose { Terminal.line("left in the maildrop, for the daemon is not there: \(refusal.text)") }
        } catch {
            Terminal.error("fairlead: the maildrop cannot be used either: \(error)")
            throw end(refusal)
        }
    }

    private func end(_ refusal: LocalRefusal) -> ExitCode {
        if refusal.reply == nil { return failure("the daemon does not answer: \(refusal.text); try again", Sysexits.temporary) }
        let code: Int32 =
            switch refusal.stage {
            case _ where !refusal.isPermanent: Sysexits.temporary
            case _ where refusal.isPolicy: Sysexits.permission
            case .recipient: Sysexits.noUser
            case .greeting: Sysexits.unavailable
            case .sender, .content: Sysexits.data
            }
        return failure(refusal.words, code)
    }
}
