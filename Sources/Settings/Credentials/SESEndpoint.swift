internal import MailModel

/// An SMTP endpoint of SES, known by its host name.
public struct SESEndpoint: Hashable, Sendable {
    /// `eu-west-1`
    public let region: String

    /// Knows `email-smtp.REGION.amazonaws.com`, its FIPS, China, dual-stack and VPC endpoint forms.
    ///
    /// - Returns: `nil` for any other host.
    public init?(_ host: RemoteHost) {
        let labels = host.description.split(separator: ".").map(String.init)
        guard let service = labels.firstIndex(where: { $0 == "email-smtp" || $0 == "email-smtp-fips" }),
            service == 0 || (service == 1 && labels[0].hasPrefix("vpce-")), labels.count > service + 2
        else { return nil }
        let suffix = labels[(service + 2)...].joined(separator: ".")
        let known = service == 0 ? ["amazonaws.com", "amazonaws.com.cn", "api.aws"] : ["vpce.amazonaws.com", "vpce.amazonaws.com.cn"]
        guard known.contains(suffix), Self.isRegion(Array(labels[service + 1].utf8)) else { return nil }
        region = labels[service + 1]
    }

    /// The form of a region's name: `eu-west-1`, `us-gov-east-1`. Whether there is one of that name only AWS knows.
    public static func isRegion(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: ASCII.hyphen, omittingEmptySubsequences: false)
        guard (3...5).contains(parts.count), text.count <= 32, let number = parts.last else { return false }
        return parts.dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy { ASCII.isLetter($0) && ASCII.lowercased($0) == $0 } }
            && !number.isEmpty && number.allSatisfy(ASCII.isDigit)
    }
}
