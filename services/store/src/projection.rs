//! Who owns which table. A projection's tables are made from events and can be made anew from them at any time;
//! a module's tables (sessions, secrets) hold what must not be in the ledger and are never touched by a rebuild.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::db::Db;
use crate::dialect::{self, Effect};
use crate::event::Event;
use crate::value::{Sql, Value};
use crate::{StoreError, schema};

/// A table of a projection: written in the code with [`TableDef::new`], or made from data at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDef {
    /// Its name, lower case.
    pub name: Cow<'static, str>,
    /// `CREATE TABLE` and `CREATE INDEX` statements in portable types (TEXT, BIGINT, BLOB), separated by `;`.
    pub ddl: Cow<'static, str>,
    /// Columns that put the rows into one total order, e.g. `id`; used to compare a table with its replay.
    pub order_by: Cow<'static, str>,
}

impl TableDef {
    /// A table that is written in the code.
    #[must_use]
    pub const fn new(name: &'static str, ddl: &'static str, order_by: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), ddl: Cow::Borrowed(ddl), order_by: Cow::Borrowed(order_by) }
    }
}

/// A column that holds ids of blobs; `verify` checks that they exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobColumn {
    /// The table.
    pub table: Cow<'static, str>,
    /// The column with the blob's id; NULL means none.
    pub column: Cow<'static, str>,
    /// The column that names the row in a message.
    pub key: Cow<'static, str>,
}

impl BlobColumn {
    /// A column that is written in the code.
    #[must_use]
    pub const fn new(table: &'static str, column: &'static str, key: &'static str) -> Self {
        Self { table: Cow::Borrowed(table), column: Cow::Borrowed(column), key: Cow::Borrowed(key) }
    }
}

/// Tables made from events.
pub trait Projection: Send + Sync {
    /// A stable name, `[a-z0-9_]+`.
    fn name(&self) -> &str;

    /// Its tables.
    fn tables(&self) -> &[TableDef];

    /// Applies one event. It may read and write the tables of projections only, and must use nothing but the event:
    /// no clock, no randomness, no other table, or a replay would differ. An event whose payload was disposed of
    /// comes with `body: None` in a replay, so the rows must become what `ledger.payload-disposed` made of them.
    ///
    /// # Errors
    /// An error refuses the whole unit of work that emitted the event.
    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError>;

    /// Raise it when `apply` changes its meaning: the tables are then replayed at the next start.
    fn version(&self) -> u32 {
        1
    }

    /// Columns that refer to blobs.
    fn blob_references(&self) -> &[BlobColumn] {
        &[]
    }
}

/// Plain tables that aren't made from events.
pub trait Module: Send + Sync {
    /// A stable name, `[a-z0-9_]+`.
    fn name(&self) -> &str;

    /// Portable DDL scripts, each applied once and in order. Add to the end, never change one that was released.
    fn migrations(&self) -> &[&str];
}

/// Who may write to which table.
pub(crate) struct Owners(HashMap<String, usize>);

/// Who is writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// A unit of work: modules' tables.
    Unit,
    /// The projection with this number: its own tables.
    Projection(usize),
}

impl Owners {
    pub(crate) fn new(projections: &[std::sync::Arc<dyn Projection>]) -> Result<Self, StoreError> {
        let mut owners = HashMap::new();
        for (number, projection) in projections.iter().enumerate() {
            for table in projection.tables() {
                let name = table.name.to_ascii_lowercase();
                if schema::CORE_TABLES.contains(&name.as_str()) || owners.insert(name, number).is_some() {
                    return Err(StoreError::misuse(format!("table `{}` is declared twice", table.name)));
                }
            }
        }
        Ok(Self(owners))
    }

    /// Refuses a statement that changes a table of someone else, or that is no plain statement.
    pub(crate) fn check(&self, author: Author, sql: &str) -> Result<(), StoreError> {
        let table = match dialect::effect(sql) {
            Effect::Read => return Ok(()),
            Effect::Change(table) => table,
            Effect::Other(word) => {
                return Err(StoreError::misuse(format!(
                    "a statement that starts with `{word}` is not allowed here: use SELECT, INSERT INTO, UPDATE or DELETE FROM"
                )));
            }
        };
        if schema::CORE_TABLES.contains(&table.as_str()) {
            return Err(StoreError::misuse(format!("table `{table}` is written by the store alone")));
        }
        match (author, self.0.get(&table)) {
            (Author::Unit, None) => Ok(()),
            (Author::Unit, Some(_)) => Err(StoreError::misuse(format!(
                "table `{table}` is a projection: emit an event instead of writing to it"
            ))),
            (Author::Projection(me), Some(owner)) if me == *owner => Ok(()),
            (Author::Projection(_), _) => Err(StoreError::misuse(format!(
                "a projection wrote to table `{table}`, which is not its own"
            ))),
        }
    }
}

/// A connection as projections see it.
pub(crate) struct Guarded<'a> {
    pub(crate) db: &'a mut dyn Db,
    pub(crate) owners: &'a Owners,
    pub(crate) author: Author,
}

impl Sql for Guarded<'_> {
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<crate::Row>, StoreError> {
        self.owners.check(self.author, sql)?;
        self.db.query(sql, params)
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        self.owners.check(self.author, sql)?;
        self.db.execute(sql, params)
    }
}
