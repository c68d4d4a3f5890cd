internal import ControlProtocol
internal import MailQueue

extension ControlAnswers {
    /// - Returns: how many messages were rewritten, or would be.
    func rewrite(_ request: ControlRequest, _ send: ControlLineSender) async throws(QueueError) -> Int {
        guard let wanted = request.filter, !wanted.isEmpty else { throw .rejected("name messages, or say --all") }
        let filter = try queue.filter(wanted)
        var count = 0
        try await rewriter.rewrite(filter, identity: wanted.identity, isDryRun: request.dryRun == true) { outcome throws(QueueError) in
            if outcome.result == .rewritten { count += 1 }
            return await send(try encoded(outcome))
        }
        return count
    }
}
