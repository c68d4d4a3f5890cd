extension Configuration {
    /// Section `tls`: what the listeners show.
    public struct TLSFiles: Hashable, Sendable {
        public internal(set) var certificate = ""
        public internal(set) var privateKey = ""
    }
}

extension Configuration.TLSFiles: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "certificate", \.certificate, .path, required: true,
            "The PEM file with the server's certificate, then the intermediate ones."),
        SectionKey(
            "private_key", \.privateKey, .path, required: true,
            "The PEM file with the key of the certificate, without a passphrase."),
    ]
}
