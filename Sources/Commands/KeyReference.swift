internal import ControlProtocol
internal import Settings

/// Every key of the configuration, as `check config --keys` lists it; the manual and `docs/configuration.md` are made from it.
enum KeyReference {
    struct Row: Encodable {
        let key: String
        let type: String
        let required: Bool
        /// As it would stand in the file; none for sections, required keys, and keys that something else stands in for.
        let `default`: String?
        let hasEffect: Bool
        let documentation: String

        enum CodingKeys: String, CodingKey {
            case key, type, required, `default`, documentation
            case hasEffect = "has_effect"
        }

        init(_ description: Schema.KeyDescription) {
            (key, type, required) = (description.path, description.type, description.isRequired)
            (`default`, documentation) = (description.defaultText, description.documentation)
            hasEffect = !Schema.keysWithoutEffect.contains(description.path)
        }
    }

    static func print(json: Bool) throws {
        let rows = Schema.keys.map(Row.init)
        if json {
            Terminal.line(String(decoding: try ControlCoding.encode(rows), as: UTF8.self))
            return
        }
        for row in rows {
            let value = row.required ? "required" : row.default.map { "default: \($0)" }
            Terminal.line("\(row.key)  (\([row.type, value].compactMap(\.self).joined(separator: "; ")))\n    \(row.documentation)")
        }
    }
}
