import Cryptography
import Glibc
import SafeIO

/// A certificate for `localhost` that is its own root; valid for a hundred years, worth nothing elsewhere.
enum TestTLS {
    static let server: TLSContext = {
        do { return try TLSContext.server(certificateChainPEM: Array(certificate.utf8), privateKeyPEM: Array(key.utf8)) } catch {
            fatalError("\(error)")
        }
    }()

    /// Trusts that certificate.
    static let client: TLSContext = {
        do {
            let folder = TemporaryFolder()
            let path = "\(folder.path)/ca.pem"
            try WholeFile.replace(path, with: Array(certificate.utf8), mode: 0o600)
            return try withExtendedLifetime(folder) { try TLSContext.client(trust: .file(path: path)) }
        } catch { fatalError("\(error)") }
    }()

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUd7gBzydcBQaqW7tnYjwZI93K0TkwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAwMDQzMFoYDzIxMjYxMDI4
        MDAwNDMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAT1ZaKQWEBBlw6rcqWcM7HiwHHoq5Ndge8nDb8hfrp5VMXO9llNc+GO
        tqDUIRvZnE7ahFcRjgJpy+wM5gX4UMlbo28wbTAdBgNVHQ4EFgQUDHXfd/fo/WtH
        irJqEys5kCvWs44wHwYDVR0jBBgwFoAUDHXfd/fo/WtHirJqEys5kCvWs44wGgYD
        VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZI
        zj0EAwIDSAAwRQIhAMCni3WiCoDA/Mf9ccS/i/UBylYMEI5IUqIAH/vffE04AiAK
        fhmttwoGU0FPpn4YpMqlM91FT98gEV7jlyp1npLIKw==
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgj+RWtmy+UbDfv79Q
        S8K2kJYL5OeKywhr3nHdGLgFddKhRANCAAT1ZaKQWEBBlw6rcqWcM7HiwHHoq5Nd
        ge8nDb8hfrp5VMXO9llNc+GOtqDUIRvZnE7ahFcRjgJpy+wM5gX4UMlb
        -----END PRIVATE KEY-----
        """
}

/// A new folder below /tmp, which goes with this object.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/networking.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in (try? Directory(path: path).names()) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
