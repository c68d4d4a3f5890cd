internal import ArgumentParser
internal import Cryptography
internal import DKIM
internal import Glibc
internal import MailModel
internal import SafeIO
internal import Settings

extension DKIMKeys {
    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin to change an identity's key: make the new one beside the old, print its record and the configuration.")

        @Option(help: ArgumentHelp("The identity, if there are several.", valueName: "domain")) var identity: String?
        @Option(help: ArgumentHelp("The name of the new key; by default it follows from the date.", valueName: "name")) var selector:
            String?
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let identity = try DKIMKeys.one(identity, common)
            let dkim = identity.dkim
            let selector: Selector
            let path: String
            if let next = dkim.next {
                guard access(next.privateKey, F_OK) != 0, self.selector == nil else {
                    throw failure(
                        "\(identity.subject) has a next key already, \(next.selector); first make it the key in force in \(common.config)",
                        Sysexits.usage)
                }
                // Its lines are there, and its file is not.
                (selector, path) = (try DKIMKeys.selector(next.selector), next.privateKey)
            } else {
                (selector, path) = try newName(for: identity, in: DKIMKeys.split(dkim.privateKey).folder)
            }
            let folder = DKIMKeys.split(path).folder
            do { try SecretFile.makeFolder(folder) } catch { throw failure("\(error)", Sysexits.cannotCreate) }
            let key = try RSAPrivateKey.generate()
            // The name is claimed first: a file that is there is never overwritten, whoever made it.
            try DKIMKeys.writeNew(path, [])
            do { try SecretFile.write(path, try key.pem) } catch { throw failure("\(error)", Sysexits.cannotCreate) }

            Terminal.line("key written to \(path)\n\npublish this record; the one of \(dkim.selector) stays:\n")
            Terminal.line(try DKIMKeys.record(selector, identity.domain, key).zone)
            Terminal.line("\nwrite this into \(common.config), at the identity \(identity.subject), and run `fairlead reload`:\n")
            Terminal.line(lines(dkim, selector, path))
            Terminal.line(
                "\nThe relay signs with the new key once the DNS shows it. `fairlead status` says when it does, and until when "
                    + "the record of \(dkim.selector) must stay.")
        }

        private func newName(for identity: Configuration.Identity, in folder: String) throws -> (Selector, String) {
            func path(_ selector: Selector) -> String { "\(folder)/\(identity.domain).\(selector).pem" }
            if let selector {
                guard let name = Selector(selector) else {
                    throw failure("\(selector) is no selector; write letters, digits and hyphens, such as fl2027", Sysexits.usage)
                }
                guard name.octets != identity.dkim.selector.octets else {
                    throw failure("\(name) is the selector of the key in force; a new key needs a name of its own", Sysexits.usage)
                }
                return (name, path(name))
            }
            let today = CivilTime(Timestamp(microseconds: SystemClock.microseconds()))
            let base = "fl\(today.year)" + (today.month < 10 ? "0" : "") + "\(today.month)"
            for letter in [""] + "bcdefghijklmnopqrstuvwxyz".map(String.init) {
                guard let name = Selector(base + letter) else { continue }
                if name.octets != identity.dkim.selector.octets, access(path(name), F_OK) != 0 { return (name, path(name)) }
            }
            throw failure("every selector of this month is taken; name one with --selector", Sysexits.usage)
        }

        private func lines(_ dkim: Configuration.DKIM, _ selector: Selector, _ path: String) -> String {
            let publish = dkim.publish == .pending ? "\n      publish: pending" : ""
            return """
                    dkim:
                      selector: \(dkim.selector)
                      private_key: \(shown(dkim.privateKey))\(publish)
                      next: { selector: \(selector), private_key: \(shown(path)) }
                """
        }

        /// As it may stand in the file: paths start at its folder.
        private func shown(_ path: String) -> String {
            let folder = DKIMKeys.split(common.config).folder + "/"
            let short = path.hasPrefix(folder) ? String(path.dropFirst(folder.utf8.count)) : path
            let isPlain = short.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || "./-_".utf8.contains($0) }
            return isPlain ? short : "'" + short.replacing("'", with: "''") + "'"
        }
    }
}
