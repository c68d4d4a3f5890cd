import Glibc
import MailModel
import SafeIO
import Settings
import Testing

/// A folder of its own with the files of `Material`, those with secrets readable by the owner only.
///
/// The modes are set here: a checkout keeps none, and tests may run as root.
final class TestFolder {
    let path: String

    static let sources = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))

    /// - Parameter overlay: a folder whose files go on top.
    init(overlay: String? = nil) throws {
        var template = Array("/tmp/settings-XXXXXX\0".utf8CString)
        guard let name = mkdtemp(&template) else { throw SystemCallError.current("mkdtemp") }
        path = String(cString: name)
        try copy(Self.sources + "/Material", to: path)
        if let overlay { try copy(overlay, to: path) }
    }

    deinit { Self.remove(path) }

    func write(_ name: String, _ text: String, mode: UInt32 = 0o600) throws {
        try WholeFile.replace("\(path)/\(name)", with: Array(text.utf8), mode: mode)
    }

    func read(_ name: String) throws -> String { String(decoding: try WholeFile.read("\(path)/\(name)"), as: UTF8.self) }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    /// Loads `fairlead.yaml` on 1 January 2027.
    func load(environment: [String: String] = [:]) throws(SettingsError) -> LoadedSettings {
        try SettingsLoader(environment: { environment[$0] }, clock: { Timestamp(seconds: 1_798_761_600) }).load(path + "/fairlead.yaml")
    }

    private func copy(_ source: String, to target: String) throws {
        for name in try Directory(path: source).names() {
            let (from, to) = ("\(source)/\(name)", "\(target)/\(name)")
            if (try? Directory(path: from)) != nil {
                mkdir(to, 0o700)
                try copy(from, to: to)
            } else {
                try WholeFile.replace(to, with: try WholeFile.read(from), mode: 0o600)
            }
        }
    }

    private static func remove(_ path: String) {
        for name in (try? Directory(path: path).names()) ?? [] {
            if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        }
        rmdir(path)
    }
}
