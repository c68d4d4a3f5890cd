internal import MailModel
internal import SafeIO
internal import Settings

/// A flag that says something else than a file that is there is refused: unheard, it would be taken for done.
extension Setup {
    func compareValues(_ settings: Configuration) throws {
        let upstream = settings.upstream
        let selectors = settings.identities.filter { identity in
            options.domain.map { identity.domain.description == $0.lowercased() } ?? true
        }
        .map(\.dkim.selector.description)
        let hostname = (settings.hostname ?? HostName.full())?.description
        let comparisons: [(flag: String, given: String?, there: [String], key: String)] = [
            ("--region", options.region, [upstream.effectiveRegion ?? ""], upstream.region == nil ? "upstream.host" : "upstream.region"),
            ("--operator", options.operatorAddress, [settings.operatorAddress?.description ?? ""], "operator"),
            ("--hostname", options.hostname, [hostname ?? ""], "hostname"),
            ("--selector", options.selector, selectors, "identities.dkim.selector"),
            ("--upstream-host", options.upstreamHost, [upstream.host.description], "upstream.host"),
            ("--upstream-port", options.upstreamPort.map { "\($0)" }, ["\(upstream.port)"], "upstream.port"),
        ]
        var isDifferent = false
        for (flag, given, there, key) in comparisons {
            guard let given, !there.contains(where: { $0.lowercased() == given.lowercased() }) else { continue }
            let value = there.contains("") ? "not set" : there.joined(separator: ", ")
            Terminal.error("fairlead: \(flag) \(given): `\(key)` in \(common.config) is \(value)")
            isDifferent = true
        }
        guard isDifferent else { return }
        throw failure(
            "\(common.config) is configured already and setup does not change it; change these keys there, or leave the flags out",
            Sysexits.configuration)
    }

    /// The same credentials again are fine, so that the same command can be run again.
    func compareCredentials(_ upstream: Configuration.Upstream) throws {
        let file = EnvironmentFile.parse((try? WholeFile.read(upstream.credentials)) ?? [], file: upstream.credentials).file
        let typed = options.passwordStdin ? try StandardInput.secret() : nil
        let isSame =
            Self.holds(file, ["SES_SMTP_USERNAME", "AWS_ACCESS_KEY_ID"], options.smtpUser.map { Array($0.utf8) }, region: nil)
            && Self.holds(file, ["SES_SMTP_USERNAME", "AWS_ACCESS_KEY_ID"], options.accessKeyID.map { Array($0.utf8) }, region: nil)
            && [options.smtpPassword.map { Array($0.utf8) }, options.secretAccessKey.map { Array($0.utf8) }, typed].allSatisfy {
                Self.holds(file, ["SES_SMTP_PASSWORD", "AWS_SECRET_ACCESS_KEY"], $0, region: upstream.effectiveRegion)
            }
        guard !isSame else { return }
        throw failure(
            """
            \(upstream.credentials) has other credentials than the flags and is kept; change SES_SMTP_USERNAME and SES_SMTP_PASSWORD there, \
            or move the file away and run setup again
            """, Sysexits.configuration)
    }

    /// - Parameter region: where the value may be the secret of a key, the one that its password is derived for.
    private static func holds(_ file: EnvironmentFile, _ names: [String], _ value: [UInt8]?, region: String?) -> Bool {
        guard let value else { return true }
        let there = names.compactMap { file[$0]?.exposed }
        return there.contains(value)
            || region.map { there.contains(SESPassword.derive(secretAccessKey: Secret(value), region: $0).exposed) } ?? false
    }
}
