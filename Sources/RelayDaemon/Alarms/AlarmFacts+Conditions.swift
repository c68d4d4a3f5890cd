internal import Dispatcher
internal import MailModel
internal import MailQueue

extension AlarmFacts {
    /// Trouble of the route that often heals by itself: nobody is told of it before.
    static let routePatience: Duration = .seconds(30)
    static let throttlePatience: Duration = .seconds(5 * 60)
    /// Less than this much of the configured rate means that the upstream holds us back.
    static let throttledShare = 0.9
    static let certificateDays: Int64 = 14
    /// Somebody may still be at it.
    static let filesPatience: Duration = .seconds(30)

    /// What is wrong.
    var conditions: [AlarmCondition] { routeConditions + storageConditions + queueConditions + limitConditions + hostConditions }

    // MARK: The way to the upstream

    private var routeConditions: [AlarmCondition] {
        var found = holds.map { hold in
            var condition = AlarmCondition(
                .identityHeld, hold.identity, cause: "SES does not take mail from \(hold.identity): \(hold.reply)",
                cure:
                    "verify the identity in the SES console of this region, or correct the permission of the SMTP user, then fairlead reload"
            )
            condition.since = hold.since
            return condition
        }
        switch pause?.trouble {
        case .throttled?, nil: break
        case .quotaExceeded(let reply)?:
            found.append(
                exceeded("SES takes no more mail for now: \(reply.oneLine)", since: pause?.since))
        case let trouble?:
            var condition = AlarmCondition(
                .routePaused, cause: "nothing leaves: \(trouble.explanation)", cure: trouble.cure)
            condition.detail = trouble.kind
            condition.since = pause?.since
            condition.patience = trouble.oftenHealsByItself ? Self.routePatience : .zero
            found.append(condition)
        }
        if let throttled { found.append(throttled) }
        return found
    }

    private var throttled: AlarmCondition? {
        guard let configuredRate, let effectiveRate, Double(effectiveRate) < Double(configuredRate) * Self.throttledShare else {
            return nil
        }
        var condition = AlarmCondition(
            .upstreamThrottled, cause: "SES takes about \(effectiveRate) recipients a second, and upstream.rate is \(configuredRate)/s",
            cure: "set upstream.rate to the maximum send rate that the SES console shows, or ask AWS for a higher one")
        condition.patience = Self.throttlePatience
        return condition
    }

    // MARK: Storage

    private var storageConditions: [AlarmCondition] {
        var found: [AlarmCondition] = []
        let room = space.map { space in
            "\(space.freeOctets >> 20) MiB" + (space.freeInodes.map { " and \($0) inodes" } ?? "") + " are free in \(queuePath)"
        }
        let makeRoom = "free space on the file system of \(queuePath) (df -h, df -i); mail is accepted again by itself"
        if case .unhealthy(let reason) = storage {
            found.append(
                AlarmCondition(
                    .storageFailed, cause: "no mail is accepted, the queue's storage fails: \(reason)",
                    cure: "look at the disk and its file system (dmesg, mount); it is tried every 5 seconds and used again once it works"))
        } else if storage == .outOfSpace || space?.level == .full {
            found.append(
                AlarmCondition(
                    .storageFull, cause: "no mail is accepted, the disk is full" + (room.map { ": \($0)" } ?? ""), cure: makeRoom))
        } else if space?.level == .low, let room {
            found.append(
                AlarmCondition(
                    .spaceLow, cause: "the queue's disk is nearly full: \(room)",
                    cure: "free space on the file system of \(queuePath) (df -h, df -i) before mail is refused"))
        }
        if let historyFailure {
            found.append(
                AlarmCondition(
                    .historyFailing, cause: "the history for fairlead trace is not being written: \(historyFailure)",
                    cure: "look at history.db in \(queuePath) and its disk; mail flows, and what happened meanwhile is added later"))
        }
        return found
    }

    // MARK: The queue

    private var queueConditions: [AlarmCondition] {
        var found: [AlarmCondition] = []
        if quarantined > 0 {
            var condition = AlarmCondition(
                .quarantined, cause: "set aside and not sent, as damaged or as suspected of ending the daemon: \(messages(quarantined))",
                cure: "see them with fairlead queue list, then fairlead queue release ID or fairlead queue remove ID")
            condition.magnitude = quarantined
            found.append(condition)
        }
        if dead > 0 {
            var condition = AlarmCondition(
                .deadLetter,
                cause: "failed, and nobody could be told: \(messages(dead))"
                    + (isOperatorUnreachable ? ", among them alarms to the operator" : ""),
                cure: isOperatorUnreachable
                    ? "let operator be an address that takes mail; see them with fairlead queue list, then fairlead queue remove ID"
                    : "see them with fairlead queue list, tell their senders, then fairlead queue remove ID")
            condition.magnitude = dead
            found.append(condition)
        }
        if let oldestAge, oldestAge > oldestLimit {
            var condition = AlarmCondition(
                .queueOld, cause: "the oldest message waits since \(now + (.zero - oldestAge)), longer than \(oldestLimit.inWords)",
                cure: "fairlead status says what keeps the route, fairlead queue list what each message waits for")
            condition.since = now + (oldestLimit - oldestAge)
            found.append(condition)
        }
        if let backlog {
            found.append(
                AlarmCondition(
                    .backlog, cause: "mail is refused, because it could not leave in time: \(backlog)",
                    cure: "let the apps send less, or raise upstream.rate to what SES allows"))
        }
        return found
    }

