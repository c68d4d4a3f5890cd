internal import ArgumentParser
internal import Glibc
internal import SafeIO

/// Questions to the person at the terminal: asked on standard error, answered on standard input, so that what a command prints can be kept.
enum Prompt {
    /// Whether somebody is there to answer.
    static var isPossible: Bool { isatty(0) == 1 && isatty(2) == 1 }

    /// Asks until `check` takes the answer.
    ///
    /// - Parameters:
    ///   - standard: what an empty answer means; without one an answer must be given.
    ///   - check: the value, or what is wrong with the answer, in words for who gave it.
    static func ask<Value>(_ question: String, standard: String? = nil, _ check: (String) -> Result<Value, Objection>) throws -> Value {
        while true {
            write(standard.map { "\(question) [\($0)]: " } ?? "\(question): ")
            let line = try line().trimmed
            guard !line.isEmpty || standard != nil else { continue }
            switch check(line.isEmpty ? standard ?? "" : line) {
            case .success(let value): return value
            case .failure(let objection): write("  \(objection.text)\n")
            }
        }
    }

    /// Yes or no; an empty answer is `standard`.
    static func confirm(_ question: String, standard: Bool) throws -> Bool {
        while true {
            write("\(question) \(standard ? "[Y/n]" : "[y/N]") ")
            switch try line().trimmed.lowercased() {
            case "": return standard
            case "y", "yes": return true
            case "n", "no": return false
            default: write("  write y or n\n")
            }
        }
    }

    /// Asks for something that must not be seen. Nothing is shown while it is typed; Ctrl-C ends the command with the terminal as it was.
    static func secret(_ question: String) throws -> [UInt8] {
        var before = termios()
        guard tcgetattr(0, &before) == 0 else { throw noAnswer() }
        var hidden = before
        // Each key comes by itself, Ctrl-C too: a signal would leave the terminal mute.
        hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        while true {
            // First the terminal: who sees the question may type at once.
            guard tcsetattr(0, TCSAFLUSH, &hidden) == 0 else { throw noAnswer() }
            write("\(question): ")
            let answer = hiddenLine()
            _ = tcsetattr(0, TCSAFLUSH, &before)
            write("\n")
            switch answer {
            case .line(let octets) where octets.isEmpty: continue
            case .line(let octets): return octets
            case .interrupted: throw ExitCode(128 + SIGINT)
            case .ended: throw noAnswer()
            }
        }
    }

    struct Objection: Error {
        let text: String

        init(_ text: String) { self.text = text }
    }

    private enum Answer { case line([UInt8]), interrupted, ended }

    private static func hiddenLine() -> Answer {
        var octets: [UInt8] = []
        while octets.count < 4096 {
            guard let octet = key() else { return octets.isEmpty ? .ended : .line(octets) }
            switch octet {
            case 3: return .interrupted
            case 4 where octets.isEmpty: return .ended
            case 10, 13: return .line(octets)
            case 8, 127: _ = octets.popLast()
            case 21: octets.removeAll()
            case 0..<32: continue
            default: octets.append(octet)
            }
        }
        return .line(octets)
    }

    private static func line() throws -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < 4096 {
            guard let octet = key() else {
                if octets.isEmpty { throw noAnswer() }
                break
            }
            if octet == 10 { break }
            octets.append(octet)
        }
        return octets
    }

    private static func key() -> UInt8? {
        var octet: UInt8 = 0
        while true {
            let count = read(0, &octet, 1)
            if count == 1 { return octet }
            if count < 0, errno == EINTR { continue }
            return nil
        }
    }

    private static func noAnswer() -> ExitCode { failure("no answer; give the settings by flags, --help lists them", Sysexits.usage) }

    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension [UInt8] {
    /// Without the blanks around it, as text.
    fileprivate var trimmed: String {
        var slice = self[...]
        while let first = slice.first, first == 32 || first == 9 { slice = slice.dropFirst() }
        while let last = slice.last, last == 32 || last == 9 || last == 13 { slice = slice.dropLast() }
        return String(decoding: slice, as: UTF8.self)
    }
}
