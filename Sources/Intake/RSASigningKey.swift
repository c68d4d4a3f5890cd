public import Cryptography
public import DKIM

/// OpenSSL's RSA behind the protocol that DKIM knows.
public struct RSASigningKey: SigningKey {
    private let key: RSAPrivateKey

    public init(_ key: RSAPrivateKey) { self.key = key }

    public func signature(of octets: [UInt8]) throws(SigningError) -> [UInt8] {
        do throws(OpenSSLError) {
            return try key.signature(of: octets)
        } catch {
            throw SigningError(error.description)
        }
    }
}

extension RSAPublicKey: VerifyingKey {}
