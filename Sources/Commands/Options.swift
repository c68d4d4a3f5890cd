internal import ArgumentParser

/// Options that every command takes, also behind its arguments.
struct CommonOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config = standardConfig

    static let standardConfig = "/etc/fairlead/fairlead.yaml"
}

/// `--json`, for commands that answer with data.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON instead of text for people.")
    var json = false
}

/// How a command ends when it could not do its work (sysexits.h).
enum Sysexits {
    static let usage: Int32 = 64
    static let data: Int32 = 65
    static let noInput: Int32 = 66
    static let noUser: Int32 = 67
    static let unavailable: Int32 = 69
    static let software: Int32 = 70
    static let cannotCreate: Int32 = 73
    static let temporary: Int32 = 75
    static let permission: Int32 = 77
    static let configuration: Int32 = 78
}
