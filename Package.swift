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
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "fairlead",
    products: [.executable(name: "fairlead", targets: ["fairlead"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
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
        module("Intake", on: ["MailModel", "MessageFormat", "Rewriting", "Alignment", "DKIM", "Crypto"]),

        // Edge: what does I/O parses no mail.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        module("Crypto", on: ["COpenSSL", "CCrypt"]),
        module("Compression", on: ["CZlib"]),
        module("SafeIO", on: ["CLinux"]),
        module("Networking", on: ["SafeIO", "Crypto", "CLinux"]),
        module("MailQueue", on: ["MailModel", "SafeIO", "Compression", grdb, sqlite]),
        module("Settings", on: ["MailModel", "Crypto", "SafeIO", yams]),

        // Shells: they join the two.
        module("Submission", on: ["MailModel", "Alignment", "SMTPProtocol", "Networking", "Rewriting", "Intake", "MailQueue", "Crypto"]),
        module("Upstream", on: ["MailModel", "SMTPProtocol", "Networking", "MailQueue", "Crypto"]),
        module("Dispatcher", on: ["MailModel", "MailQueue", "Upstream", collections]),
        module("Reports", on: ["MailModel", "Alignment", "MessageFormat", "Rewriting", "Intake", "MailQueue"]),
        module("SESSandbox", on: ["MailModel", "Networking", "Crypto", "SafeIO"]),
        module("ControlProtocol", on: ["MailModel"]),
        module(
            "RelayDaemon",
            on: [
                "Alignment",
                "MailModel", "SMTPProtocol", "MessageFormat", "DKIM", "Rewriting", "Intake", "Crypto", "SafeIO", "Networking",
                "MailQueue", "Settings", "Submission", "Upstream", "Dispatcher", "Reports", "SESSandbox", "ControlProtocol",
            ]),
        module(
            "Commands",
            on: [
                "RelayDaemon", "ControlProtocol", "LocalMail", "MailModel", "Settings", "Networking", "SESSandbox", "DKIM", "SafeIO",
                "Crypto",
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
        tests("DKIMTests", on: ["DKIM", "MessageFormat", "MailModel", "Crypto"], exclude: ["Golden", "verify_with_dkimpy.py"]),
        tests("AddressTests", on: ["SMTPProtocol", "MessageFormat", "MailModel"]),
        tests("AlignmentTests", on: ["Alignment", "MailModel"]),
        tests("LocalMailTests", on: ["LocalMail", "MailModel"]),
        tests("RewritingTests", on: ["Rewriting", "MessageFormat", "MailModel"]),
        tests("IntakeTests", on: ["Intake", "Rewriting", "DKIM", "MessageFormat", "MailModel", "Crypto"]),
        tests("CryptoTests", on: ["Crypto"]),
        tests("SafeIOTests", on: ["SafeIO"]),
        tests("CompressionTests", on: ["Compression"]),
        tests("NetworkingTests", on: ["Networking", "SafeIO", "Crypto"]),
        tests("MailQueueTests", on: ["MailModel", "SafeIO", "MailQueue", grdb]),
        tests("SettingsTests", on: ["Settings", "MailModel", "Crypto", "SafeIO"], exclude: ["Bad", "Material"]),
        tests(
            "ReportsTests",
            on: ["Reports", "SESSandbox", "Intake", "DKIM", "Rewriting", "MessageFormat", "MailQueue", "Crypto", "MailModel"],
            exclude: ["read_report.py"]),
        tests("SESSandboxTests", on: ["SESSandbox", "MailModel", "Networking", "Crypto", "SafeIO"]),
        tests("DispatcherTests", on: ["Dispatcher", "TestSupport", "Upstream", "MailQueue", "MailModel"]),
        tests("UpstreamTests", on: ["Upstream", "SESSandbox", "SMTPProtocol", "MailQueue", "Networking", "Crypto", "SafeIO", "MailModel"]),
        tests(
            "SubmissionTests",
            on: [
                "Submission", "TestSupport", "Intake", "Rewriting", "DKIM", "SMTPProtocol", "MailQueue", "Networking", "Crypto", "SafeIO",
                "MailModel",
            ]),
        tests(
            "RelayDaemonTests",
            on: [
                "RelayDaemon", "TestSupport", "ControlProtocol", "Dispatcher", "Submission", "Settings", "SESSandbox", "MailQueue",
                "Networking", "Intake", "Rewriting", "DKIM",
                "Crypto", "SafeIO", "MailModel", "MessageFormat",
            ]),
    ]
)
