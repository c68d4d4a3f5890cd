internal import Glibc

/// The name of a host as a certificate may hold it: what is asked for by SNI and compared with the certificate.
///
/// Checked, because OpenSSL takes an empty name for "no check", a leading dot for "any subdomain", and ends at a NUL.
enum ServerName {
    case host(String)
    case address(String)

    init(_ text: String) throws(OpenSSLError) {
        if Self.isAddress(text) {
            self = .address(text)
        } else {
            // The root's dot is never part of a name in a certificate (RFC 6066 §3).
            let name = text.utf8.last == UInt8(ascii: ".") ? String(text.dropLast()) : text
            guard Self.isHostName(name) else {
                throw OpenSSLError(call: "SSL_set1_host", reasons: ["not the name or address of a host"])
            }
            self = .host(name)
        }
    }

    static func isAddress(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        var storage = in6_addr()
        return inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
    }

    /// Labels of letters, digits, hyphens and (seen in private networks) underscores.
    static func isHostName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.allSatisfy(isLabelOctet)
        }
    }

    private static func isLabelOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
