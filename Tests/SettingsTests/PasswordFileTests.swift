import Cryptography
import Glibc
import MailModel
import SafeIO
import Settings
import Testing

@Suite struct PasswordFileTests {
    static let hash = "$y$j9T$r.js1pHi7wyJxoHyQUZ2j/$e6v3lSbiaf0UhU70KtPssYegJ5Hzxd9h6W2r5M1LUR1"
    static let other = "$6$saltsalt$0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"

    private func name(_ text: String) throws -> AccountName { try #require(AccountName(text)) }

    @Test func editLeavesOtherLinesAlone() throws {
        let text = "# first\n\ncrm:\(Self.hash)\nnot a line\n\terp:\(Self.hash)\nweb:\(Self.hash)\n"
        var (file, problems) = PasswordFile.parse(Array(text.utf8), file: "passwords")
        #expect(problems.map(\.line) == [4, 5])
        #expect(file.names == [try name("crm"), try name("web")])
        #expect(String(decoding: file.octets, as: UTF8.self) == text)
        #expect(file.set(Self.other, for: try name("crm")))
        #expect(!file.set(Self.other, for: try name("new")))
        #expect(file.remove(try name("web")))
        #expect(!file.remove(try name("web")))
        #expect(
            String(decoding: file.octets, as: UTF8.self)
                == "# first\n\ncrm:\(Self.other)\nnot a line\n\terp:\(Self.hash)\nnew:\(Self.other)\n")
        #expect(file.hash(for: try name("crm")) == Self.other)
        #expect(file.hash(for: try name("CRM")) == nil)
    }

    @Test(arguments: ["", "\n", "crm:\(hash)", "crm:\(hash)\r\n", "# only\n", "\n\n"])
    func parseAndPrintAgree(_ text: String) {
        let (file, problems) = PasswordFile.parse(Array(text.utf8), file: "passwords")
        #expect(problems.isEmpty)
        let again = PasswordFile.parse(file.octets, file: "passwords").file
        #expect(again.octets == file.octets)
        #expect(again.names == file.names)
    }

    @Test func editKeepsModeAndOwner() throws {
        let folder = try TestFolder()
        let path = folder.path + "/passwords"
        chmod(path, 0o640)
        if geteuid() == 0 { chown(path, 4321, 5432) }
        symlink("passwords", folder.path + "/link")
        let before = try WholeFile.readWithStatus(path).status
        try PasswordFile.edit(folder.path + "/link") {
            $0.set(Self.other, for: AccountName("new")!); return true
        }
        let (octets, after) = try WholeFile.readWithStatus(path)
        #expect((after.mode, after.owner, after.group) == (before.mode, before.owner, before.group))
        #expect(String(decoding: octets, as: UTF8.self) == "# made for the tests\ncrm:\(Self.hash)\nnew:\(Self.other)\n")
        var status = stat()
        #expect(lstat(folder.path + "/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }

    @Test func missingFileIsMade() throws {
        let folder = try TestFolder()
        try PasswordFile.edit(folder.path + "/fresh") { _ in false }
        #expect(throws: SystemCallError.self) { try WholeFile.read(folder.path + "/fresh") }
        try PasswordFile.edit(folder.path + "/fresh") { !$0.set(Self.hash, for: AccountName("crm")!) }
        let (octets, status) = try WholeFile.readWithStatus(folder.path + "/fresh")
        #expect(String(decoding: octets, as: UTF8.self) == "crm:\(Self.hash)\n")
        #expect(status.mode & 0o137 == 0)
        #expect(throws: SystemCallError.self) { try PasswordFile.edit(folder.path + "/none/passwords") { _ in true } }
        #expect(throws: SystemCallError.self) { try PasswordFile.edit(folder.path + "/tls") { _ in true } }
    }

    @Test func editsAtTheSameTimeLoseNothing() async throws {
        let folder = try TestFolder()
        let path = folder.path + "/passwords"
        await withTaskGroup { group in
            for number in 0..<20 {
                group.addTask { try? PasswordFile.edit(path) { !$0.set(Self.hash, for: AccountName("app\(number)")!) } }
            }
        }
        #expect(PasswordFile.parse(try WholeFile.read(path), file: path).file.names.count == 21)
    }

    @Test func generatedSecretsAreGood() throws {
        let secrets = try (0..<50).map { _ in try PasswordFile.generateSecret() }
        #expect(Set(secrets).count == 50)
        for secret in secrets {
            #expect(secret.exposed.count == 32)
            #expect(secret.exposed.allSatisfy { (97...122).contains($0) || (50...55).contains($0) })
        }
        // All 32 characters come up among 1600.
        #expect(Set(secrets.flatMap(\.exposed)).count == 32)
    }

    @Test func hashesOfOurOwnFit() throws {
        let hash = try PasswordHash.make(Array("secret".utf8))
        let (file, problems) = PasswordFile.parse(Array("crm:\(hash)\n".utf8), file: "passwords")
        #expect(problems.isEmpty)
        #expect(PasswordHash.verify(Array("secret".utf8), against: file.hash(for: try name("crm")) ?? "") == .matches)
    }

    @Test func hashesAreNotPrinted() {
        let file = PasswordFile.parse(Array("crm:\(Self.hash)\n".utf8), file: "passwords").file
        var text = "\(file)"
        dump(file, to: &text)
        #expect(!text.contains("e6v3lSbiaf0"))
    }
}
