internal import ArgumentParser
internal import MailModel
internal import RelayDaemon
internal import SafeIO

struct Forward: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hand the message on standard input to aliases: for mail that was received elsewhere and stored.",
        discussion: """
            The running daemon takes it as from the account `forward`, which reaches aliases only. Exit status 0: accepted, the queue id is \
            printed; 65: the message is refused; 67: an address is no alias, and nobody gets it; 75: try again; 77: not allowed.
            """)

    @Argument(help: ArgumentHelp("An alias, such as support@mail.example.com.", valueName: "alias")) var aliases: [String]
    @Option(help: ArgumentHelp("The envelope sender; empty for <>. Without one, what Return-Path says, else From.", valueName: "address"))
    var from: String?
    @OptionGroup var common: CommonOptions

    /// What the largest message may have, and some for its own header.
    private static let limit = 64 << 20

    func run() async throws {
        let recipients = try aliases.map { try mailbox($0) }
        let sender = try from.map { $0.isEmpty ? ReversePath.null : .mailbox(try mailbox($0)) }
        let octets: [UInt8]
        do throws(SystemCallError) {
            octets = try WholeFile.read("/dev/stdin", limit: Self.limit)
        } catch {
            throw failure("standard input: \(error)", Sysexits.data)
        }
        guard !octets.isEmpty else { throw failure("standard input is empty; give the message with its header", Sysexits.data) }
        let message = ForwardedMessage.wireOctets(of: octets)
        var dialogue = try SubmissionDialogue(config: common.config)
        let path = sender ?? ForwardedMessage.reversePath(of: message)
        Terminal.line(try dialogue.submit(message, from: path, to: recipients))
    }

    private func mailbox(_ text: String) throws -> Mailbox {
        do throws(AddressError) {
            return try Mailbox(parsing: Array(text.utf8))
        } catch {
            throw failure("\(text) is not an address; write one such as support@mail.example.com", Sysexits.usage)
        }
    }
}
