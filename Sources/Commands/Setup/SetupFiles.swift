internal import Cryptography
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

/// The files that `fairlead setup` makes. Each is made only where there is none; what somebody wrote stays as it is.
struct SetupFiles {
    struct Made: Encodable {
        let path: String
        /// `made`, `changed` or `kept`.
        let state: String
        /// What it is, for people.
        let what: String
    }

    private(set) var made: [Made] = []

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether nobody has configured anything yet: there is no file, or the one that the package brought is as it came.
    static func isUnwritten(configuration path: String) -> Bool {
        guard exists(path) else { return true }
        return (try? WholeFile.read(path, limit: 1 << 20))?.elementsEqual(ConfigurationTemplate.text.utf8) ?? false
    }

    /// Whether there are no credentials yet: the example that the package brought has none.
    static func isUnwritten(credentials path: String) -> Bool {
        guard let octets = try? WholeFile.read(path, limit: 1 << 20) else { return !exists(path) }
        let values = EnvironmentFile.parse(octets, file: path).file
        return values["SES_SMTP_PASSWORD"] == nil && values["AWS_SECRET_ACCESS_KEY"] == nil
    }

    mutating func write(_ what: String, _ path: String, if isWanted: Bool, _ content: () throws -> [UInt8]) throws {
        guard isWanted else { return made.append(Made(path: path, state: "kept", what: what)) }
        let octets = try content()
        do throws(SystemCallError) {
            try SecretFile.makeFolder(DKIMKeys.split(path).folder)
            try SecretFile.write(path, octets)
        } catch { throw Self.failed(error) }
        made.append(Made(path: path, state: "made", what: what))
    }

    /// A certificate and its key, for each other: both, or neither.
    mutating func writeCertificate(_ files: Configuration.TLSFiles, names: [String]) throws {
        let found = (Self.exists(files.certificate), Self.exists(files.privateKey))
        guard found.0 == found.1 else {
            let (there, absent) = found.0 ? (files.certificate, files.privateKey) : (files.privateKey, files.certificate)
            throw failure("there is \(there), but no \(absent); put the one that belongs to it there, or move both away", Sysexits.data)
        }
        guard !found.0 else {
            made.append(Made(path: files.certificate, state: "kept", what: "certificate"))
            return made.append(Made(path: files.privateKey, state: "kept", what: "its key"))
        }
        let pair = try SelfSignedCertificate.make(hostNames: names, validDays: 3650)
        try write("key of the certificate", files.privateKey, if: true) { pair.privateKeyPEM }
        do throws(SystemCallError) {
            try SecretFile.makeFolder(DKIMKeys.split(files.certificate).folder)
            try WholeFile.replace(files.certificate, with: pair.certificatePEM, mode: 0o644)
        } catch { throw Self.failed(error) }
        made.append(Made(path: files.certificate, state: "made", what: "self-signed certificate"))
    }

    mutating func note(_ what: String, _ path: String, _ state: String) { made.append(Made(path: path, state: state, what: what)) }

    static func failed(_ error: SystemCallError) -> any Error {
        let isForbidden = error.code == EACCES || error.code == EPERM
        return failure(
            isForbidden ? "\(error); run it as root, or name a configuration of your own with --config" : "\(error)",
            isForbidden ? Sysexits.permission : Sysexits.cannotCreate)
    }

    /// The lines of `ses.env`, in the place of the empty ones of the example.
    static func credentials(_ credentials: UpstreamCredentials, note: String, over old: [UInt8]) -> [UInt8] {
        let names = ["SES_SMTP_USERNAME=", "SES_SMTP_PASSWORD=", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="] + [note]
        var octets: [UInt8] = []
        if !old.isEmpty, old.last != 10 { return Self.credentials(credentials, note: note, over: old + [10]) }
        for line in old.split(separator: 10, omittingEmptySubsequences: false).dropLast()
        where !names.contains(where: { line.starts(with: $0.utf8) }) {
            octets += line + [10]
        }
        octets += Array("\(note)\nSES_SMTP_USERNAME=\(credentials.username)\nSES_SMTP_PASSWORD=".utf8)
        return octets + quoted(credentials.password.exposed) + [10]
    }

    /// Only a value that would lose blanks or quotes of its own needs some around it.
    private static func quoted(_ value: [UInt8]) -> [UInt8] {
        guard let first = value.first, let last = value.last else { return value }
        let isBlank = ASCII.isBlank(first) || ASCII.isBlank(last)
        let isQuoted = value.count > 1 && first == last && (first == ASCII.quote || first == UInt8(ascii: "'"))
        return isBlank || isQuoted ? [ASCII.quote] + value + [ASCII.quote] : value
    }
}
