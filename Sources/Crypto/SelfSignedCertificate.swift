internal import COpenSSL

/// Certificates for a laptop and for tests: signed by their own key, so that a client believes one exactly when it is given that one.
public enum SelfSignedCertificate {
    /// Makes an ECDSA P-256 key and a certificate that names `hostNames` (host names, wildcards, IP addresses), valid from an hour ago.
    ///
    /// Given as the trust file, the certificate verifies itself. It is no authority: nobody who trusts it trusts another because of it.
    ///
    /// - Throws: also if there is no name, one is none, or `validDays` is not within 1...36500.
    public static func make(
        hostNames: [String], validDays: Int
    ) throws(OpenSSLError) -> (certificatePEM: [UInt8], privateKeyPEM: [UInt8]) {
        guard (1...36500).contains(validDays) else { throw refusal("valid for \(validDays) days") }
        return try make(hostNames: hostNames, from: -3600, until: validDays * 86400)
    }

    /// For tests of expiry too: both in seconds from now.
    static func make(hostNames: [String], from: Int, until: Int) throws(OpenSSLError) -> (certificatePEM: [UInt8], privateKeyPEM: [UInt8]) {
        let names = try alternativeNames(hostNames)
        let key = try KeyHandle.generating("EC") { EVP_PKEY_CTX_set_group_name($0, "P-256") }
        guard let pointer = X509_new() else { throw .draining(after: "X509_new") }
        let certificate = CertificateHandle(pointer)

        try check("X509_set_version", X509_set_version(pointer, Int(X509_VERSION_3)))
        var serial = try SecureRandom.octets(count: 16)
        serial[0] = serial[0] & 0x3F | 0x40  // positive, and of one length
        guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else { throw .draining(after: "BN_bin2bn") }
        defer { BN_free(number) }
        guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil else { throw .draining(after: "BN_to_ASN1_INTEGER") }
        guard X509_gmtime_adj(X509_getm_notBefore(pointer), from) != nil, X509_gmtime_adj(X509_getm_notAfter(pointer), until) != nil else {
            throw .draining(after: "X509_gmtime_adj")
        }

        // A common name holds 64 characters (RFC 5280, ub-common-name); who is named stands in the alternative names anyway.
        let commonName = hostNames.first { $0.utf8.count <= 64 } ?? "self-signed"
        let subject = X509_get_subject_name(pointer)
        try check(
            "X509_NAME_add_entry_by_NID",
            X509_NAME_add_entry_by_NID(
                subject, NID_commonName, shim_MBSTRING_ASC, Array(commonName.utf8), Int32(commonName.utf8.count), -1, 0))
        try check("X509_set_issuer_name", X509_set_issuer_name(pointer, subject))
        try check("X509_set_pubkey", X509_set_pubkey(pointer, key.pointer))

        for (kind, value) in [
            (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"), (NID_ext_key_usage, "serverAuth"),
            (NID_subject_key_identifier, "hash"), (NID_subject_alt_name, names),
        ] {
            try add(kind, value, to: certificate)
        }
        guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else { throw .draining(after: "X509_sign") }
        return (try PEM.written("PEM_write_bio_X509") { PEM_write_bio_X509($0, pointer) }, try key.pem)
    }

    /// OpenSSL's notation. The names are checked first, so that none can smuggle a comma in.
    private static func alternativeNames(_ hostNames: [String]) throws(OpenSSLError) -> String {
        guard !hostNames.isEmpty else { throw refusal("no host name") }
        var entries: [String] = []
        for name in hostNames {
            if ServerName.isAddress(name) {
                entries.append("IP:" + name)
            } else if ServerName.isHostName(name.hasPrefix("*.") ? String(name.dropFirst(2)) : name) {
                entries.append("DNS:" + name)
            } else {
                throw refusal("not the name or address of a host")
            }
        }
        return entries.joined(separator: ",")
    }

    private static func add(_ kind: Int32, _ value: String, to certificate: borrowing CertificateHandle) throws(OpenSSLError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, certificate.pointer, certificate.pointer, nil, nil, 0)
        shim_X509V3_set_ctx_nodb(&context)
        guard let added = X509V3_EXT_conf_nid(nil, &context, kind, value) else { throw .draining(after: "X509V3_EXT_conf_nid") }
        defer { X509_EXTENSION_free(added) }
        try check("X509_add_ext", X509_add_ext(certificate.pointer, added, -1))
    }

    private static func check(_ call: String, _ result: Int32) throws(OpenSSLError) {
        guard result == 1 else { throw .draining(after: call) }
    }

    private static func refusal(_ reason: String) -> OpenSSLError { OpenSSLError(call: "SelfSignedCertificate.make", reasons: [reason]) }
}
