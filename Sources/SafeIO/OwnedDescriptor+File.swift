internal import Glibc

/// What the calls on regular files say, as errors that name the step and the file.
extension OwnedDescriptor {
    /// Makes the content, and what is needed to find it, survive a power cut (`fdatasync`).
    ///
    /// - Throws: the content is then unknown for good: the kernel may have dropped the pages, so calling again proves nothing.
    public borrowing func syncData(subject: String) throws(SystemCallError) {
        let raw = rawValue
        _ = try retryingOnInterrupt("fdatasync", subject: subject) { fdatasync(raw) }
    }

    /// Asks the kernel to start writing these octets back, so that a later sync is short. A hint: failures are ignored.
    ///
    /// `POSIX_FADV_DONTNEED` begins write-back of dirty pages without waiting (and drops clean ones); `sync_file_range` does no more
    /// for us, and Swift's Glibc module does not have it.
    public borrowing func startWriteback(offset: Int, count: Int) {
        _ = posix_fadvise(rawValue, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
    }

    /// Tells the kernel that the file will be read from start to end.
    public borrowing func expectSequentialReading() {
        _ = posix_fadvise(rawValue, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Tells the kernel that these octets will not be read again soon.
    public borrowing func forgetCached(offset: Int, count: Int) {
        _ = posix_fadvise(rawValue, off_t(offset), off_t(count), POSIX_FADV_DONTNEED)
    }

    /// Reads at most `count` octets from `offset`; fewer only at the end of the file.
    public borrowing func read(at offset: Int, count: Int, subject: String) throws(SystemCallError) -> [UInt8] {
        let raw = rawValue
        var failure: SystemCallError?
        let octets = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let result = pread(raw, buffer.baseAddress.map { $0 + initialized }, count - initialized, off_t(offset + initialized))
                if result == 0 { return }
                if result < 0 {
                    if errno == EINTR { continue }
                    failure = .current("pread", subject: subject)
                    return
                }
                initialized += result
            }
        }
        if let failure { throw failure }
        return octets
    }

    /// Writes octets in place, once and as far as the kernel takes them: for what may be lost.
    public borrowing func overwrite(at offset: Int, with octets: UnsafeRawBufferPointer) {
        _ = pwrite(rawValue, octets.baseAddress, octets.count, off_t(offset))
    }

    /// Gives the file `size` octets of real space, or fails with `ENOSPC`.
    public borrowing func allocate(size: Int, subject: String) throws(SystemCallError) {
        while true {
            let code = posix_fallocate(rawValue, 0, off_t(size))
            if code == 0 { return }
            if code != EINTR { throw SystemCallError("posix_fallocate", code: code, subject: subject) }
        }
    }

    /// Takes the exclusive `flock` of the file, until the descriptor closes.
    ///
    /// - Returns: false if another open file holds it.
    public borrowing func tryLock(subject: String) throws(SystemCallError) -> Bool {
        let raw = rawValue
        do {
            _ = try retryingOnInterrupt("flock", subject: subject) { flock(raw, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            if error.code == EWOULDBLOCK { return false }
            throw error
        }
    }

    /// Cuts the file or makes it longer.
    public borrowing func truncate(to size: Int, subject: String) throws(SystemCallError) {
        let raw = rawValue
        _ = try retryingOnInterrupt("ftruncate", subject: subject) { ftruncate(raw, off_t(size)) }
    }
}
