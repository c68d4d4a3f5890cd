internal import Glibc
internal import SafeIO

extension LoadRun {
    /// The file wins, the environment fills gaps; a missing file is such a gap.
    mutating func loadCredentials() -> UpstreamCredentials? {
        let path = configuration.upstream.credentials
        guard !path.isEmpty else { return nil }
        let key = KeyPathText.root.key("upstream").key("credentials")
        if access(path, F_OK) != 0, errno == ENOENT {
            files.updateValue(nil, forKey: path)
            return credentialsFromEnvironment(path, key)
        }
        guard let octets = contents(of: path, key, .secret) else { return nil }
        let (file, problems) = EnvironmentFile.parse(octets, file: path)
        reading.problems += problems
        let resolved = UpstreamCredentials.resolve(
            file, file: path, region: configuration.upstream.effectiveRegion, environment: environment)
        reading.problems += resolved.problems
        return resolved.credentials
    }

    private mutating func credentialsFromEnvironment(_ path: String, _ key: KeyPathText) -> UpstreamCredentials? {
        let resolved = UpstreamCredentials.resolve(
            EnvironmentFile(values: [:]), file: "environment", region: configuration.upstream.effectiveRegion, environment: environment)
        guard let credentials = resolved.credentials else {
            reading.report(
                key: key,
                "cannot read \(path): \(FileText.reason(SystemCallError("open", code: ENOENT))), "
                    + "and the environment has no SES_SMTP_USERNAME and SES_SMTP_PASSWORD either; make the file (see ses.env.example)")
            return nil
        }
        reading.problems += resolved.problems
        reading.report(
            .warning, key: key, "\(path) does not exist, so the environment's credentials count, which no reload can change; make the file")
        return credentials
    }
}
