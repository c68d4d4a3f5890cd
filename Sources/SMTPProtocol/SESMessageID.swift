public import MailModel

extension Reply {
    /// The id in SES's answer to the final dot, `250 Ok <id>`: the name under which its notifications speak of the message.
    public var sesMessageID: String? {
        guard code == 250, let line = lines.first else { return nil }
        let words = line.utf8.split(separator: ASCII.space)
        guard words.count >= 2, words[0].equalsIgnoringCase("Ok") else { return nil }
        var id = words[1]
        if id.first == ASCII.less { id = id.dropFirst() }  // some see `Ok <id@…>`
        id = id.prefix { ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen }
        guard (8...128).contains(id.count) else { return nil }
        return String(id)
    }
}
