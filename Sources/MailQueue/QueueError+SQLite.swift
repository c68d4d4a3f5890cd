internal import GRDB
internal import GRDBSQLite
internal import Glibc
internal import SafeIO

extension QueueError {
    /// The connection's last error, by what can be done about it.
    static func from(_ connection: SQLiteConnection) -> QueueError {
        let text = String(cString: sqlite3_errmsg(connection))
        return from(code: sqlite3_extended_errcode(connection), text: text, systemCode: sqlite3_system_errno(connection))
    }

    static func from(_ error: any Error) -> QueueError {
        switch error {
        case let error as QueueError: error
        case let error as DatabaseError:
            from(code: error.extendedResultCode.rawValue, text: error.message ?? "SQLite error", systemCode: 0)
        case let error as SystemCallError: from(error)
        default: .storageUnhealthy("\(error)")
        }
    }

    /// What SQLite found on the disk is no database, in part or as a whole: the rest may be sound.
    var isCorruption: Bool {
        guard case .storageUnhealthy(let reason) = self else { return false }
        return reason.hasPrefix(Self.corruption)
    }

    private static let corruption = "SQLite: damaged"

    static func from(_ error: SystemCallError) -> QueueError {
        error.isOutOfSpace ? .outOfSpace : .storageUnhealthy(error.description)
    }

    private static func from(code: Int32, text: String, systemCode: Int32) -> QueueError {
        let system = SystemCallError("", code: systemCode)
        switch code & 0xFF {
        case SQLITE_FULL: return .outOfSpace
        // SQLite knows only ENOSPC as a full disk; a used-up quota and a file size limit arrive as I/O errors.
        case SQLITE_IOERR where systemCode != 0 && system.isOutOfSpace: return .outOfSpace
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .storageUnhealthy("\(corruption): \(text) [\(code)]")
        case SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH, SQLITE_PROTOCOL,
            SQLITE_BUSY, SQLITE_LOCKED:
            let reason = systemCode == 0 ? "" : " (\(String(cString: strerror(systemCode))))"
            return .storageUnhealthy("SQLite: \(text) [\(code)]\(reason)")
        default: return .rejected("SQLite: \(text) [\(code)]")
        }
    }
}
