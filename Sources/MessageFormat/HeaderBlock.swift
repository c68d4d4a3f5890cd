/// The header of a message: its fields in order, each byte for byte as it came.
///
/// What no edit names leaves as it arrived. The empty line that ends the header is not part of it.
public struct HeaderBlock: Hashable, Sendable {
    public private(set) var fields: [HeaderField]

    public init(fields: [HeaderField] = []) { self.fields = fields }

    /// The first field of that name, counted from the top.
    public func first(_ name: FieldName) -> HeaderField? { firstIndex(of: name).map { fields[$0] } }

    public func count(of name: FieldName) -> Int {
        var count = 0
        for index in fields.indices where fields[index].name == name { count += 1 }
        return count
    }

    // By places: to look at a name, no field is copied.
    private func firstIndex(of name: FieldName) -> Int? {
        for index in fields.indices where fields[index].name == name { return index }
        return nil
    }

    /// The first name out of `names` that occurs twice.
    public func firstRepeated(of names: FieldNameSet) -> FieldName? {
        var seen = FieldNameSet()
        for index in fields.indices {
            if let name = fields[index].name, names.contains(name), !seen.insert(name) { return name }
        }
        return nil
    }

    /// Takes out every field that `condition` holds for, and returns them.
    @discardableResult
    public mutating func remove(where condition: (HeaderField) -> Bool) -> [HeaderField] {
        var removed: [HeaderField] = []
        fields.removeAll { field in
            guard condition(field) else { return false }
            removed.append(field)
            return true
        }
        return removed
    }

    /// Puts `field` above all others, where trace fields belong.
    public mutating func prepend(_ field: HeaderField) { fields.insert(field, at: 0) }

    /// Puts `field` below all others.
    public mutating func append(_ field: HeaderField) { fields.append(field) }

    /// Puts `field` in the place of the first one of that name; below all others if there is none.
    public mutating func replaceFirst(_ name: FieldName, with field: HeaderField) {
        if let index = firstIndex(of: name) {
            fields[index] = field
        } else {
            fields.append(field)
        }
    }

    /// Takes the obsolete blanks before the colon out of the fields that `condition` holds for.
    public mutating func modernizeColons(where condition: (HeaderField) -> Bool) {
        for index in fields.indices where fields[index].hasObsoleteColon && condition(fields[index]) {
            fields[index] = fields[index].withModernColon
        }
    }

    public var octetCount: Int { fields.reduce(0) { $0 + $1.octets.count } }

    /// Appends all fields to `output`, without the empty line.
    public func write(to output: inout [UInt8]) {
        output.reserveCapacity(output.count + octetCount + 2)
        for field in fields { output.append(contentsOf: field.octets) }
    }
}
