//! The full check: rows against leaves, leaves against tiles and signed checkpoints, payloads against their
//! commitments, blobs against their names, projections against a replay. It repairs nothing and goes on after a
//! problem, so that the list is complete.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use sekisho_ledger::tile::{self, Tile};
use sekisho_ledger::{Checkpoint, Entry, Hash, commit, leaf_hash};
use serde::Serialize;

use crate::db::Db;
use crate::event::{self, DISPOSED};
use crate::projection::Owners;
use crate::rebuild::{self, Replay};
use crate::store::Store;
use crate::tiles::{self, Cutter, TileFile};
use crate::value::{Row, Value};
use crate::{StoreError, chain, files};

/// Most problems that are listed one by one.
const LISTED: usize = 1_000;

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerifyReport {
    /// Rows of table `events`.
    pub events: u64,
    /// Events whose payload was disposed of, with the entry that says so.
    pub disposed: u64,
    /// Tiles and entry bundles that were compared.
    pub tiles: u64,
    /// Blobs that were decrypted and hashed.
    pub blobs: u64,
    /// Size that the signed checkpoint states.
    pub checkpoint_size: u64,
    /// Rows of projections that were compared with the replay.
    pub projections: u64,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// Problems beyond those that are listed.
    pub more: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Table and row, tile, blob or file.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl VerifyReport {
    /// Did everything agree?
    #[must_use]
    pub fn ok(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, place: impl Into<String>, what: impl Into<String>) {
        if self.problems.len() < LISTED {
            self.problems.push(Problem { place: place.into(), what: what.into() });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn add_error(&mut self, error: &StoreError) {
        match error {
            StoreError::Contradiction { place, what } | StoreError::Damaged { place, what } => {
                self.add(place, what)
            }
            other => self.add("store", other.to_string()),
        }
    }
}

impl Store {
    /// Checks everything that is stored. Takes as long as reading it all; others may read and write meanwhile.
    ///
    /// # Errors
    /// Only if the check itself can't be carried out; what is wrong with the data is in the report.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport::default();
        // The file first: the rows are always ahead of it.
        let file = match chain::signed_file(self.data(), &self.verifier_key(), self.shared().origin()) {
            Ok(Some(checkpoint)) => Some(checkpoint),
            Ok(None) => {
                report.add("ledger/checkpoint", "the file is missing");
                None
            }
            Err(error) => {
                report.add_error(&error);
                None
            }
        };
        self.read(|tx| {
            let mut db = tx.db.borrow_mut();
            Rows::check(self, db.as_mut(), file.as_ref(), &mut report)?;
            self.check_projections(db.as_mut(), &mut report)
        })?;
        self.check_blobs(&mut report)?;
        Ok(report)
    }

    fn check_projections(&self, db: &mut dyn Db, report: &mut VerifyReport) -> Result<(), StoreError> {
        let projections = &self.shared().options.projections;
        if projections.is_empty() {
            return Ok(());
        }
        let owners = Owners::new(projections)?;
        let mut replay = match Replay::run(self.data(), db, projections, &owners) {
            Ok(replay) => replay,
            Err(error) if matches!(error.kind(), crate::ErrorKind::Temporary) => return Err(error),
            Err(error) => {
                report.add("projections", format!("the events can't be replayed: {error}"));
                return Ok(());
            }
        };
        for (name, table) in rebuild::all_tables(projections) {
            let mut surplus: HashMap<Vec<u8>, i64> = HashMap::new();
            let wanted = rebuild::dump(&mut replay.db, table, &mut |_| Ok(()))?;
            let live = match rebuild::dump(db, table, &mut |_| Ok(())) {
                Ok(live) => live,
                Err(error) => {
                    report.add(format!("projection {name} table {}", table.name), error.to_string());
                    continue;
                }
            };
            report.projections = report.projections.saturating_add(live.rows);
            if live == wanted {
                continue;
            }
            rebuild::dump(&mut replay.db, table, &mut |row| {
                *surplus.entry(rebuild::row_bytes(row)).or_default() += 1;
                Ok(())
            })?;
            rebuild::dump(db, table, &mut |row| {
                let left = surplus.entry(rebuild::row_bytes(row)).or_default();
                *left -= 1;
                if *left < 0 {
                    report.add(row_place(name, table, row), "the row is not the one that the events give");
                }
                Ok(())
            })?;
            rebuild::dump(&mut replay.db, table, &mut |row| {
                if surplus.get(&rebuild::row_bytes(row)).is_some_and(|left| *left > 0) {
                    report.add(
                        row_place(name, table, row),
                        "the events give this row, the table lacks it or differs",
                    );
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn check_blobs(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        for path in self.blobs().all_files()? {
            // One may have been disposed of since the list was made.
            if !path.try_exists().unwrap_or(true) {
                continue;
            }
            match self.blobs().check_file(&path) {
                Ok(_) => {}
                Err(error @ (StoreError::Damaged { .. } | StoreError::Contradiction { .. })) => {
                    report.add_error(&error)
                }
                Err(error) => report.add(format!("`{}`", path.display()), error.to_string()),
            }
            report.blobs = report.blobs.saturating_add(1);
        }
        for projection in &self.shared().options.projections {
            for reference in projection.blob_references() {
                let (table, column, key) = (&reference.table, &reference.column, &reference.key);
                let sql = format!("SELECT {key} AS k, {column} AS b FROM {table} WHERE {column} IS NOT NULL");
                let rows = self.read(|tx| tx.query(&sql, &[]))?;
                for row in rows {
                    let id = row.get_text("b")?;
                    if !self.blobs().exists(id).unwrap_or(false) {
                        let key = row.get("k").map(show)?;
                        report.add(format!("{table} {key} column {column}"), format!("blob {id} is missing"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Tables of projections in which a blob is named. Equal content is one blob, so whoever disposes of one asks first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn tables_with_blob(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let mut tables = Vec::new();
        for projection in &self.shared().options.projections {
            for reference in projection.blob_references() {
                let (table, column) = (&reference.table, &reference.column);
                let sql = format!("SELECT {column} AS b FROM {table} WHERE {column} = ?1 LIMIT 1");
                if !self.read(|tx| tx.query(&sql, &[id.into()]))?.is_empty() {
                    tables.push(table.to_string());
                }
            }
        }
        Ok(tables)
    }
}

/// The walk over the events.
struct Rows<'a> {
    report: &'a mut VerifyReport,
    dir: std::path::PathBuf,
    cutter: Cutter,
    /// No row was missing so far, so tiles can be compared.
    whole: bool,
    next: u64,
    last_ms: i64,
    /// Disposals that events claim: seq → actor and subject.
    explained: BTreeMap<u64, (String, String)>,
    /// Rows without payload.
    emptied: Vec<(u64, String, String)>,
    seen: HashSet<String>,
    file: Option<&'a Checkpoint>,
}

impl<'a> Rows<'a> {
    fn check(
        store: &Store,
        db: &mut dyn Db,
        file: Option<&'a Checkpoint>,
        report: &'a mut VerifyReport,
    ) -> Result<(), StoreError> {
        let note = db.first("SELECT note FROM checkpoint WHERE id = 1", &[])?;
        let note = note.map(|row| row.get_string("note")).transpose()?;
        let signed = match note.map(|n| chain::open_note(&n, &store.verifier_key(), store.shared().origin()))
        {
            Some(Ok(checkpoint)) => Some(checkpoint),
            Some(Err(what)) => {
                report.add("table checkpoint", what);
                None
            }
            None => {
                report.add("table checkpoint", "it is empty");
                None
            }
        };
        if signed.is_some()
            && let Err(error) = chain::load(db, &store.verifier_key(), store.shared().origin())
        {
            report.add_error(&error);
        }
        report.checkpoint_size = signed.as_ref().map_or(0, |c| c.size);
        let mut walk = Self {
            report,
            dir: tiles::ledger_dir(store.data()),
            cutter: Cutter::default(),
            whole: true,
            next: 0,
            last_ms: i64::MIN,
            explained: BTreeMap::new(),
            emptied: Vec::new(),
            seen: HashSet::new(),
            file,
        };
        db.each(
            "SELECT seq, time_ms, kind, actor, subject, payload, salt, entry, leaf FROM events ORDER BY seq",
            &[],
            &mut |row| walk.row(&row, signed.as_ref()),
        )?;
        walk.end(signed.as_ref())
    }

    fn row(&mut self, row: &Row, signed: Option<&Checkpoint>) -> Result<(), StoreError> {
        let seq = row.get_u64("seq")?;
        let place = format!("events seq {seq}");
        self.report.events = self.report.events.saturating_add(1);
        while self.next < seq {
            self.report.add(format!("events seq {}", self.next), "the row is missing");
            self.whole = false;
            self.next = self.next.saturating_add(1);
            if self.report.more > 0 {
                self.next = seq;
            }
        }
        self.next = seq.saturating_add(1);
        if signed.is_some_and(|c| seq >= c.size) {
            self.report.add(&place, "no signed checkpoint counts this row");
        }
        let (entry_bytes, leaf) = (row.get_blob("entry")?, row.get_blob("leaf")?);
        let Some(leaf) = Hash::from_slice(leaf) else {
            self.report.add(&place, "its leaf is not a hash");
            self.whole = false;
            return Ok(());
        };
        if leaf_hash(entry_bytes) != leaf {
            self.report.add(&place, "its leaf is not the hash of its entry");
        }
        match Entry::decode(entry_bytes) {
            Ok(entry) => self.compare(row, seq, &place, &entry)?,
            Err(error) => self.report.add(&place, format!("its entry is not readable: {error}")),
        }
        if self.whole {
            let mut full = Vec::new();
            self.cutter.push(entry_bytes.to_vec(), leaf, &mut full)?;
            for file in full {
                self.tile(&file, true)?;
            }
            let size = self.cutter.size();
            let root_differs =
                |c: Option<&Checkpoint>| c.is_some_and(|c| c.size == size && c.root != self.cutter.root());
            if root_differs(self.file) {
                self.report
                    .add("ledger/checkpoint", format!("the rows do not have the root signed at size {size}"));
            }
            if root_differs(signed) {
                self.report
                    .add("table checkpoint", format!("the rows do not have the root signed at size {size}"));
            }
        }
        Ok(())
    }

    fn compare(&mut self, row: &Row, seq: u64, place: &str, entry: &Entry) -> Result<(), StoreError> {
        let (time_ms, kind) = (row.get_i64("time_ms")?, row.get_text("kind")?);
        let (actor, subject) = (row.get_text("actor")?, row.get_text("subject")?);
        if entry.seq != seq || entry.time_ms != time_ms || entry.kind != kind {
            self.report.add(place, "its columns differ from its entry");
        }
        if time_ms < self.last_ms {
            self.report.add(place, "its time is before that of the row above");
        }
        self.last_ms = time_ms;
        let (Some(payload), Some(salt)) = (row.get_opt_blob("payload")?, row.get_opt_blob("salt")?) else {
            self.emptied.push((seq, actor.to_owned(), subject.to_owned()));
            return Ok(());
        };
        let Ok(salt) = <[u8; 32]>::try_from(salt) else {
            self.report.add(place, "its salt is not 32 bytes");
            return Ok(());
        };
        if commit(&salt, payload) != entry.commitment {
            self.report.add(place, "payload does not match its commitment");
            return Ok(());
        }
        match event::decode(seq, payload) {
            Ok(content) => {
                if content.actor != actor || content.subject != subject {
                    self.report.add(place, "its columns differ from its payload");
                }
                if kind == DISPOSED {
                    let text =
                        |key: &str| content.body.get(key).and_then(|v| v.as_str()).unwrap_or("").to_owned();
                    if let Some(of) = content.body.get("seq").and_then(serde_json::Value::as_u64) {
                        self.explained.insert(of, (text("actor"), text("subject")));
                    }
                }
            }
            Err(error) => self.report.add_error(&error),
        }
        Ok(())
    }

    fn end(mut self, signed: Option<&Checkpoint>) -> Result<(), StoreError> {
        for (place, checkpoint) in [("table checkpoint", signed), ("ledger/checkpoint", self.file)] {
            if let Some(checkpoint) = checkpoint
                && checkpoint.size > self.next
            {
                let what = format!(
                    "it signs {} events, the table ends at {}: rows were cut off or the database was set back",
                    checkpoint.size, self.next
                );
                self.report.add(place, what);
            }
        }
        for (seq, actor, subject) in std::mem::take(&mut self.emptied) {
            let place = format!("events seq {seq}");
            match self.explained.get(&seq) {
                Some((a, s)) if *a == actor && *s == subject => {
                    self.report.disposed = self.report.disposed.saturating_add(1);
                }
                Some(_) => self.report.add(place, "its columns differ from the entry of its disposal"),
                None => {
                    self.report.add(place, "its payload is gone and no entry says that it was disposed of")
                }
            }
        }
        if self.whole {
            for file in self.cutter.partial()? {
                self.tile(&file, false)?;
            }
            // With a file behind or ahead of this snapshot the store is at work, and more tiles are to be expected.
            if self.file.is_some_and(|c| c.size == self.next) {
                self.strays()?;
            }
        }
        Ok(())
    }

    /// Compares a tile on disk with the rows, and the partial ones that came before it.
    fn tile(&mut self, file: &TileFile, full: bool) -> Result<(), StoreError> {
        let is_bundle = file.path.starts_with("tile/entries/");
        let whole_path = file.path.split(".p/").next().unwrap_or_default().to_owned();
        let mut found = files::read_optional(&self.dir.join(&file.path))?;
        if found.is_none() && !full {
            // A full tile replaces its partial ones.
            found = files::read_optional(&self.dir.join(&whole_path))?.map(|mut bytes| {
                bytes.truncate(file.bytes.len());
                bytes
            });
        }
        self.report.tiles = self.report.tiles.saturating_add(1);
        self.seen.insert(file.path.clone());
        match found {
            None => self.report.add(format!("ledger/{}", file.path), "the tile is missing"),
            Some(found) if found != file.bytes => {
                self.report.add(format!("ledger/{}", file.path), "the tile differs from the rows");
                if is_bundle {
                    self.name_rows(&file.path, &file.bytes, &found);
                }
            }
            Some(_) => {}
        }
        let partials = format!("{whole_path}.p");
        for name in files::walk(&self.dir.join(&partials))? {
            let path = format!("{partials}/{}", name.display());
            let bytes = files::read_optional(&self.dir.join(&path))?.unwrap_or_default();
            let shorter = bytes.len() <= file.bytes.len();
            if shorter && !file.bytes.starts_with(&bytes) && path != file.path {
                self.report.add(format!("ledger/{path}"), "the tile differs from the rows");
            }
            if shorter {
                self.seen.insert(path);
            }
        }
        Ok(())
    }

    /// Names the rows in which a bundle on disk differs.
    fn name_rows(&mut self, path: &str, ours: &[u8], theirs: &[u8]) {
        let (Ok(ours), Ok(theirs)) = (tile::decode_bundle(ours), tile::decode_bundle(theirs)) else { return };
        for (row, file) in ours.iter().zip(&theirs).filter(|(a, b)| a != b) {
            let seq = Entry::decode(row)
                .or_else(|_| Entry::decode(file))
                .map_or(String::new(), |e| e.seq.to_string());
            self.report.add(format!("events seq {seq}"), format!("its entry differs from ledger/{path}"));
        }
    }

    fn strays(&mut self) -> Result<(), StoreError> {
        for path in files::walk(&self.dir)? {
            let path = path.to_string_lossy().into_owned();
            if path == "checkpoint" || path.ends_with(".tmp") || self.seen.contains(&path) {
                continue;
            }
            let known = Tile::parse_path(&path.replacen("tile/entries/", "tile/0/", 1)).is_ok();
            let what =
                if known { "the tile holds more than was signed" } else { "the file does not belong here" };
            self.report.add(format!("ledger/{path}"), what);
        }
        Ok(())
    }
}

fn row_place(projection: &str, table: &crate::TableDef, row: &Row) -> String {
    let key: Vec<String> = table
        .order_by
        .split(',')
        .filter_map(|part| part.split_whitespace().next())
        .filter_map(|column| row.get(column).ok().map(|v| format!("{column} {}", show(v))))
        .collect();
    format!("projection {projection} table {} {}", table.name, key.join(" "))
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(v) => v.to_string(),
        Value::Text(v) => v.clone(),
        Value::Blob(v) => hex::encode(v),
    }
}
