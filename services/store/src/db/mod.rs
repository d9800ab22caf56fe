//! One connection to one database, either kind. Everything above this folder speaks portable SQL through [`Db`];
//! everything that knows SQLite or PostgreSQL is below.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::path::Path;

use crate::StoreError;
use crate::dialect::{self, Dialect};
use crate::value::{Row, Value};

/// Which database holds the rows.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Database {
    /// `sekisho.sqlite` in the data directory.
    #[default]
    Sqlite,
    /// A PostgreSQL server (14 or newer) by URL, `postgres://user@host/name`. The connection is not encrypted: use a
    /// Unix socket, the loopback interface or a protected network.
    Postgres(String),
}

impl Database {
    /// "sqlite" or "postgres".
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Database {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.to_owned()))
            }
            _ => Err(StoreError::invalid(
                "the database must be `sqlite` or a URL that starts with `postgres://`".to_owned(),
            )),
        }
    }
}

/// What a visitor of rows returns.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(Row) -> Result<(), StoreError>;

/// One connection.
pub(crate) trait Db: Send {
    fn dialect(&self) -> Dialect;

    /// Streams the rows of a query.
    fn each(&mut self, sql: &str, params: &[Value], visit: Visit<'_>) -> Result<(), StoreError>;

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError>;

    /// Runs statements of the dialect as they are.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;

    /// False once the database has given up the open transaction by itself, or the connection is gone.
    fn in_transaction(&mut self) -> bool;

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, params, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    fn first(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Starts a snapshot that can't write.
    fn begin_read(&mut self) -> Result<(), StoreError> {
        match self.dialect() {
            // A deferred transaction takes its snapshot with its first read.
            Dialect::Sqlite => self.script("BEGIN DEFERRED; SELECT name FROM sqlite_master LIMIT 1"),
            Dialect::Postgres => self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }

    fn begin_write(&mut self) -> Result<(), StoreError> {
        match self.dialect() {
            Dialect::Sqlite => self.script("BEGIN IMMEDIATE"),
            Dialect::Postgres => self.script("BEGIN"),
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.script("COMMIT")
    }

    /// Gives up the open transaction, if one is still open.
    fn rollback(&mut self) {
        if self.in_transaction() {
            // A failed ROLLBACK means that the connection is gone, which the next statement reports.
            let _ = self.script("ROLLBACK");
        }
    }

    /// Runs a portable DDL script.
    fn define(&mut self, portable: &str) -> Result<(), StoreError> {
        for statement in dialect::ddl(self.dialect(), portable) {
            self.script(&statement)?;
        }
        Ok(())
    }
}

/// Opens the writer's connection and takes the database's own lock.
pub(crate) fn open_writer(database: &Database, data: &Path, fsync: bool) -> Result<Box<dyn Db>, StoreError> {
    match database {
        Database::Sqlite => {
            Ok(Box::new(sqlite::Sqlite::open(&sqlite_path(data), sqlite::Role::Writer { fsync })?))
        }
        Database::Postgres(url) => Ok(Box::new(postgres::Postgres::connect(url, true)?)),
    }
}

/// Opens a connection for reading.
pub(crate) fn open_reader(database: &Database, data: &Path) -> Result<Box<dyn Db>, StoreError> {
    match database {
        Database::Sqlite => Ok(Box::new(sqlite::Sqlite::open(&sqlite_path(data), sqlite::Role::Reader)?)),
        Database::Postgres(url) => Ok(Box::new(postgres::Postgres::connect(url, false)?)),
    }
}

pub(crate) fn sqlite_path(data: &Path) -> std::path::PathBuf {
    data.join("sekisho.sqlite")
}

/// The start of a statement for an error message.
pub(crate) fn excerpt(sql: &str) -> String {
    let mut text: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect();
    if text.chars().count() == 80 {
        text.push('…');
    }
    text
}
