extension AliasTable {
    /// Why an alias cannot be expanded.
    public enum Fault: Hashable, Sendable {
        /// Each leads to the next, and the last is the first.
        case loop([Name])
        /// The aliases on the way down.
        case tooDeep([Name])
        case tooManyTargets
        /// This and all further ones: `mostInAll`.
        case tooManyInAll
    }

    /// Follows targets that are aliases to those that are none: depth first, with a stack of its own, each alias once per root.
    struct Expansion {
        private let table: AliasTable
        private(set) var faults: [(entry: Int, fault: Fault)] = []
        private var loops: Set<Set<Int>> = []
        private var visited = 0

        private struct Frame {
            let entry: Int
            var next = 0
        }

        init(table: AliasTable) { self.table = table }

        mutating func targets(of root: Int) -> [Mailbox] {
            guard visited <= AliasTable.mostInAll else { return [] }
            var found: [Mailbox] = []
            var known: Set<Mailbox> = []
            var done: Set<Int> = []
            var path = [Frame(entry: root)]
            while let frame = path.last {
                let targets = table.entry(frame.entry).targets
                guard frame.next < targets.count else {
                    path.removeLast()
                    done.insert(frame.entry)
                    continue
                }
                path[path.count - 1].next += 1
                visited += 1
                if visited > AliasTable.mostInAll {
                    faults.append((root, .tooManyInAll))
                    return []
                }
                let target = targets[frame.next]
                guard let inner = table.index(of: target) else {
                    guard known.insert(target).inserted else { continue }
                    guard found.count < AliasTable.mostTargets else {
                        faults.append((root, .tooManyTargets))
                        return []
                    }
                    found.append(target)
                    continue
                }
                if let start = path.firstIndex(where: { $0.entry == inner }) {
                    report(path[start...].map(\.entry))
                } else if !done.contains(inner) {
                    guard path.count <= AliasTable.mostNested else {
                        faults.append((root, .tooDeep((path.map(\.entry) + [inner]).map { table.entry($0).name })))
                        return []
                    }
                    path.append(Frame(entry: inner))
                }
            }
            return found
        }

        /// A loop is told once, at the alias that closes it first.
        private mutating func report(_ loop: [Int]) {
            guard let first = loop.first, loops.insert(Set(loop)).inserted else { return }
            faults.append((first, .loop((loop + [first]).map { table.entry($0).name })))
        }
    }
}
