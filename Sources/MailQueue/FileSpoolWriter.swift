internal import Dispatch
internal import MailModel
internal import SafeIO
internal import Synchronization

/// Writes a body to a temporary file in large pieces, and renames it when it is whole.
final class FileSpoolWriter: SpoolWriter {
    /// Octets are gathered up to this before they are written.
    private static let pieceSize = 256 << 10
    /// Write-back begins each time so many octets were written, which keeps the sync at the end short.
    private static let writebackSize = 1 << 20

    private struct Intake {
        var gathered: [UInt8] = []
        var waiting = 0
        var failure: QueueError?
        var isClosed = false
        var observers: [(limit: Int, action: @Sendable () -> Void)] = []
    }

    /// Used on the lane only; the lock is never contended.
    private struct Output: ~Copyable {
        var file: OwnedDescriptor?
        var offset = 0
        var writtenBack = 0
        var checksum = Checksum()
    }

    private let spool: FileSpool
    private let lane: DispatchQueue
    private let temporaryName: String
    private let intake = Mutex(Intake())
    private let output = Mutex(Output())

    init(_ spool: FileSpool) {
        self.spool = spool
        let number = spool.nextNumber()
        lane = spool.lane(number)
        temporaryName = "\(FileSpool.temporaryPrefix)\(number)"
    }

    deinit {
        guard !intake.withLock(\.isClosed) else { return }
        lane.async { [spool, temporaryName] in _ = try? spool.directory.remove(temporaryName) }
    }

    func append(_ octets: UnsafeRawBufferPointer) -> Int {
        let (waiting, piece) = intake.withLock { intake -> (Int, [UInt8]?) in
            guard intake.failure == nil, !intake.isClosed else { return (0, nil) }
            intake.gathered.append(contentsOf: octets)
            intake.waiting += octets.count
            guard intake.gathered.count >= Self.pieceSize else { return (intake.waiting, nil) }
            let piece = intake.gathered
            intake.gathered = []
            intake.gathered.reserveCapacity(Self.pieceSize + octets.count)
            return (intake.waiting, piece)
        }
        if let piece { lane.async { self.write(piece) } }
        return waiting
    }

    func whenWaiting(atMost limit: Int, _ action: @escaping @Sendable () -> Void) {
        // A piece that is still gathered is not under way: waiting for it would be waiting for the caller.
        let isNow = intake.withLock { intake in
            if intake.waiting - intake.gathered.count <= limit { return true }
            intake.observers.append((limit, action))
            return false
        }
        if isNow { action() }
    }

    func finish(as id: QueueID, completion: @escaping @Sendable (Result<SpoolFile, QueueError>) -> Void) {
        guard let rest = close() else { return completion(.failure(.closed)) }
        lane.async { self.complete(rest, id, completion) }
    }

    func discard() {
        guard close() != nil else { return }
        lane.async { self.abandon() }
    }

    /// - Returns: what is gathered, or `nil` if it was closed before.
    private func close() -> [UInt8]? {
        intake.withLock { intake in
            guard !intake.isClosed else { return nil }
            intake.isClosed = true
            defer { intake.gathered = [] }
            return intake.gathered
        }
    }

    private func write(_ piece: [UInt8]) {
        if intake.withLock({ $0.failure == nil }) {
            do throws(SystemCallError) {
                try output.withLock { output throws(SystemCallError) in try write(piece, to: &output) }
            } catch {
                let failure = spool.failure(error)
                intake.withLock { $0.failure = failure }
                abandon()
            }
        }
        let ready = intake.withLock { intake -> [@Sendable () -> Void] in
            intake.waiting -= piece.count
            let under = intake.failure == nil ? intake.waiting - intake.gathered.count : 0
            let ready = intake.observers.filter { under <= $0.limit }.map(\.action)
            intake.observers.removeAll { under <= $0.limit }
            return ready
        }
        for action in ready { action() }
    }

    private func write(_ piece: [UInt8], to output: inout Output) throws(SystemCallError) {
        let file = try opened(&output)
        do throws(SystemCallError) {
            try writeAll(piece, to: file, subject: temporaryName)
        } catch {
            output.file = consume file
            throw error
        }
        output.checksum.update(piece)
        output.offset += piece.count
        if output.offset - output.writtenBack >= Self.writebackSize {
            file.startWriteback(offset: output.writtenBack, count: output.offset - output.writtenBack)
            output.writtenBack = output.offset
        }
        output.file = consume file
    }

    /// Takes the file out of `output`; made with the first octets.
    private func opened(_ output: inout Output) throws(SystemCallError) -> OwnedDescriptor {
        if let file = output.file.take() { return file }
        return try spool.directory.createExclusively(temporaryName)
    }

    private func complete(_ rest: [UInt8], _ id: QueueID, _ completion: @escaping @Sendable (Result<SpoolFile, QueueError>) -> Void) {
        write(rest)
        if let failure = intake.withLock(\.failure) { return completion(.failure(failure)) }
        do throws(SystemCallError) {
            let file = try output.withLock { output throws(SystemCallError) in
                let descriptor = try opened(&output)
                try descriptor.syncData(subject: temporaryName)
                try descriptor.close(subject: temporaryName)
                return SpoolFile(id: id, size: output.offset, checksum: output.checksum.value)
            }
            // An id is used once; if it were not, the other message's body must stay.
            guard try spool.directory.status(of: id.description) == nil else {
                abandon()
                return completion(.failure(.rejected("the spool has a file \(id) already")))
            }
            try spool.directory.rename(temporaryName, to: id.description)
            spool.sync.request { [spool] error in
                guard let error else { return completion(.success(file)) }
                spool.remove([id])
                completion(.failure(spool.failure(error)))
            }
        } catch {
            abandon()
            completion(.failure(spool.failure(error)))
        }
    }

    private func abandon() {
        output.withLock { $0.file = nil }
        _ = try? spool.directory.remove(temporaryName)
    }
}
