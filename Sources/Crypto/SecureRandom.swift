internal import COpenSSL

/// Octets that nobody can foretell.
public enum SecureRandom {
    /// - Throws: if the generator could not be seeded.
    public static func octets(count: Int) throws(OpenSSLError) -> [UInt8] {
        guard OpenSSL.isPrepared else { throw .draining(after: "OPENSSL_init_crypto") }
        guard count > 0 else { return [] }
        guard let length = Int32(exactly: count) else { throw OpenSSLError(call: "RAND_bytes", reasons: ["too many octets"]) }
        var octets = [UInt8](repeating: 0, count: count)
        ERR_clear_error()
        guard RAND_bytes(&octets, length) == 1 else { throw .draining(after: "RAND_bytes") }
        return octets
    }

    /// Straight from the kernel, so that it cannot fail: for queue ids and jitter.
    public static func uint32() -> UInt32 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

/// Whether two secrets are equal, in a time that tells only their lengths.
public func constantTimeEquals(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
}
