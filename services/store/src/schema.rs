//! The store's own tables, and the bookkeeping of everyone else's: what was migrated, and which shape of a
//! projection the rows were made for.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::StoreError;
use crate::db::Db;
use crate::dialect::Dialect;
use crate::projection::{Module, Projection};
use crate::value::Value;

/// Tables that only the store writes.
pub(crate) const CORE_TABLES: [&str; 4] = ["events", "checkpoint", "jobs", "meta"];

const CORE: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    time_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload BLOB,
    salt BLOB,
    entry BLOB NOT NULL,
    leaf BLOB NOT NULL,
    CHECK ((payload IS NULL) = (salt IS NULL))
);
CREATE INDEX events_kind ON events (kind, seq);
CREATE INDEX events_subject ON events (subject, seq);
CREATE TABLE checkpoint (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    size BIGINT NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL,
    frontier BLOB NOT NULL,
    time_ms BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    flushed BIGINT NOT NULL
);
CREATE TABLE jobs (
    id BIGINT PRIMARY KEY,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'dead')),
    not_before_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    worker TEXT,
    token TEXT,
    lease_until_ms BIGINT,
    error TEXT,
    created_ms BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (queue, state, not_before_ms, id)";

/// Append-only by the database itself: no DELETE, and an UPDATE may only empty a payload with its salt.
const GUARD_SQLITE: [&str; 2] = [
    "CREATE TRIGGER events_keep BEFORE DELETE ON events
     BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
    "CREATE TRIGGER events_freeze BEFORE UPDATE ON events
     WHEN NOT (NEW.payload IS NULL AND NEW.salt IS NULL AND NEW.seq IS OLD.seq AND NEW.time_ms IS OLD.time_ms
               AND NEW.kind IS OLD.kind AND NEW.actor IS OLD.actor AND NEW.subject IS OLD.subject
               AND NEW.entry IS OLD.entry AND NEW.leaf IS OLD.leaf)
     BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
];

const GUARD_POSTGRES: [&str; 3] = [
    "CREATE FUNCTION sekisho_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF TG_OP = 'UPDATE' AND NEW.payload IS NULL AND NEW.salt IS NULL
          AND (NEW.seq, NEW.time_ms, NEW.kind, NEW.actor, NEW.subject, NEW.entry, NEW.leaf)
              IS NOT DISTINCT FROM
              (OLD.seq, OLD.time_ms, OLD.kind, OLD.actor, OLD.subject, OLD.entry, OLD.leaf) THEN
         RETURN NEW;
       END IF;
       RAISE EXCEPTION 'events are append-only';
     END $$",
    "CREATE TRIGGER events_freeze BEFORE UPDATE OR DELETE ON events
     FOR EACH ROW EXECUTE FUNCTION sekisho_events_guard()",
    "CREATE TRIGGER events_keep BEFORE TRUNCATE ON events
     FOR EACH STATEMENT EXECUTE FUNCTION sekisho_events_guard()",
];

/// The layout that this version writes.
const LAYOUT: &str = "1";

/// Creates the store's tables in an empty database; refuses a layout of another version.
pub(crate) fn create_core(db: &mut dyn Db) -> Result<(), StoreError> {
    if core_exists(db)? {
        return match meta(db, "layout")?.as_deref() {
            Some(LAYOUT) => Ok(()),
            other => Err(StoreError::contradiction(
                "table meta",
                format!("the database has layout {}, this version reads {LAYOUT}", other.unwrap_or("?")),
            )),
        };
    }
    db.define(CORE)?;
    let guard: &[&str] = match db.dialect() {
        Dialect::Sqlite => &GUARD_SQLITE,
        Dialect::Postgres => &GUARD_POSTGRES,
    };
    for statement in guard {
        db.script(statement)?;
    }
    set_meta(db, "layout", LAYOUT)
}

/// Is this a database of the store?
pub(crate) fn core_exists(db: &mut dyn Db) -> Result<bool, StoreError> {
    table_exists(db, "events")
}

fn table_exists(db: &mut dyn Db, table: &str) -> Result<bool, StoreError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?1",
        Dialect::Postgres => {
            "SELECT tablename AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = ?1"
        }
    };
    Ok(db.first(sql, &[Value::from(table)])?.is_some())
}

/// All tables of the database, sorted.
pub(crate) fn all_tables(db: &mut dyn Db) -> Result<Vec<String>, StoreError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Dialect::Postgres => {
            "SELECT tablename AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
        }
    };
    let mut names =
        db.query(sql, &[])?.iter().map(|r| r.get_string("name")).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    Ok(names)
}

/// Runs the scripts of a module that this database hasn't seen.
pub(crate) fn migrate(db: &mut dyn Db, module: &dyn Module) -> Result<(), StoreError> {
    let key = format!("module:{}", module.name());
    let done: usize = meta(db, &key)?.and_then(|v| v.parse().ok()).unwrap_or(0);
    let scripts = module.migrations();
    if done > scripts.len() {
        return Err(StoreError::contradiction(
            "table meta",
            format!(
                "module `{}` has {done} migrations in the database, this version knows {}",
                module.name(),
                scripts.len()
            ),
        ));
    }
    for script in scripts.iter().skip(done) {
        db.define(script)?;
    }
    set_meta(db, &key, &scripts.len().to_string())
}

/// Creates the tables of projections that are new or changed their shape. True if any has to be replayed.
pub(crate) fn shape(db: &mut dyn Db, projections: &[Arc<dyn Projection>]) -> Result<bool, StoreError> {
    let mut stale = false;
    for projection in projections {
        let key = format!("projection:{}", projection.name());
        let wanted = fingerprint(projection.as_ref());
        let found = meta(db, &key)?;
        if found.as_deref() == Some(wanted.as_str()) {
            continue;
        }
        stale = true;
        for table in projection.tables() {
            db.script(&format!("DROP TABLE IF EXISTS {}", table.name))?;
            db.define(&table.ddl)?;
        }
        set_meta(db, &key, &wanted)?;
    }
    Ok(stale)
}

fn fingerprint(projection: &dyn Projection) -> String {
    let mut hash = Sha256::new();
    hash.update(projection.version().to_be_bytes());
    for table in projection.tables() {
        for part in [&table.name, &table.ddl, &table.order_by] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}

pub(crate) fn meta(db: &mut dyn Db, key: &str) -> Result<Option<String>, StoreError> {
    let row = db.first("SELECT value FROM meta WHERE key = ?1", &[Value::from(key)])?;
    row.map(|r| r.get_string("value")).transpose()
}

pub(crate) fn set_meta(db: &mut dyn Db, key: &str, value: &str) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        &[Value::from(key), Value::from(value)],
    )?;
    Ok(())
}
