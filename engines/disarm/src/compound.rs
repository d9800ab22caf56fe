//! Compound files ([MS-CFB]): a tree of named streams, read strictly, never written.
//!
//! A stream is handed out only when its chain of sectors is sound: within the file, without a loop, as long as its
//! size says. What usual applications write all the same is read: a last sector that the file cuts short, tables that
//! list sectors behind its end. Sectors are borrowed from the input until a stream is asked for, and every byte that is copied is
//! charged to the budget. Word, Excel, PowerPoint 97-2003, Outlook messages, 一太郎 and encrypted Office packages are
//! all compound files.

use std::collections::HashSet;

use crate::{Refusal, RefusalCode, context::Context};

/// The header signature.
pub(crate) const MAGIC: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

const NO_ENTRY: u32 = u32::MAX;
/// Sector numbers from here on are marks, not places ([MS-CFB] 2.1).
const MARKS: u32 = 0xFFFF_FFFA;
/// Directory entries beyond this are not looked at; a document has a few hundred.
const MAX_ENTRIES: usize = 100_000;
/// Streams below this size lie in the mini stream ([MS-CFB] 2.6).
const MINI_CUTOFF: u64 = 4096;
const MINI_SECTOR: usize = 64;

/// A storage or a stream of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name, as the application chose it (control characters are usual: `\u{5}SummaryInformation`).
    pub(crate) name: String,
    /// A storage holds others; a stream holds bytes.
    pub(crate) is_storage: bool,
    /// Bytes of a stream.
    pub(crate) size: u64,
    /// The class of a storage, as stored (mixed endian); zero when it has none.
    pub(crate) class: [u8; 16],
    /// Index in the directory; identifies the entry.
    pub(crate) index: u32,
    start: u32,
    child: u32,
}

/// An open compound file.
pub(crate) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    entries: Vec<[u8; 128]>,
    /// The sectors of the mini stream, in order.
    mini_stream: Vec<u32>,
}

