internal import MailModel

/// Reads the address list of a header field, groups and comments included, and checks each address as SES does.
struct HeaderAddressList {
    private(set) var addresses: [HeaderAddress] = []

    init(parsing value: [UInt8]) throws(HeaderProblem) {
        var entry = Entry(start: 0)
        var isInGroup = false
        var index = 0
        while index < value.count {
            let octet = value[index]
            switch octet {
            case ASCII.quote:
                let end = try Self.endOfQuote(in: value, from: index)
                entry.append(value[index..<end])
                index = end
                continue
            case ASCII.leftParenthesis:
                index = try Self.endOfComment(in: value, from: index)
                entry.separate()
                continue
            case ASCII.less:
                guard entry.route == nil else { throw HeaderProblem("Extra route-addr") }
                let end = try Self.endOfRoute(in: value, from: index)
                entry.route = value[(index + 1)..<(end - 1)]
                index = end
                continue
            case ASCII.greater: throw HeaderProblem("Missing '<'")
            case ASCII.comma:
                try finish(entry, before: index, in: value)
                entry = Entry(start: index + 1)
            case ASCII.colon where entry.route == nil && !entry.hasAt:
                guard !isInGroup else { throw HeaderProblem("Nested group") }
                isInGroup = true
                entry = Entry(start: index + 1)
            case ASCII.semicolon where isInGroup:
                try finish(entry, before: index, in: value)
                isInGroup = false
                entry = Entry(start: index + 1)
            case _ where ASCII.isBlank(octet): entry.separate()
            default: entry.append(value[index...index])
            }
            index += 1
        }
        guard !isInGroup else { throw HeaderProblem("Missing ';'") }
        try finish(entry, before: value.count, in: value)
    }

    /// What stands between two separators.
    private struct Entry {
        let start: Int
        /// Without comments; a run of white space is one space.
        var octets: [UInt8] = []
        var route: ArraySlice<UInt8>?
        private(set) var hasAt = false
        private var isSeparated = false

        init(start: Int) { self.start = start }

        mutating func separate() { isSeparated = !octets.isEmpty }

        mutating func append(_ more: ArraySlice<UInt8>) {
            if isSeparated { octets.append(ASCII.space) }
            isSeparated = false
            if more.first == ASCII.at { hasAt = true }
            octets.append(contentsOf: more)
        }
    }

    private mutating func finish(_ entry: Entry, before end: Int, in value: [UInt8]) throws(HeaderProblem) {
        let text = value[entry.start..<end].trimmingBlanks
        if let route = entry.route {
            // A source route (`@a,@b:user@c`) is obsolete and skipped.
            var address = route.trimmingBlanks
            if address.first == ASCII.at, let colon = address.firstIndex(of: ASCII.colon) { address = address[(colon + 1)...] }
            addresses.append(try HeaderAddress(checking: address, in: text))
        } else if !entry.octets.isEmpty {
            addresses.append(try HeaderAddress(checking: entry.octets[...], in: text))
        }
    }

    private static func endOfQuote(in value: [UInt8], from start: Int) throws(HeaderProblem) -> Int {
        var index = start + 1
        while index < value.count {
            if value[index] == ASCII.backslash {
                index += 2
            } else if value[index] == ASCII.quote {
                return index + 1
            } else {
                index += 1
            }
        }
        throw HeaderProblem("Missing '\"'")
    }

    private static func endOfComment(in value: [UInt8], from start: Int) throws(HeaderProblem) -> Int {
        var depth = 0
        var index = start
        while index < value.count {
            switch value[index] {
            case ASCII.backslash: index += 1
            case ASCII.leftParenthesis: depth += 1
            case ASCII.rightParenthesis:
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
            index += 1
        }
        throw HeaderProblem("Missing ')'")
    }

    private static func endOfRoute(in value: [UInt8], from start: Int) throws(HeaderProblem) -> Int {
        var index = start + 1
        while index < value.count {
            if value[index] == ASCII.quote {
                index = try endOfQuote(in: value, from: index)
            } else if value[index] == ASCII.greater {
                return index + 1
            } else {
                index += 1
            }
        }
        throw HeaderProblem("Missing '>'")
    }
}
