internal import Glibc

/// Tells systemd how the service fares (sd_notify(3)), over the socket that it named in the environment.
///
/// Started by hand there is no such socket, and every call does nothing: a service need not ask whether it runs under systemd.
/// A message that cannot be sent is dropped: systemd notices a missing one by itself.
public struct SystemdNotifier: Sendable {
    private let path: String?
    /// How often `watchdog` is expected, if at all: call it at half of this.
    public let watchdogInterval: Duration?

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` of this process.
    public init() {
        self.init { name in getenv(name).map { String(cString: $0) } }
    }

    /// - Parameter environment: the value of a variable.
    public init(environment: (String) -> String?) {
        path = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isForUs = environment("WATCHDOG_PID").map { $0 == String(getpid()) } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        watchdogInterval = isForUs && microseconds > 0 && path != nil ? .microseconds(microseconds) : nil
    }

    public var isActive: Bool { path != nil }

    /// Start is complete: dependent units may start.
    public func ready() { send("READY=1") }

    /// A reload begins; `ready` ends it.
    public func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)")
    }

    public func stopping() { send("STOPPING=1") }

    /// Still alive and making progress.
    public func watchdog() { send("WATCHDOG=1") }

    /// One line for `systemctl status`; line ends in it become spaces, or they would be fields of their own.
    public func status(_ text: String) {
        send("STATUS=" + String(decoding: text.utf8.map { $0 == 10 || $0 == 13 ? 32 : $0 }, as: UTF8.self))
    }

    private func send(_ message: String) {
        guard let path, let address = try? UnixSocketAddress(path) else { return }
        guard let raw = try? retryingOnInterrupt("socket", { socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0) })
        else { return }
        let descriptor = OwnedDescriptor(raw)
        let octets = Array(message.utf8)
        _ = address.withSystemAddress { target, length in
            octets.withUnsafeBytes { sendto(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), target, length) }
        }
    }
}
