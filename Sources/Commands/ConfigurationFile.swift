internal import ArgumentParser
internal import Settings

/// The configuration as commands need it: without the secrets that it names.
enum ConfigurationFile {
    static func read(_ path: String) throws -> Configuration {
        do throws(SettingsError) {
            return try Configuration.read(path).configuration
        } catch {
            for problem in error.problems { Terminal.error("\(problem)") }
            throw ExitCode(Sysexits.configuration)
        }
    }

    /// `nil` if the configuration cannot be read: the commands then try the usual place.
    static func controlSocket(of path: String) -> String? {
        Configuration.controlSocket(of: path)
    }
}

/// Says what is wrong on standard error and makes the exit code for it.
func failure(_ text: String, _ code: Int32) -> ExitCode {
    Terminal.error("fairlead: \(text)")
    return ExitCode(code)
}
