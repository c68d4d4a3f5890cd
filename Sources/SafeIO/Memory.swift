internal import CLinux

/// The process's memory as a whole.
public enum Memory {
    /// Gives the system back what the allocator keeps for later; takes milliseconds, so for idle moments.
    public static func giveBack() { _ = malloc_trim(0) }
}
