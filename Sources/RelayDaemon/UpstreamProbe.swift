internal import MailModel
internal import Dispatcher
internal import Networking
internal import SafeIO
internal import Settings
internal import Upstream

/// Tries the way to the upstream as the daemon would go it, and sends nothing.
public struct UpstreamProbe: Sendable {
    /// `email-smtp.eu-west-1.amazonaws.com:587`
    public let host: String
    /// What failed, word for word; `nil` if everything up to the login went well.
    public let reason: String?
    public let cure: String?

    /// - Throws: problems of the configuration.
    public static func run(configuration path: String) async throws(StartFailure) -> UpstreamProbe {
        let assembly = try Relay.load(path, clock: { Timestamp(microseconds: SystemClock.microseconds()) })
        let pool = UpstreamPool(settings: assembly.upstream, gate: OpenGate(), workers: WorkerPool(count: 1))
        let trouble = await pool.probe()
        await pool.close()
        return UpstreamProbe(
            host: "\(assembly.upstream.host):\(assembly.upstream.port)", reason: trouble?.explanation, cure: trouble?.cure)
    }
}

/// For a connection over which nothing is sent.
struct OpenGate: SendingGate {
    var limit: Int? { nil }
    func approach(recipients: Int) async {}
    func left(recipients: Int) {}
    func trySend(recipients: Int) -> Bool { true }
    func waitToSend(recipients: Int) async {}
    func sent(recipients: Int) {}
    func refused(recipients: Int) {}
    func withdrawn(recipients: Int) {}
}
