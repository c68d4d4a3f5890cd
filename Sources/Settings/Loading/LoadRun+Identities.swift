internal import Crypto

extension LoadRun {
    /// The DKIM keys. Those that cannot be used are left out, and reported.
    mutating func loadIdentities() -> [LoadedIdentity] {
        var loaded: [LoadedIdentity] = []
        for (identity, path) in reading.identities {
            let key = path.key("dkim").key("private_key")
            let file = identity.dkim.privateKey
            let command = "`fairlead dkim generate`"
            guard let pem = contents(of: file, key, .secret, missing: "make the key with \(command), or correct the path") else { continue }
            do {
                let signingKey = try RSAPrivateKey(pem: pem)
                if signingKey.bits < 2048 {
                    reading.report(.warning, key: key, "the key in \(file) has \(signingKey.bits) bits; make one of 2048 with \(command)")
                }
                loaded.append(LoadedIdentity(identity: identity, signingKey: signingKey))
            } catch {
                reading.report(key: key, "\(file) is no usable DKIM key: \(error); make one with \(command)")
            }
        }
        return loaded
    }
}
