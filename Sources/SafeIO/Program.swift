internal import CLinux
internal import Glibc

/// Runs another program to its end: without a shell, with no descriptor and no variable of ours, in a process group of its own.
public enum Program {
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        /// It took too long, and it and what it started were killed.
        case killed
        /// Not even that ended it within seconds: the disk it hangs on may never answer. It is left behind.
        case stuck
    }

    /// Blocks the calling thread until the program has ended.
    ///
    /// - Parameters:
    ///   - environment: all of its variables, as `NAME=value`.
    ///   - input: what it may read from its standard input; what a pipe holds, 64 KiB as a rule. What it writes goes nowhere.
    public static func run(
        _ path: String, environment: [String], input: [UInt8], timeLimit: Duration
    ) throws(SystemCallError) -> Ending {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .current("pipe") }
        let reading = OwnedDescriptor(ends[0])
        let writing = OwnedDescriptor(ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let child = try spawn(path, environment, input: reading.rawValue)
        // As much as the pipe holds: a program that does not read is not waited for. We can read too, so there is no SIGPIPE.
        _ = fcntl(writing.rawValue, F_SETFL, O_NONBLOCK)
        _ = input.withUnsafeBytes { write(writing.rawValue, $0.baseAddress, $0.count) }
        _ = consume writing
        _ = consume reading
        return ending(of: child, timeLimit)
    }

    private static func spawn(_ path: String, _ environment: [String], input: Int32) throws(SystemCallError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        // What we ignore, a program may expect to be ended by.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var arguments = [strdup(path), nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var child = pid_t()
        let code = posix_spawn(&child, path, &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw SystemCallError("posix_spawn", code: code, subject: path) }
        return child
    }

    private static func ending(of child: pid_t, _ timeLimit: Duration) -> Ending {
        let limit = ContinuousClock.now + timeLimit
        var isKilled = false
        var status: Int32 = 0
        while true {
            let result = waitpid(child, &status, WNOHANG)
            if result == child {
                if isKilled { return .killed }
                let signal = status & 0x7F
                return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
            }
            // Somebody else has waited for it: nothing is known of its end.
            if result < 0, errno != EINTR { return .exited(0) }
            if .now >= limit {
                if isKilled, .now >= limit + .seconds(5) { return .stuck }
                if !isKilled { kill(-child, SIGKILL) }
                isKilled = true
            }
            usleep(20_000)
        }
    }
}
