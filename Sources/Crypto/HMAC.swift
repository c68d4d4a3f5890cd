internal import COpenSSL

/// Keyed hashes (RFC 2104).
public enum HMAC {
    public static func sha256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.octetCount) { buffer, count in
            guard let keyLength = Int32(exactly: key.count) else { fatalError("a key of 2 GiB") }
            let result = COpenSSL.HMAC(SHA256.algorithm, key, keyLength, message, message.count, buffer.baseAddress, nil)
            precondition(result != nil, "HMAC takes any octets")
            count = SHA256.octetCount
        }
    }
}
