internal import Cryptography
internal import Dispatch
public import MailModel
internal import Synchronization

/// Checks passwords away from the connections' queues.
///
/// A crypt(3) hash costs about 15 ms by design. So at most as many run at once as the machine has cores, a right password is remembered for
/// an hour by an HMAC under a key that only this process knows, and a wrong one is never answered from memory. Unknown accounts pay the
/// same hash as known ones, so that time does not tell which names exist.
public final class PasswordVerifier: Sendable {
    public enum Verdict: Hashable, Sendable {
        case right
        case wrong
        /// More logins are waiting than could be checked in reasonable time.
        case overloaded
    }

    private struct Remembered {
        /// The stored hash that the password was checked against: another hash, and the memory is void.
        let hash: String
        let proof: [UInt8]
        let until: ContinuousClock.Instant
    }
    private struct State {
        var remembered: [AccountName: [Remembered]] = [:]
        var waiting = 0
    }

    /// Passwords longer than this are not hashed: they are wrong.
    public static let longestPassword = 512
    private static let waitingLimit = 512
    private static let memoryLimit = 4
    private static let memoryLifetime: Duration = .seconds(3600)

    private let state = Mutex(State())
    private let key: [UInt8]
    private let queues: [DispatchQueue]
    private let next = Atomic<Int>(0)

    /// - Parameter concurrency: how many hashes may be computed at once.
    public init(concurrency: Int) throws(OpenSSLErrorBox) {
        do {
            key = try SecureRandom.octets(count: 32)
        } catch {
            throw OpenSSLErrorBox(description: error.description)
        }
        queues = (0..<Swift.max(1, concurrency)).map { DispatchQueue(label: "fairlead.password.\($0)", qos: .userInitiated) }
    }

    /// Answers a right password from memory, if this process has seen it lately.
    public func remembers(_ password: Secret, of account: Account, at now: ContinuousClock.Instant) -> Bool {
        guard let hash = account.passwordHash, password.exposed.count <= Self.longestPassword else { return false }
        let candidates = state.withLock { $0.remembered[account.name] ?? [] }.filter { $0.hash == hash && $0.until > now }
        guard !candidates.isEmpty else { return false }
        let proof = HMAC.sha256(key: key, message: password.exposed)
        return candidates.contains { constantTimeEquals($0.proof, proof) }
    }

    /// Computes the hash on one of the verifier's queues and calls back from there.
    ///
    /// - Parameter account: `nil` for a name that does not exist; it costs the same time.
    public func verify(
        _ password: Secret, of account: Account?, at now: ContinuousClock.Instant, completion: @escaping @Sendable (Verdict) -> Void
    ) {
        let isTaken = state.withLock { state in
            guard state.waiting < Self.waitingLimit else { return false }
            state.waiting += 1
            return true
        }
        guard isTaken else { return completion(.overloaded) }
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        queues[Int(UInt(bitPattern: turn) % UInt(queues.count))].async { [self] in
            let isLong = password.exposed.count > Self.longestPassword
            let hash = account?.passwordHash ?? PasswordHash.dummy
            let matches = PasswordHash.verify(isLong ? [] : password.exposed, against: hash) == .matches
            let isRight = matches && !isLong && account?.passwordHash != nil
            if isRight, let account { remember(password, of: account, at: now, for: Self.memoryLifetime) }
            state.withLock { $0.waiting -= 1 }
            completion(isRight ? .right : .wrong)
        }
    }

    /// Lets this password in besides the account's own, as if it had been seen to be right: for a test of the road by somebody who may not
    /// know the other.
    ///
    /// - Returns: false for an account without a password of its own, which nobody logs in with.
    public func admit(_ password: Secret, of account: Account, at now: ContinuousClock.Instant, for lifetime: Duration) -> Bool {
        guard account.passwordHash != nil else { return false }
        remember(password, of: account, at: now, for: lifetime)
        return true
    }

    private func remember(_ password: Secret, of account: Account, at now: ContinuousClock.Instant, for lifetime: Duration) {
        guard let hash = account.passwordHash else { return }
        let fresh = Remembered(hash: hash, proof: HMAC.sha256(key: key, message: password.exposed), until: now + lifetime)
        state.withLock { state in
            var list = (state.remembered[account.name] ?? []).filter { $0.hash == hash && $0.until > now && $0.proof != fresh.proof }
            list.append(fresh)
            state.remembered[account.name] = list.suffix(Self.memoryLimit)
        }
    }
}

/// The system has no random numbers to give: nothing that needs a secret can start.
public struct OpenSSLErrorBox: Error, Sendable, CustomStringConvertible {
    public let description: String
}
