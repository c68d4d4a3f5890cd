internal import MailModel
internal import MailQueue

extension QueueStore {
    /// A second body with the same octets, for another message; the first one stays. Passes piece by piece.
    nonisolated(nonsending) func copy(_ file: SpoolFile, as id: QueueID) async throws(QueueError) -> SpoolFile {
        let writer = makeSpoolWriter()
        do throws(QueueError) {
            let reader = try await openBody(file)
            while let piece = try await reader.next() {
                let waiting = piece.withUnsafeBytes { writer.append($0) }
                guard waiting > Reception.diskBacklog else { continue }
                await withUnsafeContinuation { continuation in
                    writer.whenWaiting(atMost: Reception.diskBacklog / 2) { continuation.resume() }
                }
            }
        } catch {
            writer.discard()
            throw error
        }
        return try await writer.finish(as: id)
    }
}
