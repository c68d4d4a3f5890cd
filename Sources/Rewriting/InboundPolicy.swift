public import MailModel
public import MessageFormat

/// What an inbound account does with what Amazon SES found in a message that it received.
public struct InboundPolicy: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case ignore
        /// The subject says so.
        case mark
        case refuse
    }

    public var spam: Verdict
    public var virus: Verdict

    public init(spam: Verdict = .ignore, virus: Verdict = .ignore) {
        self.spam = spam
        self.virus = virus
    }

    /// Marks the message by the fields that SES put on it. A forged PASS beside a FAIL does not help.
    ///
    /// - Throws: the refusal, where one is wanted.
    public func judge(_ header: inout HeaderBlock, account: AccountName, _ changes: inout [RewriteChange]) throws(Refusal) {
        for (what, name, verdict, mark) in [
            ("spam", "X-SES-Spam-Verdict", spam, "[SPAM]"), ("a virus", "X-SES-Virus-Verdict", virus, "[VIRUS]"),
        ] where verdict != .ignore && header.isFailed(name) {
            guard verdict == .mark else {
                let text = "Amazon SES found \(what) in this message (\(name): FAIL), and account \(account) does not take it"
                throw Refusal("inbound_verdict", Reply(550, StatusDetail(7, 1), text))
            }
            if try header.markSubject(Array(mark.utf8)) { changes.append(.subjectMarked(mark)) }
        }
    }
}

extension HeaderBlock {
    fileprivate func isFailed(_ name: String) -> Bool {
        fields.contains { ASCII.equalsIgnoringCase($0.nameOctets, Array(name.utf8)) && $0.unfolded.equalsIgnoringCase("FAIL") }
    }

    /// - Returns: false if the mark stands there already.
    fileprivate mutating func markSubject(_ mark: [UInt8]) throws(Refusal) -> Bool {
        let subject = first(.subject)
        if let subject, subject.unfolded.starts(with: mark) { return false }
        let value = subject.map { Array($0.value.drop(while: ASCII.isBlank)) } ?? []
        // On a line of its own where the first line has no room; a subject without anything visible is the mark alone.
        let candidates =
            value.contains { ASCII.isPrintable($0) && !ASCII.isBlank($0) }
            ? [mark + [ASCII.space] + value, mark + ASCII.crlf + [ASCII.space] + value, mark] : [mark]
        for candidate in candidates {
            guard let field = try? HeaderField(.subject, value: candidate) else { continue }
            replaceFirst(.subject, with: field)
            return true
        }
        return false
    }
}
