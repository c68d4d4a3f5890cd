internal import Dispatch
internal import Glibc
internal import MailModel
internal import Networking
internal import SafeIO
internal import Submission
internal import Synchronization

/// Hands in what waits in the maildrop, as the users who left it, by the same road as all other mail: limits and refusals are the same.
///
/// A file goes away when its message is in the queue. What is refused for good is kept beside the others under another name, and the operator
/// is told, for whoever sent it has long been told that it is on its way.
final class MaildropReader: Sendable {
    /// How often the folder is looked at. One look is one system call as long as nothing was put in.
    static let interval: Duration = .seconds(2)
    /// After trouble that passes.
    static let pause: Duration = .seconds(30)
    /// Files in one round: a folder of any length costs the same memory.
    private static let roundLimit = 1000
    /// What is still being written after this was left by a program that was ended.
    private static let unfinishedLimit = 86_400

    private let folder: Directory
    private let keepsRefusedFor: Int
    private let lifetime: Int
    private let waiting = Mutex(WaitingDrops())
    private let service: SubmissionService
    private let workers: WorkerPool
    private let log: Log
    private let policy: @Sendable (UInt32) -> ListenerPolicy?
    private let tell: @Sendable (AlarmMail.Message) -> Void
    private let queue = DispatchQueue(label: "maildrop", qos: .utility)

    /// - Parameters:
    ///   - lifetime: what still cannot be handed in after it is set aside.
    ///   - policy: of a user's number; `nil` if the user may not send.
    ///   - tell: a mail to the operator.
    init(
        _ folder: Directory, keepsRefusedFor: Duration, lifetime: Duration, service: SubmissionService, workers: WorkerPool, log: Log,
        policy: @escaping @Sendable (UInt32) -> ListenerPolicy?, tell: @escaping @Sendable (AlarmMail.Message) -> Void
    ) {
        self.folder = folder
        self.keepsRefusedFor = Int(keepsRefusedFor.components.seconds)
        self.lifetime = Int(lifetime.components.seconds)
        self.service = service
        self.workers = workers
        self.log = log
        self.policy = policy
        self.tell = tell
    }

    /// Until it is cancelled.
    func run() async {
        var seen: Int?
        while !Task.isCancelled {
            let change = try? folder.lastChange()
            var wait = Self.interval
            let isDue = waiting.withLock { $0.due }.map { $0 <= .now } ?? false
            if change == nil || change != seen || isDue {
                // What was put in meanwhile changed the folder again, and so did we.
                switch await round() {
                case .complete: seen = change
                case .partial: seen = nil
                case .stopped: (seen, wait) = (nil, Self.pause)
                }
            }
            try? await Task.sleep(for: wait)
        }
    }

    private enum Round {
        /// What is left waits by itself.
        case complete
        /// The next round goes on.
        case partial
        /// Nothing can be handed in now.
        case stopped
    }

