internal import ArgumentParser

/// What `fairlead setup` can be told instead of being asked.
struct SetupOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The domain that is verified in SES, such as mail.example.com.", valueName: "domain")) var domain: String?
    @Option(help: ArgumentHelp("The region of the SES account. Default: eu-west-1.", valueName: "region")) var region: String?
    @Option(
        name: [.customLong("smtp-user"), .customLong("smtp-username")],
        help: ArgumentHelp("The SMTP user name of SES (AKIA…), or an access key id. Else: SES_SMTP_USERNAME.", valueName: "name"))
    var smtpUser: String?
    @Option(
        help: ArgumentHelp(
            "Its SMTP password. Other users of this host can read a command line: better let setup ask, use --password-stdin, or the "
                + "variable SES_SMTP_PASSWORD.", valueName: "password"))
    var smtpPassword: String?
    @Option(
        name: [.customLong("access-key-id"), .customLong("aws-access-key-id")],
        help: ArgumentHelp("An IAM access key instead; the SMTP password is derived from it. Else: AWS_ACCESS_KEY_ID.", valueName: "id"))
    var accessKeyID: String?
    @Option(
        name: [.customLong("secret-access-key"), .customLong("aws-secret-access-key")],
        help: ArgumentHelp("The secret of that key. The same warning; else: AWS_SECRET_ACCESS_KEY.", valueName: "secret"))
    var secretAccessKey: String?
    @Flag(help: "Read the SMTP password, or the secret access key, from standard input.") var passwordStdin = false
    @Option(help: ArgumentHelp("The account of the first app. Default: app.", valueName: "name")) var app: String?
    @Option(
        name: .customLong("operator"),
        help: ArgumentHelp("Who gets alarms and reports. Default: postmaster@ the domain.", valueName: "address"))
    var operatorAddress: String?
    @Option(help: ArgumentHelp("The name that apps connect to. Default: the host's full name.", valueName: "name")) var hostname: String?
    @Option(help: ArgumentHelp("The name of the DKIM key in the DNS. Default: fl and the year.", valueName: "name")) var selector: String?
    @Option(help: ArgumentHelp("Another upstream than the region's, such as a VPC endpoint or a sandbox.", valueName: "host"))
    var upstreamHost: String?
    @Option(help: ArgumentHelp("Its port; TLS from the first octet on 465 and 2465. Default: 587.", valueName: "port"))
    var upstreamPort: UInt16?
    @Option(help: ArgumentHelp("The authorities to trust there. Default: the system's.", valueName: "file")) var caFile: String?
    @Option(name: .customLong("for"), help: ArgumentHelp("Print the settings for this kind of app only.", valueName: "framework"))
    var frameworks: [AppFramework] = []
    @Flag(help: "Ask nothing, also on a terminal.") var noInput = false
    @Flag(help: "Do not try to log in to SES at the end.") var noCheck = false
}
