internal import COpenSSL

/// The OpenSSL that is linked at run time, which the system's updates replace.
public enum LibraryVersion {
    /// `3.0.17`
    public static var openSSL: String {
        // What kind of version: the bare number, OPENSSL_VERSION_STRING.
        let bareNumber: Int32 = 6
        return OpenSSL_version(bareNumber).map { String(cString: $0) } ?? "unknown"
    }
}
