internal import MailModel

/// The values that `fairlead setup` puts into the commented configuration that comes with Fairlead.
struct ConfigurationText {
    var domain: Domain
    var operatorAddress: Mailbox
    var region: String
    /// `nil`: the host's full name.
    var hostname: Domain?
    var selector: String
    /// Another host than the endpoint of the region.
    var upstreamHost: String?
    var upstreamPort: UInt16 = 587
    var authorities: String?

    /// The host of a region's SMTP endpoint.
    static func endpoint(of region: String) -> String {
        "email-smtp.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }

    /// The template with every value in its place; comments stay.
    var text: String {
        var lines = ConfigurationTemplate.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (line, replacement) in replacements {
            guard let index = lines.firstIndex(of: line) else { continue }
            lines[index] = replacement
        }
        return lines.joined(separator: "\n")
    }

    private var replacements: [(String, String)] {
        let isImplicit = upstreamPort == 465 || upstreamPort == 2465
        var replacements = [
            ("operator: ops@example.com", "operator: \(Self.scalar(operatorAddress.description))"),
            ("  - domain: mail.example.com", "  - domain: \(domain)"),
            ("    default_sender: no-reply@mail.example.com", "    default_sender: no-reply@\(domain)"),
            ("    #return_path: no-reply@mail.example.com", "    #return_path: no-reply@\(domain)"),
            (
                "    # The key that this mail is signed with; its record is fl2026._domainkey.mail.example.com (`fairlead dkim record` prints it).",
                "    # The key that this mail is signed with; its record is \(selector)._domainkey.\(domain) (`fairlead dkim record` prints it)."
            ),
            ("      selector: fl2026", "      selector: \(selector)"),
            ("      private_key: dkim/mail.example.com.fl2026.pem", "      private_key: dkim/\(domain).\(selector).pem"),
            ("  host: email-smtp.eu-west-1.amazonaws.com", "  host: \(upstreamHost ?? Self.endpoint(of: region))"),
            ("  port: 587", "  port: \(upstreamPort)"),
            ("  tls: starttls", "  tls: \(isImplicit ? "implicit" : "starttls")"),
        ]
        if let hostname { replacements.append(("#hostname: relay.example.com", "hostname: \(hostname)")) }
        if let authorities { replacements.append(("  #ca_file: /path/to/ca.pem", "  ca_file: \(Self.scalar(authorities))")) }
        if upstreamHost != nil { replacements.append(("  #region: eu-west-1", "  region: \(region)")) }
        return replacements
    }

    /// Quoted where YAML would read something else.
    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || "._+/@-".utf8.contains($0) }
        let startsPlain = text.utf8.first.map { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "/") } ?? false
        return isPlain && startsPlain ? text : "'" + text.replacing("'", with: "''") + "'"
    }
}
