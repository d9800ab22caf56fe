//! One suite for both databases. A case is a function that gets a fresh, empty place to open a store in; `sqlite.rs`
//! runs each case as a test of its own, `postgres.rs` runs all of them against a private server.

mod crash;
mod faults;
mod postgres;
mod speed;
mod suite;
mod tamper;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use crate::{
    BlobColumn, Database, Event, ManualClock, Module, OpenOptions, Projection, Sql, Store, StoreError,
    TableDef, Value,
};

pub(super) const ORIGIN: &str = "imari.example/test";
pub(super) const START_MS: i64 = 1_790_000_000_000;

/// A fresh place for one store.
pub(super) struct Bed {
    pub(super) dir: TempDir,
    pub(super) database: Database,
    pub(super) clock: Arc<ManualClock>,
}

impl Bed {
    pub(super) fn new(database: Database) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), database, clock: Arc::new(ManualClock::new(START_MS)) }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(super) fn options(&self) -> OpenOptions {
        OpenOptions::new(self.data(), ORIGIN)
            .database(self.database.clone())
            .clock(self.clock.clone())
            .fsync(false)
            .projection(Arc::new(Notes { version: 1 }))
            .module(Arc::new(Sessions))
    }

    pub(super) fn open(&self) -> Store {
        Store::open(self.options()).unwrap()
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.database == Database::Sqlite
    }
}

/// A projection for tests: `note.written {text, blob?}` makes a row, `note.erased` removes it, `note.refused` fails.
pub(super) struct Notes {
    pub(super) version: u32,
}

static NOTES: [TableDef; 1] = [TableDef::new(
    "notes",
    "CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT, author TEXT NOT NULL, blob_id TEXT, seq BIGINT NOT NULL);
          CREATE INDEX notes_author ON notes (author)",
    "id",
)];

static NOTES_BLOBS: [BlobColumn; 1] = [BlobColumn::new("notes", "blob_id", "id")];

impl Projection for Notes {
    fn name(&self) -> &str {
        "notes"
    }

    fn tables(&self) -> &[TableDef] {
        &NOTES
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn blob_references(&self) -> &[BlobColumn] {
        &NOTES_BLOBS
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        let text = |key: &str| event.body.as_ref().and_then(|b| b.get(key)).and_then(|v| v.as_str());
        match event.kind.as_str() {
            "note.written" => {
                tx.execute(
                    "INSERT INTO notes (id, text, author, blob_id, seq) VALUES (?1, ?2, ?3, ?4, ?5) \
                     ON CONFLICT (id) DO UPDATE SET text = excluded.text, author = excluded.author, seq = excluded.seq",
                    &[
                        Value::from(&event.subject),
                        Value::from(text("text").map(|t| format!("{t}{}", if self.version > 1 { "!" } else { "" }))),
                        Value::from(&event.actor),
                        Value::from(text("blob")),
                        Value::try_from(event.seq)?,
                    ],
                )?;
            }
            "note.erased" => {
                tx.execute("DELETE FROM notes WHERE id = ?1", &[Value::from(&event.subject)])?;
            }
            "note.refused" => {
                return Err(StoreError::Invalid { what: "refused by the projection".to_owned() });
            }
            crate::DISPOSED => {
                let seq = event.body.as_ref().and_then(|b| b.get("seq")).and_then(|v| v.as_i64());
                tx.execute(
                    "UPDATE notes SET text = NULL, blob_id = NULL WHERE seq = ?1",
                    &[Value::from(seq)],
                )?;
            }
            "note.trespass" => {
                tx.execute("DELETE FROM sessions", &[])?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// A module for tests.
pub(super) struct Sessions;

impl Module for Sessions {
    fn name(&self) -> &str {
        "sessions"
    }

    fn migrations(&self) -> &[&str] {
        &[
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, n BIGINT, raw BLOB)",
            "CREATE INDEX sessions_n ON sessions (n)",
        ]
    }
}

pub(super) fn note(store: &Store, id: &str, text: &str) -> u64 {
    let (id, text) = (id.to_owned(), text.to_owned());
    store.write(move |tx| tx.emit("note.written", "sato", &id, json!({ "text": text }))).unwrap()
}

/// A statement that no caller could make: straight on the writer's connection, triggers taken away.
pub(super) fn tamper(store: &Store, sql: &'static str) {
    let database = store.shared().database().clone();
    store
        .upkeep(move |writer| {
            let on = if database == Database::Sqlite { "" } else { " ON events" };
            for trigger in ["events_freeze", "events_keep"] {
                writer.tx.db.script(&format!("DROP TRIGGER IF EXISTS {trigger}{on}"))?;
            }
            writer.tx.db.script(sql)
        })
        .unwrap();
}

pub(super) fn problems(store: &Store) -> Vec<String> {
    store.verify().unwrap().problems.iter().map(ToString::to_string).collect()
}