    private func round() async -> Round {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.handIn()) }
        }
    }

    // MARK: One round, on the queue

    private func handIn() -> Round {
        guard let group = try? folder.ownStatus().group else { return .stopped }
        let now = ContinuousClock.now
        var names: [String] = []
        var left = false
        let failure = folder.forEachName { (name: String) throws(Never) in
            if name.hasPrefix(Maildrop.unfinished) || name.hasPrefix(Maildrop.refused) { return tidy(name) }
            if waiting.withLock({ $0.isWaiting(name, at: now) }) { return }
            if names.count < Self.roundLimit { names.append(name) } else { left = true }
        }
        if let failure { log.warning("maildrop: \(failure)") }
        var refused: [String] = []
        // Names begin with the time. A stop of the daemon ends this too: the next session is told 421.
        for name in names.sorted() {
            switch handIn(name, group) {
            case .done: waiting.withLock { $0.forget(name) }
            case .refused(let text):
                waiting.withLock { $0.forget(name) }
                refused.append(text)
            case .later: waiting.withLock { $0.hold(name, until: .now + Self.pause) }
            case .stop:
                report(refused)
                return .stopped
            }
        }
        report(refused)
        guard failure == nil else { return .stopped }
        guard !left else { return .partial }
        waiting.withLock { $0.forgetAbsent(dueBefore: now) }
        return .complete
    }

    private enum Ending {
        case done
        case refused(String)
        /// This one.
        case later
        /// This one and all others.
        case stop
    }

    private func handIn(_ name: String, _ group: UInt32) -> Ending {
        let mail: DroppedMail
        do throws(SystemCallError) {
            guard let file = try folder.openForeign(name) else { return .done }
            do throws(DroppedMail.Fault) {
                mail = try DroppedMail(file, name: name, group: group)
            } catch {
                return setAside(name, "it is not what sendmail leaves: \(error.text)")
            }
        } catch {
            return setAside(name, "it cannot be opened: \(error)")
        }
        let stamp = mail.file.status.stamp
        if waiting.withLock({ $0.isQueued(name, stamp) }) { return takeAway(name, stamp, isFirst: false) }
        let user = mail.file.status.owner
        guard let policy = policy(user) else { return setAside(name, "user \(user) may not send here; see local.accounts") }
        do throws(LocalRefusal) {
            let id = try submit(mail, policy)
            log.info(
                "maildrop: user \(user) left a message at \(Timestamp(microseconds: Int64(mail.file.changed) * 1_000_000)), queued as \(id)"
            )
            return takeAway(name, stamp, isFirst: true)
        } catch {
            if error.isDaemonAway, error.isBeforeMessage {
                log.notice("maildrop: \(name) waits: \(error.words)")
                return .stop
            }
            if isHopeless(error, name, mail.file.changed) {
                let sender = PrintableText.sanitized(mail.sender, limit: 320)
                return setAside(name, "from user \(user), sender <\(sender)>, \(mail.recipients.count) recipients: \(error.words)")
            }
            log.notice("maildrop: \(name) waits: \(error.words)")
            return .later
        }
    }

    private func isHopeless(_ error: LocalRefusal, _ name: String, _ changed: Int) -> Bool {
        if error.isPermanent || error.isTooManyRecipients { return true }
        if error.reply == nil, waiting.withLock({ $0.countFault(name) }) >= WaitingDrops.faultLimit { return true }
        return Int(SystemClock.microseconds() / 1_000_000) - changed > lifetime
    }

    /// A message that is in the queue. Where its file stays, it must not be sent again.
    private func takeAway(_ name: String, _ stamp: FileStamp, isFirst: Bool) -> Ending {
        do throws(SystemCallError) {
            try folder.remove(name)
            return .done
        } catch {
            waiting.withLock { $0.holdQueued(name, stamp, until: .now + Self.pause) }
            if isFirst { log.error("maildrop: \(folder.path)/\(name) is in the queue and cannot be removed: \(error); remove it") }
            return .later
        }
    }

    /// Over a socket whose other end is a session like any other's.
    private func submit(_ mail: borrowing DroppedMail, _ policy: ListenerPolicy) throws(LocalRefusal) -> String {
        let stream: UnixStream
        do throws(SystemCallError) {
            let (ours, theirs) = try ConnectedSocket.pair()
            // An answer without an id would take the file away.
            guard let descriptor = ours.take() else { throw SystemCallError("socketpair", code: EBADF, subject: mail.name) }
            stream = try UnixStream(connected: descriptor, timeout: .seconds(300))
            let worker = workers.next()
            let service = service
            worker.run { service.serve(theirs, on: worker, policy: policy) }
        } catch {
            throw LocalRefusal(stage: .greeting, reply: nil, text: "\(error)")
        }
        var dialogue = LocalDialogue(stream)
        try dialogue.begin()
        try dialogue.envelope(sender: mail.sender, recipients: mail.recipients)
        var offset = 0
        var isChanged = false
        var dots = FinalDot()
        do throws(LocalRefusal) {
            return try dialogue.content { () throws(SystemCallError) in
                guard let piece = try mail.piece(at: offset) else {
                    isChanged = true
                    throw SystemCallError("read", code: ESTALE, subject: mail.name)
                }
                offset += piece.count
                guard dots.isClear(piece) else { throw SystemCallError("read", code: EBADMSG, subject: mail.name) }
                return piece
            }
        } catch {
            if !dots.isWhole { throw LocalRefusal(stage: .content, reply: 554, text: "octets follow its final dot") }
            if isChanged { throw LocalRefusal(stage: .content, reply: 554, text: "it was changed while it was handed in") }
            throw error
        }
    }

    private func setAside(_ name: String, _ reason: String) -> Ending {
        var kept = Maildrop.refused + name
        do throws(SystemCallError) {
            do throws(SystemCallError) {
                try folder.rename(name, to: kept)
            } catch {
                // Too long with its prefix, or something stands there that cannot be replaced.
                kept = "\(Maildrop.refused)\(SystemClock.microseconds()).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
                try folder.rename(name, to: kept)
            }
        } catch {
            log.error("maildrop: \(folder.path)/\(name): \(reason); and it cannot be set aside: \(error)")
            return .later
        }
        log.error("maildrop: refused, kept as \(folder.path)/\(kept): \(reason)")
        return .refused("\(folder.path)/\(kept)\n\(reason)")
    }

    private func report(_ refused: [String]) {
        guard !refused.isEmpty else { return }
        let shown = 20
        var parts = [
            "While the daemon was down, programs of this host left mail in the maildrop. This was refused, and its senders do not know:"
        ]
        parts += refused.prefix(shown)
        if refused.count > shown { parts.append("\(refused.count - shown) more are in the log.") }
        parts.append(
            "The files are kept for \(keepsRefusedFor / 86_400) days: an envelope, then the message. To try one again, mv it to its name without refused."
        )
        tell(AlarmMail.Message(subject: "Refused: mail from the maildrop", text: parts.joined(separator: "\n\n") + "\n"))
    }

    /// Takes away what nobody will come back for.
    private func tidy(_ name: String) {
        guard let found = try? folder.openForeign(name) else { return }
        let age = Int(SystemClock.microseconds() / 1_000_000) - found.changed
        guard age > (name.hasPrefix(Maildrop.unfinished) ? Self.unfinishedLimit : keepsRefusedFor) else { return }
        do throws(SystemCallError) {
            try folder.remove(name)
        } catch {
            if error.code == EISDIR { try? folder.removeEmptyFolder(name) }
        }
    }
}

extension LocalRefusal {
    /// With the place where it happened.
    public var words: String {
        if case .recipient(let path) = stage { return "<\(path)>: \(text)" }
        return text
    }
}
