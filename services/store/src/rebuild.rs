//! Projections made anew from the events. The replay runs in a scratch database of its own, which has no other
//! tables, so a projection that looks at anything but events and projections fails here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::db::Db;
use crate::db::sqlite::{Role, Sqlite};
use crate::event::{self, Event};
use crate::projection::{Owners, Projection, TableDef};
use crate::store::Store;
use crate::value::{Row, Value};
use crate::write::apply;
use crate::{StoreError, files};

/// What a rebuild found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RebuildReport {
    /// Events that were replayed.
    pub events: u64,
    /// One line per table.
    pub tables: Vec<TableReport>,
}

/// One table before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// The projection.
    pub projection: String,
    /// The table.
    pub table: String,
    /// Rows after the rebuild.
    pub rows: u64,
    /// SHA-256 over the rows in order, before.
    pub before: String,
    /// The same, after.
    pub after: String,
    /// Did the table differ, and was it replaced?
    pub changed: bool,
}

impl Store {
    /// Replays every event and replaces the tables that differ from the replay, in one transaction.
    ///
    /// # Errors
    /// What a projection or the database reports; nothing was changed then.
    pub fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        self.upkeep(|writer| {
            let projections = Arc::clone(&writer.tx.projections);
            let owners = Arc::clone(&writer.tx.owners);
            let data = writer.shared.data().to_owned();
            writer.alone(|db| {
                let mut replay = Replay::run(&data, db, &projections, &owners)?;
                let mut report = RebuildReport { events: replay.events, tables: Vec::new() };
                for (projection, table) in all_tables(&projections) {
                    let before = dump(db, table, &mut |_| Ok(()))?;
                    let after = dump(&mut replay.db, table, &mut |_| Ok(()))?;
                    let changed = before != after;
                    if changed {
                        replace(db, &mut replay.db, table)?;
                    }
                    report.tables.push(TableReport {
                        projection: projection.to_owned(),
                        table: table.name.to_string(),
                        rows: after.rows,
                        before: before.hash,
                        after: after.hash,
                        changed,
                    });
                }
                Ok(report)
            })
        })
    }
}

/// A finished replay.
pub(crate) struct Replay {
    pub(crate) db: Sqlite,
    pub(crate) events: u64,
    path: PathBuf,
}

impl Drop for Replay {
    fn drop(&mut self) {
        // The file is scratch; its connection closes right after.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Replay {
    /// Replays the events that `source` sees.
    pub(crate) fn run(
        data: &Path,
        source: &mut dyn Db,
        projections: &[Arc<dyn Projection>],
        owners: &Owners,
    ) -> Result<Self, StoreError> {
        let dir = data.join("tmp");
        files::make_dir(&dir)?;
        let path = dir.join(format!("replay-{}.sqlite", hex::encode(files::random::<8>()?)));
        drop(files::create_private(&path)?);
        let db = Sqlite::open(&path, Role::Scratch)?;
        let mut replay = Self { db, events: 0, path };
        replay.db.begin_write()?;
        for (_, table) in all_tables(projections) {
            replay.db.define(&table.ddl)?;
        }
        replay.events = feed(source, &mut |event| apply(&mut replay.db, projections, owners, &event))?;
        replay.db.commit()?;
        Ok(replay)
    }
}

/// Empties the projections' tables and replays into them, inside the caller's transaction.
pub(crate) fn replay_in_place(
    db: &mut dyn Db,
    projections: &[Arc<dyn Projection>],
    owners: &Owners,
) -> Result<(), StoreError> {
    for (_, table) in all_tables(projections) {
        db.execute(&format!("DELETE FROM {}", table.name), &[])?;
    }
    let mut next = 0u64;
    loop {
        let page = page(db, next)?;
        let Some(last) = page.last() else { return Ok(()) };
        next = last.seq.saturating_add(1);
        for event in page {
            apply(db, projections, owners, &event)?;
        }
    }
}

/// Hands every event to `each`, in order; returns how many there were.
fn feed(
    source: &mut dyn Db,
    each: &mut dyn FnMut(Event) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut count = 0u64;
    let mut next = 0u64;
    loop {
        let page = page(source, next)?;
        let Some(last) = page.last() else { return Ok(count) };
        next = last.seq.saturating_add(1);
        for event in page {
            each(event)?;
            count = count.saturating_add(1);
        }
    }
}

fn page(source: &mut dyn Db, from: u64) -> Result<Vec<Event>, StoreError> {
    let sql = format!("SELECT {} FROM events WHERE seq >= ?1 ORDER BY seq LIMIT 1000", event::COLUMNS);
    source.query(&sql, &[Value::try_from(from)?])?.iter().map(Event::from_row).collect()
}

pub(crate) fn all_tables(projections: &[Arc<dyn Projection>]) -> impl Iterator<Item = (&str, &TableDef)> {
    projections.iter().flat_map(|p| p.tables().iter().map(|t| (p.name(), t)))
}

/// The content of a table in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dump {
    pub(crate) rows: u64,
    pub(crate) hash: String,
}

/// Reads a table in its order; hashes it and shows every row to `each`.
pub(crate) fn dump(
    db: &mut dyn Db,
    table: &TableDef,
    each: &mut dyn FnMut(&Row) -> Result<(), StoreError>,
) -> Result<Dump, StoreError> {
    let mut hash = Sha256::new();
    let mut rows = 0u64;
    db.each(&format!("SELECT * FROM {} ORDER BY {}", table.name, table.order_by), &[], &mut |row| {
        hash.update(row_bytes(&row));
        rows = rows.saturating_add(1);
        each(&row)
    })?;
    Ok(Dump { rows, hash: hex::encode(hash.finalize()) })
}

/// A row's values in one unmistakable form: type, length, bytes.
pub(crate) fn row_bytes(row: &Row) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for value in row.values() {
        let int;
        let (tag, bytes): (u8, &[u8]) = match value {
            Value::Null => (0, &[]),
            Value::Int(v) => {
                int = v.to_be_bytes();
                (1, &int)
            }
            Value::Text(v) => (2, v.as_bytes()),
            Value::Blob(v) => (3, v),
        };
        out.push(tag);
        out.extend((bytes.len() as u64).to_be_bytes());
        out.extend(bytes);
    }
    out.push(0xff);
    out
}

fn replace(live: &mut dyn Db, replayed: &mut dyn Db, table: &TableDef) -> Result<(), StoreError> {
    live.execute(&format!("DELETE FROM {}", table.name), &[])?;
    copy_rows(replayed, live, &table.name, &format!("ORDER BY {}", table.order_by))?;
    Ok(())
}

/// Copies all rows of a table from one database into the same table of another.
pub(crate) fn copy_rows(
    from: &mut dyn Db,
    to: &mut dyn Db,
    table: &str,
    order: &str,
) -> Result<u64, StoreError> {
    let mut copied = 0u64;
    let mut insert = String::new();
    from.each(&format!("SELECT * FROM {table} {order}"), &[], &mut |row| {
        if insert.is_empty() {
            let marks: Vec<String> = (1..=row.columns().len()).map(|n| format!("?{n}")).collect();
            insert =
                format!("INSERT INTO {table} ({}) VALUES ({})", row.columns().join(", "), marks.join(", "));
        }
        to.execute(&insert, row.values())?;
        copied = copied.saturating_add(1);
        Ok(())
    })?;
    Ok(copied)
}
