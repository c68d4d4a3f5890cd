internal import MailModel

/// Ids of the form `0102018f2c6d7e11-1b4e28ba-2fa1-11d2-883f-0016d3cca427-000000`.
enum SESMessageID {
    /// Four hexadecimal digits of Region, twelve of Unix time in milliseconds, something like a UUID, `-000000` (observed; ses.md 4.6).
    static func make(region: String, now: Timestamp, random: (UInt64, UInt64)) -> String {
        let high = random.0
        let low = random.1
        return regionCode(region) + hex(UInt64(clamping: now.milliseconds), 12) + "-" + hex(high >> 32, 8) + "-" + hex(high >> 16, 4) + "-"
            + hex(high, 4) + "-" + hex(low >> 48, 4) + "-" + hex(low, 12) + "-000000"
    }

    /// The right-hand side of the Message-ID that recipients see.
    static func domain(region: String) -> String { region == "us-east-1" ? "email.amazonses.com" : "\(region).amazonses.com" }

    private static func regionCode(_ region: String) -> String {
        switch region {
        case "us-east-1": "0100"
        case "us-west-2": "0101"
        case "eu-west-1": "0102"
        case "ap-northeast-1": "0106"
        case "eu-central-1": "0107"
        case "us-east-2": "010f"
        default: "01ff"  // not known
        }
    }

    /// The lowest `digits` hexadecimal digits.
    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let alphabet = Array("0123456789abcdef".utf8)
        let octets = (0..<digits).map { alphabet[Int(value >> UInt64(4 * (digits - 1 - $0)) & 15)] }
        return String(decoding: octets, as: UTF8.self)
    }
}
