internal import MailModel

/// Originals lie behind the bodies: what sends a message never reads them, and they go when it goes.
extension QueueDatabase {
    /// - Returns: `nil` where none was kept.
    func original(of id: QueueID) throws(QueueError) -> Result<KeptOriginal?, QueueError> {
        selectOriginal.bind(1, id.value)
        let found = try selectOriginal.first { () throws(QueueError) -> EncodedOriginal? in
            selectOriginal.isNull(0) ? nil : EncodedOriginal(octets: selectOriginal.blob(0))
        }
        guard let found else { return .failure(.notFound(id)) }
        guard let encoded = found else { return .success(nil) }
        guard let original = encoded.decoded(of: id) else { return .failure(.damaged(id, "its original header is damaged")) }
        return .success(original)
    }

    /// - Returns: whether the message was still as the replacement expects it.
    func replace(_ replacement: HeaderReplacement) throws(QueueError) -> Bool {
        guard let row = try entryRow(replacement.id), case .success(let message) = try load(row), message.header == replacement.before
        else {
            return false
        }
        let new = message.replaced(by: replacement)
        let reversePath = new.reversePath.wireOctets
        let facts = new.facts.encoded
        var inline: [UInt8]?
        var file: SpoolFile?
        switch new.body {
        case .inline(let octets): inline = octets
        case .file(let spoolFile): file = spoolFile
        }
        let checksum = Self.checksum(
            id: new.id, reversePath: reversePath, facts: facts, mailboxes: new.recipients.map(\.mailbox.wireOctets), header: new.header,
            body: inline, file: file, is8Bit: new.is8Bit)
        replaceContent.bind(1, new.id.value)
        replaceContent.bind(2, Int64(bitPattern: checksum))
        replaceContent.bind(3, blob: facts)
        replaceContent.bind(4, blob: new.header)
        replaceContent.bind(5, blob: replacement.original.octets)
        try replaceContent.run()
        replaceEntry.bind(1, new.id.value)
        replaceEntry.bind(2, blob: reversePath)
        replaceEntry.bind(3, new.size)
        try replaceEntry.run()
        counters.subtract(row.share)
        counters.add(QueueCounters.Share(account: row.account, state: row.state, attempts: row.attempts, open: row.open, size: new.size))
        note(replacement.events)
        return true
    }
}
