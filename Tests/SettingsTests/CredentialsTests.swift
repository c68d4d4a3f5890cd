import MailModel
import Testing
@testable import Settings

@Suite struct EnvironmentFileTests {
    /// The text, the value of `KEY` in it, and how many warnings.
    @Test(
        arguments: [
            ("KEY=value", "value", 0), ("KEY=a+b/c==", "a+b/c==", 0), ("KEY=\"quoted value\"", "quoted value", 0),
            ("KEY='single'", "single", 0),
            ("KEY=\"", "\"", 0), ("KEY=\"a'", "\"a'", 0), ("KEY='a\"b'", "a\"b", 0), ("KEY=  spaced  ", "spaced", 0),
            ("  KEY = value", "value", 0),
            ("KEY=a b # c", "a b # c", 0), ("KEY=$HOME\\n", "$HOME\\n", 0), ("# c\n; c\n\nKEY=value\r\n", "value", 0),
            ("\u{FEFF}KEY=value", "value", 0),
            ("KEY=one\nKEY=two", "two", 1), ("export KEY=value", "value", 1), ("KEY=", nil, 0), ("KEY=\"\"", nil, 0),
            ("#KEY=value", nil, 0),
            ("KEY", nil, 1), ("=value", nil, 1), ("1KEY=value", nil, 1), ("K-EY=value\nKEY=v", "v", 1), ("KEY=one\nKEY=", nil, 1),
            ("", nil, 0),
        ] as [(String, String?, Int)])
    func parse(_ text: String, value: String?, warnings: Int) {
        let (file, problems) = EnvironmentFile.parse(Array(text.utf8), file: "ses.env")
        #expect(file["KEY"] == value.map { Secret(Array($0.utf8)) })
        #expect(problems.count == warnings)
        #expect(problems.allSatisfy { $0.severity == .warning })
    }

    @Test func warningsShowNoSecret() {
        let (_, problems) = EnvironmentFile.parse(Array("hunter2\nexport KEY=hunter2\nK EY=hunter2\nKEY=hunter2".utf8), file: "ses.env")
        #expect(problems.count == 4)
        #expect(!problems.description.contains("hunter2"))
    }
}

@Suite struct UpstreamCredentialsTests {
    static let good = "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"
    static let secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let name = "AKIAIOSFODNN7EXAMPLE"

    /// The vectors of AWS's published example key.
    @Test(arguments: [
        ("eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"), ("us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
        ("us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"), ("eu-central-1", "BF0/eIJm0ruTHsSjOkRuOGzGF+zeSyE3aiRzrzUQ8LwG"),
    ])
    func derivedPassword(_ region: String, _ password: String) {
        let derived = SESPassword.derive(secretAccessKey: Secret(Array(Self.secretKey.utf8)), region: region)
        #expect(String(decoding: derived.exposed, as: UTF8.self) == password)
    }

    /// What the file and the environment say, and what of it counts.
    @Test(
        arguments: [
            // The file alone, the environment alone, each half.
            (["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": good], [:], good, []),
            ([:], ["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": good], good, []),
            (["SES_SMTP_USERNAME": name], ["SES_SMTP_PASSWORD": good], good, []),
            (["AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": secretKey], [:], good, []),
            ([:], ["AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": secretKey], good, []),
            // The file wins, and a difference is told; equal values are none.
            (
                ["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": good], ["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": "other"], good,
                ["the file wins"]
            ),
            (
                ["AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": secretKey], ["SES_SMTP_USERNAME": "x", "SES_SMTP_PASSWORD": "y"], good,
                []
            ),
            // An empty variable is none.
            (["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": good], ["SES_SMTP_PASSWORD": ""], good, []),
            // Odd ones are warnings.
            (["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": secretKey], [:], secretKey, ["looks like the raw secret access key"]),
            (
                ["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": "An60U4ZD3sd4fg+FvXUjayOipTt8LO4rUUmhpdX6ctDy"], [:],
                "An60U4ZD3sd4fg+FvXUjayOipTt8LO4rUUmhpdX6ctDy", ["signature version 2"]
            ),
            (["SES_SMTP_USERNAME": name, "SES_SMTP_PASSWORD": "secret"], [:], "secret", ["does not look like an SMTP password"]),
            (["SES_SMTP_USERNAME": "ASIAIOSFODNN7EXAMPLE", "SES_SMTP_PASSWORD": good], [:], good, ["temporary key"]),
            (["SES_SMTP_USERNAME": "inp-abc", "SES_SMTP_PASSWORD": good], [:], good, ["Mail Manager"]),
            (["SES_SMTP_USERNAME": "ops@example.com", "SES_SMTP_PASSWORD": good], [:], good, ["does not look like the SMTP user name"]),
            (["AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_SESSION_TOKEN": "t"], [:], good, ["AWS_SESSION_TOKEN"]),
        ] as [([String: String], [String: String], String, [String])])
    func resolve(_ file: [String: String], _ environment: [String: String], _ password: String, _ warnings: [String]) {
        let values = EnvironmentFile(values: file.mapValues { Secret(Array($0.utf8)) })
        let (credentials, problems) = UpstreamCredentials.resolve(values, file: "ses.env", region: "eu-west-1") { environment[$0] }
        #expect(credentials?.password == Secret(Array(password.utf8)))
        #expect(problems.count == warnings.count, "\(problems)")
        for (problem, expected) in zip(problems, warnings) {
            #expect(problem.severity == .warning)
            #expect(problem.message.contains(expected))
            #expect(!problem.message.contains(password))
        }
    }
}
