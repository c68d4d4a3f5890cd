// swift-tools-version: 6.2
import PackageDescription

/// Every target is built alike: language mode 6, explicit existentials, and imports that each file declares for itself.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A target of ours; `on` names every module that it may import.
func module(_ name: String, on: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: on, swiftSettings: strict)
}

func tests(_ name: String, on: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: on, exclude: exclude, swiftSettings: strict)
}

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
/// SQLite's C interface, for values that are bound without boxing.
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
/// The HTTP server, with those of its parts that must be named to be used.
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "Logging", package: "swift-log"),
]
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "fairlead",
    products: [.executable(name: "fairlead", targets: ["fairlead"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Values: no imports at all, not even Foundation.
        module("MailModel"),

        // Grammar: what parses mail does no I/O.
        module("SMTPProtocol", on: ["MailModel"]),
        module("MessageFormat", on: ["MailModel"]),
        module("DKIM", on: ["MailModel", "MessageFormat"]),
        module("Rewriting", on: ["MailModel", "MessageFormat"]),
        module("Alignment", on: ["MailModel"]),
        module("LocalMail", on: ["MailModel", "MessageFormat"]),
        module("Intake", on: ["MailModel", "MessageFormat", "Rewriting", "Alignment", "DKIM", "Cryptography"]),

        // Edge: what does I/O parses no mail.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // Not called Crypto: packages that Hummingbird comes with have a module of that name.
        .target(
            name: "Cryptography", dependencies: ["COpenSSL", "CCrypt"], path: "Sources/Crypto", swiftSettings: strict),
        module("Compression", on: ["CZlib"]),
        module("SafeIO", on: ["CLinux"]),
        module("Networking", on: ["SafeIO", "Cryptography", "CLinux"]),
        module("MailQueue", on: ["MailModel", "SafeIO", "Compression", grdb, sqlite]),
        module("Settings", on: ["MailModel", "Cryptography", "SafeIO", yams]),

        // Shells: they join the two.
        module(
            "Submission", on: ["MailModel", "Alignment", "SMTPProtocol", "Networking", "Rewriting", "Intake", "MailQueue", "Cryptography"]),
        module("Upstream", on: ["MailModel", "SMTPProtocol", "Networking", "MailQueue", "Cryptography"]),
        module("Dispatcher", on: ["MailModel", "MailQueue", "Upstream", collections]),
        module("Reports", on: ["MailModel", "Alignment", "MessageFormat", "Rewriting", "Intake", "MailQueue"]),
        module("SESSandbox", on: ["MailModel", "Networking", "Cryptography", "SafeIO"]),
        module("ControlProtocol", on: ["MailModel"]),
        .target(
            name: "StatusServer", dependencies: ["ControlProtocol", "MailModel"] + hummingbird,
            resources: ["dashboard.css", "dashboard.js", "icon.svg"].map { .embedInCode("Assets/\($0)") }, swiftSettings: strict),
        module(
            "RelayDaemon",
            on: [
                "Alignment",
                "MailModel", "SMTPProtocol", "MessageFormat", "DKIM", "Rewriting", "Intake", "Cryptography", "SafeIO", "Networking",
                "MailQueue", "Settings", "Submission", "Upstream", "Dispatcher", "Reports", "SESSandbox", "ControlProtocol",
                "StatusServer",
            ]),
        module(
            "Commands",
            on: [
                "RelayDaemon", "ControlProtocol", "LocalMail", "MailModel", "Settings", "Networking", "SESSandbox", "DKIM", "SafeIO",
                "Cryptography",
                argumentParser,
            ]),
        .executableTarget(name: "fairlead", dependencies: ["Commands"], swiftSettings: strict),

        .executableTarget(
            name: "mailqueue-bench", dependencies: ["MailQueue", "MailModel", "SafeIO"], path: "Tests/MailQueueBench", swiftSettings: strict
        ),

        // Tests.
        .target(name: "TestSupport", dependencies: ["MailModel", "MailQueue"], path: "Tests/TestSupport", swiftSettings: strict),
        tests("MailModelTests", on: ["MailModel"]),
        tests("SMTPProtocolTests", on: ["SMTPProtocol", "MailModel"]),
        tests("MessageFormatTests", on: ["MessageFormat", "MailModel"]),
        tests("DKIMTests", on: ["DKIM", "MessageFormat", "MailModel", "Cryptography"], exclude: ["Golden", "verify_with_dkimpy.py"]),
        tests("AddressTests", on: ["SMTPProtocol", "MessageFormat", "MailModel"]),
        tests("AlignmentTests", on: ["Alignment", "MailModel"]),
        tests("LocalMailTests", on: ["LocalMail", "MailModel"]),
        tests("RewritingTests", on: ["Rewriting", "MessageFormat", "MailModel"]),
        tests("IntakeTests", on: ["Intake", "Rewriting", "DKIM", "MessageFormat", "MailModel", "Cryptography"]),
        tests("CryptoTests", on: ["Cryptography"]),
        tests("SafeIOTests", on: ["SafeIO"]),
        tests("CompressionTests", on: ["Compression"]),
        tests("NetworkingTests", on: ["Networking", "SafeIO", "Cryptography"]),
        tests("MailQueueTests", on: ["MailModel", "SafeIO", "MailQueue", grdb]),
        tests("SettingsTests", on: ["Settings", "MailModel", "Cryptography", "SafeIO"], exclude: ["Bad", "Material"]),
        tests(
            "ReportsTests",
            on: ["Reports", "SESSandbox", "Intake", "DKIM", "Rewriting", "MessageFormat", "MailQueue", "Cryptography", "MailModel"],
            exclude: ["read_report.py"]),
        tests("StatusServerTests", on: ["StatusServer", "ControlProtocol", "MailModel"]),
        tests("SESSandboxTests", on: ["SESSandbox", "MailModel", "Networking", "Cryptography", "SafeIO"]),
        tests("DispatcherTests", on: ["Dispatcher", "TestSupport", "Upstream", "MailQueue", "MailModel"]),
        tests(
            "UpstreamTests",
            on: ["Upstream", "SESSandbox", "SMTPProtocol", "MailQueue", "Networking", "Cryptography", "SafeIO", "MailModel"]),
        tests(
            "SubmissionTests",
            on: [
                "Submission", "TestSupport", "Intake", "Rewriting", "DKIM", "SMTPProtocol", "MailQueue", "Networking", "Cryptography",
                "SafeIO",
                "MailModel",
            ]),
        tests(
            "RelayDaemonTests",
            on: [
                "RelayDaemon", "TestSupport", "ControlProtocol", "StatusServer", "Dispatcher", "Submission", "Settings", "SESSandbox",
                "MailQueue",
                "Networking", "Intake", "Rewriting", "DKIM",
                "Cryptography", "SafeIO", "MailModel", "MessageFormat",
            ]),
    ]
)
