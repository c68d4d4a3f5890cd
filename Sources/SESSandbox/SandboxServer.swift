public import MailModel
public import Networking
public import SafeIO
internal import Synchronization

/// The stand-in at work: listeners, connections, the folder.
///
/// Files are written on the connections' workers, so a slow disk slows the dialogue.
public final class SandboxServer: Sendable {
    /// Where it listens, in the order of the configuration, with the real ports if 0 was asked for.
    public var addresses: [SocketAddress] { listeners.map(\.localAddress) }

    private let account: SandboxAccount
    private let registry = SandboxRegistry()
    private let listeners: [Listener]

    /// Binds and opens the folder; connections are served from `start` on.
    ///
    /// - Parameters:
    ///   - now: for ids, Date fields and the journal.
    ///   - onTransaction: each message and each refused command, after it was written and before its reply leaves. Called on workers; must
    ///     not block.
    ///   - onTrouble: a file could not be written, or accepting failed.
    public init(
        _ configuration: SandboxConfiguration, workers: WorkerPool = WorkerPool(),
        now: @escaping WallClock = { Timestamp(microseconds: SystemClock.microseconds()) },
        onTrouble: @escaping @Sendable (SystemCallError) -> Void = { _ in },
        onTransaction: @escaping @Sendable (SandboxTransaction) -> Void = { _ in }
    ) throws(SystemCallError) {
        let account = SandboxAccount(rules: configuration.rules, faults: configuration.faults)
        let environment = SandboxConnection.Environment(
            account: account, store: try SandboxStore(configuration.keep), tls: configuration.tls, now: now, onTransaction: onTransaction,
            onTrouble: onTrouble)
        let registry = registry
        var listeners: [Listener] = []
        for listener in configuration.listeners {
            let tls = listener.tls
            listeners.append(
                try Listener(address: listener.address, workers: workers, onTrouble: onTrouble) { socket, worker in
                    let connection = SandboxConnection(environment, worker: worker, client: "\(socket.peer)")
                    guard registry.add(connection) else { return }
                    connection.assumeIsolated { $0.start(socket, tls: tls, onClosed: { registry.remove(connection) }) }
                })
        }
        self.account = account
        self.listeners = listeners
    }

    public func start() { for listener in listeners { listener.start() } }

    /// Returns when the ports are free and all connections are closing; messages that were not complete are dropped.
    public func stop() async {
        for listener in listeners { await listener.stop() }
        for connection in registry.close() { await connection.stop() }
    }

    public var statistics: SandboxStatistics { account.statistics }

    /// Changes the rules, from the next command of every connection on.
    public func update(_ change: (inout SandboxRules) -> Void) { account.update(change) }

    /// Other faults, whose counts begin anew.
    public func replaceFaults(_ faults: [SandboxFault]) { account.replaceFaults(faults) }
}

/// The connections that are open, so that `stop` finds them.
final class SandboxRegistry: Sendable {
    private let connections = Mutex<[ObjectIdentifier: SandboxConnection]?>([:])

    /// - Returns: false once closed.
    func add(_ connection: SandboxConnection) -> Bool {
        connections.withLock {
            guard $0 != nil else { return false }
            $0?[ObjectIdentifier(connection)] = connection
            return true
        }
    }

    func remove(_ connection: SandboxConnection) { _ = connections.withLock { $0?.removeValue(forKey: ObjectIdentifier(connection)) } }

    func close() -> [SandboxConnection] {
        connections.withLock { open in
            defer { open = nil }
            return open.map { Array($0.values) } ?? []
        }
    }
}
