public import MailModel

/// What a server offers in its answer to EHLO. Keywords that mean nothing to us are ignored, among them SES's last line, `Ok`.
public struct ServerCapabilities: Hashable, Sendable {
    public private(set) var offersStartTLS = false
    public private(set) var offersPlain = false
    public private(set) var offersLogin = false
    public private(set) var offersEightBitMIME = false
    public private(set) var offersPipelining = false
    /// SIZE was offered (RFC 1870).
    public private(set) var offersSize = false
    /// The largest message, if SIZE named one.
    public private(set) var maximumMessageSize: Int?

    /// - Parameter reply: a 2yz to EHLO; its first line is the server's name.
    public init(_ reply: Reply) {
        for line in reply.lines.dropFirst() {
            let words = line.utf8.split(separator: ASCII.space)
            guard let keyword = words.first else { continue }
            let parameters = words.dropFirst()
            if keyword.equalsIgnoringCase("STARTTLS") {
                offersStartTLS = true
            } else if keyword.equalsIgnoringCase("AUTH") {
                offersPlain = parameters.contains { $0.equalsIgnoringCase("PLAIN") }
                offersLogin = parameters.contains { $0.equalsIgnoringCase("LOGIN") }
            } else if keyword.equalsIgnoringCase("8BITMIME") {
                offersEightBitMIME = true
            } else if keyword.equalsIgnoringCase("PIPELINING") {
                offersPipelining = true
            } else if keyword.equalsIgnoringCase("SIZE") {
                offersSize = true
                maximumMessageSize = parameters.first.flatMap(Decimal.parse).flatMap { $0 > 0 ? $0 : nil }  // 0: no fixed limit
            }
        }
    }
}
