internal import MailModel
internal import MailQueue
internal import Synchronization

/// Reading what is due, and waking up for what will be.
extension Dispatcher {
    func refillFromStore() {
        guard !isStopping, let work = refill.begin(where: { ready.count(of: $0) < ReadyList.laneLimit / 4 }) else { return }
        Task {
            do throws(QueueError) {
                let now = steadyNow
                var places = work.places
                if work.isAll {
                    for account in try await store.statistics().accounts.keys { places[account] = .some(nil) }
                }
                var pages: [AccountName: [DueMessage]] = [:]
                for (account, cursor) in places {
                    do throws(QueueError) {
                        pages[account] = try await store.due(before: now, after: cursor, limit: ReadyList.laneLimit, account: account)
                    } catch {
                        // A damaged page concerns whoever lies on it: the others' mail goes on.
                        note(error: "reading the queue of account \(account): \(error)")
                        pages[account] = []
                        wake(at: time.now() + Self.storageWait)
                    }
                }
                // What is due by now is read above or known: only what comes later needs an alarm.
                let later = work.isAll ? try await store.due(before: .never, after: .last(at: now), limit: 1).first : nil
                refilled(pages, nextDue: later?.dueAt)
            } catch {
                note(error: error.description)
                refill.failed()
                wake(at: time.now() + Self.storageWait)
            }
        }
    }

    private func refilled(_ pages: [AccountName: [DueMessage]], nextDue: Timestamp?) {
        let expected = inbox.withLock { $0.expected }
        for page in pages.values {
            for due in page where !expected.contains(due.id) && known.insert(due.id).inserted { ready.append(ReadyList.Entry(due)) }
        }
        refill.ended(pages.mapValues { $0.count == ReadyList.laneLimit ? $0.last?.cursor : nil })
        wake(for: [nextDue].compactMap(\.self))
        pump()
    }

    /// Looks after the queue at that instant, if nothing earlier is set already.
    func wake(at instant: ContinuousClock.Instant) {
        guard !isStopping else { return }
        // One that rings earlier, or is about to, reads the queue anew and sets the next.
        if let alarm, alarm.at <= instant { return }
        alarm?.task.cancel()
        alarm = (
            instant,
            Task {
                await time.sleep(instant)
                if !Task.isCancelled { alarmRang() }
            }
        )
    }

    /// Wakes for each of these due times; the first one leads to the others.
    func wake(for times: [Timestamp]) {
        if let first = times.min() { wake(at: time.now() + max(.zero, first - steadyNow)) }
    }

    func wake(forWall wall: Timestamp) { wake(at: time.now() + max(.zero, wall - time.wall())) }

    private func alarmRang() {
        alarm = nil
        refill.wanted()
        if !unwritten.isEmpty { writeAgain() }
        sendDigests()
        if let nextDigest { wake(forWall: nextDigest) }
        pump()
    }
}
