internal import GRDB
internal import GRDBSQLite

/// One statement, prepared once and run many times.
///
/// GRDB opens, configures, serialises and closes the connection and compiles the statement. Values go straight to SQLite: GRDB's
/// arguments box each value and turn octets into `Data`, which would cost more than the insertion itself.
struct PreparedStatement {
    private let statement: Statement
    private let handle: SQLiteStatement
    private let connection: SQLiteConnection

    init(_ database: Database, _ sql: String) throws(QueueError) {
        do {
            statement = try database.makeStatement(sql: sql)
            handle = statement.sqliteStatement
            guard let connection = database.sqliteConnection else { throw QueueError.closed }
            self.connection = connection
        } catch let error as QueueError {
            throw error
        } catch {
            throw .from(error)
        }
    }

    var sql: String { statement.sql }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(handle, index, Int64(value)) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, blob: [UInt8]?) {
        guard let blob else { sqlite3_bind_null(handle, index); return }
        if blob.isEmpty {
            sqlite3_bind_zeroblob(handle, index, 0)  // no address would mean NULL
        } else {
            blob.withUnsafeBytes { _ = sqlite3_bind_blob64(handle, index, $0.baseAddress, sqlite3_uint64($0.count), Self.copied) }
        }
    }

    func bind(_ index: Int32, text: String?) {
        guard var text else { sqlite3_bind_null(handle, index); return }
        text.withUTF8 { octets in
            _ = octets.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text(handle, index, $0.baseAddress, Int32(clamping: $0.count), Self.copied)
            }
        }
    }

    /// Binds text that is there as octets.
    func bind(_ index: Int32, octets: [UInt8]?) {
        guard let octets, !octets.isEmpty else { return bind(index, text: octets.map { _ in "" }) }
        octets.withUnsafeBytes { octets in
            let address = octets.baseAddress?.assumingMemoryBound(to: CChar.self)
            _ = sqlite3_bind_text(handle, index, address, Int32(clamping: octets.count), Self.copied)
        }
    }

    /// Runs to the end.
    func run() throws(QueueError) {
        try forEachRow { () throws(QueueError) in }
    }

    /// Runs and calls `body` for each row; the columns are those of the current row.
    func forEachRow(_ body: () throws(QueueError) -> Void) throws(QueueError) {
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try body()
            case SQLITE_DONE: return
            default: throw .from(connection)
            }
        }
    }

    /// As `forEachRow`, until `body` returns false.
    func forEachRowWhile(_ body: () throws(QueueError) -> Bool) throws(QueueError) {
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: if try !body() { return }
            case SQLITE_DONE: return
            default: throw .from(connection)
            }
        }
    }

    /// The first row's value, or `nil` without a row.
    func first<Value>(_ body: () throws(QueueError) -> Value) throws(QueueError) -> Value? {
        defer { sqlite3_reset(handle) }
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return try body()
        case SQLITE_DONE: return nil
        default: throw .from(connection)
        }
    }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func int(_ column: Int32) -> Int { Int(sqlite3_column_int64(handle, column)) }

    /// A number that counts something. What a damaged page made of it may be anything: nobody may fall over it who adds one.
    func count(_ column: Int32) -> Int { Int(min(max(0, int64(column)), 1 << 40)) }

    func optionalInt64(_ column: Int32) -> Int64? { isNull(column) ? nil : int64(column) }

    /// Lends the octets of a column for one call.
    func withBlob<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let address = sqlite3_column_blob(handle, column)
        return body(UnsafeRawBufferPointer(start: address, count: address == nil ? 0 : Int(sqlite3_column_bytes(handle, column))))
    }

    func blob(_ column: Int32) -> [UInt8] { withBlob(column) { Array($0) } }

    func text(_ column: Int32) -> String { withBlob(column) { String(decoding: $0, as: UTF8.self) } }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// SQLITE_TRANSIENT, a cast in C that Swift cannot import: SQLite copies the value before the call returns.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

extension Database {
    /// Runs statements that need no values and return nothing.
    func run(_ sql: String) throws(QueueError) {
        do { try execute(sql: sql) } catch { throw .from(error) }
    }

    func number(_ sql: String) throws(QueueError) -> Int64 {
        let statement = try PreparedStatement(self, sql)
        return try statement.first { () throws(QueueError) in statement.int64(0) } ?? 0
    }

    func word(_ sql: String) throws(QueueError) -> String {
        let statement = try PreparedStatement(self, sql)
        return try statement.first { () throws(QueueError) in statement.text(0) } ?? ""
    }
}
