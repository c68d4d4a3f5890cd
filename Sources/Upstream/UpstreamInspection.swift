public import Cryptography
public import MailModel
public import Networking
internal import SMTPProtocol

/// One way to a login at the upstream, looked at step by step. Nothing is sent.
public struct UpstreamInspection: Sendable {
    /// In the order in which they are taken.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        /// The name has addresses.
        case dns
        case tcp
        /// Greeting, EHLO and, if it is to be used, the offer of STARTTLS.
        case smtp
        /// The handshake, with a certificate that a trusted authority vouches for.
        case tls
        /// The certificate carries the name.
        case name
        case auth
    }

    /// All that the name has.
    public private(set) var addresses: [SocketAddress] = []
    /// The one that answered, and after what time.
    public private(set) var peer: SocketAddress?
    public private(set) var connectTime: Duration?
    public private(set) var tls: TLSInfo?
    /// Where it ended, and with what trouble; `nil` if the login went well.
    public private(set) var failure: (step: Step, trouble: RouteTrouble)?

    public static func run(_ settings: UpstreamSettings, gate: any SendingGate, worker: Worker) async -> UpstreamInspection {
        var inspection = UpstreamInspection()
        await inspection.look(settings, gate, worker)
        return inspection
    }

    private mutating func look(_ settings: UpstreamSettings, _ gate: any SendingGate, _ worker: Worker) async {
        do throws(ConnectError) {
            addresses = try await Connector.addresses(host: settings.host, port: settings.port)
        } catch {
            failure = (.dns, .unreachable("\(error)"))
            return
        }
        let socket: ConnectedSocket
        let start = ContinuousClock.now
        do throws(ConnectError) {
            socket = try await Connector.connect(
                host: settings.host, port: settings.port, timeout: settings.patience.connect, worker: worker)
        } catch {
            failure = (.tcp, .unreachable("\(error)"))
            return
        }
        peer = socket.peer
        connectTime = start.duration(to: .now)
        let connection = UpstreamConnection(socket: socket, worker: worker, settings: settings, gate: gate, onEnd: {})
        let trouble = await connection.logIn()
        tls = await connection.tls
        if let trouble { failure = (await step(of: connection, trouble, settings), trouble) }
        await connection.quit()
    }

    private func step(of connection: UpstreamConnection, _ trouble: RouteTrouble, _ settings: UpstreamSettings) async -> Step {
        guard tls == nil else { return .auth }
        let phase = await connection.failedPhase
        guard settings.security == .implicitTLS || phase == .tlsHandshake else { return .smtp }
        if case .unreachable(let text) = trouble, text.contains("mismatch") { return .name }
        return .tls
    }
}