    private func messages(_ count: Int) -> String { count == 1 ? "1 message" : "\(count) messages" }

    // MARK: Limits of 24 hours

    private var limitConditions: [AlarmCondition] {
        var found = accounts.compactMap { use -> AlarmCondition? in
            let share = "\(use.used) of the \(use.limit) recipients in 24 hours"
            if use.used >= use.limit {
                return AlarmCondition(
                    .accountDailyReached, use.name, cause: "mail of the account \(use.name) is refused: it used \(share)",
                    cure: "find out what the app sends (fairlead tail), or raise accounts.\(use.name).daily, then fairlead reload")
            }
            guard use.isNearlyUsed else { return nil }
            return AlarmCondition(
                .accountDaily80, use.name, cause: "the account \(use.name) used \(share)",
                cure: "find out what the app sends (fairlead tail), or raise accounts.\(use.name).daily before its mail is refused")
        }
        if let quota {
            let share = "\(quota.used) of the \(quota.limit) recipients in 24 hours are used"
            if quota.used >= quota.limit {
                let room = quotaUsedUpUntil.map { "; there is room again from \($0) on" } ?? ""
                // SES's own words, if there are any, are told above.
                if case .quotaExceeded? = pause?.trouble {
                } else {
                    found.append(exceeded("upstream.daily_quota is reached: \(share)\(room)"))
                }
            } else if quota.isNearlyUsed {
                found.append(
                    AlarmCondition(
                        .quota80, cause: "\(share) (upstream.daily_quota)",
                        cure: "find out who sends (fairlead status), or ask AWS for a higher quota before mail has to wait"))
            }
        }
        return found
    }

    private func exceeded(_ cause: String, since: Timestamp? = nil) -> AlarmCondition {
        var condition = AlarmCondition(
            .quotaExceeded, cause: cause,
            cure:
                "mail waits and leaves by itself as the 24 hours pass; find out who sends (fairlead status), or ask AWS for a higher quota")
        condition.since = since
        return condition
    }

    // MARK: The host

    private var hostConditions: [AlarmCondition] {
        var found: [AlarmCondition] = []
        if let certificateExpiry, certificateExpiry.seconds - now.seconds < Self.certificateDays * 86_400 {
            let isOver = certificateExpiry <= now
            var condition = AlarmCondition(
                .certificateExpiring,
                cause: isOver
                    ? "the certificate for apps expired on \(certificateExpiry); they refuse to connect"
                    : "the certificate for apps expires on \(certificateExpiry)",
                cure: "renew tls.certificate, then fairlead reload")
            condition.isGrave = isOver
            condition.magnitude = isOver ? 1 : 0
            found.append(condition)
        }
        if let filesRefused {
            var condition = AlarmCondition(
                .filesRefused, cause: "changed files are not in force, what was stays in force: \(filesRefused.text)",
                cure: "correct the files (fairlead check config lists what is wrong); they are taken up by themselves")
            condition.since = filesRefused.since
            condition.patience = Self.filesPatience
            found.append(condition)
        }
        if let clockStep {
            let size = (clockStep < .zero ? .zero - clockStep : clockStep).inWords
            found.append(
                AlarmCondition(
                    .clockStepped, cause: "the clock of this host was set \(clockStep < .zero ? "back" : "forward") by \(size)",
                    cure: "check its time service (timedatectl); times in the log and in signatures around it may be wrong"))
        }
        return found
    }
}

extension AlarmFacts.Use {
    fileprivate var isNearlyUsed: Bool { Double(used) >= Double(limit) * 0.8 }
}

extension RouteTrouble {
    fileprivate var oftenHealsByItself: Bool {
        switch self {
        case .unreachable, .tooManyConnections, .throttled: true
        case .loginRefused, .accountRefused, .quotaExceeded: false
        }
    }
}

extension Duration {
    /// `3 d 4 h`, `5 min 1 s`: two units at most.
    var inWords: String {
        let whole = max(0, components.seconds)
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min" + (whole % 60 == 0 ? "" : " \(whole % 60) s")
        case ..<86_400: "\(whole / 3600) h" + (whole / 60 % 60 == 0 ? "" : " \(whole / 60 % 60) min")
        default: "\(whole / 86_400) d" + (whole / 3600 % 24 == 0 ? "" : " \(whole / 3600 % 24) h")
        }
    }
}
