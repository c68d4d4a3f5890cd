internal import Cryptography
internal import MailModel

extension LoadRun {
    /// The certificates and the key of the listeners, which must fit each other.
    mutating func loadTLS() -> (chain: [UInt8], key: Secret, expiry: Timestamp)? {
        let section = KeyPathText.root.key("tls")
        let files = configuration.tls
        let chain = contents(of: files.certificate, section.key("certificate"), .open)
        let key = contents(of: files.privateKey, section.key("private_key"), .secret)
        guard let chain, let leaf = leaf(of: chain, files.certificate, section.key("certificate")) else { return nil }
        let expiry = Timestamp(seconds: leaf.notAfter)
        checkDates(leaf, files.certificate, section.key("certificate"))
        guard let key else { return nil }
        do {
            guard try leaf.matches(privateKeyPEM: key) else {
                reading.report(
                    key: section.key("private_key"),
                    "\(files.privateKey) is not the key of the first certificate in \(files.certificate); "
                        + "name the two files that were issued together")
                return nil
            }
        } catch {
            reading.report(
                key: section.key("private_key"),
                "\(files.privateKey) is no usable private key: \(error.reasons.joined(separator: "; ")); "
                    + "name a PEM file with an unencrypted key")
            return nil
        }
        return (chain, Secret(key), expiry)
    }

    private mutating func leaf(of chain: [UInt8], _ path: String, _ key: KeyPathText) -> Certificate? {
        do {
            return try Certificate.chain(pem: chain).first
        } catch {
            reading.report(
                key: key,
                "\(path) has no certificate that can be read: \(error.reasons.joined(separator: "; ")); "
                    + "name a PEM file, the server's certificate first")
            return nil
        }
    }

    private mutating func checkDates(_ leaf: Certificate, _ path: String, _ key: KeyPathText) {
        let warningDays: Int64 = 14
        if leaf.notAfter < now.seconds {
            reading.report(
                .warning, key: key,
                "the certificate in \(path) expired on \(Timestamp(seconds: leaf.notAfter)), clients will refuse it; renew it, then reload")
        } else if leaf.notAfter < now.seconds + warningDays * 86_400 {
            reading.report(
                .warning, key: key, "the certificate in \(path) expires on \(Timestamp(seconds: leaf.notAfter)); renew it, then reload")
        } else if leaf.notBefore > now.seconds {
            reading.report(
                .warning, key: key,
                "the certificate in \(path) is good only from \(Timestamp(seconds: leaf.notBefore)); check the clock of this host")
        }
    }

    /// What the upstream's certificate is checked against, if not the system's trust store.
    mutating func loadAuthorities() -> [UInt8]? {
        guard let path = configuration.upstream.caFile else { return nil }
        let key = KeyPathText.root.key("upstream").key("ca_file")
        guard let octets = contents(of: path, key, .open, limit: 16 << 20) else { return nil }
        return leaf(of: octets, path, key).map { _ in octets }
    }
}
