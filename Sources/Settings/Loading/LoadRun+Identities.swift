internal import Cryptography

extension LoadRun {
    /// The DKIM keys. Those that cannot be used are left out, and reported.
    mutating func loadIdentities() -> [LoadedIdentity] {
        var loaded: [LoadedIdentity] = []
        for (identity, path) in reading.identities {
            let path = path.key("dkim")
            let dkim = identity.dkim
            let current = signingKey(in: dkim.privateKey, path.key("private_key"), command: "`fairlead dkim generate`")
            let next = dkim.next.flatMap {
                signingKey(in: $0.privateKey, path.key("next").key("private_key"), command: "`fairlead dkim rotate`")
            }
            if dkim.publish == .pending {
                reading.report(
                    .warning, key: path.key("publish"),
                    "until the DNS shows \(dkim.selector)._domainkey.\(identity.domain), mail of \(identity.subject) leaves without our "
                        + "signature: keep Easy DKIM on in SES, and write required once `fairlead dkim check` finds the key")
            }
            guard let current, next != nil || dkim.next == nil else { continue }
            loaded.append(LoadedIdentity(identity: identity, signingKey: current, nextKey: next))
        }
        return loaded
    }

    private mutating func signingKey(in file: String, _ key: KeyPathText, command: String) -> RSAPrivateKey? {
        guard let pem = contents(of: file, key, .secret, missing: "make the key with \(command), or correct the path") else { return nil }
        do {
            let signingKey = try RSAPrivateKey(pem: pem)
            if signingKey.bits < 2048 {
                reading.report(.warning, key: key, "the key in \(file) has \(signingKey.bits) bits; make one of 2048 with \(command)")
            }
            return signingKey
        } catch {
            reading.report(key: key, "\(file) is no usable DKIM key: \(error); make one with \(command)")
            return nil
        }
    }
}
