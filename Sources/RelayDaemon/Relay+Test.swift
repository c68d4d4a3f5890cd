internal import ControlProtocol
internal import MailModel
internal import Networking
internal import Settings
internal import Submission

extension Relay {
    /// Lets whoever may give orders submit as an account, through the ports that apps use, without its password.
    func testLogin(_ name: String) throws(ControlFailure) -> TestLogin {
        let assembly = assembly
        let lifetime: Duration = .seconds(60)
        guard let account = AccountName(name).flatMap({ assembly.submission.accounts[$0] }),
            let secret = try? PasswordFile.generateSecret(), service.admit(secret, of: account, for: lifetime)
        else {
            throw ControlFailure(
                text: "\(name) is no account that logs in; fairlead account list shows them, fairlead account add makes one", code: 65)
        }
        let listeners = assembly.listeners.compactMap { wanted -> TestLogin.Listener? in
            let tls: String
            switch wanted.policy.security {
            case .implicitTLS: tls = "implicit"
            case .startTLS: tls = "starttls"
            case .trusted, .local: return nil
            }
            let address = wanted.address
            let host = address.isUnspecified ? (address.isIPv6 ? "::1" : "127.0.0.1") : address.host
            return TestLogin.Listener(host: host, port: address.port, tls: tls)
        }
        return TestLogin(
            account: account.name.description, password: String(decoding: secret.exposed, as: UTF8.self), listeners: listeners,
            hostname: assembly.submission.hostname)
    }
}
