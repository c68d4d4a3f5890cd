/// A part of the configuration with keys of its own. Adding a key is a property with its default, and one line in `keys`.
protocol Section: Sendable {
    /// Every key at its default; required ones hold what means nothing, such as an empty path, and never leave this module.
    init()
    static var keys: [SectionKey<Self>] { get }
}

/// One key of a section: name, kind, default, what it is for.
struct SectionKey<Owner: Sendable>: Sendable {
    let name: String
    let isRequired: Bool
    let description: Schema.KeyDescription
    let children: [Schema.KeyDescription]
    let read: @Sendable (TextNode, KeyPathText, inout Owner, inout Reading) -> Void
    let show: @Sendable (Owner, String) -> [(key: String, text: String)]
}

extension SectionKey {
    /// The documentation as the end of a sentence.
    fileprivate var hint: String {
        let text = description.documentation
        return text.prefix(1).lowercased() + (text.hasSuffix(".") ? text.dropFirst().dropLast() : text.dropFirst())
    }
}

extension SectionKey where Owner: Section {
    /// - Parameters:
    ///   - defaultText: only where the default is not the value of the property, but follows from something else.
    ///   - documentation: the key's entry in the reference; one or two sentences.
    init<Value: Sendable>(
        _ name: String, _ property: any WritableKeyPath<Owner, Value> & Sendable, _ type: ValueType<Value>, required: Bool = false,
        defaultText: String? = nil, _ documentation: String
    ) {
        self.name = name
        isRequired = required
        let shown = type.show(Owner()[keyPath: property], name)
        let isSection = !type.children.isEmpty
        description = Schema.KeyDescription(
            path: name, type: type.name, isRequired: required,
            defaultText: required ? nil : defaultText ?? (isSection ? nil : shown.first?.text), documentation: documentation)
        children = type.children.map { $0.below(name) }
        read = { node, path, section, reading in
            if let value = type.read(node, path, &reading) { section[keyPath: property] = value }
        }
        show = { section, path in type.show(section[keyPath: property], path) }
    }
}

extension ValueType where Value: Section {
    /// A section as the value of a key.
    static func section(_ name: String = "section") -> ValueType { section(name) { value, _, _ in value } }
}

extension ValueType {
    /// A section that becomes another value once its keys have been looked at together.
    ///
    /// - Parameter finish: reports what does not fit together, and returns `nil` if the value cannot be used.
    static func section<Draft: Section>(
        _ name: String = "section", draft: @escaping @Sendable (Value) -> Draft,
        finish: @escaping @Sendable (Draft, KeyPathText, inout Reading) -> Value?
    ) -> ValueType {
        ValueType(
            name: name, children: Draft.keys.flatMap { [$0.description] + $0.children },
            read: { node, path, reading in
                guard let section = Draft.read(node, path, &reading) else { return nil }
                return finish(section, path, &reading)
            },
            show: { value, path in Draft.show(draft(value), path) })
    }

    private static func section(
        _ name: String, finish: @escaping @Sendable (Value, KeyPathText, inout Reading) -> Value?
    ) -> ValueType where Value: Section {
        section(name, draft: { $0 }, finish: finish)
    }
}

extension Section {
    static func show(_ section: Self, _ path: String) -> [(key: String, text: String)] {
        keys.flatMap { $0.show(section, path.isEmpty ? $0.name : "\(path).\($0.name)") }
    }

    /// Reads what is there, reports what is unknown or missing.
    static func read(_ node: TextNode, _ path: KeyPathText, _ reading: inout Reading) -> Self? {
        let entries: [TextNode.Entry]
        switch node {
        case .mapping(let found, _): entries = found
        case .scalar(let scalar) where scalar.isNull: entries = []
        default:
            let names = keys.map(\.name).joined(separator: ", ")
            reading.report(at: node.position, key: path, "is \(node.kind); give a section with the keys \(names)")
            return nil
        }
        var section = Self()
        for entry in entries {
            guard let key = keys.first(where: { $0.name == entry.key.text }) else {
                reportUnknown(entry.key, path, &reading)
                continue
            }
            let place = path.key(key.name)
            reading.note(place, at: entry.value.position)
            if key.isRequired, entry.value.isNull {
                reading.report(at: entry.value.position, key: place, "has no value; give one: \(key.hint)")
                continue
            }
            key.read(entry.value, place, &section, &reading)
        }
        let given = Set(entries.map(\.key.text))
        for key in keys where key.isRequired && !given.contains(key.name) {
            reading.report(
                at: node.position, key: path.key(key.name), "is missing; add it: \(key.hint)")
        }
        return section
    }

    private static func reportUnknown(_ key: TextNode.Scalar, _ path: KeyPathText, _ reading: inout Reading) {
        let names = keys.map(\.name)
        let advice: String
        if let near = Suggestion.nearest(to: key.text, among: names) {
            advice = "did you mean \(near)?"
        } else if key.text == "<<" {
            advice = "write the keys out, they cannot be merged in"
        } else if let elsewhere = Schema.keys.first(where: { $0.path.hasSuffix("." + key.text) }) {
            advice = "did you mean \(elsewhere.path)?"
        } else {
            advice = "known here: \(names.joined(separator: ", "))"
        }
        reading.report(at: key.position, key: path.name(key.text), "unknown key; \(advice)")
    }
}
