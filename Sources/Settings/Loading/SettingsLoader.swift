internal import Cryptography
internal import Glibc
public import MailModel
internal import SafeIO

/// From the path of a configuration to settings that can be used, or to the list of all that is wrong.
///
/// Blocks: it reads files, tries keys and may ask the resolver for the host's name. Nothing is kept between loads, so a failed one
/// changes nothing.
public struct SettingsLoader: Sendable {
    private let environment: @Sendable (String) -> String?
    private let clock: WallClock
    private let secretRules: SecretFileRules

    /// - Parameters:
    ///   - environment: the variables of the process.
    ///   - clock: what certificates are compared with.
    public init(environment: @escaping @Sendable (String) -> String? = ProcessEnvironment.value, clock: @escaping WallClock) {
        self.environment = environment
        self.clock = clock
        secretRules = SecretFileRules(environment: environment)
    }

    /// - Throws: every problem of the file and of the files it names, for exit code 78.
    public func load(_ path: String) throws(SettingsError) -> LoadedSettings {
        switch Configuration.contents(of: path) {
        case .success(let octets): try load(path, text: octets)
        case .failure(let error): throw error
        }
    }

    /// The files that a configuration names, read anew, by a text that was read before.
    ///
    /// - Parameter path: where the text was read.
    public func load(_ path: String, text octets: [UInt8]) throws(SettingsError) -> LoadedSettings {
        let (configuration, reading) = Configuration.draft(octets, file: path)
        guard let configuration else { throw SettingsError(reading.problems) }
        // Go on in spite of problems: what the readable part names is looked at too.
        var run = LoadRun(configuration: configuration, reading: reading, environment: environment, now: clock(), secretRules: secretRules)
        let loaded = run.load()
        guard var settings = loaded, !run.reading.problems.contains(where: { $0.severity == .error }) else {
            throw SettingsError(run.reading.problems)
        }
        settings.generation = Self.generation(of: settings, text: octets)
        settings.text = octets
        return settings
    }

    private static func generation(of settings: LoadedSettings, text: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(text)
        digest.update([0] + settings.hostname.octets)
        for identity in settings.identities { digest.update([0] + ((try? identity.signingKey.publicKeyDER) ?? [])) }
        let digits = Array("0123456789abcdef".utf8)
        let name = digest.finalize().prefix(6).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: name, as: UTF8.self)
    }
}

/// One load: problems gather in `reading`, beside those of the text.
struct LoadRun {
    let configuration: Configuration
    var reading: Reading
    let environment: @Sendable (String) -> String?
    let now: Timestamp
    let secretRules: SecretFileRules
    var files: [String: FileStamp?] = [:]

    mutating func load() -> LoadedSettings? {
        let tls = loadTLS()
        let identities = loadIdentities()
        let passwords = loadPasswords()
        let aliases = loadAliases()
        let authorities = loadAuthorities()
        let credentials = loadCredentials()
        let httpToken = loadHTTPToken()
        checkAlarmCommand()
        let localAccounts = loadLocalAccounts()
        let hostname = configuration.hostname ?? HostName.full()
        guard let tls, let passwords, let credentials, let hostname, let operatorAddress = configuration.operatorAddress,
            identities.count == configuration.identities.count, !identities.isEmpty
        else { return nil }
        if reading.places["hostname"] == nil, !hostname.isFullyQualified {
            reading.report(.warning, key: .root.key("hostname"), "the host calls itself \(hostname), which is no full name; set hostname")
        }
        return LoadedSettings(
            configuration: configuration, operatorAddress: operatorAddress, hostname: hostname, certificateChain: tls.chain,
            privateKey: tls.key, certificateExpiry: tls.expiry, identities: identities, passwords: passwords, aliases: aliases,
            localAccounts: localAccounts, upstreamAuthorities: authorities, credentials: credentials, files: files, httpToken: httpToken,
            warnings: reading.problems.filter { $0.severity == .warning }.sortedByPlace(),
            keysWithoutEffect: keysWithoutEffect(), reading: reading)
    }

    private func keysWithoutEffect() -> [Problem] {
        reading.schemaPlaces.filter { Schema.keysWithoutEffect.contains($0.key) }.map { path, position in
            Problem(.warning, file: reading.file, at: position, key: path, "is read and checked, and has no effect in this version")
        }.sortedByPlace()
    }

    enum Protection { case open, secret }

    /// Reads a file that a key names; `nil`, with the problem reported at the key, if that cannot be.
    mutating func contents(
        of path: String, _ key: KeyPathText, _ protection: Protection, limit: Int = 1 << 20, missing: String? = nil
    ) -> [UInt8]? {
        // Without a path the key itself is the problem, and has been reported.
        guard !path.isEmpty else { return nil }
        do {
            let (octets, status) = try WholeFile.readWithStatus(path, limit: limit)
            files[path] = status.stamp
            guard status.isRegularFile else {
                reading.report(key: key, "\(path) is not a regular file; name a file")
                return nil
            }
            if protection == .secret, let objection = secretRules.objection(to: path, status) {
                // Its content is looked at all the same, so that one run finds everything.
                reading.report(key: key, objection)
            }
            return octets
        } catch {
            let advice = error.code == ENOENT ? missing : nil
            reading.report(
                key: key, "cannot read \(path): \(FileText.reason(error)); \(advice ?? FileText.advice(error, limit: "\(limit >> 20) MiB"))"
            )
            return nil
        }
    }
}
