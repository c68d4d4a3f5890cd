internal import MailModel
internal import SafeIO

extension LoadRun {
    /// The aliases with everything that they lead to; empty without the key `aliases`.
    mutating func loadAliases() -> AliasTable {
        let fileLimit = 16 << 20
        guard let path = configuration.aliases,
            let octets = contents(of: path, .root.key("aliases"), .open, limit: fileLimit)
        else { return AliasTable() }
        let reading = reading
        var included: [String: FileStamp?] = [:]
        let (file, problems) = AliasFile.parse(octets, file: path) { name in
            do throws(SystemCallError) {
                let (octets, status) = try WholeFile.readWithStatus(reading.resolved(name), limit: fileLimit)
                included[reading.resolved(name)] = status.stamp
                guard status.isRegularFile else { return .failure(.init(text: "it is not a regular file; name a file")) }
                return .success(octets)
            } catch {
                return .failure(
                    .init(text: "\(FileText.reason(error)); \(FileText.advice(error, limit: "\(fileLimit >> 20) MiB"))"))
            }
        }
        files.merge(included) { $1 }
        self.reading.problems += problems
        checkIdentities(of: file, path)
        let (table, faults) = AliasTable.make(file.entries, mailboxes: configuration.mailboxes)
        for (index, fault) in faults {
            self.reading.problems.append(
                Problem(.error, file: path, line: file.lines[index], Self.words(for: fault, of: file.entries[index].name)))
        }
        return table
    }

    /// What is sent on leaves in the name of the alias: Amazon SES must take that.
    private mutating func checkIdentities(of file: AliasFile, _ path: String) {
        let identities = reading.identities.map(\.identity)
        // Without all identities nothing can be said.
        guard !identities.isEmpty, !reading.problems.contains(where: { $0.key?.hasPrefix("identities") ?? false }) else { return }
        for (entry, line) in zip(file.entries, file.lines) where !identities.contains(where: { $0.covers(entry.name) }) {
            reading.problems.append(
                Problem(
                    .error, file: path, line: line,
                    "\(entry.name) lies in no identity, and what is sent on leaves in its name; add the identity or correct the address"))
        }
    }

    private static func words(for fault: AliasTable.Fault, of name: AliasTable.Name) -> String {
        func chain(_ names: [AliasTable.Name]) -> String { names.map(\.description).joined(separator: " -> ") }
        switch fault {
        case .loop(let names):
            let advice =
                if names.contains(where: { if case .catchAll = $0 { true } else { false } }) {
                    "name the address that is to keep its mail under mailboxes, or give another target"
                } else {
                    "take one of these targets out"
                }
            return "leads back to itself: \(chain(names)); \(advice)"
        case .tooDeep(let names):
            return "leads through more than \(AliasTable.mostNested) aliases: \(chain(names)); name the last targets directly"
        case .tooManyTargets:
            return "\(name) leads to more than \(AliasTable.mostTargets) targets; use a mailing list for so many"
        case .tooManyInAll:
            return "with \(name) all aliases together lead to more than \(AliasTable.mostInAll) targets; use a mailing list for so many"
        }
    }
}

extension Configuration.Identity {
    fileprivate func covers(_ name: AliasTable.Name) -> Bool {
        switch (name, subject) {
        case (.address(let mailbox), _): covers(mailbox)
        case (.catchAll(let domain), .domain(let own)): domain.isWithin(own)
        case (.catchAll, .address): false
        }
    }
}
