internal import COpenSSL

/// The digest SHA-256, fed piece by piece. One value can be used again and again.
public struct SHA256: ~Copyable {
    /// The length of a digest.
    public static let octetCount = 32

    /// Fetched once: looking an algorithm up costs more than hashing a header.
    // An EVP_MD is constant and counts its references atomically, so threads may share it.
    nonisolated(unsafe) static let algorithm: OpaquePointer = {
        _ = OpenSSL.isPrepared
        // The second one is a constant that OpenSSL looks up at each use.
        return EVP_MD_fetch(nil, "SHA256", nil) ?? EVP_sha256()
    }()

    private let context: OpaquePointer  // EVP_MD_CTX *, ours

    public init() {
        // Where there is no memory for it this traps, as every allocation in Swift does.
        context = EVP_MD_CTX_new()
        start()
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ octets: UnsafeRawBufferPointer) {
        guard let base = octets.baseAddress else { return }
        let result = EVP_DigestUpdate(context, base, octets.count)
        precondition(result == 1, "SHA-256 takes any octets")
    }

    public mutating func update(_ octets: [UInt8]) { octets.withUnsafeBytes { update($0) } }

    public mutating func update(_ octets: ArraySlice<UInt8>) { octets.withUnsafeBytes { update($0) } }

    public mutating func update(_ octets: borrowing Span<UInt8>) { octets.withUnsafeBytes { update($0) } }

    /// The digest of everything so far; what follows begins a new one.
    public mutating func finalize() -> [UInt8] {
        let digest = [UInt8](unsafeUninitializedCapacity: Self.octetCount) { buffer, count in
            let result = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(result == 1, "SHA-256 always ends")
            count = Self.octetCount
        }
        start()
        return digest
    }

    /// The digest of octets that are at hand as a whole.
    public static func digest(of octets: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: octetCount) { buffer, count in
            let result = EVP_Digest(octets.baseAddress, octets.count, buffer.baseAddress, nil, algorithm, nil)
            precondition(result == 1, "SHA-256 takes any octets")
            count = octetCount
        }
    }

    public static func digest(of octets: [UInt8]) -> [UInt8] { octets.withUnsafeBytes { digest(of: $0) } }

    private func start() {
        let result = EVP_DigestInit_ex2(context, Self.algorithm, nil)
        precondition(result == 1, "SHA-256 always starts")
    }
}
