/// Why a signature does not hold.
public enum VerificationFailure: Error, Hashable, Sendable {
    /// Not a tag list, a tag twice, or a tag that is missing.
    case malformedSignature(String)
    /// Another version, algorithm, canonicalization or query method than ours.
    case unsupported(String)
    /// `h=` does not name From.
    case fromNotSigned
    /// `l=`: what follows could have been added by anyone.
    case bodyLengthLimited
    case expired
    case malformedRecord
    /// `p=` is empty.
    case revokedKey
    case bodyHashDiffers
    case signatureDiffers
}
