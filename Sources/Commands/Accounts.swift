internal import ArgumentParser
internal import ControlProtocol
internal import Cryptography
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

struct Accounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "The apps that may submit, in the passwords file.",
        subcommands: [Add.self, Passwd.self, Remove.self, List.self])

    struct PasswordOption: ParsableArguments {
        @Flag(help: "Read the password from standard input instead of making one.") var passwordStdin = false

        /// - Returns: the password, and whether it was made here and must be shown.
        func password() throws -> (octets: [UInt8], isNew: Bool) {
            guard passwordStdin else { return (try PasswordFile.generateSecret().exposed, true) }
            return (try StandardInput.secret(), false)
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an app: makes a 160-bit password and prints it once, with the app's settings.")
        @Argument(help: "The user name the app logs in with.") var name: String
        @OptionGroup var password: PasswordOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let settings = try readConfiguration(common)
            let account = try accountName(name)
            let (octets, isNew) = try password.password()
            let hash = try passwordHash(of: octets)
            var existed = false
            try editPasswords(settings.passwords) { file in
                existed = file.hash(for: account) != nil
                if !existed { _ = file.set(hash, for: account) }
                return !existed
            }
            if existed {
                throw failure("\(account) exists already; fairlead account passwd \(account) gives it another password", Sysexits.data)
            }
            Terminal.line("account \(account) added to \(settings.passwords)")
            if isNew { show(String(decoding: octets, as: UTF8.self), account, settings) }
            tellDaemon(common)
        }

        private func show(_ password: String, _ account: AccountName, _ settings: Configuration) {
            let host = settings.hostname?.description ?? "this host"
            Terminal.line("\nSettings for the app; the password is not shown again:")
            for listener in settings.listeners {
                switch listener.security {
                case .starttls: Terminal.line("  server \(host)  port \(listener.address.port)  STARTTLS")
                case .implicit: Terminal.line("  server \(host)  port \(listener.address.port)  TLS")
                case .none: break
                }
            }
            Terminal.line("  user name  \(account)\n  password   \(password)")
        }
    }

    struct Passwd: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give an app another password.")
        @Argument(help: "The account.") var name: String
        @OptionGroup var password: PasswordOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let settings = try readConfiguration(common)
            let account = try accountName(name)
            let (octets, isNew) = try password.password()
            let hash = try passwordHash(of: octets)
            var existed = false
            try editPasswords(settings.passwords) { file in
                existed = file.hash(for: account) != nil
                if existed { _ = file.set(hash, for: account) }
                return existed
            }
            guard existed else { throw failure("there is no account \(account); fairlead account add \(account) makes it", Sysexits.data) }
            Terminal.line("account \(account) has a new password")
            if isNew { Terminal.line("  password   \(String(decoding: octets, as: UTF8.self))") }
            tellDaemon(common)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an app; its open sessions end with their next command.")
        @Argument(help: "The account.") var name: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let settings = try readConfiguration(common)
            let account = try accountName(name)
            var existed = false
            try editPasswords(settings.passwords) { file in
                existed = file.remove(account)
                return existed
            }
            guard existed else { throw failure("there is no account \(account)", Sysexits.data) }
            Terminal.line("account \(account) removed")
            tellDaemon(common)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The accounts and what each may do.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        struct Row: Encodable {
            let account: String
            let from: [String]
            let rate: String
        }

        func run() async throws {
            let settings = try readConfiguration(common)
            let octets: [UInt8]
            do { octets = try WholeFile.read(settings.passwords) } catch { throw failure("\(error)", Sysexits.configuration) }
            let rows = PasswordFile.parse(octets, file: settings.passwords).file.names.map { name in
                let policy = settings.policy(for: name)
                return Row(account: name.description, from: policy.from.map(\.description), rate: policy.rate.description)
            }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(rows), as: UTF8.self))
                return
            }
            var table = Table(["ACCOUNT", "FROM", "RATE"])
            for row in rows { table.add([row.account, row.from.isEmpty ? "any verified" : row.from.joined(separator: " "), row.rate]) }
            table.print()
        }
    }

}

private func readConfiguration(_ common: CommonOptions) throws -> Configuration { try ConfigurationFile.read(common.config) }

func passwordHash(of password: [UInt8]) throws -> String {
    do {
        return try PasswordHash.make(password)
    } catch {
        throw failure(
            "this password cannot be used (\(error)): it must have 1 to \(PasswordHash.maximumPasswordOctets) octets and no NUL",
            Sysexits.data)
    }
}

private func accountName(_ text: String) throws -> AccountName {
    guard let name = AccountName(text) else {
        throw failure("\(text) is no account name: 1 to 64 letters, digits and . _ - @ +", Sysexits.usage)
    }
    return name
}

func editPasswords(_ path: String, _ change: (inout PasswordFile) -> Bool) throws {
    do {
        try PasswordFile.edit(path, change)
    } catch {
        throw failure("\(error)", error.code == EACCES || error.code == EPERM ? Sysexits.permission : Sysexits.unavailable)
    }
}

/// A running daemon takes the change up at once; without one there is nobody to tell.
///
/// - Returns: whether one runs.
@discardableResult
func tellDaemon(_ common: CommonOptions) -> Bool {
    guard let path = ConfigurationFile.controlSocket(of: common.config), var stream = try? UnixStream.connect(path: path),
        let request = try? ControlCoding.encode(ControlRequest(.reload))
    else { return false }
    try? stream.writeAll(request + [10])
    while let line = try? stream.readLine() {
        guard let trailer = try? ControlCoding.decode(ControlTrailer.self, from: line) else { continue }
        if let error = trailer.error { Terminal.error("fairlead: the running daemon did not take it up: \(error)") }
    }
    return true
}

/// A password that somebody pipes in.
enum StandardInput {
    /// What is there, without the end of the last line.
    static func secret() throws -> [UInt8] {
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while octets.count <= PasswordHash.maximumPasswordOctets + 2 {
            let count = read(0, &chunk, chunk.count)
            if count <= 0 { break }
            octets += chunk[..<count]
        }
        if octets.last == 10 { octets.removeLast() }
        if octets.last == 13 { octets.removeLast() }
        guard !octets.isEmpty else { throw failure("no password on standard input", Sysexits.data) }
        return octets
    }
}
