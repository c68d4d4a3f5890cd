internal import Glibc
public import MailModel
internal import SafeIO

extension Configuration {
    /// Reads the text of a configuration file. Nothing that it names is opened.
    ///
    /// - Parameter file: its path, which relative paths start at the folder of, and which problems begin with.
    /// - Throws: every problem at once.
    public static func parse(_ octets: [UInt8], file: String) throws(SettingsError) -> (configuration: Configuration, warnings: [Problem]) {
        let (configuration, reading) = draft(octets, file: file)
        guard let configuration, !reading.problems.contains(where: { $0.severity == .error }) else {
            throw SettingsError(reading.problems)
        }
        return (configuration, reading.problems.sortedByPlace())
    }

    /// As `parse`, from a file: enough for commands that need a path or an account, and none of the secrets.
    public static func read(_ path: String) throws(SettingsError) -> (configuration: Configuration, warnings: [Problem]) {
        switch contents(of: path) {
        case .success(let octets): try parse(octets, file: path)
        case .failure(let error): throw error
        }
    }

    /// The draft of a file that may have problems, for what a command must know all the same: where the daemon is that still runs with the
    /// settings from before. `nil` if not even that can be read.
    public static func readable(_ path: String) -> Configuration? {
        guard case .success(let octets) = contents(of: path) else { return nil }
        return draft(octets, file: path).configuration
    }

    /// The control socket that a file names, also when the file has problems: a command must find the daemon that still runs with the
    /// settings from before. `nil` if not even that can be read.
    public static func controlSocket(of path: String) -> String? {
        readable(path)?.control
    }

    /// Whom to tell of trouble, and the relay's name, out of a file that may be wrong elsewhere; `nil` if nothing of it can be read.
    public static func alarmSettings(of path: String) -> (alarm: Alarm, hostname: Domain?)? {
        guard case .success(let octets) = contents(of: path), let draft = draft(octets, file: path).configuration else { return nil }
        return (draft.alarm, draft.hostname ?? HostName.full())
    }

    static func contents(of path: String) -> Result<[UInt8], SettingsError> {
        do {
            return .success(try WholeFile.read(path, limit: YAMLBounds.maximumOctets))
        } catch {
            let advice =
                error.code == ENOENT
                ? "`fairlead setup` writes one, or name yours with --config"
                : FileText.advice(error, limit: "1 MiB; is this the right file?")
            return .failure(SettingsError([Problem(.error, file: path, "cannot be read: \(FileText.reason(error)); \(advice)")]))
        }
    }

    /// Reads as much as can be read; where `reading.problems` has an error, placeholders may be left in the configuration.
    static func draft(_ octets: [UInt8], file: String) -> (configuration: Configuration?, reading: Reading) {
        var reading = Reading(file: file)
        guard let node = YAMLText.parse(octets, file: file, problems: &reading.problems),
            let configuration = read(node, .root, &reading)
        else { return (nil, reading) }
        configuration.check(&reading)
        return (configuration, reading)
    }
}
