internal import ArgumentParser
internal import ControlProtocol
internal import Glibc
internal import SafeIO
internal import Settings

/// The daemon's control socket, seen from a command.
struct ControlClient: ~Copyable {
    private var stream: UnixStream
    private let path: String

    /// Connects to the daemon that runs with this configuration.
    ///
    /// - Throws: an exit code, after having said on standard error what is wrong and what to do.
    init(config: String) throws {
        path = ConfigurationFile.controlSocket(of: config) ?? "/run/fairlead/control.sock"
        do {
            stream = try UnixStream.connect(path: path)
        } catch {
            switch error.code {
            case EACCES:
                Terminal.error("fairlead: not allowed to use \(path); run as root or as a member of the group fairlead")
                throw ExitCode(Sysexits.permission)
            default:
                Terminal.error("fairlead: no daemon answers at \(path) (\(error)); is it running? systemctl status fairlead")
                throw ExitCode(Sysexits.unavailable)
            }
        }
    }

    /// Whether nobody answers: the socket is not there, or nobody listens on it.
    static func isDaemonDown(config: String) -> Bool {
        do {
            _ = try UnixStream.connect(path: ConfigurationFile.controlSocket(of: config) ?? "/run/fairlead/control.sock")
            return false
        } catch {
            return error.code == ENOENT || error.code == ECONNREFUSED
        }
    }

    /// Sends the request and hands over every line of the answer as it comes.
    ///
    /// - Returns: the trailer.
    @discardableResult
    mutating func ask(_ request: ControlRequest, _ onLine: ([UInt8]) throws -> Void) throws -> ControlTrailer {
        do {
            try stream.writeAll(try ControlCoding.encode(request) + [10])
            while let line = try stream.readLine(limit: 64 << 20) {
                if line.starts(with: Array(#"{"end""#.utf8)) || line.starts(with: Array(#"{"changed""#.utf8))
                    || line.starts(with: Array(#"{"code""#.utf8)) || line.starts(with: Array(#"{"error""#.utf8))
                {
                    let trailer = try ControlCoding.decode(ControlTrailer.self, from: line)
                    if let error = trailer.error {
                        Terminal.error("fairlead: \(error)")
                        throw ExitCode(trailer.code ?? Sysexits.unavailable)
                    }
                    return trailer
                }
                try onLine(line)
            }
        } catch let error as SystemCallError {
            Terminal.error("fairlead: lost the daemon at \(path): \(error)")
            throw ExitCode(Sysexits.unavailable)
        }
        Terminal.error("fairlead: the daemon at \(path) closed the connection before its answer was complete")
        throw ExitCode(Sysexits.unavailable)
    }

    /// The one value of an answer.
    mutating func value<Value: Decodable>(_ type: Value.Type, _ request: ControlRequest) throws -> (value: Value, json: [UInt8]) {
        var lines: [[UInt8]] = []
        try ask(request) { lines.append($0) }
        guard let line = lines.first else {
            Terminal.error("fairlead: the daemon's answer was empty")
            throw ExitCode(Sysexits.software)
        }
        return (try ControlCoding.decode(type, from: line), line)
    }
}
