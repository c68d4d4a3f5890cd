public import MailModel

extension Reply {
    /// The id in SES's answer to the final dot, `250 Ok <id>`: the name under which its notifications speak of the message.
    public var sesMessageID: String? {
        guard code == 250, var rest = lines.first?.utf8[...] else { return nil }
        func takeWord() -> Substring.UTF8View {
            rest = rest.drop { $0 == ASCII.space }
            let word = rest.prefix { $0 != ASCII.space }
            rest = rest[word.endIndex...]
            return word
        }
        guard takeWord().equalsIgnoringCase("Ok") else { return nil }
        var id = takeWord()
        if id.first == ASCII.less { id = id.dropFirst() }  // some see `Ok <id@…>`
        id = id.prefix { ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen }
        guard (8...128).contains(id.count) else { return nil }
        return String(Substring(id))
    }
}
