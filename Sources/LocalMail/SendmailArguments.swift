/// What `sendmail` is told on its command line, in the tradition of getopt: short options may be joined (`-ti`), values may follow at once or
/// as the next word, options may stand behind addresses, and `--` ends them. What it does not know, it ignores, as callers expect.
public struct SendmailArguments: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        /// Take a message from standard input.
        case deliver
        /// `-bs`: SMTP on standard input and output.
        case dialogue
        /// `-bp`, and what `mailq` does.
        case listQueue
        /// `-bv`: say what would become of the recipients.
        case verify
        /// `-bi`, and what `newaliases` does.
        case aliases
        /// `-q`: try everything now.
        case flush
        /// `--help`
        case help
        /// Anything else that stands behind `-b`, such as `-bd`.
        case foreign(Character)
    }

    public var mode = Mode.deliver
    /// `-t`: the recipients are in To, Cc and Bcc.
    public var readsRecipients = false
    /// Whether a line with a single dot ends the message; `-i` and `-oi` say no.
    public var dotEnds = true
    /// `-f`, `-r`: the envelope sender, as it was written.
    public var sender: String?
    /// `-F`: the author's name, where the message has no From.
    public var fullName: String?
    /// `-N never`: nobody is told of failures.
    public var wantsNoReports = false
    /// `-v`
    public var isVerbose = false
    /// `--config`
    public var configuration: String?
    /// As they were written, each perhaps several.
    public var recipients: [String] = []

    /// Options that take a value, and nothing else is asked of most of them.
    private static let valued = Set("ABCDFLNORVXbefhopr")
    /// Options whose value, if any, follows at once.
    private static let joined = Set("dqMQ")

    public init(_ arguments: some Sequence<String>) {
        var words = arguments.makeIterator()
        var isOver = false
        while let word = words.next() {
            if isOver || !word.hasPrefix("-") || word == "-" {
                recipients.append(word)
            } else if word == "--" {
                isOver = true
            } else if word.hasPrefix("--") {
                takeLong(word.dropFirst(2), next: { words.next() })
            } else {
                takeShort(word.dropFirst(), next: { words.next() })
            }
        }
    }

    private mutating func takeLong(_ option: Substring, next: () -> String?) {
        let name = option.prefix { $0 != "=" }
        switch name {
        case "config": configuration = name.endIndex < option.endIndex ? String(option[name.endIndex...].dropFirst()) : next()
        case "help": mode = .help
        default: break
        }
    }

    private mutating func takeShort(_ options: Substring, next: () -> String?) {
        var rest = options
        while let option = rest.popFirst() {
            if Self.valued.contains(option) {
                return take(option, rest.isEmpty ? next() ?? "" : String(rest))
            }
            if Self.joined.contains(option) { return take(option, String(rest)) }
            take(option)
        }
    }

    private mutating func take(_ option: Character) {
        switch option {
        case "t": readsRecipients = true
        case "i": dotEnds = false
        case "v": isVerbose = true
        case "I": mode = .aliases
        default: break
        }
    }

    private mutating func take(_ option: Character, _ value: String) {
        switch option {
        case "f", "r": sender = value
        case "F": fullName = value
        case "N": wantsNoReports = value.utf8.elementsEqual("never".utf8)
        case "o": if value.hasPrefix("i") { dotEnds = false }
        case "O": if value.hasPrefix("IgnoreDots"), !value.hasSuffix("alse") { dotEnds = false }
        // `-bd -q30m` is a daemon, not a flush.
        case "q": if mode == .deliver { mode = .flush }
        case "b": mode = Self.mode(value.first)
        default: break
        }
    }

    private static func mode(_ letter: Character?) -> Mode {
        switch letter {
        case "m", nil: .deliver
        case "s": .dialogue
        case "p": .listQueue
        case "v": .verify
        case "i": .aliases
        case .some(let other): .foreign(other)
        }
    }
}
