internal import Dispatcher
internal import MailModel
internal import SafeIO
internal import Settings
internal import Synchronization
internal import Upstream

/// What changed in the files that the configuration names is taken up by itself. The configuration stays as it was loaded: who edits it says
/// when it counts, and a certificate that is renewed meanwhile does not decide that for him.
extension Relay {
    /// A file is taken up once it has stood still for so long: who replaces a certificate and its key does so in two steps.
    private static let stillness: Duration = .milliseconds(200)
    /// Looks at a file that never stands still.
    private static let mostLooks = 25
    /// What does not go together may go together once the other file is there.
    private static let forbearance: Duration = .seconds(1), rounds = 3
    /// What is wrong need not lie in these files: one that they include may come, or a folder open up.
    private static let refusedAgain: Duration = .seconds(10)
    /// New credentials may take a while to be known everywhere; those that are refused again and again must not look like an attack.
    private static func wait(afterTrials count: Int) -> Duration {
        switch count {
        case ...1: .seconds(5)
        case ...10: .seconds(30)
        default: .seconds(5 * 60)
        }
    }

    /// Ends when the watch is stopped.
    func lookAfterFiles(_ watch: FileWatch) async {
        watch.follow(assembly.loaded.files.keys)
        var refused: [String: FileStamp]?
        var seenByLook: [String: FileStamp]?
        var trials = 0
        var trialAt: ContinuousClock.Instant?
        for await wake in watch.wakes {
            defer { watch.follow(assembly.loaded.files.keys) }
            var stamps = stamps
            if changedFiles(stamps).isEmpty {
                // Taken up by a reload, or as they were again.
                if refused != nil { filesRefused.withLock { $0 = nil } }
                (refused, trialAt, trials, seenByLook) = (nil, nil, 0, nil)
                continue
            }
            let isTrialDue = trialAt.map { $0 <= .now } ?? false
            if stamps == refused, !isTrialDue { continue }
            // Nobody told of the change: whoever writes may still be at it.
            if wake == .look, stamps != seenByLook, stamps != refused {
                seenByLook = stamps
                continue
            }
            if stamps != refused { trials = 0 }
            trialAt = nil
            switch await takeUpFiles(&stamps) {
            case .inForce: (refused, trials) = (nil, 0)
            case .postponed:
                refused = stamps
                trials += 1
                trialAt = .now + Self.wait(afterTrials: trials)
            case .refused:
                refused = stamps
                trialAt = .now + Self.refusedAgain
            }
        }
    }

    private var stamps: [String: FileStamp] { assembly.loaded.files.keys.reduce(into: [:]) { $0[$1] = FileStamp.of($1) } }

    private func changedFiles(_ stamps: [String: FileStamp]) -> [String] {
        assembly.loaded.files.filter { path, stamp in stamp != stamps[path] }.keys.sorted()
    }

    private func untilStill(_ first: [String: FileStamp]) async -> [String: FileStamp] {
        var stamps = first
        for _ in 0..<Self.mostLooks {
            try? await Task.sleep(for: Self.stillness)
            let next = self.stamps
            if next == stamps { break }
            stamps = next
        }
        return stamps
    }

    private enum TakingUp {
        case inForce
        case refused
        /// The upstream does not take the new login, or cannot be asked: to be tried again.
        case postponed
    }

    /// - Parameter stamps: those of the files that were tried last.
    private func takeUpFiles(_ stamps: inout [String: FileStamp]) async -> TakingUp {
        var round = 1
        while true {
            stamps = await untilStill(stamps)
            do throws(FilesRefused) {
                try await takeUp()
                filesRefused.withLock { $0 = nil }
                return .inForce
            } catch {
                if !error.mayPass, round < Self.rounds {
                    try? await Task.sleep(for: Self.forbearance)
                    let next = self.stamps
                    if next != stamps {
                        stamps = next
                        round += 1
                        continue
                    }
                }
                tell(error)
                return error.mayPass ? .postponed : .refused
            }
        }
    }

    private func tell(_ refusal: FilesRefused) {
        let now = clock()
        let isNews = filesRefused.withLock { last in
            defer { last = FilesRefusal(text: refusal.text, since: last?.text == refusal.text ? last?.since ?? now : now) }
            return last?.text != refusal.text
        }
        if isNews { log.error("changed files are not put in force, what was stays in force: \(refusal.text)") }
    }

    // MARK: All or nothing

    /// Reads the files anew and puts them in force, or changes nothing.
    private func takeUp() async throws(FilesRefused) {
        await reloads.enter()
        defer { reloads.leave() }
        let old = assembly
        let changed = changedFiles(stamps)
        guard !changed.isEmpty else { return }
        let new: Assembly
        do throws(StartFailure) {
            new = try Self.load(configurationPath, text: old.loaded.text, clock: clock, seen: keys.seen)
        } catch {
            throw FilesRefused(text: error.lines.joined(separator: "; "), mayPass: false)
        }
        let isOtherUpstream =
            new.loaded.credentials != old.loaded.credentials || new.loaded.upstreamAuthorities != old.loaded.upstreamAuthorities
        if isOtherUpstream, let objection = await trial(of: new), !(await isRefusedAnyway(objection)) {
            let problem = new.loaded.problem(with: "upstream.credentials", objection.text)
            throw FilesRefused(text: "\(problem)", mayPass: true)
        }
        if new.loaded.httpToken != old.loaded.httpToken, let front = statusFront {
            do throws(StartFailure) {
                await front.apply(try await front.prepare(StatusFront.Wanted(new.loaded)))
            } catch {
                throw FilesRefused(text: error.lines.joined(separator: "; "), mayPass: true)
            }
        }
        putInForce(new, pool: isOtherUpstream ? makePool(new) : nil)
        if isOtherUpstream {
            await dispatcher.change(settings: new.dispatcher, route: pool)
            Task { await self.makeWaitingDue() }
        }
        if new.signingKeys != old.signingKeys { Task(priority: .utility) { await self.lookForKeys() } }
        log.notice("took up \(changed.joined(separator: ", "))")
    }
}

extension Assembly {
    /// By fingerprint.
    fileprivate var signingKeys: [String?] { dkim.flatMap { [$0.current.fingerprint, $0.next?.fingerprint] } }
}

/// Changed files that are not in force, and since when that is so.
struct FilesRefusal: Sendable {
    let text: String
    let since: Timestamp
}

private struct FilesRefused: Error {
    let text: String
    /// The same files may do later.
    let mayPass: Bool
}
