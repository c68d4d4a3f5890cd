/// A table that becomes a list of cards on a narrow screen. Its roles are spelled out, because browsers drop them then.
struct Table {
    struct Column {
        let name: String
        var isNumber = false
        /// What may be left out on a narrow card when it is empty.
        var style: String { isNumber ? "number" : "" }
    }

    let caption: String
    let columns: [Column]
    /// Of HTML.
    let rows: [[String]]
    let empty: String

    var html: String {
        guard !rows.isEmpty else { return "<p class=\"muted\">\(empty)</p>" }
        let head = columns.map { "<th role=\"columnheader\" scope=\"col\" class=\"\($0.style)\">\($0.name)</th>" }.joined()
        let body = rows.map { row in
            let cells = zip(columns, row).map { column, cell in
                "<td role=\"cell\" class=\"\(column.style)\(cell.isEmpty ? " none" : "")\" data-name=\"\(column.name)\">\(cell)</td>"
            }
            return "<tr role=\"row\">\(cells.joined())</tr>"
        }
        return """
            <table role="table"><caption class="hidden">\(caption)</caption>
            <thead role="rowgroup"><tr role="row">\(head)</tr></thead>
            <tbody role="rowgroup">\(body.joined(separator: "\n"))</tbody></table>
            """
    }
}
