internal import COpenSSL
internal import Glibc

/// What operators need to know of a certificate: whom it names and until when. It proves nothing here; `TLSSession` verifies.
public struct Certificate: Hashable, Sendable {
    /// As issued, without PEM armour.
    public let der: [UInt8]
    public let subjectCommonName: String?
    /// The subject alternative names that are host names, perhaps with a wildcard.
    public let dnsNames: [String]
    /// The subject alternative names that are addresses, as `inet_ntop` writes them.
    public let ipAddresses: [String]
    /// Whether it was issued by whom it names: by no authority, that is, unless it is one.
    public let isSelfIssued: Bool
    /// Validity as seconds since 1970 UTC, both ends included.
    public let notBefore, notAfter: Int64

    /// Reads every certificate of a PEM text, in its order: the end entity's first.
    ///
    /// - Throws: also if there is none.
    public static func chain(pem: [UInt8]) throws(OpenSSLError) -> [Certificate] {
        try PEM.withCertificates(pem) { (_, certificate) throws(OpenSSLError) in try Certificate(certificate) }
    }

    /// Whether a TLS client would take this certificate for one of `host`, a name or an IP address.
    public func names(host: String) -> Bool {
        guard let name = try? ServerName(host), let certificate = try? handle() else { return false }
        defer { ERR_clear_error() }
        return switch name {
        case .host(let host):
            X509_check_host(certificate.pointer, host, host.utf8.count, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS), nil) == 1
        case .address(let address):
            X509_check_ip_asc(certificate.pointer, address, 0) == 1
        }
    }

    /// Whether the key is this certificate's.
    ///
    /// - Throws: if the key cannot be read, or needs a passphrase.
    public func matches(privateKeyPEM: [UInt8]) throws(OpenSSLError) -> Bool {
        let key: KeyHandle
        do throws(KeyFault) { key = try PEM.privateKey(privateKeyPEM) } catch { throw error.asOpenSSLError }
        let certificate = try handle()
        defer { ERR_clear_error() }
        return X509_check_private_key(certificate.pointer, key.pointer) == 1
    }
}

extension Certificate {
    init(_ certificate: borrowing CertificateHandle) throws(OpenSSLError) {
        let pointer = certificate.pointer
        der = try derEncoding("i2d_X509") { i2d_X509(pointer, $0) }
        notBefore = try Self.seconds(X509_get0_notBefore(pointer))
        notAfter = try Self.seconds(X509_get0_notAfter(pointer))
        isSelfIssued = X509_NAME_cmp(X509_get_subject_name(pointer), X509_get_issuer_name(pointer)) == 0
        subjectCommonName = Self.commonName(X509_get_subject_name(pointer))
        (dnsNames, ipAddresses) = Self.alternativeNames(pointer)
        ERR_clear_error()
    }

    private func handle() throws(OpenSSLError) -> CertificateHandle {
        ERR_clear_error()
        let pointer = der.withUnsafeBufferPointer { buffer in
            var next = buffer.baseAddress
            return d2i_X509(nil, &next, buffer.count)
        }
        guard let pointer else { throw .draining(after: "d2i_X509") }
        return CertificateHandle(pointer)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) throws(OpenSSLError) -> Int64 {
        var calendar = tm()
        guard ASN1_TIME_to_tm(time, &calendar) == 1 else { throw .draining(after: "ASN1_TIME_to_tm") }
        return Int64(timegm(&calendar))
    }

    private static func commonName(_ subject: OpaquePointer?) -> String? {
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0 else { return nil }
        var utf8: UnsafeMutablePointer<UInt8>?
        let length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)))
        guard length >= 0, let utf8 else { return nil }
        defer { CRYPTO_free(utf8, nil, 0) }
        return String(decoding: UnsafeBufferPointer(start: utf8, count: Int(length)), as: UTF8.self)
    }

    private static func alternativeNames(_ certificate: OpaquePointer) -> (dns: [String], ip: [String]) {
        var found: (dns: [String], ip: [String]) = ([], [])
        guard let decoded = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return found }
        let names = OpaquePointer(decoded)
        defer { GENERAL_NAMES_free(names) }
        for index in 0..<max(0, shim_sk_GENERAL_NAME_num(names)) {
            var kind: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(shim_sk_GENERAL_NAME_value(names, index), &kind) else { continue }
            let text = value.assumingMemoryBound(to: ASN1_STRING.self)
            switch kind {
            case GEN_DNS: found.dns.append(String(decoding: octets(of: text), as: UTF8.self))
            case GEN_IPADD: if let address = address(octets(of: text)) { found.ip.append(address) }
            default: break
            }
        }
        return found
    }

    private static func octets(of text: UnsafePointer<ASN1_STRING>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
    }

    private static func address(_ octets: UnsafeBufferPointer<UInt8>) -> String? {
        guard octets.count == 4 || octets.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(octets.count == 4 ? AF_INET : AF_INET6, octets.baseAddress, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
