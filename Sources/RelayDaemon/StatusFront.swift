internal import Glibc
internal import MailModel
internal import Settings
internal import StatusServer
internal import Synchronization

/// The port of the HTTP server, over reloads. Mail never depends on it: a port that another program has is tried again at intervals, and
/// only a reload that asks for such a one is refused.
final class StatusFront: Sendable {
    fileprivate struct Open: Sendable {
        let wanted: Wanted
        let server: StatusServer
    }

    private struct State {
        var open: Open?
        /// What could not be opened, and why.
        var missing: (wanted: Wanted, trouble: String)?
        var retry: Task<Void, Never>?
        var isStopped = false
    }

    /// What the settings ask for.
    struct Wanted: Sendable {
        let address: ListenAddress
        let access: AccessRules
        /// Whether the file names the address; the usual one may be somebody else's.
        let isGiven: Bool
        /// Puts the place in the configuration before what is wrong with the address.
        let problem: @Sendable (String) -> String
    }

    private let state = Mutex(State())
    private let source: any StatusSource
    private let log: Log
    private static let retryInterval: Duration = .seconds(5)

    init(source: any StatusSource, log: Log) {
        self.source = source
        self.log = log
    }

    /// For `status`: what an operator asked for and does not have.
    var trouble: String? { state.withLock { $0.missing.flatMap { $0.wanted.isGiven ? $0.trouble : nil } } }

    /// Opens the port, now or later.
    func start(_ wanted: Wanted?) async {
        guard let wanted else { return }
        do throws(BindFailure) {
            keep(try await open(wanted))
        } catch {
            miss(wanted, error)
        }
    }

    /// A reload that was found possible.
    struct Change: Sendable {
        fileprivate let wanted: Wanted?
        fileprivate var opened: Open?
    }

    /// Opens what is new; nothing else has changed then.
    ///
    /// - Throws: why the address cannot be had.
    func prepare(_ wanted: Wanted?) async throws(StartFailure) -> Change {
        guard let wanted else { return Change(wanted: nil) }
        let (current, missing) = state.withLock { ($0.open?.wanted.address, $0.missing?.wanted.address) }
        guard current != wanted.address, missing != wanted.address else { return Change(wanted: wanted) }
        do throws(BindFailure) {
            return Change(wanted: wanted, opened: try await open(wanted))
        } catch {
            // A port that is our own is free once it is closed, which is not before everything else is found possible.
            let isOurs = error.code == EADDRINUSE && current?.port == wanted.address.port
            guard wanted.isGiven, !isOurs else { return Change(wanted: wanted) }
            throw .configuration([wanted.problem(Self.explanation(error, wanted.address))])
        }
    }

    func apply(_ change: Change) async {
        let (closing, opening) = state.withLock { state -> (StatusServer?, Wanted?) in
            if let wanted = change.wanted, change.opened == nil {
                if let open = state.open, open.wanted.address == wanted.address {
                    open.server.change(wanted.access)
                    state.open = Open(wanted: wanted, server: open.server)
                    return (nil, nil)
                }
                if let missing = state.missing, missing.wanted.address == wanted.address {
                    state.missing = (wanted, missing.trouble)
                    return (nil, nil)
                }
            }
            defer { (state.open, state.missing) = (change.opened, nil) }
            return (state.open?.server, change.opened == nil ? change.wanted : nil)
        }
        if let opened = change.opened { announce(opened) }
        // The old address goes in any case: it may be one that nobody must reach any more.
        await closing?.stop()
        await start(opening)
    }

    func stop() async {
        let (server, retry) = state.withLock { state in
            state.isStopped = true
            defer { (state.open, state.retry) = (nil, nil) }
            return (state.open?.server, state.retry)
        }
        retry?.cancel()
        await server?.stop()
    }

    // MARK: Opening

    private func open(_ wanted: Wanted) async throws(BindFailure) -> Open {
        let server = try await StatusServer.start(
            host: wanted.address.host, port: Int(wanted.address.port), access: wanted.access, source: source)
        return Open(wanted: wanted, server: server)
    }

    private func keep(_ opened: Open) {
        state.withLock { state in
            state.open = opened
            state.missing = nil
        }
        announce(opened)
    }

    private func announce(_ opened: Open) {
        log.info("status and metrics: http://\(ListenAddress(address: opened.wanted.address.address, port: UInt16(opened.server.port)))/")
    }

    private func miss(_ wanted: Wanted, _ failure: BindFailure) {
        let trouble = wanted.problem(Self.explanation(failure, wanted.address))
        log.warning("\(trouble); mail flows without it, and it is tried again")
        let retry = Task(priority: .utility) { [weak self] in
            while (try? await Task.sleep(for: Self.retryInterval)) != nil { if await self?.tryAgain() ?? true { return } }
        }
        state.withLock { state in
            state.missing = (wanted, trouble)
            state.retry?.cancel()
            state.retry = retry
        }
    }

    /// - Returns: whether there is nothing left to try.
    private func tryAgain() async -> Bool {
        guard let missing = state.withLock({ $0.missing }) else { return true }
        guard let opened = try? await open(missing.wanted) else { return false }
        let isWanted = state.withLock { state in
            guard !state.isStopped, let current = state.missing, current.wanted.address == missing.wanted.address else { return false }
            opened.server.change(current.wanted.access)
            state.open = Open(wanted: current.wanted, server: opened.server)
            state.missing = nil
            return true
        }
        guard isWanted else {
            await opened.server.stop()
            return false
        }
        announce(opened)
        return true
    }

    private static func explanation(_ failure: BindFailure, _ address: ListenAddress) -> String {
        switch failure.code {
        case EADDRINUSE: "\(address) is in use by another program; stop it (ss -ltnp shows it), choose another port, or write off"
        case EACCES: "not allowed to listen on \(address); choose a port above 1023"
        case EADDRNOTAVAIL: "this host has no address \(address.host); use one of its own, such as 127.0.0.1"
        default: "cannot listen on \(address): \(failure.reason); choose another address"
        }
    }
}

extension StatusFront.Wanted {
    /// `nil`: off.
    init?(_ loaded: LoadedSettings) {
        guard let http = loaded.configuration.http else { return nil }
        let token = loaded.httpToken?.exposed
        self.init(
            address: http.address,
            access: AccessRules(
                hosts: Set(http.hosts.map(\.description) + [loaded.hostname.description.lowercased()]), token: token,
                isHealthOnly: token == nil && !http.address.address.isLoopback),
            isGiven: loaded.isHTTPGiven, problem: { loaded.problem(with: "http", $0).description })
    }
}
