internal import ArgumentParser
internal import Glibc
internal import MailModel
internal import SafeIO

/// `sendmail -bs`: a dialogue on standard input and output, carried on with the daemon.
///
/// It goes line by line, each after the answer to the one before: a script may write all of its lines at once, which the daemon takes from
/// nobody. Lines may end in a single LF; what the daemon gets ends in CRLF.
struct SMTPOnStandardInput: ~Copyable {
    private var stream: UnixStream
    private var input = InputLines()

    init(config: String) throws {
        let socket = try LocalPlace(config: config).socket
        do throws(SystemCallError) {
            guard let socket else { throw SystemCallError("local.socket: off", code: ENOENT) }
            stream = try UnixStream.connect(path: socket, timeout: .seconds(600))
        } catch {
            Terminal.write(Array("421 4.3.0 The daemon does not answer; try again\r\n".utf8))
            throw failure("the daemon does not answer: \(error); try again", Sysexits.temporary)
        }
    }

    mutating func run() throws {
        do {
            _ = try answer()
            while let line = try input.next() {
                try stream.writeAll(line + ASCII.crlf)
                switch try answer() {
                case 221: return
                case 421: throw failure("the daemon ended the dialogue; try again", Sysexits.temporary)
                case 354: try message()
                default: break
                }
            }
        } catch let error as SystemCallError {
            throw failure("lost the dialogue: \(error); try again", Sysexits.temporary)
        }
    }

    /// Up to and with the line with a single dot.
    private mutating func message() throws {
        while let line = try input.next() {
            try stream.writeAll(line + ASCII.crlf)
            if line == [ASCII.dot] {
                _ = try answer()
                return
            }
        }
        throw failure("the input ended inside a message, which was not taken; end it with a line with a single dot", Sysexits.data)
    }

    /// Hands a whole reply on.
    ///
    /// - Returns: its code.
    private mutating func answer() throws -> Int {
        while let line = try stream.readLine(limit: 4096) {
            Terminal.write(line + [ASCII.lineFeed])
            if line.count > 3, line[3] == ASCII.hyphen { continue }
            return Int(String(decoding: line.prefix(3), as: UTF8.self)) ?? 0
        }
        throw failure("the daemon closed the connection; try again", Sysexits.temporary)
    }
}

/// The lines of standard input, without their ends.
private struct InputLines {
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    private static let longestLine = 64 << 20

    mutating func next() throws(SystemCallError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: ASCII.lineFeed) {
                defer { start = end + 1 }
                return trimmed(buffer[start..<end])
            }
            searched = buffer.count
            if isAtEnd {
                defer { start = buffer.count }
                return start < buffer.count ? trimmed(buffer[start...]) : nil
            }
            guard buffer.count - start < Self.longestLine else { throw SystemCallError("read", code: EMSGSIZE, subject: "standard input") }
            try fill(&searched)
        }
    }

    private func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        Array(line.last == ASCII.carriageReturn ? line.dropLast() : line)
    }

    private mutating func fill(_ searched: inout Int) throws(SystemCallError) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = try retryingOnInterrupt("read", subject: "standard input") {
            piece.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
        }
        isAtEnd = count == 0
        buffer += piece[..<count]
    }
}
