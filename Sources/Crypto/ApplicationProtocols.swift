/// The protocols that a client says it speaks (ALPN, RFC 7301), kept apart from mail.
///
/// SMTP has no name there, so a mail client offers none. One that offers only other protocols was led astray: a browser whose request
/// an attacker turned to us (the ALPACA attack).
enum ApplicationProtocols {
    private static let foreign: [[UInt8]] = [
        "http/0.9", "http/1.0", "http/1.1", "spdy/1", "spdy/2", "spdy/3", "h2", "h2c", "h3", "imap", "pop3", "managesieve", "ftp",
        "xmpp-client", "xmpp-server", "irc", "nntp", "dot", "mqtt", "ntske/1", "postgresql",
    ].map { Array($0.utf8) }

    /// - Parameter offered: names, each after its length in one octet, as they stand in the ClientHello.
    static func areAllForeign(_ offered: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = offered[...]
        while let length = rest.popFirst() {
            let name = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            if !foreign.contains(where: { $0.elementsEqual(name) }) { return false }
        }
        return !offered.isEmpty
    }
}
