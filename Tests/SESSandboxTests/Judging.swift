internal import MailModel
@testable import SESSandbox

/// An account like that of the relay's users: a domain and one address of somebody else's.
func exampleRules() throws -> SandboxRules {
    SandboxRules(
        identities: [try SandboxIdentity(parsing: "mail.example.com"), try SandboxIdentity(parsing: "billing@partner.example")],
        credentials: ["AKIAEXAMPLE": Secret(Array("p+a/s=s".utf8))])
}

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A message in order. `fields` replace or add; every line gets its CRLF.
func message(_ fields: [String] = [], from: String? = "App <app@mail.example.com>", body: [String] = ["Hello"]) -> [UInt8] {
    var lines = [
        "DKIM-Signature: v=1; a=rsa-sha256; d=mail.example.com; s=fl; h=from:to:subject; bh=x; b=y", "Date: Sun, 1 Mar 2026 09:05:07 +0000",
        "Message-ID: <1@mail.example.com>",
    ]
    if let from { lines.append("From: " + from) }
    lines += fields + [""] + body
    return octets(lines.map { $0 + "\r\n" }.joined())
}

func inspect(_ message: [UInt8], maximumHeaderOctets: Int = 1 << 20) -> InspectedMessage {
    var inspector = MessageInspector(maximumHeaderOctets: maximumHeaderOctets)
    inspector.consume(message[...])
    return inspector.finish()
}

func address(_ text: String) throws -> HeaderAddress { try HeaderAddress(checking: octets(text)[...], in: octets(text)[...]) }

/// What SES says to this message after the final dot, throttling apart; `nil` is acceptance.
func refusal(
    of message: [UInt8], from sender: String = "bounce@mail.example.com", to recipients: [String] = ["user@example.net"],
    _ rules: SandboxRules
) throws -> String? {
    rules.refusal(
        of: inspect(message, maximumHeaderOctets: rules.maximumHeaderOctets), from: try address(sender),
        to: try recipients.map(address), user: "AKIAEXAMPLE")?.oneLine
}
