internal import MailModel

/// One address of a header field or of the envelope, as written. Laxer than `Mailbox`, because SES is.
struct HeaderAddress: Hashable, Sendable {
    /// The whole entry with its display name, blanks at the ends cut: how SES names it in refusals.
    let text: [UInt8]
    /// As written, quotes included.
    let localPart: [UInt8]
    let domain: [UInt8]

    /// Without quotes and backslashes, for comparing.
    var unquotedLocalPart: [UInt8] {
        guard localPart.first == ASCII.quote else { return localPart }
        var octets: [UInt8] = []
        var isEscaped = false
        for octet in localPart.dropFirst() {
            if !isEscaped, octet == ASCII.backslash {
                isEscaped = true
            } else if !isEscaped, octet == ASCII.quote {
                break
            } else {
                octets.append(octet)
                isEscaped = false
            }
        }
        return octets
    }

    /// Mail to the simulator is never refused for want of verification, and not counted against the daily quota.
    var isSimulator: Bool { domain.equalsIgnoringCase("simulator.amazonses.com") }

    /// Checks one `local-part@domain` in the order of JavaMail's `InternetAddress.checkAddress`.
    ///
    /// - Parameter text: the entry that the address is part of.
    /// - Throws: the reason in JavaMail's or SES's words.
    init(checking address: ArraySlice<UInt8>, in text: ArraySlice<UInt8>) throws(HeaderProblem) {
        guard !address.isEmpty else { throw HeaderProblem("Empty address") }
        guard let at = try Self.endOfLocalPart(of: address) else { throw HeaderProblem("Missing final '@domain'") }
        guard at > address.startIndex else { throw HeaderProblem("Missing local name") }
        localPart = Array(address[..<at])
        domain = Array(address[(at + 1)...])
        self.text = Array(text)
        try Self.checkDomain(domain)
        if localPart.first == ASCII.quote, localPart.contains(where: { $0 == ASCII.colon || $0 == ASCII.at }) {
            throw HeaderProblem(
                "Address contains illegal characters in user name: '<\(PrintableText.sanitized(address, limit: 320))>'.")
        }
    }

    /// Dots may stand anywhere: SES lets leading, trailing and doubled ones pass.
    private static func endOfLocalPart(of address: ArraySlice<UInt8>) throws(HeaderProblem) -> Int? {
        var isQuoted = false
        var isEscaped = false
        for (index, octet) in zip(address.indices, address) {
            if isEscaped {
                isEscaped = false
            } else if octet == ASCII.backslash {
                isEscaped = true
            } else if octet == ASCII.quote {
                if isQuoted {
                    guard index + 1 == address.endIndex || address[index + 1] == ASCII.at else {
                        throw HeaderProblem("Quote not at end of local address")
                    }
                } else if index != address.startIndex {
                    throw HeaderProblem("Quote not at start of local address")
                }
                isQuoted.toggle()
            } else if octet >= 0x80 {
                throw HeaderProblem("Local address contains illegal character")
            } else if isQuoted {
                continue
            } else if octet == ASCII.at {
                return index
            } else if octet <= ASCII.space || octet == 127 {
                throw HeaderProblem("Local address contains control or whitespace")
            } else if "()<>,;:\\\"[]".utf8.contains(octet) {
                throw HeaderProblem("Local address contains illegal character")
            }
        }
        if isQuoted { throw HeaderProblem("Unterminated quote") }
        return nil
    }

    private static func checkDomain(_ domain: [UInt8]) throws(HeaderProblem) {
        guard let first = domain.first else { throw HeaderProblem("Missing domain") }
        if first == ASCII.dot { throw HeaderProblem("Domain starts with dot") }
        var previous: UInt8 = 0
        for octet in domain {
            if octet <= ASCII.space || octet == 127 { throw HeaderProblem("Domain contains control or whitespace") }
            guard ASCII.isLetterOrDigit(octet) || octet == ASCII.hyphen || octet == ASCII.dot else {
                throw HeaderProblem("Domain contains illegal character")
            }
            if octet == ASCII.dot, previous == ASCII.dot { throw HeaderProblem("Domain contains dot-dot") }
            previous = octet
        }
        if previous == ASCII.dot { throw HeaderProblem("Domain ends with dot") }
        // What is left are labels that are too long or begin or end with a hyphen.
        guard (try? Domain(allowingSingleLabel: domain)) != nil else {
            throw HeaderProblem("Invalid domain name: '\(PrintableText.sanitized(domain, limit: 260))'.")
        }
    }
}

/// Why SES refuses a header; what follows `554 Transaction failed: `.
struct HeaderProblem: Error, Hashable, Sendable {
    let text: String
    init(_ text: String) { self.text = text }
    var reply: Reply { .transactionFailed(text) }
}
