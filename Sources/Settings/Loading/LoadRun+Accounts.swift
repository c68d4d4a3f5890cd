extension LoadRun {
    mutating func loadPasswords() -> PasswordFile? {
        let key = KeyPathText.root.key("passwords")
        let path = configuration.passwords
        guard
            let octets = contents(
                of: path, key, .secret, limit: PasswordFile.maximumOctets,
                missing: "make the first account with `fairlead account add NAME`, or correct the path")
        else { return nil }
        let (file, problems) = PasswordFile.parse(octets, file: path)
        reading.problems += problems
        let needsLogin = configuration.listeners.contains { if case .none = $0.security { false } else { true } }
        if file.names.isEmpty, problems.isEmpty, needsLogin {
            reading.report(.warning, key: key, "\(path) has no account, so nobody can log in; run `fairlead account add NAME`")
        }
        return file
    }
}
