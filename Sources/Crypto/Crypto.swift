internal import COpenSSL

// What this module promises: TLS as a machine between octets, keys, digests, random octets and password hashes, each a Swift
// value; no C type, no C error and no passphrase prompt leaves it. What it does not do: sockets, files (but for a trust store
// that OpenSSL reads itself), clocks, and anything that knows about mail.

/// OpenSSL as a library of the process.
enum OpenSSL {
    /// To be touched before the first call of all. Without it OpenSSL tears itself down in an `atexit` handler while the workers of
    /// a process that calls `exit` may still be inside it.
    static let isPrepared: Bool = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}
