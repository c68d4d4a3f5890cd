/// Finds rows page by page, whatever has become of the trees that the pages hung in.
struct PageScan {
    let file: PageFile

    /// Where a row was found decides how it is read.
    enum Row {
        /// Of a table with row ids.
        case table(id: Int64, StoredRecord, at: Place)
        /// Of a table without, or of an index.
        case index(StoredRecord)
    }

    /// Where a row begins, to read it again.
    struct Place {
        let page: UInt32
        let offset: Int
    }

    /// A row larger than a message may be is none.
    private static let longestPayload = 64 << 20

    /// Calls `body` with every row of the pages from `pages`; damaged ones are passed over.
    func forEachRow(skipping free: Set<UInt32>, _ body: (Row) -> Void) {
        for number in 1...UInt32(clamping: max(1, file.count)) where !free.contains(number) {
            guard let page = file.page(number) else { continue }
            let start = number == 1 ? 100 : 0
            switch page[start] {
            case 0x0D:
                forEachCell(page, start, headerSize: 8) { place in
                    if let row = tableRow(page, Place(page: number, offset: place)) { body(row) }
                }
            case 0x0A: forEachCell(page, start, headerSize: 8) { place in if let row = indexRow(page, place) { body(row) } }
            case 0x02: forEachCell(page, start, headerSize: 12) { place in if let row = indexRow(page, place + 4) { body(row) } }
            default: break
            }
        }
    }

    private func forEachCell(_ page: [UInt8], _ start: Int, headerSize: Int, _ body: (Int) -> Void) {
        let count = Int(page[start + 3]) << 8 | Int(page[start + 4])
        for index in 0..<count {
            let pointer = start + headerSize + 2 * index
            guard pointer + 2 <= page.count else { return }
            let place = Int(page[pointer]) << 8 | Int(page[pointer + 1])
            if place >= start + headerSize, place < page.count { body(place) }
        }
    }

    /// Reads a row once more.
    func record(at place: Place) -> StoredRecord? {
        guard let page = file.page(place.page), case .table(_, let record, _) = tableRow(page, place) else { return nil }
        return record
    }

    private func tableRow(_ page: [UInt8], _ place: Place) -> Row? {
        guard let (length, second) = StoredRecord.variableInteger(page, place.offset),
            let (id, third) = StoredRecord.variableInteger(page, second),
            let payload = payload(page, third, length, mostLocal: file.pageSize - 35), let record = StoredRecord(payload)
        else { return nil }
        return .table(id: id, record, at: place)
    }

    private func indexRow(_ page: [UInt8], _ place: Int) -> Row? {
        guard let (length, second) = StoredRecord.variableInteger(page, place),
            let payload = payload(page, second, length, mostLocal: (file.pageSize - 12) * 64 / 255 - 23), let record = StoredRecord(payload)
        else { return nil }
        return .index(record)
    }

    /// What lies in the page, and on the overflow pages behind it.
    private func payload(_ page: [UInt8], _ place: Int, _ length: Int64, mostLocal: Int) -> [UInt8]? {
        guard length >= 0, length <= Self.longestPayload else { return nil }
        let total = Int(length)
        let least = (file.pageSize - 12) * 32 / 255 - 23
        var local = total
        if total > mostLocal {
            local = least + (total - least) % (file.pageSize - 4)
            if local > mostLocal { local = least }
        }
        guard place + local <= page.count else { return nil }
        var payload = Array(page[place..<place + local])
        guard local < total else { return payload }
        guard place + local + 4 <= page.count else { return nil }
        var next = page.number(at: place + local)
        var pages = 0
        while payload.count < total {
            pages += 1
            guard pages <= total / (file.pageSize - 4) + 1, next != 0, let overflow = file.page(next) else { return nil }
            payload += overflow[4..<min(overflow.count, 4 + total - payload.count)]
            next = overflow.number(at: 0)
        }
        return payload
    }
}
