import Glibc
import SafeIO
import Settings
import Testing

/// A folder per mistake under `Bad`: `fairlead.yaml`, and the exact text of the error in `expected`.
///
/// The other files of a folder replace those of `Material`; `remove` names files to take away, `modes` has lines of
/// `mode file [group]`. A failing run writes `expected.got`.
@Suite struct BadConfigurationTests {
    static let folders: [String] = ((try? Directory(path: TestFolder.sources + "/Bad").names()) ?? []).sorted()

    @Test(arguments: folders)
    func everyProblemIsReported(_ name: String) throws {
        let source = "\(TestFolder.sources)/Bad/\(name)"
        let folder = try TestFolder(overlay: source)
        for file in lines("\(source)/remove") { folder.remove(file) }
        for line in lines("\(source)/modes") {
            let words = line.split(separator: " ").map(String.init)
            let mode = try #require(UInt32(words[0], radix: 8))
            if words.count > 2 {
                // Only root can give a file to a foreign group.
                guard geteuid() == 0 else { return }
                #expect(chown("\(folder.path)/\(words[1])", 0, UInt32(words[2]) ?? 0) == 0)
            }
            #expect(chmod("\(folder.path)/\(words[1])", mode) == 0)
        }
        var got = ""
        do {
            _ = try folder.load()
            Issue.record("was accepted")
        } catch {
            got = error.description.replacing(folder.path + "/", with: "") + "\n"
        }
        let expected = (try? WholeFile.read("\(source)/expected")).map { String(decoding: $0, as: UTF8.self) }
        if got != expected { try WholeFile.replace("\(source)/expected.got", with: Array(got.utf8), mode: 0o644) }
        #expect(got == expected)
    }

    @Test func thereAreEnough() { #expect(Self.folders.count >= 50) }

    private func lines(_ path: String) -> [String] {
        let octets = (try? WholeFile.read(path)) ?? []
        return String(decoding: octets, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
