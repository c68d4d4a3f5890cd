internal import Cryptography
internal import Networking
internal import Settings

/// Posts notices to one address, three times if need be.
struct Webhook: Sendable {
    let address: WebAddress
    let worker: Worker
    var trust = TLSContext.Trust.system
    var deadline: Duration = .seconds(10)
    /// Before the second and the third try: a receiver that restarts is back by then.
    var pauses: [Duration] = [.seconds(3), .seconds(15)]

    /// - Returns: why it was not delivered.
    func deliver(_ notice: AlarmNotice) async -> AlarmOutbox.Failure? {
        let json = notice.json
        var last = ""
        for attempt in 0...pauses.count {
            if attempt > 0 { try? await Task.sleep(for: pauses[attempt - 1]) }
            switch await WebhookPost.send(json, to: address, trust: trust, worker: worker, deadline: deadline) {
            case .success: return nil
            case .failure(let failure):
                last = failure.text
                if failure.isLasting { return .init(text: last, isLasting: true) }
            }
        }
        return .init(text: last, isLasting: false)
    }
}
