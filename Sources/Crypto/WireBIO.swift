internal import COpenSSL

/// How OpenSSL reaches a `Wire`: a BIO of our own, because its memory BIO never shrinks and cannot give up a part of what it holds
/// without a copy.
enum WireBIO {
    /// Made once, then only read.
    private nonisolated(unsafe) static let method: OpaquePointer? = {  // BIO_METHOD *
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire") else { return nil }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_read(method) { bio, target, limit in WireBIO.read(bio, target, limit) }
        BIO_meth_set_write(method) { bio, source, count in WireBIO.write(bio, source, count) }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    /// - Parameter wire: must outlive the BIO.
    static func make(over wire: UnsafeMutablePointer<Wire>) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, wire)
        return bio
    }

    private static func read(_ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ limit: Int32) -> Int32 {
        BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        guard let wire = BIO_get_data(bio)?.assumingMemoryBound(to: Wire.self), let target, limit > 0 else { return 0 }
        let taken = wire.pointee.incoming.take(into: target, limit: Int(limit))
        guard taken == 0 else { return Int32(taken) }  // at most `limit`
        BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        return -1
    }

    private static func write(_ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
        BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        guard let wire = BIO_get_data(bio)?.assumingMemoryBound(to: Wire.self), let source, count > 0 else { return 0 }
        return wire.pointee.outgoing.append(source, count: Int(count)) ? count : -1
    }
}
