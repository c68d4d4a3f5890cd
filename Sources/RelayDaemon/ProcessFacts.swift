internal import Glibc
internal import MailModel
internal import SafeIO
internal import StatusServer

extension MetricsReport.Process {
    /// What the system says of this process.
    static func current(startedAt: Timestamp) -> MetricsReport.Process {
        var process = MetricsReport.Process()
        process.startTime = Double(startedAt.milliseconds) / 1000
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 { process.cpuSeconds = usage.ru_utime.seconds + usage.ru_stime.seconds }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            process.maximumDescriptors = Int(clamping: limit.rlim_cur)
        }
        // Pages: the size of all of it, and what is resident.
        if let pages = try? WholeFile.read("/proc/self/statm", limit: 4096) {
            let numbers = String(decoding: pages, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
            if numbers.count > 1 {
                let size = sysconf(Int32(_SC_PAGESIZE))
                (process.virtualOctets, process.residentOctets) = (numbers[0] * size, numbers[1] * size)
            }
        }
        // Less the one that looks.
        process.openDescriptors = (try? Directory(path: "/proc/self/fd").names().count).map { $0 - 1 }
        process.threads = try? Directory(path: "/proc/self/task").names().count
        return process
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
