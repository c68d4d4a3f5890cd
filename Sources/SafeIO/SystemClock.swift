internal import Glibc

/// The kernel's wall clock.
public enum SystemClock {
    /// Microseconds since 1970 UTC.
    public static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
