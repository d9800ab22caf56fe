//! SQLite: WAL, `synchronous=FULL`, STRICT tables, untrusted schema, deleted content overwritten.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Db, Visit, excerpt};
use crate::StoreError;
use crate::dialect::Dialect;
use crate::value::{Row, Value};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that writes. Without `fsync` a power cut may lose acknowledged units; for tests only.
    Writer { fsync: bool },
    /// A reader beside it.
    Reader,
    /// A look at a file for a backup or restore: nothing about it is changed.
    Copier,
    /// A database file of its own that may be thrown away.
    Scratch,
}

pub(crate) struct Sqlite {
    connection: Connection,
    place: String,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, role: Role) -> Result<Self, StoreError> {
        let place = format!("`{}`", path.display());
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if role != Role::Reader {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection =
            Connection::open_with_flags(path, flags).map_err(|e| translate(&place, "open", &e))?;
        let mut this = Self { connection, place };
        this.connection
            .busy_timeout(Duration::from_secs(10))
            .map_err(|e| translate(&this.place, "open", &e))?;
        this.connection.set_prepared_statement_cache_capacity(256);
        let role_settings = match role {
            Role::Writer { fsync: true } => "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            Role::Writer { fsync: false } => "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
            Role::Reader => "PRAGMA query_only=ON;",
            Role::Copier => "",
            Role::Scratch => "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;",
        };
        this.script(&format!(
            "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA recursive_triggers=ON; \
             PRAGMA case_sensitive_like=ON; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=4000; \
             PRAGMA journal_size_limit=67108864; {role_settings}"
        ))?;
        Ok(this)
    }

    /// A consistent copy of the database in a new file, while others go on writing.
    pub(crate) fn copy_into(&mut self, path: &Path) -> Result<(), StoreError> {
        let target =
            path.to_str().ok_or_else(|| StoreError::invalid("the backup's path is not UTF-8".to_owned()))?;
        self.execute("VACUUM INTO ?1", &[Value::from(target)]).map(|_| ())
    }
}

impl Db for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn each(&mut self, sql: &str, params: &[Value], visit: Visit<'_>) -> Result<(), StoreError> {
        let fail = |e: &rusqlite::Error| translate(&self.place, sql, e);
        let mut statement = self.connection.prepare_cached(sql).map_err(|e| fail(&e))?;
        let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let count = columns.len();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(|e| fail(&e))?;
        while let Some(row) = rows.next().map_err(|e| fail(&e))? {
            let mut values = Vec::with_capacity(count);
            for at in 0..count {
                values.push(from_sqlite(row.get_ref(at).map_err(|e| fail(&e))?, sql)?);
            }
            visit(Row::new(Arc::clone(&columns), values))?;
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let fail = |e: rusqlite::Error| translate(&self.place, sql, &e);
        let mut statement = self.connection.prepare_cached(sql).map_err(fail)?;
        if statement.column_count() > 0 {
            // A RETURNING clause: the rows are dropped, their number stays.
            let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(fail)?;
            let mut touched = 0u64;
            while rows.next().map_err(fail)?.is_some() {
                touched = touched.saturating_add(1);
            }
            return Ok(touched);
        }
        let touched = statement.execute(rusqlite::params_from_iter(params)).map_err(fail)?;
        Ok(touched as u64)
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        // Twice per unit of work: worth a prepared statement.
        if ["SAVEPOINT unit", "RELEASE SAVEPOINT unit"].contains(&sql) {
            return self.execute(sql, &[]).map(|_| ());
        }
        // PRAGMA statements return rows, which `execute_batch` ignores.
        self.connection.execute_batch(sql).map_err(|e| translate(&self.place, sql, &e))
    }

    fn in_transaction(&mut self) -> bool {
        !self.connection.is_autocommit()
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::Blob(v) => ValueRef::Blob(v),
        }))
    }
}

fn from_sqlite(value: ValueRef<'_>, sql: &str) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::Int(v),
        ValueRef::Blob(v) => Value::Blob(v.to_vec()),
        ValueRef::Text(v) => Value::Text(String::from_utf8(v.to_vec()).map_err(|_| {
            StoreError::damaged(format!("a row read by `{}`", excerpt(sql)), "its text is not UTF-8")
        })?),
        ValueRef::Real(_) => {
            return Err(StoreError::misuse(format!(
                "`{}` returns a fraction; cast it, only integers are portable",
                excerpt(sql)
            )));
        }
    })
}

fn translate(place: &str, sql: &str, error: &rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full { place: place.to_owned() },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Locked { place: place.to_owned() }
        }
        Some(ErrorCode::ConstraintViolation) => StoreError::Conflict { reason },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::damaged(place, reason),
        Some(ErrorCode::CannotOpen) => StoreError::Unavailable { reason: format!("{place}: {reason}") },
        _ => StoreError::Database { sql: excerpt(sql), reason },
    }
}
