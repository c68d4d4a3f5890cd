import Glibc
import SafeIO
import Testing

@Suite struct UnixSocketTests {
    private let folder = TemporaryFolder()

    @Test func modeIsWhatWasAsked() throws {
        let path = "\(folder.path)/s"
        let file = try UnixSocketFile(path: path, mode: 0o660)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o660)
        file.close()
        file.close()
        #expect(stat(path, &status) == -1)
        #expect(file.rawDescriptor == -1)
    }

    @Test func liveSocketIsNotReplaced() throws {
        let path = "\(folder.path)/s"
        let first = try UnixSocketFile(path: path, mode: 0o600)
        let error = #expect(throws: SystemCallError.self) { try UnixSocketFile(path: path, mode: 0o600) }
        #expect(error?.code == EADDRINUSE)
        withExtendedLifetime(first) {}
    }

    @Test func deadSocketIsReplaced() throws {
        let path = "\(folder.path)/s"
        var first: UnixSocketFile? = try UnixSocketFile(path: path, mode: 0o600)
        // As after kill -9: the file stays, the socket does not.
        let kept = "\(folder.path)/kept"
        #expect(link(path, kept) == 0)
        #expect(first != nil)
        first = nil
        #expect(rename(kept, path) == 0)
        let second = try UnixSocketFile(path: path, mode: 0o600)
        _ = try UnixStream.connect(path: path)
        second.close()
    }

    @Test func otherFilesAreNotTouched() throws {
        let path = "\(folder.path)/precious"
        try WholeFile.replace(path, with: [1], mode: 0o600)
        let error = #expect(throws: SystemCallError.self) { try UnixSocketFile(path: path, mode: 0o600) }
        #expect(error?.code == EEXIST)
        #expect(try WholeFile.read(path) == [1])
    }

    @Test func successorsFileIsNotRemoved() throws {
        let path = "\(folder.path)/s"
        let first = try UnixSocketFile(path: path, mode: 0o600)
        unlink(path)
        let second = try UnixSocketFile(path: path, mode: 0o600)
        first.close()
        _ = try UnixStream.connect(path: path)
        second.close()
    }

    @Test(arguments: [("", EINVAL), ("a\u{0}b", EINVAL), (String(repeating: "x", count: 108), ENAMETOOLONG), ("/nonexistent/s", ENOENT)])
    func badPaths(path: String, code: Int32) {
        let listening = #expect(throws: SystemCallError.self) { try UnixSocketFile(path: path, mode: 0o600) }
        #expect(listening?.code == code)
        let connecting = #expect(throws: SystemCallError.self) { _ = try UnixStream.connect(path: path).self }
        #expect(connecting?.code == code)
    }

    /// Lines come whole, however they are cut.
    @Test func readsLines() throws {
        let path = "\(folder.path)/s"
        let file = try UnixSocketFile(path: path, mode: 0o600)
        let text = Array("one\n\ntwo three\nlast".utf8)
        for cut in 0...text.count {
            var stream = try UnixStream.connect(path: path, timeout: .seconds(20))
            let server = OwnedDescriptor(accept(file.rawDescriptor, nil, nil))
            #expect(
                try PeerCredentials(ofSocket: server.rawValue) == PeerCredentials(userID: getuid(), groupID: getgid(), processID: getpid()))
            try writeAll(Array(text[..<cut]), to: server, subject: "test")
            var lines: [[UInt8]] = []
            for _ in text[..<cut].filter({ $0 == 10 }) { lines.append(try #require(try stream.readLine())) }
            try writeAll(Array(text[cut...]), to: server, subject: "test")
            try server.close()
            while let line = try stream.readLine() { lines.append(line) }
            #expect(lines == [Array("one".utf8), [], Array("two three".utf8), Array("last".utf8)])
        }
    }

    @Test func boundsLinesAndTime() throws {
        let path = "\(folder.path)/s"
        let file = try UnixSocketFile(path: path, mode: 0o600)
        var stream = try UnixStream.connect(path: path, timeout: .milliseconds(50))
        let server = OwnedDescriptor(accept(file.rawDescriptor, nil, nil))
        let silence = #expect(throws: SystemCallError.self) { _ = try stream.readLine() }
        #expect(silence?.code == EAGAIN)
        try writeAll([UInt8](repeating: 65, count: 1001), to: server, subject: "test")
        let long = #expect(throws: SystemCallError.self) { _ = try stream.readLine(limit: 1000) }
        #expect(long?.code == EMSGSIZE)
        // Not closed: a program started beside this test may have inherited it.
        shutdown(server.rawValue, Int32(SHUT_RDWR))
        let gone = #expect(throws: SystemCallError.self) { try stream.writeAll([1]) }
        #expect(gone?.code == EPIPE)
    }
}

@Suite struct SystemdNotifierTests {
    @Test(arguments: [false, true])
    func sends(isAbstract: Bool) throws {
        let folder = TemporaryFolder()
        let name = isAbstract ? "@fairlead-test-\(getpid())" : "\(folder.path)/notify"
        let server = try DatagramSocket(name)
        let notifier = SystemdNotifier { ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"][$0] }
        #expect(notifier.isActive)
        #expect(notifier.watchdogInterval == .seconds(30))
        notifier.ready()
        #expect(server.receive() == "READY=1")
        notifier.status("queue 5\nREADY=0")
        #expect(server.receive() == "STATUS=queue 5 READY=0")
        notifier.watchdog()
        #expect(server.receive() == "WATCHDOG=1")
        notifier.reloading()
        let text = server.receive()
        #expect(text.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        #expect(Int64(text.dropFirst("RELOADING=1\nMONOTONIC_USEC=".count)) ?? 0 > 0)
        notifier.stopping()
        #expect(server.receive() == "STOPPING=1")
        withExtendedLifetime(folder) {}
    }

    @Test func silentWithoutSystemd() {
        let notifier = SystemdNotifier { _ in nil }
        #expect(!notifier.isActive)
        #expect(notifier.watchdogInterval == nil)
        notifier.ready()
        SystemdNotifier { ["NOTIFY_SOCKET": "/nonexistent/notify"][$0] }.ready()
        #expect(SystemdNotifier { ["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"][$0] }.watchdogInterval == nil)
    }
}

/// The receiving end, as systemd has it.
private final class DatagramSocket {
    private let descriptor: Int32

    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(name.utf8)
        if octets[0] == UInt8(ascii: "@") { octets[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw SystemCallError.current("bind", subject: name) }
    }

    deinit { close(descriptor) }

    func receive() -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

private final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/safeio.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in (try? Directory(path: path).names()) ?? [] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
