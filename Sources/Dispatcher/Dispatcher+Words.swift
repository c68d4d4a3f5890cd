internal import MailModel
internal import MailQueue
internal import Upstream

/// Verdicts and announcements.
extension Dispatcher {
    func verdict(_ outcome: RecipientOutcome, of message: QueuedMessage, relay: String?) -> Verdict {
        Verdict(outcome, of: message, relay: relay, clocks: clocks, settings: settings, spread: Double.random(in: 0...1))
    }

    func wait(for recipient: QueuedRecipient, of message: QueuedMessage, reply: String) -> Verdict {
        Verdict(waiting: recipient, of: message, until: steadyNow + IdentityHolds.wait, reply: reply, now: time.wall())
    }

    private var clocks: Verdict.Clocks { Verdict.Clocks(wall: time.wall(), steady: steadyNow, service: store.serviceClock.now()) }

    func note(error text: String) {
        let now = time.wall()
        tally.lastError = LastError(text: text, at: now)
        tally.errors.note(text, at: now)
    }

    func announce(_ trouble: RouteTrouble, relay: String) {
        var event = RelayEvent(.routePaused, at: time.wall())
        event.relay = relay
        event.reply = trouble.explanation
        events.emit(event)
    }

    func announceOpen(after pause: RouteState.Pause) {
        var event = RelayEvent(.routeResumed, at: time.wall())
        event.delay = time.wall() - pause.since
        event.reply = pause.trouble.explanation
        events.emit(event)
    }

    func announceOpen(identity: String) {
        var event = RelayEvent(.routeResumed, at: time.wall())
        event.relay = identity
        event.reply = "SES takes mail from this identity again"
        events.emit(event)
    }

    func announceQuota(_ limit: Int) {
        var event = RelayEvent(.routePaused, at: time.wall())
        event.relay = "upstream.daily_quota"
        event.reply = "\(limit) recipients were reached within 24 hours; there is room again from \(quota.usedUpUntil ?? event.time) on"
        note(error: event.reply ?? "")
        events.emit(event)
    }
}
