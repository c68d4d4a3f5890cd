internal import Glibc

/// A system call that failed: which one, on what, and why.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    public let call: String
    /// `errno` at that moment.
    public let code: Int32
    /// A path or an address, for the operator; empty where there is none.
    public let subject: String

    public init(_ call: String, code: Int32, subject: String = "") {
        self.call = call
        self.code = code
        self.subject = subject
    }

    /// Takes `errno` as it is now: to be called before anything else can change it.
    public static func current(_ call: String, subject: String = "") -> SystemCallError {
        SystemCallError(call, code: errno, subject: subject)
    }

    /// No space, no inodes or no quota: the cure is room, not a repair.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }

    /// `open /etc/fairlead/x: Permission denied (EACCES 13)`
    public var description: String {
        let reason = String(cString: strerror(code))
        return subject.isEmpty ? "\(call): \(reason) (errno \(code))" : "\(call) \(subject): \(reason) (errno \(code))"
    }
}

/// Repeats a call that a signal interrupted.
///
/// - Returns: what the call returned, never -1.
@inlinable
public func retryingOnInterrupt<Result: FixedWidthInteger & SignedInteger>(
    _ call: @autoclosure () -> String, subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = currentErrno()
        if code != interruptedCode { throw SystemCallError(call(), code: code, subject: subject()) }
    }
}

@usableFromInline func currentErrno() -> Int32 { errno }
@usableFromInline let interruptedCode: Int32 = EINTR
