internal import Glibc

extension LoadRun {
    /// A command that cannot run is a warning only: mail must flow without it.
    mutating func checkAlarmCommand() {
        guard let path = configuration.alarm.command else { return }
        var status = stat()
        let advice: String
        if stat(path, &status) != 0 {
            let reason = "\(String(cString: strerror(errno))) (errno \(errno))"
            advice = "cannot be looked at: \(reason); make the file, or correct the path"
        } else if status.st_mode & S_IFMT != S_IFREG {
            advice = "is not a regular file; name a program or a script"
        } else if access(path, X_OK) != 0 {
            advice = "is not executable; run: chmod +x \(FileText.shell(path))"
        } else {
            return
        }
        reading.report(.warning, key: .root.key("alarm").key("command"), "\(path) \(advice)")
    }
}
