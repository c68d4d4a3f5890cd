internal import MailModel

/// What a client calls itself in EHLO or HELO: a claim for the Received field, never proof of anything.
///
/// Single labels, `_` and address literals are let through, as real clients send them. Never contains a blank, a control octet or a
/// special that would open a comment or a quoted string in a header field.
public struct ClientName: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init?(_ octets: some Collection<UInt8>) {
        guard (1...255).contains(octets.count),
            octets.allSatisfy({ ASCII.isPrintable($0) && !" ()<>@,;\"\\".utf8.contains($0) })
        else { return nil }
        description = String(decoding: octets, as: UTF8.self)
    }
}
