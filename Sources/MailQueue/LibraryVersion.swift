internal import GRDBSQLite

extension SQLiteQueueStore {
    /// The SQLite that is linked at run time, such as `3.40.1`.
    public static var libraryVersion: String { String(cString: sqlite3_libversion()) }
}
