internal import COpenSSL

/// Keyed hashes (RFC 2104).
public enum HMAC {
    public static func sha256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        // A key longer than a block counts as its digest (RFC 2104 §2); done here, its length always fits into C's `int`.
        let key = key.count > 64 ? SHA256.digest(of: key) : key
        return [UInt8](unsafeUninitializedCapacity: SHA256.octetCount) { buffer, count in
            let result = COpenSSL.HMAC(SHA256.algorithm, key, Int32(key.count), message, message.count, buffer.baseAddress, nil)
            precondition(result != nil, "HMAC takes any octets")
            count = SHA256.octetCount
        }
    }
}
