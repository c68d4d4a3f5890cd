internal import MailModel
internal import Networking
internal import SafeIO
internal import Settings
internal import SMTPProtocol
internal import Submission
internal import Synchronization

/// How programs of this host hand in mail: over a socket where the kernel says who they are, and through the maildrop.
///
/// Neither is worth a start that fails: where one cannot be made and nobody asked for it by name, that is a warning.
final class LocalMailPorts: Sendable {
    private let service: SubmissionService
    private let workers: WorkerPool
    private let log: Log
    private let users: Mutex<LocalUsers>
    private let listener = Mutex<UnixListener?>(nil)
    private let maildrop = Mutex<Task<Void, Never>?>(nil)

    init(_ loaded: LoadedSettings, service: SubmissionService, workers: WorkerPool, log: Log) {
        self.service = service
        self.workers = workers
        self.log = log
        users = Mutex(LocalUsers(loaded))
    }

    func change(_ loaded: LoadedSettings) { users.withLock { $0 = LocalUsers(loaded) } }

    /// - Parameter tell: a mail to the operator.
    func open(_ loaded: LoadedSettings, tell: @escaping @Sendable (AlarmMail.Message) -> Void) throws(StartFailure) {
        try openSocket(loaded)
        guard let path = loaded.configuration.maildrop else { return }
        let reader: MaildropReader
        do throws(SystemCallError) {
            let folder = try Maildrop.open(path)
            reader = MaildropReader(
                folder, keepsRefusedFor: loaded.configuration.queue.history, lifetime: loaded.configuration.queue.lifetime,
                service: service, workers: workers, log: log,
                policy: { [self] in policy(of: $0) }, tell: tell)
        } catch {
            let text = "the maildrop \(path) cannot be used: \(error); make it with: install -d -o fairlead -g fairlead -m 3733 \(path)"
            if case .path = loaded.configuration.local.maildrop {
                throw .configuration(["\(loaded.problem(with: "local.maildrop", text))"])
            }
            return log.warning("\(loaded.problem(with: "local.maildrop", text + ", or write local.maildrop: off"))")
        }
        maildrop.withLock { $0 = Task(priority: .utility) { await reader.run() } }
    }

    func stop() async {
        maildrop.withLock { $0?.cancel() }
        let listener = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        await listener?.stop()
    }

    private func policy(of user: UInt32) -> ListenerPolicy? {
        users.withLock { $0.account(of: user) }.map { ListenerPolicy(.local($0, user: user)) }
    }

    private func openSocket(_ loaded: LoadedSettings) throws(StartFailure) {
        guard let path = loaded.configuration.submitSocket else { return }
        do throws(SystemCallError) {
            let opened = try UnixListener(path: path, mode: 0o666, workers: workers) { [self] socket, worker in
                guard let user = try? socket.peerCredentials().userID else { return }
                guard let policy = policy(of: user) else {
                    return service.refuse(socket, on: worker, with: .userMayNotSend(user))
                }
                service.serve(socket, on: worker, policy: policy)
            }
            opened.start()
            listener.withLock { $0 = opened }
        } catch {
            let text = "cannot make \(path): \(error); choose another path in a folder that the daemon may write to"
            if case .path = loaded.configuration.local.socket { throw .configuration(["\(loaded.problem(with: "local.socket", text))"]) }
            log.warning("\(loaded.problem(with: "local.socket", text + ", or write local.socket: off"))")
        }
    }
}

extension Reply {
    static func userMayNotSend(_ user: UInt32) -> Reply {
        Reply(
            554, StatusDetail(7, 1), "The user with the number \(user) may not send here; the setting local.accounts can give it an account"
        )
    }
}
