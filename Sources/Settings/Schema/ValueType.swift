/// Why a text is not a value: what is wrong; what to do.
struct ValueError: Error, Hashable, Sendable {
    let message: String

    init(_ message: String) { self.message = message }
}

/// How one kind of value is read from the text and shown again.
struct ValueType<Value: Sendable>: Sendable {
    /// The kind, as the reference names it: `duration`, `list of addresses`.
    let name: String
    /// The keys inside, if it is a section.
    var children: [Schema.KeyDescription] = []
    /// Reads a node; reports and returns `nil` if it does not fit.
    let read: @Sendable (TextNode, KeyPathText, inout Reading) -> Value?
    /// The value as it could stand in the file, one entry per key; the path is where it stands.
    let show: @Sendable (Value, String) -> [(key: String, text: String)]
}

extension ValueType {
    /// A single value: text in, typed value out.
    static func scalar(
        _ name: String, show: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String) throws(ValueError) -> Value
    ) -> ValueType {
        ValueType(
            name: name,
            read: { node, path, reading in
                guard case .scalar(let scalar) = node else {
                    reading.report(at: node.position, key: path, "is \(node.kind); give a single value (\(name))")
                    return nil
                }
                guard !scalar.isNull else {
                    reading.report(at: node.position, key: path, "has no value; give one (\(name)), or remove the key for the default")
                    return nil
                }
                do throws(ValueError) {
                    return try parse(scalar.text)
                } catch {
                    reading.report(at: node.position, key: path, error.message)
                    return nil
                }
            },
            show: { value, path in [(path, show(value))] })
    }

    /// The same, for a key that may be left out.
    var optional: ValueType<Value?> {
        ValueType<Value?>(
            name: name, children: children,
            read: { node, path, reading in self.read(node, path, &reading).map(Optional.some) },
            show: { value, path in value.map { self.show($0, path) } ?? [] })
    }

    /// A list of them; a single one may stand without brackets.
    ///
    /// - Parameter atLeastOne: says why a list must not be empty.
    func list(of plural: String, atLeastOne: String? = nil) -> ValueType<[Value]> {
        ValueType<[Value]>(
            name: "list of \(plural)", children: children.map { $0.below("[]") },
            read: { node, path, reading in
                let nodes: [TextNode] = if case .list(let nodes, _) = node { nodes } else { [node] }
                if let atLeastOne, nodes.isEmpty {
                    reading.report(at: node.position, key: path, atLeastOne)
                    return nil
                }
                // What can be read is read, so that problems further on are found too.
                var values: [Value] = []
                for (index, element) in nodes.enumerated() {
                    let place = path.index(index)
                    reading.note(place, at: element.position)
                    guard let value = self.read(element, place, &reading) else { continue }
                    values.append(value)
                    reading.elements[path.text, default: []].append(index)
                }
                return values
            },
            show: { values, path in
                if self.children.isEmpty {
                    return [(path, "[" + values.flatMap { self.show($0, "") }.map(\.text).joined(separator: ", ") + "]")]
                }
                return values.enumerated().flatMap { index, value in self.show(value, "\(path)[\(index)]") }
            })
    }
}
