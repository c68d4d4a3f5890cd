internal import MailModel
internal import SafeIO

/// Looks for a final dot before the end: what follows it would be commands to the daemon.
struct FinalDot {
    /// False after octets behind the final dot.
    private(set) var isWhole = true
    /// The last octets that were seen; at first the end of the line DATA.
    private var tail = ASCII.crlf
    private var isOver = false

    /// Whether the next piece of the message may be sent.
    mutating func isClear(_ piece: [UInt8]) -> Bool {
        guard !piece.isEmpty else { return isWhole }
        if isOver { isWhole = false }
        let window = tail + piece
        var index = 0
        while isWhole, let end = window[index...].firstIndex(of: ASCII.lineFeed) {
            index = end + 1
            guard end >= 4, window[end - 4...end].elementsEqual("\r\n.\r\n".utf8) else { continue }
            isOver = true
            break
        }
        if isOver, index < window.count { isWhole = false }
        tail = Array(window.suffix(4))
        return isWhole
    }
}

/// A file of the maildrop that was found whole: who left it, the envelope, and where the message begins.
struct DroppedMail: ~Copyable {
    let file: ForeignFile
    let name: String
    let sender: [UInt8]
    let recipients: [[UInt8]]
    private let start: Int

    /// Why a file is nothing that `sendmail` left.
    struct Fault: Error {
        let text: String
    }

    /// Envelopes are no longer than this.
    private static let envelopeLimit = 1 << 20

    /// - Parameter group: the folder's, which everything that was made in it has.
    init(_ file: consuming ForeignFile, name: String, group: UInt32) throws(Fault) {
        guard file.status.isRegularFile else { throw Fault(text: "it is no regular file") }
        guard file.links == 1 else { throw Fault(text: "it has other names elsewhere") }
        guard file.status.group == group else { throw Fault(text: "it was not made here but moved in") }
        let (envelope, ending): ([UInt8], [UInt8])
        do throws(SystemCallError) {
            envelope = try file.descriptor.read(at: 0, count: min(Self.envelopeLimit, max(0, file.size)), subject: name)
            ending = try file.descriptor.read(at: max(0, file.size - 5), count: 5, subject: name)
        } catch {
            throw Fault(text: "\(error)")
        }
        // Without its end, the message would be waited for for ever.
        guard ending.elementsEqual("\r\n.\r\n".utf8) else { throw Fault(text: "its message has no end") }
        var sender: [UInt8]?
        var recipients: [[UInt8]] = []
        var index = 0
        while let end = envelope[index...].firstIndex(of: ASCII.lineFeed) {
            let line = envelope[index..<end].dropLast()
            index = end + 1
            if line.elementsEqual("DATA".utf8) {
                guard let sender, !recipients.isEmpty else { break }
                self.name = name
                self.sender = sender
                self.recipients = recipients
                start = index
                self.file = file
                return
            }
            guard line.last == ASCII.greater, line.allSatisfy(ASCII.isPrintable) else { break }
            if line.starts(with: "MAIL FROM:<".utf8), sender == nil {
                sender = Array(line.dropFirst(11).dropLast())
            } else if line.starts(with: "RCPT TO:<".utf8) {
                recipients.append(Array(line.dropFirst(9).dropLast()))
            } else {
                break
            }
        }
        throw Fault(text: "its envelope cannot be read")
    }

    /// A piece of the message; empty at its end.
    ///
    /// - Parameter offset: from its beginning.
    /// - Returns: `nil` if the file is not what it was: its owner may write to it, and without its end the message would be waited for.
    func piece(at offset: Int) throws(SystemCallError) -> [UInt8]? {
        let left = max(0, file.size - start - offset)
        let piece = try file.descriptor.read(at: start + offset, count: min(256 << 10, left), subject: name)
        guard piece.count == min(256 << 10, left) else { return nil }
        guard left > 0, piece.count == left else { return piece }
        let ending = piece.count < 5 ? try file.descriptor.read(at: file.size - 5, count: 5, subject: name) : Array(piece.suffix(5))
        return ending.elementsEqual("\r\n.\r\n".utf8) ? piece : nil
    }
}
