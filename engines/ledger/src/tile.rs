//! The tree's layout in immutable files (C2SP tlog-tiles): tiles of up to 256 hashes and bundles of up to 256
//! entries. This module names, cuts and packs them; the store writes them.

use crate::hash::{Hash, node_hash};
use crate::tree::NodeReader;
use crate::{LedgerError, MAX_SIZE};

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u16 = 256;
/// Levels of the tree in one tile.
const HEIGHT: u8 = 8;
/// Tile levels of a tree of at most 2⁶³ − 1 leaves.
const LEVELS: u8 = 8;

/// The name of a tile: `width` nodes of tree level `8 × level`, from node `index × 256` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Tile level, 0 holds leaf hashes.
    pub level: u8,
    /// Position within the level.
    pub index: u64,
    /// Number of hashes, 1 to 256; 256 is a full tile.
    pub width: u16,
}

impl Tile {
    /// The path under the log's prefix, such as `tile/0/x001/234.p/5`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, file_path(self.index, self.width))
    }

    /// Reads a path; accepts exactly what [`Tile::path`] writes.
    ///
    /// # Errors
    /// When it is in another form.
    pub fn parse_path(path: &str) -> Result<Self, LedgerError> {
        let wrong = || LedgerError::malformed("tile path", "expected `tile/<level>/<index>[.p/<width>]`");
        let rest = path.strip_prefix("tile/").ok_or_else(wrong)?;
        let (level, rest) = rest.split_once('/').ok_or_else(wrong)?;
        let level = level.parse::<u8>().ok().filter(|level| *level < LEVELS).ok_or_else(wrong)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse::<u16>().map_err(|_| wrong())?),
            None => (rest, WIDTH),
        };
        let digits: String = index.chars().filter(char::is_ascii_digit).collect();
        let index = digits.parse::<u64>().ok().filter(|index| *index <= MAX_SIZE).ok_or_else(wrong)?;
        let tile = Self { level, index, width };
        // One spelling each: whatever was read must write itself back unchanged.
        if (1..=WIDTH).contains(&width) && tile.path() == path { Ok(tile) } else { Err(wrong()) }
    }

    /// Reads the tile's hashes from a tree and packs them: 32 bytes each.
    ///
    /// # Errors
    /// What the reader reports.
    pub fn read(&self, reader: &dyn NodeReader) -> Result<Vec<u8>, LedgerError> {
        let level = self.level.saturating_mul(HEIGHT);
        let first = self.index.saturating_mul(u64::from(WIDTH));
        let mut bytes = Vec::with_capacity(usize::from(self.width).saturating_mul(32));
        for offset in 0..u64::from(self.width) {
            bytes.extend_from_slice(&reader.node(level, first.saturating_add(offset))?.0);
        }
        Ok(bytes)
    }

    /// Unpacks the tile's hashes.
    ///
    /// # Errors
    /// When there aren't exactly `width` of them.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Hash>, LedgerError> {
        if bytes.len() != usize::from(self.width).saturating_mul(32) {
            let reason = format!("{} has {} bytes, expected {} × 32", self.path(), bytes.len(), self.width);
            return Err(LedgerError::malformed("tile", reason));
        }
        Ok(bytes.chunks_exact(32).filter_map(Hash::from_slice).collect())
    }

    /// The tile that holds position `index` of tile level `level` in a tree of `size` leaves; `None` when that
    /// tree has no such complete node.
    pub fn holding(level: u8, index: u64, size: u64) -> Option<Self> {
        let nodes = nodes_at(level, size);
        let tile = index / u64::from(WIDTH);
        let width = nodes.checked_sub(tile.checked_mul(u64::from(WIDTH))?)?.min(u64::from(WIDTH));
        (index < nodes).then_some(Self { level, index: tile, width: u16::try_from(width).ok()? })
    }
}

/// The path of an entry bundle, such as `tile/entries/x001/234.p/5`; `width` 256 is a full bundle.
pub fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", file_path(index, width))
}

/// The tiles that a log growing from `old` to `new` leaves must write: those that became full, and one partial
/// tile per level whose content changed. The level-0 tiles name the entry bundles as well.
pub fn tiles_for_growth(old: u64, new: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for level in 0..LEVELS {
        let (before, after) = (nodes_at(level, old), nodes_at(level, new));
        if after <= before {
            continue;
        }
        let width = u64::from(WIDTH);
        tiles.extend((before / width..after / width).map(|index| Tile { level, index, width: WIDTH }));
        if let Ok(rest @ 1..) = u16::try_from(after % width) {
            tiles.push(Tile { level, index: after / width, width: rest });
        }
    }
    tiles
}

/// Packs entries: each is preceded by its length in two bytes, big endian.
///
/// # Errors
/// When an entry is over 65,535 bytes or there are over 256 entries.
pub fn encode_bundle(entries: &[Vec<u8>]) -> Result<Vec<u8>, LedgerError> {
    if entries.len() > usize::from(WIDTH) {
        return Err(LedgerError::malformed("entry bundle", "more than 256 entries"));
    }
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len())
            .map_err(|_| LedgerError::malformed("entry bundle", "an entry is over 65,535 bytes"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Unpacks what [`encode_bundle`] gave.
///
/// # Errors
/// When the bytes end within an entry or hold more than 256.
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<Vec<u8>>, LedgerError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let split = rest
            .split_first_chunk::<2>()
            .and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let (entry, after) =
            split.ok_or_else(|| LedgerError::malformed("entry bundle", "the bytes end within an entry"))?;
        if entries.len() >= usize::from(WIDTH) {
            return Err(LedgerError::malformed("entry bundle", "more than 256 entries"));
        }
        entries.push(entry.to_vec());
        rest = after;
    }
    Ok(entries)
}

/// Reads a tree of a known size out of its tiles. `fetch` gives a tile's bytes.
pub struct TileTree<F> {
    size: u64,
    fetch: F,
}

impl<F: Fn(&Tile) -> Result<Vec<u8>, LedgerError>> TileTree<F> {
    /// A tree of `size` leaves.
    pub fn new(size: u64, fetch: F) -> Self {
        Self { size, fetch }
    }
}

impl<F: Fn(&Tile) -> Result<Vec<u8>, LedgerError>> NodeReader for TileTree<F> {
    fn node(&self, level: u8, index: u64) -> Result<Hash, LedgerError> {
        let missing = LedgerError::NodeMissing { level, index };
        let (tile_level, height) = (level / HEIGHT, level % HEIGHT);
        // The node is the root of 2^height neighbouring hashes, which always lie within one tile.
        let count = 1u64 << height;
        let first = index.checked_mul(count).ok_or_else(|| missing.clone())?;
        let last = first.checked_add(count - 1).ok_or_else(|| missing.clone())?;
        let tile = Tile::holding(tile_level, last, self.size).ok_or_else(|| missing.clone())?;
        let mut hashes: Vec<Hash> = tile
            .decode(&(self.fetch)(&tile)?)?
            .into_iter()
            .skip(usize::try_from(first % u64::from(WIDTH)).map_err(|_| missing.clone())?)
            .take(1usize << height)
            .collect();
        while let [_, _, ..] = hashes.as_slice() {
            hashes = hashes
                .chunks_exact(2)
                .filter_map(|pair| match pair {
                    [left, right] => Some(node_hash(left, right)),
                    _ => None,
                })
                .collect();
        }
        hashes.first().copied().ok_or(missing)
    }
}

/// How many nodes tile level `level` has in a tree of `size` leaves.
fn nodes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level).saturating_mul(u32::from(HEIGHT))).unwrap_or(0)
}

fn file_path(index: u64, width: u16) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}
