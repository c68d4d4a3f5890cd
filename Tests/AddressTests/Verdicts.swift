import MailModel
import MessageFormat
import SMTPProtocol

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

/// What becomes of one address at each of the doors it can come in by.
struct Verdicts: Equatable {
    /// `MAIL FROM:<address>` and `RCPT TO:<address>`: the mailbox, or code and enhanced status of the reply.
    let sender: String
    let recipient: String
    /// `To: address`: the mailbox, with `obsolete ` before it if the field would be written anew, or `refused`.
    let field: String

    init(_ address: String) {
        let octets = Array(address.utf8)
        sender = Self.path("MAIL FROM:<", octets)
        recipient = Self.path("RCPT TO:<", octets)
        field = Self.field(octets)
    }

    private static func path(_ command: String, _ address: [UInt8]) -> String {
        // A CR or LF ends the line, or the connection: it never comes as far as the address.
        guard !address.contains(ASCII.carriageReturn), !address.contains(ASCII.lineFeed) else { return "line" }
        do throws(CommandError) {
            switch try Command(parsing: Array(command.utf8) + address + Array(">".utf8)) {
            case .mail(let arguments): return "\(arguments.sender)"
            case .rcpt(.mailbox(let mailbox)): return "\(mailbox)"
            case .rcpt(.postmaster): return "postmaster"
            case .rcpt(.local(let user)): return String(decoding: user.octets, as: UTF8.self)
            default: return "?"
            }
        } catch {
            let reply = Reply(error)
            return "\(reply.code) \(reply.enhancedStatus ?? "-")"
        }
    }

    private static func field(_ address: [UInt8]) -> String {
        guard let header = try? HeaderBlock(parsing: Array("To: ".utf8) + address + ASCII.crlf), header.fields.count == 1,
            let list = try? AddressList(parsing: header.fields[0].value), list.elements.count == 1,
            case .mailbox(let named) = list.elements[0]
        else { return "refused" }
        return (list.isModern ? "" : "obsolete ") + named.mailbox.description
    }
}
