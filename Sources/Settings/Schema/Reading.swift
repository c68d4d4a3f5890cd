internal import MailModel

/// What is gathered while the text becomes a configuration: problems, and where each key stood.
struct Reading {
    let file: String
    /// The folder of the file, without the slash at its end; empty for the current one.
    let folder: String
    var problems: [Problem] = []
    /// By path, such as `listeners[0].address`: the place of the value. A key that is not in the file is not in here.
    private(set) var places: [String: Position] = [:]
    /// The same keys as `Schema` names them (`listeners[].address`), each once, where it first stands.
    private(set) var schemaPlaces: [String: Position] = [:]
    /// By path of a list: where each element that could be read stood in it.
    var elements: [String: [Int]] = [:]
    /// Every address and identity that could be read, with its place in the file, for what can only be checked among them.
    var listenAddresses: [(address: ListenAddress, path: KeyPathText)] = []
    var identities: [(identity: Configuration.Identity, path: KeyPathText)] = []

    init(file: String) {
        self.file = file
        folder = file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? ""
    }

    mutating func report(_ severity: Problem.Severity = .error, at position: Position? = nil, key: KeyPathText, _ message: String) {
        let place = position ?? places[key.text] ?? nearestPlace(above: key.text)
        problems.append(Problem(severity, file: file, at: place, key: key.text.isEmpty ? nil : key.text, message))
    }

    mutating func note(_ path: KeyPathText, at position: Position) {
        places[path.text] = position
        if schemaPlaces[path.schemaText] == nil { schemaPlaces[path.schemaText] = position }
    }

    /// The place of a key, or of the section that it is missing from.
    func nearestPlace(above path: String) -> Position {
        var path = path
        while true {
            if let place = places[path] { return place }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return .start }
            path = String(path[..<end])
        }
    }

    /// Relative paths start at the folder of the file.
    func resolved(_ path: String) -> String {
        if path.hasPrefix("/") || folder.isEmpty { return path }
        return folder == "/" ? "/" + path : folder + "/" + path
    }
}

/// Where a key stands, as operators see it and as the schema names it.
struct KeyPathText: Hashable, Sendable {
    private(set) var text = ""
    private(set) var schemaText = ""

    static let root = KeyPathText()

    func key(_ name: String) -> KeyPathText { named(name, name) }

    func index(_ index: Int) -> KeyPathText {
        KeyPathText(text: "\(text)[\(index)]", schemaText: schemaText + "[]")
    }

    /// A key that the operator chose: in the schema it is `NAME`.
    func name(_ name: String) -> KeyPathText { named(PrintableText.sanitized(name.utf8, limit: 64), "NAME") }

    private func named(_ name: String, _ schemaName: String) -> KeyPathText {
        KeyPathText(
            text: text.isEmpty ? name : "\(text).\(name)", schemaText: schemaText.isEmpty ? schemaName : "\(schemaText).\(schemaName)")
    }
}
