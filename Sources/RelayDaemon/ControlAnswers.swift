internal import ControlProtocol
internal import Dispatcher
internal import MailModel
internal import MailQueue

/// Answers the commands from the daemon's live parts.
struct ControlAnswers: ControlAnswering {
    let queue: QueueAnswers
    let dispatcher: Dispatcher
    let hub: EventHub
    let status: @Sendable () async -> StatusReport
    /// Puts the configuration in force anew; the warnings of a good one, the problems of a bad one.
    let reload: @Sendable () async throws(ControlFailure) -> [String]
    let rewriter: QueueRewriter
    let testLogin: @Sendable (String) throws(ControlFailure) -> TestLogin

    func answer(_ request: ControlRequest, send: @escaping ControlLineSender) async throws(ControlFailure) -> Int? {
        if request.command == .reload {
            for warning in try await reload() { _ = await send(Array(warning.utf8)) }
            return nil
        }
        if request.command == .testLogin {
            let login = try testLogin(request.word ?? "")
            do throws(QueueError) { _ = await send(try encoded(login)) } catch { throw ControlFailure(text: error.description, code: 70) }
            return nil
        }
        do throws(QueueError) {
            if try await queue.answer(request, send) { return nil }
            switch request.command {
            case .status: _ = await send(try encoded(await status()))
            case .health: _ = await send(try encoded(HealthReport(await status())))
            case .queueRetry, .queueHold, .queueRelease, .queueRemove: return try await change(request)
            case .queueRewrite: return try await rewrite(request, send)
            case .reload, .testLogin: break
            case .suppressAdd: return try await suppress(request)
            case .suppressRemove: return try await unsuppress(request)
            case .suppressList: try await listSuppressions(send)
            case .queueList, .queueShow, .queueVerify, .queueExport, .tail, .trace, .usage: break
            }
        } catch {
            throw ControlFailure(text: error.description, code: error.isNotFound ? 65 : 75)
        }
        return nil
    }

    var store: any QueueStore { queue.store }
    var clock: WallClock { queue.clock }

    func encoded(_ value: some Encodable) throws(QueueError) -> [UInt8] { try queue.encoded(value) }

    func follow(_ send: @escaping @Sendable (RelayEvent) -> Void) -> @Sendable () -> Void {
        let number = hub.subscribe(send)
        return { hub.unsubscribe(number) }
    }

    // MARK: Orders

    private func change(_ request: ControlRequest) async throws(QueueError) -> Int {
        guard let wanted = request.filter, !wanted.isEmpty else { throw .rejected("name messages, or say --all") }
        let filter = try queue.filter(wanted)
        let count = try await order(request.command, filter)
        // What the dispatcher holds in memory is from before the order.
        await dispatcher.forgetCopies()
        if request.command == .queueRetry || request.command == .queueRelease { await dispatcher.lookAgain() }
        return count
    }

    private func order(_ command: ControlRequest.Command, _ filter: MailQueue.QueueFilter) async throws(QueueError) -> Int {
        await dispatcher.forgetCopies()
        switch command {
        case .queueRetry: return try await store.makeDue(filter, at: store.serviceClock.steadyWall())
        case .queueHold: return try await store.hold(filter, note: "held by an operator")
        case .queueRelease: return try await store.release(filter)
        default:
            let now = clock()
            return try await store.remove(filter) { entry in
                // Also of failures that nobody was told of: they end here.
                entry.recipients.filter { !$0.state.isFinal || entry.state == .dead && $0.state != .relayed }.map { recipient in
                    var event = RelayEvent(.removed, at: now, queueID: entry.id, account: entry.account, recipients: [recipient.mailbox])
                    event.delay = now - entry.acceptedAt
                    event.reply = "removed by an operator"
                    return event
                }
            }
        }
    }
}

extension QueueError {
    fileprivate var isNotFound: Bool {
        switch self {
        case .notFound, .rejected: true
        default: false
        }
    }
}
