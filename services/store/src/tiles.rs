//! The ledger as files (C2SP tlog-tiles) under `ledger/`: hash tiles, entry bundles and the signed checkpoint. They
//! are made from the rows and can be made again from them; a file that exists and says something else is never
//! overwritten, because that would hide an alteration.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use sekisho_ledger::tile::{self, Tile, TileTree};
use sekisho_ledger::{Hash, LedgerError, NodeReader, node_hash};

use crate::db::Db;
use crate::value::Value;
use crate::{StoreError, files};

/// Hashes in a tile, entries in a bundle.
const WIDTH: usize = tile::WIDTH as usize;

pub(crate) fn ledger_dir(data: &Path) -> PathBuf {
    data.join("ledger")
}

pub(crate) fn checkpoint_path(data: &Path) -> PathBuf {
    ledger_dir(data).join("checkpoint")
}

/// One file of the ledger: its path under `ledger/` and what must be in it.
pub(crate) struct TileFile {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// Cuts a growing list of entries into tiles. Pure; holds at most one partial tile per level.
#[derive(Default, Clone)]
pub(crate) struct Cutter {
    size: u64,
    /// Hashes of the open tile of each level.
    tails: Vec<Vec<Hash>>,
    /// Entries of the open bundle.
    entries: Vec<Vec<u8>>,
}

impl Cutter {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds an entry; full tiles go to `full`.
    pub(crate) fn push(
        &mut self,
        entry: Vec<u8>,
        leaf: Hash,
        full: &mut Vec<TileFile>,
    ) -> Result<(), StoreError> {
        self.entries.push(entry);
        if self.entries.len() == WIDTH {
            let bytes = bundle(&self.entries)?;
            full.push(TileFile { path: tile::entries_path(self.size / WIDTH as u64, tile::WIDTH), bytes });
            self.entries.clear();
        }
        let (mut hash, mut index) = (leaf, self.size);
        for level in 0u8..8 {
            let at = usize::from(level);
            if self.tails.len() <= at {
                self.tails.push(Vec::new());
            }
            let Some(tail) = self.tails.get_mut(at) else { break };
            tail.push(hash);
            if tail.len() < WIDTH {
                break;
            }
            index /= WIDTH as u64;
            full.push(TileFile {
                path: Tile { level, index, width: tile::WIDTH }.path(),
                bytes: tail.iter().flat_map(|h| h.0).collect(),
            });
            hash = subtree(tail);
            tail.clear();
        }
        self.size = self.size.saturating_add(1);
        Ok(())
    }

    /// The partial tiles at this size.
    pub(crate) fn partial(&self) -> Result<Vec<TileFile>, StoreError> {
        let mut out = Vec::new();
        if let Some(width) = open_width(self.entries.len()) {
            let path = tile::entries_path(self.size / WIDTH as u64, width);
            out.push(TileFile { path, bytes: bundle(&self.entries)? });
        }
        for (level, tail) in (0u8..8).zip(&self.tails) {
            if let Some(width) = open_width(tail.len()) {
                let index = self.size.checked_shr(u32::from(level) * 8 + 8).unwrap_or(0);
                let bytes = tail.iter().flat_map(|h| h.0).collect();
                out.push(TileFile { path: Tile { level, index, width }.path(), bytes });
            }
        }
        Ok(out)
    }

    /// The root, computed from the open tiles.
    pub(crate) fn root(&self) -> Hash {
        let mut below: Option<Hash> = None;
        for tail in &self.tails {
            let mut hashes = tail.clone();
            hashes.extend(below);
            below = (!hashes.is_empty()).then(|| subtree(&hashes));
        }
        below.unwrap_or_else(Hash::empty_tree)
    }

