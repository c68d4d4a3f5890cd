internal import Dispatch
internal import MailModel
internal import SafeIO
internal import Synchronization

/// Reads a spool file in order and checks it on the way.
final class FileSpoolReader: SpoolReader {
    private static let pieceSize = 256 << 10

    private struct Input: ~Copyable {
        let descriptor: OwnedDescriptor
        var offset = 0
        var checksum = Checksum()
    }

    let size: Int
    private let file: SpoolFile
    private let lane: DispatchQueue
    private let input: Mutex<Input>
    private let damageFound: @Sendable (String) -> Void

    /// Opens the file; to be called on a lane.
    init(_ spool: FileSpool, _ file: SpoolFile, damageFound: @escaping @Sendable (String) -> Void) throws(QueueError) {
        size = file.size
        self.file = file
        self.damageFound = damageFound
        lane = spool.lane(spool.nextNumber())
        let name = file.id.description
        do throws(SystemCallError) {
            let status = try spool.directory.status(of: name)
            if status?.kind == .file, status?.size == file.size {
                let descriptor = try spool.directory.openForReading(name)
                descriptor.expectSequentialReading()
                input = Mutex(Input(descriptor: descriptor))
                return
            }
        } catch {
            throw spool.failure(error)
        }
        let reason = "its body file is missing or has another size"
        damageFound(reason)
        throw .damaged(file.id, reason)
    }

    func next(_ completion: @escaping @Sendable (Result<[UInt8]?, QueueError>) -> Void) {
        lane.async { completion(self.read()) }
    }

    private func read() -> Result<[UInt8]?, QueueError> {
        let piece: Result<[UInt8]?, QueueError> = input.withLock { input in
            guard input.offset < size else { return .success(nil) }
            let count = min(Self.pieceSize, size - input.offset)
            let octets: [UInt8]
            do throws(SystemCallError) {
                octets = try input.descriptor.read(at: input.offset, count: count, subject: file.id.description)
            } catch {
                return .failure(.damaged(file.id, error.description))
            }
            guard octets.count == count else { return .failure(.damaged(file.id, "its body file is cut off")) }
            input.descriptor.forgetCached(offset: input.offset, count: count)
            input.checksum.update(octets)
            input.offset += count
            guard input.offset < size || input.checksum.value == file.checksum else {
                return .failure(.damaged(file.id, "checksum mismatch: its body file is not what was accepted"))
            }
            return .success(octets)
        }
        if case .failure(.damaged(_, let reason)) = piece { damageFound(reason) }
        return piece
    }
}
