public import Cryptography
public import SafeIO

extension Channel {
    /// What a channel tells its owner. Each event comes in a turn of its own on the worker, never from inside a call of the owner's.
    public enum Event: Sendable {
        /// There are new unread octets, or reading was resumed and old ones wait.
        case input
        /// The TLS handshake is done; what was queued to be sent leaves now.
        case secured(TLSInfo)
        /// Output that the kernel had no room for has now been written out.
        case drained
        /// `deadline` has passed; it is nil again.
        case deadline
        /// The descriptor is closed. Comes exactly once, and last.
        case closed(Closure)
    }

    /// Why a channel ended.
    public enum Closure: Hashable, Sendable {
        /// We closed or aborted it.
        case local
        /// The peer ended a connection without TLS (TCP FIN).
        case endOfStream
        /// The peer ended its TLS stream properly.
        case closeNotify
        /// TCP ended within TLS: what came last may have been cut off by somebody else.
        case truncated
        /// The peer reset the connection, or it was gone when we wrote.
        case reset
        /// A handshake or a record failed; the text is OpenSSL's.
        case tls(OpenSSLError)
        /// The network failed: timed out, unreachable.
        case failed(SystemCallError)
    }

    /// Why `startTLS` refused. The connection cannot be trusted then: `abort` it.
    public enum StartTLSError: Error, Hashable, Sendable {
        /// Octets came in clear before TLS: they could be taken for something said under its protection (CVE-2011-0411, CVE-2021-38371).
        case premature
        case alreadyStarted
        case closed
        case tls(OpenSSLError)
    }
}

extension Channel.Closure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .local: "closed by us"
        case .endOfStream: "closed by peer"
        case .closeNotify: "closed by peer (TLS)"
        case .truncated: "TLS connection cut off without close_notify"
        case .reset: "connection reset by peer"
        case .tls(let error): "TLS failed: \(error)"
        case .failed(let error): "\(error)"
        }
    }
}

extension Channel.StartTLSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .premature: "octets came in clear before the TLS handshake"
        case .alreadyStarted: "TLS is already in use"
        case .closed: "the connection is closed"
        case .tls(let error): "TLS failed: \(error)"
        }
    }
}
