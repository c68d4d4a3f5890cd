extension ValueType {
    /// A mapping whose keys the operator chooses, in the order of the file.
    ///
    /// - Parameters:
    ///   - example: an entry, for advice.
    ///   - show: key and value as they would stand in the file.
    ///   - entry: one entry from its key and its single value; what it throws is reported at the value.
    static func mapping<Element: Sendable>(
        _ name: String, example: String, show: @escaping @Sendable (Element) -> (key: String, value: String),
        entry: @escaping @Sendable (String, String) throws(ValueError) -> Element
    ) -> ValueType where Value == [Element] {
        ValueType(
            name: name,
            read: { node, path, reading in
                let entries: [TextNode.Entry]
                switch node {
                case .mapping(let found, _): entries = found
                case .scalar(let scalar) where scalar.isNull: entries = []
                default:
                    reading.report(at: node.position, key: path, "is \(node.kind); give entries such as \(example)")
                    return nil
                }
                var elements: [Element] = []
                for found in entries {
                    let place = path.name(found.key.text)
                    reading.note(place, at: found.value.position)
                    guard case .scalar(let value) = found.value, !value.isNull else {
                        reading.report(at: found.value.position, key: place, "needs a single value, as in \(example)")
                        continue
                    }
                    do throws(ValueError) {
                        elements.append(try entry(found.key.text, value.text))
                    } catch {
                        reading.report(at: found.value.position, key: place, error.message)
                    }
                }
                return elements
            },
            show: { elements, path in
                guard !elements.isEmpty else { return [(path, "none")] }
                return elements.map { element in
                    let (key, value) = show(element)
                    return ("\(path).\(key)", value)
                }
            })
    }
}
