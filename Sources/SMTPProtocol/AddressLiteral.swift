internal import MailModel

/// `[192.0.2.1]` and `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). General address literals are registered nowhere, so none is accepted.
enum AddressLiteral {
    /// Checks an address whose domain stands in brackets.
    ///
    /// - Returns: the address in printable form.
    static func checked(_ address: ArraySlice<UInt8>, _ verb: Verb) throws(CommandError) -> String {
        guard let at = address.lastIndex(of: ASCII.at) else { throw .malformedAddress(verb, .missingAt) }
        let localPart: LocalPart
        do {
            localPart = try LocalPart(parsing: address[..<at])
        } catch {
            throw .malformedAddress(verb, error)
        }
        let literal = address[(at + 1)...]
        guard isValid(literal) else { throw .malformedAddress(verb, .unexpectedOctet(at: at + 1 - address.startIndex)) }
        return String(decoding: localPart.wireOctets + [ASCII.at] + literal, as: UTF8.self)
    }

    static func isValid(_ literal: ArraySlice<UInt8>) -> Bool {
        guard literal.count >= 2, literal.first == ASCII.leftBracket, literal.last == ASCII.rightBracket else { return false }
        let inner = literal.dropFirst().dropLast()
        guard inner.prefix(5).equalsIgnoringCase("IPv6:") else { return isIPv4(inner) }
        return isIPv6(inner.dropFirst(5))
    }

    private static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { part in part.count <= 3 && (Decimal.parse(part).map { $0 <= 255 } ?? false) }
    }

    private static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count <= 45 else { return false }
        var groups = text.split(separator: ASCII.colon, omittingEmptySubsequences: false)
        var needed = 8
        if let last = groups.last, last.contains(ASCII.dot) {
            guard isIPv4(last), groups.count > 1 else { return false }
            groups.removeLast()
            needed = 6
            if groups.last?.isEmpty == true, groups.count > 1 { groups.append([]) }  // `::1.2.3.4`: the gap before the number stays a gap
        }
        guard groups.count > 1 || groups.first?.isEmpty == false else { return false }
        // `::` at an end shows as two empty groups there, in the middle as one.
        if groups.count >= 2, groups[0].isEmpty {
            guard groups[1].isEmpty else { return false }
            groups.removeFirst()
        }
        if groups.count >= 2, groups[groups.count - 1].isEmpty {
            guard groups[groups.count - 2].isEmpty else { return false }
            groups.removeLast()
        }
        let gaps = groups.count(where: \.isEmpty)
        guard gaps <= 1 else { return false }
        let numbers = groups.filter { !$0.isEmpty }
        guard numbers.allSatisfy({ $0.count <= 4 && $0.allSatisfy(isHexadecimal) }) else { return false }
        return gaps == 0 ? numbers.count == needed : numbers.count < needed
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool { ASCII.isDigit(octet) || (ASCII.lowercased(octet) &- 97) < 6 }
}
