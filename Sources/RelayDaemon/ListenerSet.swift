internal import Glibc
internal import MailModel
internal import Networking
internal import SafeIO
internal import SMTPProtocol
internal import Submission
internal import Synchronization

/// The open ports. A reload keeps those that stay, so that no connection is refused meanwhile.
final class ListenerSet: Sendable {
    fileprivate struct Entry {
        let listener: Listener
        /// What connections meet; replaced by a reload while the port stays open.
        let policy: PolicyBox
    }

    final class PolicyBox: Sendable {
        private let value: Mutex<ListenerPolicy>
        init(_ value: ListenerPolicy) { self.value = Mutex(value) }
        var current: ListenerPolicy { value.withLock { $0 } }
        func change(_ policy: ListenerPolicy) { value.withLock { $0 = policy } }
    }

    /// A port as the settings want it.
    struct Wanted: Sendable {
        let address: SocketAddress
        let policy: ListenerPolicy
        /// Puts the place in the configuration before what is wrong with the address.
        let problem: @Sendable (String) -> String
    }

    private let entries = Mutex<[SocketAddress: Entry]>([:])
    private let workers: WorkerPool
    private let service: SubmissionService
    private let log: Log

    init(workers: WorkerPool, service: SubmissionService, log: Log) {
        self.workers = workers
        self.service = service
        self.log = log
    }

    var addresses: [SocketAddress] { entries.withLock { $0.values.map(\.listener.localAddress) } }

    /// Opens what is new without letting anybody in yet.
    ///
    /// - Throws: every port that cannot be had; nothing has changed then.
    func prepare(_ wanted: [Wanted]) throws(StartFailure) -> Change {
        var change = Change(wanted: wanted)
        var problems: [String] = []
        let open = entries.withLock { Set($0.keys) }
        for port in wanted where !open.contains(port.address) {
            let address = port.address
            let box = PolicyBox(port.policy)
            let service = service
            let log = log
            do throws(SystemCallError) {
                let listener = try Listener(
                    address: address, workers: workers, refusal: Reply.tooManyConnections.wireOctets,
                    onTrouble: { log.warning("cannot accept connections on \(address) for the moment: \($0)") },
                    onAccept: { socket, worker in service.serve(socket, on: worker, policy: box.current) })
                change.opened.append((address, Entry(listener: listener, policy: box)))
            } catch {
                problems.append(port.problem(Self.explanation(error, address)))
            }
        }
        guard problems.isEmpty else { throw .configuration(problems) }
        return change
    }

    /// Ports to be opened and closed, found possible.
    struct Change {
        fileprivate let wanted: [Wanted]
        fileprivate var opened: [(address: SocketAddress, entry: Entry)] = []
    }

    /// Lets connections in on the new ports, and closes those that are no longer wanted.
    func apply(_ change: Change) async {
        let closing = entries.withLock { entries in
            for (address, entry) in change.opened { entries[address] = entry }
            let wanted = Dictionary(change.wanted.map { ($0.address, $0.policy) }, uniquingKeysWith: { first, _ in first })
            var closing: [Listener] = []
            for (address, entry) in entries {
                if let policy = wanted[address] {
                    entry.policy.change(policy)
                } else {
                    closing.append(entry.listener)
                    entries[address] = nil
                }
            }
            return closing
        }
        for (_, entry) in change.opened { entry.listener.start() }
        for listener in closing { await listener.stop() }
    }

    /// Closes every port.
    func stop() async {
        let listeners = entries.withLock { entries in
            defer { entries = [:] }
            return entries.values.map(\.listener)
        }
        for listener in listeners { await listener.stop() }
    }

    private static func explanation(_ error: SystemCallError, _ address: SocketAddress) -> String {
        switch error.code {
        case EADDRINUSE: "\(address) is in use by another program; stop it (ss -ltnp shows it) or choose another port"
        case EACCES: "not allowed to listen on \(address); ports below 1024 need root or CAP_NET_BIND_SERVICE (the systemd unit has it)"
        case EADDRNOTAVAIL: "this host has no address \(address.host); use one of its own, or [::] for all"
        default: "cannot listen on \(address): \(error); choose another address"
        }
    }
}