    /// Takes the state at `size`, a multiple of 256, from the full tiles on disk; `None` if one is missing or has
    /// another length. Nothing is proved by this: the caller compares the root further on.
    fn load(data: &Path, size: u64) -> Result<Option<Self>, StoreError> {
        let mut this = Self { size, ..Self::default() };
        this.tails.push(Vec::new());
        for level in 1u8..8 {
            let nodes = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
            if nodes == 0 {
                break;
            }
            let mut tail = Vec::new();
            for index in nodes - nodes % WIDTH as u64..nodes {
                let below = Tile { level: level - 1, index, width: tile::WIDTH };
                let Some(bytes) = files::read_optional(&ledger_dir(data).join(below.path()))? else {
                    return Ok(None);
                };
                let Ok(hashes) = below.decode(&bytes) else { return Ok(None) };
                tail.push(subtree(&hashes));
            }
            this.tails.push(tail);
        }
        Ok(Some(this))
    }
}

/// Writes the files of a growing ledger.
pub(crate) struct Publisher {
    data: PathBuf,
    fsync: bool,
    cutter: Cutter,
    flusher: Option<Flusher>,
}

/// Makes full tiles durable behind the writer's back: flushing two files for every 256 entries on the way would
/// cost more than everything else. Up to which size that is done goes into the database with the next commit; the
/// next start compares what lies behind it with the rows.
struct Flusher {
    /// Files to flush, then the size up to which all are.
    queue: Option<mpsc::Sender<(Vec<PathBuf>, u64)>>,
    flushed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Flusher {
    fn start(from: u64) -> Result<Self, StoreError> {
        let (queue, inbox) = mpsc::channel::<(Vec<PathBuf>, u64)>();
        let flushed = Arc::new(AtomicU64::new(from));
        let reached = Arc::clone(&flushed);
        let thread = thread::Builder::new()
            .name("store-flusher".to_owned())
            .spawn(move || {
                while let Ok((paths, size)) = inbox.recv() {
                    let done = paths.iter().try_for_each(|path| {
                        File::open(path)?.sync_data()?;
                        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
                    });
                    // After a failure the mark stays where it is, and the next start looks at everything behind it.
                    if done.is_err() {
                        return;
                    }
                    reached.store(size, Ordering::SeqCst);
                }
            })
            .map_err(|e| StoreError::Unavailable { reason: format!("the flusher's thread: {e}") })?;
        Ok(Self { queue: Some(queue), flushed, thread: Some(thread) })
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Publisher {
    /// Brings the files up to the rows: `size` entries with this root. `signed` is what the checkpoint file on
    /// disk says, if there is one; it was verified by the caller. `flushed` is what [`Publisher::flushed`] last said.
    pub(crate) fn open(
        data: &Path,
        fsync: bool,
        db: &mut dyn Db,
        (size, root): (u64, Hash),
        signed: Option<(u64, Hash)>,
        flushed: u64,
    ) -> Result<Self, StoreError> {
        let known = signed.unwrap_or((0, Hash::empty_tree()));
        // Up to here the files were flushed, so they are what was written; what lies behind is compared with the rows.
        let mut from = flushed.min(known.0).min(size);
        from -= from % WIDTH as u64;
        loop {
            let cutter = match from {
                0 => Cutter::default(),
                _ if !all_full_tiles_exist(data, from)? => Cutter::default(),
                _ => Cutter::load(data, from)?.unwrap_or_default(),
            };
            from = cutter.size();
            let flusher = if fsync { Some(Flusher::start(from)?) } else { None };
            let mut this = Self { data: data.to_owned(), fsync, cutter, flusher };
            let extended = this.extend(db, size, known).and_then(|()| {
                let what = format!("its {size} rows do not have the root that the checkpoint signs");
                if this.cutter.root() == root {
                    Ok(())
                } else {
                    Err(StoreError::contradiction("table events", what))
                }
            });
            match extended {
                Ok(()) => return Ok(this),
                // Something before `from` may be to blame: go through all of it, so that the right place is named.
                Err(StoreError::Contradiction { .. }) if from > 0 => from = 0,
                Err(error) => return Err(error),
            }
        }
    }

    /// Up to which size the full tiles are durable.
    pub(crate) fn flushed(&self) -> u64 {
        self.flusher.as_ref().map_or(self.cutter.size(), |f| f.flushed.load(Ordering::SeqCst))
    }

    /// Reads rows from where the files end, up to `size`. On the way the root at `known` is compared.
    fn extend(&mut self, db: &mut dyn Db, size: u64, known: (u64, Hash)) -> Result<(), StoreError> {
        const PAGE: u64 = 4096;
        let check_known = |cutter: &Cutter| {
            if cutter.size() == known.0 && cutter.root() != known.1 {
                return Err(StoreError::contradiction(
                    "ledger/checkpoint",
                    format!("the rows do not have the root that was signed at size {}", known.0),
                ));
            }
            Ok(())
        };
        check_known(&self.cutter)?;
        while self.cutter.size() < size {
            let from = self.cutter.size();
            let rows = db.query(
                "SELECT seq, entry, leaf FROM events WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
                &[Value::try_from(from)?, Value::try_from(from.saturating_add(PAGE).min(size))?],
            )?;
            if rows.is_empty() {
                return Err(row_missing(from));
            }
            let mut full = Vec::new();
            for row in rows {
                let seq = row.get_u64("seq")?;
                if seq != self.cutter.size() {
                    return Err(row_missing(self.cutter.size()));
                }
                let leaf = leaf_of(seq, row.get_blob("leaf")?)?;
                self.cutter.push(row.get_blob("entry")?.to_vec(), leaf, &mut full)?;
                check_known(&self.cutter)?;
            }
            self.write(&full)?;
            self.queue(&full);
        }
        let partial = self.cutter.partial()?;
        self.write(&partial)
    }

    /// Adds the entries of a committed batch and writes what changed.
    pub(crate) fn append(&mut self, fresh: Vec<(Vec<u8>, Hash)>) -> Result<(), StoreError> {
        let mut full = Vec::new();
        for (entry, leaf) in fresh {
            self.cutter.push(entry, leaf, &mut full)?;
        }
        self.write(&full)?;
        for file in &full {
            self.drop_partials(&file.path);
        }
        self.queue(&full);
        let partial = self.cutter.partial()?;
        self.write(&partial)
    }

    pub(crate) fn size(&self) -> u64 {
        self.cutter.size()
    }

    /// Replaces the checkpoint file.
    pub(crate) fn sign(&self, note: &str) -> Result<(), StoreError> {
        files::write_atomic(&checkpoint_path(&self.data), note.as_bytes(), self.fsync)
    }

    fn write(&self, tiles: &[TileFile]) -> Result<(), StoreError> {
        for file in tiles {
            let path = ledger_dir(&self.data).join(&file.path);
            match files::read_optional(&path)? {
                Some(found) if found == file.bytes => continue,
                // The beginning of what belongs there is a write that a power cut interrupted; it hides nothing.
                Some(found) if file.bytes.starts_with(&found) => {
                    std::fs::remove_file(&path).map_err(|e| StoreError::io("replaced", &path, e))?;
                }
                Some(_) => {
                    return Err(StoreError::contradiction(
                        format!("ledger/{}", file.path),
                        "the tile on disk differs from the rows",
                    ));
                }
                None => {}
            }
            if let Some(dir) = path.parent() {
                files::make_dir(dir)?;
            }
            files::write_atomic(&path, &file.bytes, false)?;
        }
        Ok(())
    }

    /// Hands full tiles to the flusher.
    fn queue(&self, full: &[TileFile]) {
        if let Some(queue) = self.flusher.as_ref().and_then(|f| f.queue.as_ref())
            && !full.is_empty()
        {
            let paths = full.iter().map(|f| ledger_dir(&self.data).join(&f.path)).collect();
            // A flusher that gave up leaves its mark where it was.
            let _ = queue.send((paths, self.cutter.size()));
        }
    }

    /// The partial tiles of a tile that is full now serve nobody any more.
    fn drop_partials(&self, full: &str) {
        let mut name = ledger_dir(&self.data).join(full).into_os_string();
        name.push(".p");
        // Left-overs do no harm: they still agree with the tree.
        let _ = fs::remove_dir_all(PathBuf::from(name));
    }
}

fn all_full_tiles_exist(data: &Path, size: u64) -> Result<bool, StoreError> {
    let tiles = tile::tiles_for_growth(0, size);
    let paths = tiles.iter().filter(|t| t.width == tile::WIDTH).flat_map(|t| {
        let entries = (t.level == 0).then(|| tile::entries_path(t.index, t.width));
        std::iter::once(t.path()).chain(entries)
    });
    for path in paths {
        let path = ledger_dir(data).join(path);
        if !path.try_exists().map_err(|e| StoreError::io("read", &path, e))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The tree of `size` leaves as it lies in the files.
pub(crate) fn reader(data: &Path, size: u64) -> impl NodeReader {
    let dir = ledger_dir(data);
    TileTree::new(size, move |tile: &Tile| read_tile(&dir, tile))
}

/// A tile's bytes, from its own file or cut from the full tile that has replaced it.
fn read_tile(dir: &Path, tile: &Tile) -> Result<Vec<u8>, LedgerError> {
    let failed = |reason: String| LedgerError::Reader { level: tile.level, index: tile.index, reason };
    let full = Tile { width: tile::WIDTH, ..*tile };
    for path in [tile.path(), full.path()] {
        if let Some(mut bytes) = files::read_optional(&dir.join(&path)).map_err(|e| failed(e.to_string()))? {
            bytes.truncate(usize::from(tile.width) * 32);
            return Ok(bytes);
        }
    }
    Err(failed(format!("ledger/{} is missing", tile.path())))
}

pub(crate) fn leaf_of(seq: u64, bytes: &[u8]) -> Result<Hash, StoreError> {
    Hash::from_slice(bytes)
        .ok_or_else(|| StoreError::damaged(format!("events seq {seq}"), "its leaf is not a hash of 32 bytes"))
}

pub(crate) fn row_missing(seq: u64) -> StoreError {
    StoreError::contradiction(
        format!("events seq {seq}"),
        "the row is missing although the checkpoint counts it",
    )
}

fn bundle(entries: &[Vec<u8>]) -> Result<Vec<u8>, StoreError> {
    tile::encode_bundle(entries).map_err(|e| StoreError::invalid(e.to_string()))
}

fn open_width(len: usize) -> Option<u16> {
    u16::try_from(len).ok().filter(|w| *w > 0)
}

/// RFC 6962's hash over hashes: complete subtrees of one size, the last one possibly smaller.
fn subtree(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash::empty_tree(),
        [one] => *one,
        many => {
            let half = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(half.min(many.len() - 1));
            node_hash(&subtree(left), &subtree(right))
        }
    }
}
