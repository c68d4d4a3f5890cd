import Cryptography
import DKIM
import Foundation
import MailModel
import MessageFormat

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ octets: some Sequence<UInt8>) -> String { String(decoding: Array(octets), as: UTF8.self) }

let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
/// 2026-03-01T09:05:07Z
let signingTime = Timestamp(seconds: 1_772_355_907)

/// The digest and the keys of the whole product, behind the protocols of DKIM.
final class Digest: BodyDigest {
    private var hash = SHA256()
    func update(_ octets: UnsafeRawBufferPointer) { hash.update(octets) }
    func finalize() -> [UInt8] { hash.finalize() }
}

struct TestKey: SigningKey, VerifyingKey {
    let key: RSAPrivateKey

    init(folder name: String) throws {
        key = try RSAPrivateKey(pem: Array(Data(contentsOf: folder.appendingPathComponent("Golden/\(name)/key.pem"))))
    }

    func signature(of octets: [UInt8]) throws(SigningError) -> [UInt8] {
        do { return try key.signature(of: octets) } catch { throw SigningError(error.description) }
    }

    func isValid(signature: [UInt8], of octets: [UInt8]) -> Bool {
        guard let key = try? RSAPublicKey(spkiDER: key.publicKeyDER) else { return false }
        return key.isValid(signature: signature, of: octets)
    }

    var record: PublicKeyRecord { get throws { PublicKeyRecord(publicKeyDER: try key.publicKeyDER) } }
}

/// A message cut at its first empty line.
struct TestMessage {
    var header: HeaderBlock
    var body: [UInt8]

    init(header: HeaderBlock, body: [UInt8]) {
        self.header = header
        self.body = body
    }

    init(parsing octets: [UInt8]) throws {
        var end = 0
        while end + 4 <= octets.count, !octets[end...].starts(with: [13, 10, 13, 10]) { end += 1 }
        header = try HeaderBlock(parsing: Array(octets[..<(end + 2)]))
        body = Array(octets[(end + 4)...])
    }

    var octets: [UInt8] {
        var octets: [UInt8] = []
        header.write(to: &octets)
        return octets + [13, 10] + body
    }

    func bodyHash(_ canonicalization: Canonicalization = .relaxed, cutEvery size: Int = Int.max) -> [UInt8] {
        var hash = BodyHash(Digest(), canonicalization)
        var rest = body[...]
        while !rest.isEmpty {
            rest.prefix(size).withUnsafeBytes { hash.update($0) }
            rest = rest.dropFirst(size)
        }
        return hash.finalize()
    }

    func signed(with key: TestKey) throws -> TestMessage {
        let signer = HeaderSigner(domain: try Domain(DKIMTests.octets("mail.example.com")), selector: Selector("golden")!, key: key)
        var signed = self
        signed.header.prepend(try signer.signature(for: header, bodyHash: bodyHash(), at: signingTime))
        return signed
    }

    /// Verifies the topmost signature of our domain.
    func verify(with key: TestKey) throws(VerificationFailure) {
        let fields = header.fields.filter { $0.name == .dkimSignature }
        guard let field = fields.first(where: { text($0.value).contains("mail.example.com") }) else { throw .malformedSignature("none") }
        let signature = try Signature(parsing: field)
        try signature.verify(header: header, bodyHash: bodyHash(signature.bodyCanonicalization), key: key, now: signingTime)
    }
}

extension TestMessage {
    /// `nil` if the signature holds.
    func failure(with key: TestKey) -> VerificationFailure? {
        do {
            try verify(with: key)
            return nil
        } catch { return error }
    }
}

/// One run of dkimpy for any number of records.
struct Dkimpy {
    private var input: [UInt8] = []

    mutating func verify(_ message: [UInt8], record: [UInt8], index: Int = 0) { add("verify \(index)", record, message) }
    mutating func sign(_ message: [UInt8], key: [UInt8], _ canonicalization: String) { add("sign \(canonicalization)", key, message) }

    private mutating func add(_ command: String, _ key: [UInt8], _ message: [UInt8]) {
        input += octets("\(command)\n\(key.count)\n") + key + octets("\(message.count)\n") + message
    }

    struct Missing: Error, CustomStringConvertible { let description: String }

    /// - Returns: one line for each record.
    func run() throws -> [String] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("records")
        try Data(input).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [folder.appendingPathComponent("verify_with_dkimpy.py").path]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        let errors = directory.appendingPathComponent("errors")
        try Data().write(to: errors)
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        do { try process.run() } catch { throw Missing(description: "/usr/bin/python3 does not start (\(error)); dkimpy needs it") }
        let lines = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Missing(description: "dkimpy failed: \(text(try Data(contentsOf: errors)))")
        }
        return text(lines).split(separator: "\n").map(String.init)
    }
}
