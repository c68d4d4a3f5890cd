internal import ArgumentParser
internal import ControlProtocol
internal import MailModel
internal import SafeIO

/// Where exported messages are written, each whole or not at all.
final class ExportFolder {
    private let path: String
    private var current: (id: String, octets: [UInt8])?
    private(set) var count = 0

    init(_ path: String) throws {
        do {
            _ = try Directory.create(path: path, mode: 0o700)
        } catch {
            throw failure("\(error)", Sysexits.cannotCreate)
        }
        self.path = path
    }

    func take(_ piece: ExportedPiece) throws {
        guard let octets = piece.octets else { throw failure("the daemon's answer is damaged at \(piece.queueID)", Sysexits.software) }
        // It becomes the name of a file, whoever answers.
        guard QueueID(parsing: piece.queueID) != nil else { throw failure("the daemon's answer names no message", Sysexits.software) }
        if current?.id != piece.queueID { try finish() }
        if let envelope = piece.envelope {
            var described = envelope
            described.header = nil
            try write(
                try ControlCoding.encode(Description(envelope: described, reversePath: piece.reversePath ?? "")), "\(piece.queueID).json")
        }
        if current == nil { current = (piece.queueID, []) }
        current?.octets += octets
    }

    /// To be called after the last piece.
    func finish() throws {
        guard let (id, octets) = current else { return }
        current = nil
        try write(octets, "\(id).eml")
        count += 1
    }

    private struct Description: Encodable {
        let envelope: QueueEntry
        let reversePath: String

        enum CodingKeys: String, CodingKey {
            case envelope
            case reversePath = "reverse_path"
        }
    }

    private func write(_ octets: [UInt8], _ name: String) throws {
        do {
            try WholeFile.replace("\(path)/\(name)", with: octets, mode: 0o600)
        } catch {
            throw failure("\(error)", Sysexits.cannotCreate)
        }
    }
}
