public import Cryptography
public import MailModel
public import SafeIO

/// The configuration with everything it names read and checked: enough to start, or to take over in a reload.
public struct LoadedSettings: Sendable {
    public let configuration: Configuration
    /// Key `operator`.
    public let operatorAddress: Mailbox
    /// `configuration.hostname`, or the host's own name.
    public let hostname: Domain
    /// The certificates in PEM, and the key that fits the first of them.
    public let certificateChain: [UInt8]
    public let privateKey: Secret
    /// When the first certificate expires.
    public let certificateExpiry: Timestamp
    /// In the order of `configuration.identities`.
    public let identities: [LoadedIdentity]
    public let passwords: PasswordFile
    /// Empty if there are none.
    public let aliases: AliasTable
    /// Key `local.accounts`, by the numbers of the users.
    public let localAccounts: [UInt32: AccountName]
    /// The authorities for the upstream in PEM; `nil`: the system's.
    public let upstreamAuthorities: [UInt8]?
    public let credentials: UpstreamCredentials
    /// Names what headers are made by: twelve hexadecimal digits of a hash over the file's octets, the host's name and the signing keys.
    /// The same settings have the same name on every host that calls itself so.
    public internal(set) var generation = ""
    /// The octets of the configuration.
    public internal(set) var text: [UInt8] = []
    /// Every file that the configuration names, as it was read; `nil`: it was not there.
    public let files: [String: FileStamp?]
    /// What requests over HTTP must bring; `nil`: nothing.
    public let httpToken: Secret?
    /// What works and is probably not meant.
    public let warnings: [Problem]
    /// The keys of the file that do nothing yet, each where it first stands.
    public let keysWithoutEffect: [Problem]
    /// Where each key stands in the file.
    let reading: Reading

    /// The most specific identity that covers an address, as SES chooses it: the address, then the nearest domain.
    public func identity(covering mailbox: Mailbox) -> LoadedIdentity? {
        identities.filter { $0.identity.covers(mailbox) }.max { $0.specificity < $1.specificity }
    }

    /// A problem that shows only when a value is put to use, such as a port that another program has.
    ///
    /// - Parameter key: such as `queue.path`, whether the file has it or not.
    public func problem(with key: String, _ message: String) -> Problem {
        Problem(.error, file: reading.file, at: reading.nearestPlace(above: key), key: key, message)
    }

    /// Whether the file says where to serve HTTP, or leaves it at the default.
    public var isHTTPGiven: Bool { reading.places["http"] != nil }

    /// The same for the address of a listener, by its index in `configuration.listeners`.
    public func problem(withListener index: Int, _ message: String) -> Problem {
        problem(with: reading.places["listeners"] == nil ? "listeners" : "listeners[\(index)].address", message)
    }

    /// The first one, which mail from foreign addresses leaves under.
    public var defaultIdentity: LoadedIdentity { identities[0] }
}

/// An identity with its keys.
public struct LoadedIdentity: Sendable {
    public let identity: Configuration.Identity
    public let signingKey: RSAPrivateKey
    /// Of `dkim.next`.
    public let nextKey: RSAPrivateKey?

    fileprivate var specificity: Int {
        switch identity.subject {
        case .address: Int.max
        case .domain(let domain): domain.octets.count
        }
    }
}
