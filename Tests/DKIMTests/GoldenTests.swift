import DKIM
import Foundation
import MailModel
import MessageFormat
import Testing

/// `Golden/NN-name/`: what is signed, with which key, and the exact octets that must come out. A run that differs leaves
/// `expected.eml.got` beside it; look at the difference, then rename it if it is right.
@Suite struct GoldenTests {
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("Golden").path)) ?? [])
        .filter { !$0.hasPrefix(".") }.sorted()

    @Test func thereAreCases() { #expect(Self.names.count >= 8) }

    @Test(arguments: names)
    func signedAsExpected(name: String) throws {
        let directory = folder.appendingPathComponent("Golden/\(name)")
        let key = try TestKey(folder: name)
        let message = try TestMessage(parsing: Array(Data(contentsOf: directory.appendingPathComponent("message.eml"))))
        let signed = try message.signed(with: key)
        let expected = (try? Data(contentsOf: directory.appendingPathComponent("expected.eml"))).map(Array.init) ?? []
        if signed.octets != expected {
            try Data(signed.octets).write(to: directory.appendingPathComponent("expected.eml.got"))
        }
        #expect(signed.octets == expected, "compare expected.eml.got")
        #expect(signed.failure(with: key) == nil)
        for line in text(try #require(signed.header.first(.dkimSignature)).octets).split(separator: "\r\n") {
            #expect(line.utf8.count <= 78)
        }
    }

    /// What we expect of ourselves, somebody else must accept.
    @Test func dkimpyAcceptsWhatIsExpected() throws {
        var dkimpy = Dkimpy()
        for name in Self.names {
            let expected = try Data(contentsOf: folder.appendingPathComponent("Golden/\(name)/expected.eml"))
            dkimpy.verify(Array(expected), record: try TestKey(folder: name).record.text)
        }
        #expect(try dkimpy.run() == Self.names.map { _ in "pass" })
    }
}
