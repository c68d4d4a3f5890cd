internal import Glibc
internal import MailModel
internal import Networking
internal import SafeIO
internal import Settings
internal import Submission

extension Relay {
    /// Where `fairlead forward` submits, as a path beside the control socket's.
    public static func forwardSocket(besideControl path: String) -> String { path + ".forward" }

    /// A submission listener for root and the daemon's own user: who connects is the account `forward`, which reaches aliases only.
    func openForwardSocket(_ loaded: LoadedSettings) throws(StartFailure) -> UnixListener? {
        guard let account = Assembly.forwardAccount else { return nil }
        let path = Self.forwardSocket(besideControl: loaded.configuration.control)
        let service = service
        do throws(SystemCallError) {
            let listener = try UnixListener(path: path, mode: 0o600, workers: workers) { socket, worker in
                guard let peer = try? socket.peerCredentials(), peer.userID == 0 || peer.userID == geteuid() else { return }
                service.serve(socket, on: worker, policy: ListenerPolicy(.trusted(account)))
            }
            listener.start()
            return listener
        } catch {
            let advice = "choose another path for control, at most 99 octets long, in a folder that the daemon may write to"
            throw .configuration(["\(loaded.problem(with: "control", "cannot make \(path) beside it: \(error); \(advice)"))"])
        }
    }
}
