internal import COpenSSL
internal import Glibc

/// What OpenSSL said when it failed, as a value: its error queue belongs to a thread and is gone with the next call.
public struct OpenSSLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The function that failed.
    public let call: String
    /// The first cause first, such as `certificate verify failed (hostname mismatch)`. Never empty.
    public let reasons: [String]

    public init(call: String, reasons: [String]) {
        self.call = call
        self.reasons = reasons.isEmpty ? ["unknown reason"] : reasons
    }

    /// `SSL_do_handshake: certificate verify failed (hostname mismatch)`
    public var description: String { "\(call): \(reasons.joined(separator: "; "))" }
}

extension OpenSSLError {
    /// Empties the error queue of this thread: to be called right after the failure, before any other call.
    ///
    /// - Parameter verification: what `SSL_get_verify_result` says, to explain a refused certificate.
    static func draining(after call: String, verification: Int = Int(X509_V_OK)) -> OpenSSLError {
        var reasons: [String] = []
        var data: UnsafePointer<CChar>?
        var flags: Int32 = 0
        while true {
            let code = ERR_get_error_all(nil, nil, nil, &data, &flags)
            if code == 0 { break }
            var reason = text(of: code)
            if ERR_GET_LIB(code) == ERR_LIB_SSL, ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED, verification != Int(X509_V_OK) {
                reason += " (\(String(cString: X509_verify_cert_error_string(verification))))"
            } else if flags & ERR_TXT_STRING != 0, let data, data.pointee != 0 {
                reason += " (\(String(cString: data)))"
            }
            if reasons.last != reason { reasons.append(reason) }
        }
        return OpenSSLError(call: call, reasons: reasons)
    }

    private static func text(of code: UInt) -> String {
        if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
        // Errors of the system carry `errno` in place of a reason, and no text since 3.0.
        if ERR_GET_LIB(code) == ERR_LIB_SYS { return String(cString: strerror(ERR_GET_REASON(code))) }
        return "error 0x" + String(code, radix: 16)
    }
}
