internal import Cryptography
public import MailModel

/// The SMTP password of an access key (ses.md 3.1).
public enum SESPassword {
    /// Derives it: a chain of HMACs that ends in the region, so that a password is good in that region only.
    public static func derive(secretAccessKey: Secret, region: String) -> Secret {
        var key = Array("AWS4".utf8) + secretAccessKey.exposed
        // The date is fixed: a password does not age.
        for step in ["11111111", region, "ses", "aws4_request", "SendRawEmail"] {
            key = HMAC.sha256(key: key, message: Array(step.utf8))
        }
        return Secret(Base64.encode([4] + key))
    }
}