impl<'a> Compound<'a> {
    /// Reads header, allocation tables and directory.
    ///
    /// # Errors
    /// `Malformed` when they contradict themselves.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if !bytes.starts_with(&MAGIC) {
            return Err(broken("header"));
        }
        let shift = u16_at(bytes, 30).ok_or_else(|| broken("header"))?;
        let sector = match shift {
            9 => 512_usize,
            12 => 4096,
            _ => return Err(broken("sector size")),
        };
        let mut file = Self {
            bytes,
            sector,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            entries: Vec::new(),
            mini_stream: Vec::new(),
        };
        file.read_fat()?;
        let directory = file.chain(u32_at(bytes, 48).unwrap_or(NO_ENTRY));
        for number in directory {
            let data = file.sector_bytes(number).ok_or_else(|| broken("directory"))?;
            file.entries.extend_from_slice(data.as_chunks::<128>().0);
            if file.entries.len() > MAX_ENTRIES {
                return Err(Refusal::new(RefusalCode::Bomb, "compound file entries"));
            }
        }
        if file.entries.is_empty() {
            return Err(broken("directory"));
        }
        let mini_fat = file.chain(u32_at(bytes, 60).unwrap_or(NO_ENTRY));
        for number in mini_fat {
            let data = file.sector_bytes(number).unwrap_or_default();
            file.mini_fat.extend(data.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)));
        }
        let root = file.root().ok_or_else(|| broken("root"))?;
        file.mini_stream = file.chain(root.start);
        Ok(file)
    }

    /// The root storage; its class tells the application that owns the file.
    pub(crate) fn root(&self) -> Option<Entry> {
        self.entry(0)
    }

    /// What a storage holds, in the order of the directory's tree.
    pub(crate) fn children(&self, storage: &Entry) -> Vec<Entry> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![storage.child];
        while let Some(index) = open.pop() {
            if index == NO_ENTRY || !seen.insert(index) {
                continue;
            }
            let Some(raw) = self.entries.get(index as usize) else { continue };
            open.push(field(raw, 72));
            open.push(field(raw, 68));
            if let Some(entry) = self.entry(index) {
                found.push(entry);
            }
        }
        found
    }

    /// The entry at a path of names below the root (`ObjectPool/_123/\u{3}ObjInfo`), whatever their letter case.
    pub(crate) fn find(&self, path: &str) -> Option<Entry> {
        let mut at = self.root()?;
        for name in path.split('/') {
            at = self
                .children(&at)
                .into_iter()
                .find(|child| child.name.to_lowercase() == name.to_lowercase())?;
        }
        Some(at)
    }

    /// The bytes of the stream at a path, charged to the budget; `None` when there is no such stream.
    ///
    /// # Errors
    /// `Malformed` when its chain is broken, `Bomb` when the budget is used up.
    pub(crate) fn stream(&self, path: &str, ctx: &mut Context<'_>) -> Result<Option<Vec<u8>>, Refusal> {
        match self.find(path) {
            Some(entry) if !entry.is_storage => Ok(Some(self.bytes_of(&entry, ctx)?)),
            _ => Ok(None),
        }
    }

    /// The bytes of a stream, charged to the budget.
    ///
    /// # Errors
    /// As [`Self::stream`].
    pub(crate) fn bytes_of(&self, entry: &Entry, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
        // No stream is larger than its file; a size that says so is a lie that costs memory.
        if entry.size > self.bytes.len() as u64 {
            return Err(broken(&entry.name));
        }
        ctx.charge_expanded(entry.size)?;
        let size = usize::try_from(entry.size).map_err(|_| broken(&entry.name))?;
        let mut out = Vec::with_capacity(size);
        if entry.size < MINI_CUTOFF {
            let mut number = entry.start;
            let mut seen = HashSet::new();
            while out.len() < size {
                if number >= MARKS || !seen.insert(number) {
                    return Err(broken(&entry.name));
                }
                let piece = self.mini_sector(number).ok_or_else(|| broken(&entry.name))?;
                out.extend_from_slice(piece.get(..piece.len().min(size - out.len())).unwrap_or_default());
                number = self.mini_fat.get(number as usize).copied().unwrap_or(NO_ENTRY);
            }
        } else {
            for number in self.chain(entry.start) {
                let piece = self.sector_bytes(number).ok_or_else(|| broken(&entry.name))?;
                out.extend_from_slice(piece.get(..piece.len().min(size - out.len())).unwrap_or_default());
                if out.len() == size {
                    break;
                }
            }
        }
        // The file may end within the last sector; what is behind it was never written.
        let missing = size - out.len();
        if missing > 0 && missing < self.sector && !self.bytes.len().is_multiple_of(self.sector) {
            out.resize(size, 0);
        }
        if out.len() == size { Ok(out) } else { Err(broken(&entry.name)) }
    }

    fn entry(&self, index: u32) -> Option<Entry> {
        let raw = self.entries.get(index as usize)?;
        let kind = *raw.get(66)?;
        if !matches!(kind, 1 | 2 | 5) {
            return None;
        }
        // With sectors of 512 bytes the upper half of the size is not defined ([MS-CFB] 2.6.1).
        let low = u64::from(field(raw, 120));
        let size = if self.sector == 512 { low } else { low | u64::from(field(raw, 124)) << 32 };
        Some(Entry {
            name: name(raw),
            is_storage: kind != 2,
            size,
            class: raw.get(80..96).and_then(|class| class.try_into().ok()).unwrap_or_default(),
            index,
            start: field(raw, 116),
            child: field(raw, 76),
        })
    }

    /// The allocation table: 109 of its sectors are named in the header, the rest in a chain.
    fn read_fat(&mut self) -> Result<(), Refusal> {
        let most = self.bytes.len() / self.sector + 1;
        let mut places: Vec<u32> = (0..109)
            .filter_map(|i| u32_at(self.bytes, 76 + i * 4))
            .filter(|number| *number < MARKS)
            .collect();
        let mut next = u32_at(self.bytes, 68).unwrap_or(NO_ENTRY);
        let mut seen = HashSet::new();
        while next < MARKS && seen.insert(next) {
            let Some(data) = self.sector_bytes(next) else { break };
            let numbers = data.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four));
            let mut numbers: Vec<u32> = numbers.collect();
            next = numbers.pop().unwrap_or(NO_ENTRY);
            places.extend(numbers.into_iter().filter(|number| *number < MARKS));
        }
        // A sector of the table that is named twice would make the table as large as the file says, not as it is.
        let mut named = HashSet::new();
        places.retain(|place| named.insert(*place));
        if places.len() > most {
            return Err(broken("allocation table"));
        }
        let mut named_sectors = 0;
        for place in places {
            let data = self.sector_bytes(place).unwrap_or_default();
            self.fat.extend(data.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)));
            // The part of the table that a short file lacks lists no sector.
            named_sectors += self.sector / 4;
            self.fat.resize(named_sectors, NO_ENTRY);
        }
        Ok(())
    }

    /// The sectors of a chain; it ends at a mark, at a loop, or where the table ends.
    fn chain(&self, start: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut number = start;
        while number < MARKS && seen.insert(number) {
            found.push(number);
            number = self.fat.get(number as usize).copied().unwrap_or(NO_ENTRY);
        }
        found
    }

    /// A sector; the last one of a file may be short.
    fn sector_bytes(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_add(1)?.checked_mul(self.sector)?;
        let end = start.checked_add(self.sector)?.min(self.bytes.len());
        self.bytes.get(start..end).filter(|data| !data.is_empty())
    }

    fn mini_sector(&self, number: u32) -> Option<&'a [u8]> {
        let offset = (number as usize).checked_mul(MINI_SECTOR)?;
        let sector = self.sector_bytes(*self.mini_stream.get(offset / self.sector)?)?;
        let at = offset % self.sector;
        sector.get(at..at.checked_add(MINI_SECTOR)?.min(sector.len()))
    }
}

fn broken(what: &str) -> Refusal {
    let what: String = what.chars().filter(|c| !c.is_control()).take(60).collect();
    Refusal::new(RefusalCode::Malformed, format!("複合ファイル: {what}"))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn field(entry: &[u8; 128], at: usize) -> u32 {
    entry.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(NO_ENTRY, u32::from_le_bytes)
}

fn name(entry: &[u8; 128]) -> String {
    let length = entry.get(64..66).and_then(|two| two.try_into().ok()).map_or(0, u16::from_le_bytes);
    let units = entry.as_chunks::<2>().0.iter().take(usize::from(length.clamp(2, 64)) / 2 - 1);
    char::decode_utf16(units.map(|unit| u16::from_le_bytes(*unit))).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

#[cfg(test)]
pub(crate) mod tests;
