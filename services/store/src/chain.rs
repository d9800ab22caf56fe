//! Where the ledger ends, as the database and the checkpoint file state it. Everything is checked against the
//! signature when it is read: an unsigned end of the ledger is no end.

use std::path::Path;

use sekisho_ledger::{Checkpoint, Frontier, Hash, VerifierKey};

use crate::db::Db;
use crate::store::Published;
use crate::value::Value;
use crate::write::Chain;
use crate::{StoreError, files, tiles};

/// The row of table `checkpoint`, verified.
pub(crate) struct State {
    pub(crate) chain: Chain,
    pub(crate) root: Hash,
    pub(crate) note: String,
    pub(crate) time_ms: i64,
    pub(crate) batch: i64,
    /// Up to which size the full tiles on disk are durable.
    pub(crate) flushed: u64,
}

impl State {
    pub(crate) fn published(&self) -> Published {
        Published {
            size: self.chain.frontier.size(),
            root: self.root,
            note: self.note.clone(),
            time_ms: self.time_ms,
        }
    }
}

/// Writes the end of the ledger into the open transaction.
pub(crate) fn save(
    db: &mut dyn Db,
    chain: &Chain,
    note: &str,
    time_ms: i64,
    batch: i64,
    flushed: u64,
) -> Result<(), StoreError> {
    let frontier = &chain.frontier;
    db.execute(
        "INSERT INTO checkpoint (id, size, root, note, frontier, time_ms, batch, flushed) \
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, \
         frontier = excluded.frontier, time_ms = excluded.time_ms, batch = excluded.batch, flushed = excluded.flushed",
        &[
            Value::try_from(frontier.size())?,
            Value::from(frontier.root().0),
            Value::from(note),
            Value::Blob(frontier.parts().iter().flat_map(|h| h.0).collect()),
            Value::Int(time_ms),
            Value::Int(batch),
            Value::try_from(flushed)?,
        ],
    )?;
    Ok(())
}

/// Reads and verifies the end of the ledger; `None` in a new database.
pub(crate) fn load(db: &mut dyn Db, key: &VerifierKey, origin: &str) -> Result<Option<State>, StoreError> {
    let Some(row) = db.first(
        "SELECT size, root, note, frontier, time_ms, batch, flushed FROM checkpoint WHERE id = 1",
        &[],
    )?
    else {
        return Ok(None);
    };
    let bad = |what: String| StoreError::contradiction("table checkpoint", what);
    let note = row.get_string("note")?;
    let signed = open_note(&note, key, origin).map_err(bad)?;
    let parts = row.get_blob("frontier")?.chunks(32).map(Hash::from_slice).collect::<Option<Vec<_>>>();
    let frontier = parts
        .and_then(|parts| Frontier::from_parts(signed.size, parts).ok())
        .ok_or_else(|| bad(format!("its frontier does not fit size {}", signed.size)))?;
    if row.get_u64("size")? != signed.size
        || row.get_blob("root")? != signed.root.0
        || frontier.root() != signed.root
    {
        return Err(bad("its size, root or frontier is not the one that its note signs".to_owned()));
    }
    let end = db.first("SELECT seq, time_ms, leaf FROM events ORDER BY seq DESC LIMIT 1", &[])?.ok_or_else(
        || StoreError::contradiction("table events", format!("it is empty, {} were signed", signed.size)),
    )?;
    let last = end.get_u64("seq")?;
    if last.saturating_add(1) != signed.size {
        return Err(StoreError::contradiction(
            "table events",
            format!("its last row is seq {last}, but the checkpoint signs {} events", signed.size),
        ));
    }
    Ok(Some(State {
        chain: Chain { frontier, last_ms: end.get_i64("time_ms")? },
        root: signed.root,
        note,
        time_ms: row.get_i64("time_ms")?,
        batch: row.get_i64("batch")?,
        flushed: row.get_u64("flushed")?,
    }))
}

/// Reads and verifies the checkpoint file; `None` if there is none.
pub(crate) fn signed_file(
    data: &Path,
    key: &VerifierKey,
    origin: &str,
) -> Result<Option<Checkpoint>, StoreError> {
    let Some(bytes) = files::read_optional(&tiles::checkpoint_path(data))? else { return Ok(None) };
    String::from_utf8(bytes)
        .map_err(|_| "it is not text".to_owned())
        .and_then(|text| open_note(&text, key, origin))
        .map(Some)
        .map_err(|what| StoreError::contradiction("ledger/checkpoint", what))
}

pub(crate) fn open_note(note: &str, key: &VerifierKey, origin: &str) -> Result<Checkpoint, String> {
    let checkpoint = Checkpoint::open(note, key).map_err(|e| e.to_string())?;
    if checkpoint.origin != origin {
        return Err(format!("it belongs to the ledger `{}`, this one is `{origin}`", checkpoint.origin));
    }
    Ok(checkpoint)
}
