internal import MailModel

extension ValueType<Mailbox> {
    static let mailbox = scalar("address", show: \.description) { (text: String) throws(ValueError) in
        do throws(AddressError) {
            return try Mailbox(parsing: Array(text.utf8))
        } catch {
            throw ValueError("\(quoted(text)) is not an address: \(error.explanation); write one such as ops@example.com")
        }
    }
}

extension ValueType<Domain> {
    static let domain = scalar("domain", show: \.description) { (text: String) throws(ValueError) in
        do throws(AddressError) {
            return try Domain(Array(text.utf8))
        } catch {
            throw ValueError("\(quoted(text)) is not a domain: \(error.explanation); write one such as mail.example.com")
        }
    }

    /// A host name; one label is enough.
    static let hostName = scalar("host name", show: \.description) { (text: String) throws(ValueError) in
        do throws(AddressError) {
            return try Domain(allowingSingleLabel: Array(text.utf8))
        } catch {
            throw ValueError("\(quoted(text)) is not a host name: \(error.explanation); write one such as relay.example.com")
        }
    }

    static let selector = scalar("DKIM selector", show: \.description) { (text: String) throws(ValueError) in
        do throws(AddressError) {
            return try Domain(allowingSingleLabel: Array(text.utf8))
        } catch {
            throw ValueError(
                "\(quoted(text)) is not a DKIM selector: \(error.explanation); write letters, digits and hyphens, such as fl2026")
        }
    }
}

extension ValueType<AccountName> {
    static let account = scalar("account name", show: \.description) { (text: String) throws(ValueError) in
        guard let name = AccountName(text) else { throw ValueError(accountNameAdvice(text)) }
        return name
    }
}

func accountNameAdvice(_ text: String) -> String {
    "\(quoted(text)) is not an account name; write 1 to 64 letters, digits and . _ - @ +"
}

extension ValueType<Duration> {
    static func duration(_ range: ClosedRange<Duration>) -> ValueType {
        scalar("duration", show: DurationText.show) { (text: String) throws(ValueError) in
            let duration = try DurationText.parse(text)
            guard range.contains(duration) else {
                throw ValueError(
                    "\(quoted(text)) is out of range; "
                        + "write \(DurationText.show(range.lowerBound)) to \(DurationText.show(range.upperBound))")
            }
            return duration
        }
    }
}

extension ValueType<ByteCount> {
    /// - Parameter reason: why there is no more, for the message.
    static func size(_ range: ClosedRange<ByteCount>, reason: String) -> ValueType {
        scalar("size", show: \.description) { (text: String) throws(ValueError) in
            let size = try ByteCount.parse(text)
            guard range.contains(size) else {
                throw ValueError("\(quoted(text)) is out of range; write \(range.lowerBound) to \(range.upperBound) (\(reason))")
            }
            return size
        }
    }
}

extension ValueType<Int> {
    static func number(_ range: ClosedRange<Int>, reason: String? = nil) -> ValueType {
        scalar("number", show: \.description) { (text: String) throws(ValueError) in
            guard let number = DecimalText.parse(text) else {
                throw ValueError("\(quoted(text)) is not a whole number; write \(range.lowerBound) to \(range.upperBound)")
            }
            guard range.contains(number) else {
                let why = reason.map { " (\($0))" } ?? ""
                throw ValueError("\(number) is out of range; write \(range.lowerBound) to \(range.upperBound)\(why)")
            }
            return number
        }
    }
}

extension ValueType<Int?> {
    /// Recipients in 24 hours: `2000`, `2000/d` or `unlimited`.
    static let dailyQuota = scalar("number or unlimited", show: { $0.map(String.init) ?? "unlimited" }) {
        (text: String) throws(ValueError) in
        if text == "unlimited" { return nil }
        guard let number = DecimalText.parse(text.hasSuffix("/d") ? text.dropLast(2) : text[...]), number > 0 else {
            throw ValueError("\(quoted(text)) is not a daily number; write how many recipients in 24 hours, such as 2000, or unlimited")
        }
        return number
    }
}

extension ValueType<Int?> {
    static func numberOrNone(_ range: ClosedRange<Int>) -> ValueType {
        scalar("number or none", show: { $0.map(String.init) ?? "none" }) { (text: String) throws(ValueError) in
            if text == "none" { return nil }
            guard let number = DecimalText.parse(text), range.contains(number) else {
                throw ValueError("\(quoted(text)) does not fit; write \(range.lowerBound) to \(range.upperBound), or none")
            }
            return number
        }
    }
}

extension ValueType<Duration?> {
    static func durationOrOff(_ range: ClosedRange<Duration>) -> ValueType {
        scalar("duration or off", show: { $0.map(DurationText.show) ?? "off" }) { (text: String) throws(ValueError) in
            if text == "off" { return nil }
            let duration = try DurationText.parse(text)
            guard range.contains(duration) else {
                throw ValueError(
                    "\(quoted(text)) is out of range; "
                        + "write \(DurationText.show(range.lowerBound)) to \(DurationText.show(range.upperBound)), or off")
            }
            return duration
        }
    }
}

extension ValueType<Bool> {
    static let truth = scalar("true | false", show: \.description) { (text: String) throws(ValueError) in
        switch text {
        case "true": return true
        case "false": return false
        default: throw ValueError("\(quoted(text)) is neither; write true or false")
        }
    }
}

extension ValueType<Rate> {
    static let rate = scalar("rate", show: \.description, parse: Rate.parse)
}

extension ValueType<UInt16> {
    static let port = scalar("port", show: \.description) { (text: String) throws(ValueError) in
        guard let port = DecimalText.parse(text).flatMap(UInt16.init(exactly:)), port > 0 else {
            throw ValueError("\(quoted(text)) is not a port; write 1 to 65535")
        }
        return port
    }
}

extension ValueType<String> {
    /// A path, made relative to the folder of the file.
    static let path = ValueType(
        name: "path",
        read: { node, path, reading in
            let text = scalar("path", show: \.self) { (text: String) throws(ValueError) in
                guard !text.isEmpty, !text.utf8.contains(0), text.utf8.count < 4096 else {
                    throw ValueError("\(quoted(text)) is not a path; write one that begins with / or at this file's folder")
                }
                return text
            }
            return text.read(node, path, &reading).map { reading.resolved($0) }
        },
        show: { value, path in [(path, value)] })
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var word: ValueType {
        let words = Value.allCases.map(\.rawValue)
        let name = words.joined(separator: " | ")
        return scalar(name, show: \.rawValue) { (text: String) throws(ValueError) in
            guard let value = Value(rawValue: text) else {
                let near = Suggestion.nearest(to: text, among: words).map { " (did you mean \($0)?)" } ?? ""
                throw ValueError("\(quoted(text)) is not known; write \(words.joined(separator: ", "))\(near)")
            }
            return value
        }
    }
}
