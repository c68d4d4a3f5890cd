public import Cryptography

/// Everything that a `SandboxServer` is started with.
public struct SandboxConfiguration: Sendable {
    /// What remains of a message that was accepted.
    public enum Keep: Hashable, Sendable {
        /// Three files in the folder: `<id>.eml` as recipients get it, `<id>.raw.eml` as submitted, and `<id>.json`, which appears last.
        /// Beside them `journal.jsonl`, one line for each message and for each refused command. The folder is made if need be.
        case messages(folder: String)
        /// Only `journal.jsonl`, for load tests.
        case journal(folder: String)
        case nothing
    }

    public var listeners: [SandboxListener]
    public var tls: TLSContext
    public var rules: SandboxRules
    public var faults: [SandboxFault] = []
    public var keep: Keep

    public init(listeners: [SandboxListener], tls: TLSContext, rules: SandboxRules, keep: Keep) {
        self.listeners = listeners
        self.tls = tls
        self.rules = rules
        self.keep = keep
    }
}
