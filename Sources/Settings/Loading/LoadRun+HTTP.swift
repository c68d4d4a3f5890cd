internal import MailModel

extension LoadRun {
    /// The shortest token that nobody guesses.
    private static let shortestToken = 16

    /// What the file of `http.token` holds, without the space around it.
    mutating func loadHTTPToken() -> Secret? {
        guard let path = configuration.http?.token else { return nil }
        let key = KeyPathText.root.key("http").key("token")
        let command = "openssl rand -hex 32 > \(FileText.shell(path))"
        guard let octets = contents(of: path, key, .secret, missing: "make it: (umask 027; \(command))") else { return nil }
        let isSpace: (UInt8) -> Bool = { $0 == 10 || $0 == 13 || $0 == 32 || $0 == 9 }
        let token = Array(octets.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        guard token.count >= Self.shortestToken, token.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: ":") }) else {
            reading.report(
                key: key,
                "\(path) holds no token: it takes one line of at least \(Self.shortestToken) visible ASCII characters without a colon; "
                    + "run: \(command)")
            return nil
        }
        return Secret(token)
    }
}
