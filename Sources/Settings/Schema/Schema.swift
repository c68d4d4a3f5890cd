/// The list of all keys, for the reference, for suggestions and for `check config`.
public enum Schema {
    /// What the reference says of one key.
    public struct KeyDescription: Hashable, Sendable {
        /// `upstream.rate`, `listeners[].address`, `accounts.NAME.from`.
        public let path: String
        /// `duration`, `rate`, `list of addresses`, `section`.
        public let type: String
        public let isRequired: Bool
        /// As it would stand in the file; `nil` if there is none, and for sections.
        public let defaultText: String?
        public let documentation: String

        func below(_ parent: String) -> KeyDescription {
            KeyDescription(
                path: path.hasPrefix("[") ? parent + path : "\(parent).\(path)", type: type, isRequired: isRequired,
                defaultText: defaultText, documentation: documentation)
        }
    }

    /// In the order in which the reference lists them, each section before its keys.
    public static let keys: [KeyDescription] = Configuration.keys.flatMap { [$0.description] + $0.children }

    /// Keys that are read and checked and do nothing yet. `check config` names those that a file sets.
    public static let keysWithoutEffect: Set<String> = []
}
