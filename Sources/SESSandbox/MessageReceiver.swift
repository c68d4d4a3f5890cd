internal import MailModel
internal import SafeIO

/// What follows 354 until the final dot: undone of its transparency, inspected and written, piece by piece.
struct MessageReceiver {
    private var decoder = DotDecoder()
    private var inspector: MessageInspector
    private let maximumOctets: Int
    private var octets = 0
    private(set) var file: IncomingFile?
    /// The message is read to its end all the same; then it is put off.
    private(set) var storageFailure: SystemCallError?

    init(under rules: SandboxRules, store: SandboxStore) {
        inspector = MessageInspector(maximumHeaderOctets: rules.maximumHeaderOctets)
        maximumOctets = rules.maximumMessageOctets
        do throws(SystemCallError) { file = try store.begin() } catch { storageFailure = error }
    }

    /// - Returns: how many octets were used up to the end of the message, or `nil` if it goes on.
    mutating func take(_ input: [UInt8]) -> Int? {
        var message: [UInt8] = []
        message.reserveCapacity(input.count)
        let end = decoder.decode(input[...], into: &message)
        inspector.consume(message[...])
        octets += message.count
        // What is too long will be refused: the disk need not hold it.
        if octets > maximumOctets { file = nil }
        if let file, storageFailure == nil {
            do throws(SystemCallError) { try file.append(message) } catch { storageFailure = error }
        }
        return end
    }

    mutating func finish() -> InspectedMessage { inspector.finish() }
}
