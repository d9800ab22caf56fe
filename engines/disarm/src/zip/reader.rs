//! Reads an archive from its central directory and confirms each member by its local header.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use flate2::bufread::DeflateDecoder;

use super::{
    crypt::{self, Lock},
    names,
};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END64: u32 = 0x0606_4b50;
const END64_LOCATOR: u32 = 0x0706_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

const FLAG_ENCRYPTED: u16 = 1;
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_PATCH: u16 = 1 << 5;
const FLAG_STRONG: u16 = 1 << 6;
const FLAG_UTF8: u16 = 1 << 11;
const FLAG_MASKED: u16 = 1 << 13;

/// The longest tail that can hold an end record: 22 bytes and a comment of 65 535.
const END_WINDOW: usize = 22 + 0xffff;

/// What a member is, by its name and its Unix mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory; it has no content.
    Directory,
    /// A symbolic link or a device; its content must not be used as a file.
    Special,
}

/// One member.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Decoded, NFC, with `/` between segments; a directory ends with `/`.
    pub(crate) name: String,
    /// File, directory or neither.
    pub(crate) kind: Kind,
    /// Uncompressed bytes as declared; [`Archive::bytes`] holds the archive to it.
    pub(crate) size: u64,
    method: u16,
    crc: u32,
    lock: Option<Lock>,
    data: std::ops::Range<usize>,
}

/// An archive that has been read without contradiction. Contents are inflated when asked for.
#[derive(Debug)]
pub(crate) struct Archive<'a> {
    input: &'a [u8],
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

impl<'a> Archive<'a> {
    /// Reads the directory and checks it against every local header.
    ///
    /// # Errors
    /// `Malformed` for what follows no reading, `Ambiguous` for what follows more than one, and the limits of the
    /// context. Encryption and methods are the matter of [`Archive::bytes`].
    pub(crate) fn read(input: &'a [u8], ctx: &mut Context<'_>) -> Result<Self, Refusal> {
        let end = EndRecord::find(input)?;
        let mut extents = Vec::new();
        let mut entries = Vec::new();
        let mut cursor = Cursor { bytes: input, at: end.directory.start };
        for _ in 0..end.count {
            ctx.charge_member()?;
            let central = Central::read(&mut cursor)?;
            if cursor.at > end.directory.end {
                return Err(malformed("central directory longer than declared"));
            }
            let (entry, extent) = confirm(input, &central)?;
            extents.push(extent);
            entries.push(entry);
        }
        if cursor.at != end.directory.end {
            return Err(ambiguous("central directory shorter than declared"));
        }
        check_extents(input, extents, &end, ctx)?;
        let index = check_names(&entries)?;
        Ok(Self { input, entries, index })
    }

    /// The members, in the order of the central directory.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The member of exactly this name, or of this name in another letter case.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.index.get(&names::folded(name)).and_then(|&at| self.entries.get(at))
    }

    /// A member's content, its size and CRC checked, its bytes charged to the context as they come.
    ///
    /// # Errors
    /// `Malformed` when the content contradicts the directory, `Bomb` at the limit, `Encrypted` and `WrongPassword`,
    /// `UnsupportedFormat` for other methods than stored and deflated.
    pub(crate) fn bytes(&self, entry: &Entry, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
        let packed = self.input.get(entry.data.clone()).ok_or_else(|| malformed(&entry.name))?;
        if entry.size > ctx.expandable() {
            ctx.charge_expanded(entry.size)?;
        }
        let Some(lock) = &entry.lock else { return unpacked(packed, entry, entry.method, true, ctx) };
        let Some(password) = ctx.options().password.as_deref() else {
            return Err(Refusal::new(RefusalCode::Encrypted, entry.name.clone()));
        };
        for candidate in crypt::candidates(password) {
            let Some(plain) = lock.open(packed, &candidate) else { continue };
            let (method, has_crc) = lock.inside(entry.method);
            ctx.charge_expanded(plain.len() as u64)?;
            match unpacked(&plain, entry, method, has_crc, ctx) {
                // A wrong password passes the check byte once in 256 times; what follows is noise.
                Err(refusal) if lock.is_weak() && refusal.code != RefusalCode::Bomb => {}
                outcome => return outcome,
            }
        }
        Err(Refusal::new(RefusalCode::WrongPassword, entry.name.clone()))
    }
}

fn unpacked(
    packed: &[u8],
    entry: &Entry,
    method: u16,
    has_crc: bool,
    ctx: &mut Context<'_>,
) -> Result<Vec<u8>, Refusal> {
    let bytes = match method {
        STORED => {
            ctx.charge_expanded(packed.len() as u64)?;
            packed.to_vec()
        }
        DEFLATED => inflate(packed, entry, ctx)?,
        other => {
            let detail = format!("{}: ZIP の圧縮方式 {other}", entry.name);
            return Err(Refusal::new(RefusalCode::UnsupportedFormat, detail));
        }
    };
    if bytes.len() as u64 != entry.size {
        return Err(malformed(&format!("{}: size differs from the directory", entry.name)));
    }
    if has_crc && crc32fast::hash(&bytes) != entry.crc {
        return Err(malformed(&format!("{}: CRC differs from the directory", entry.name)));
    }
    Ok(bytes)
}

fn inflate(packed: &[u8], entry: &Entry, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut decoder = DeflateDecoder::new(packed);
    let mut bytes = Vec::with_capacity(usize::try_from(entry.size.min(16 << 20)).unwrap_or(0));
    let mut chunk = vec![0_u8; 64 << 10];
    loop {
        let count = decoder
            .read(&mut chunk)
            .map_err(|_| malformed(&format!("{}: broken deflate stream", entry.name)))?;
        if count == 0 {
            break;
        }
        ctx.charge_expanded(count as u64)?;
        bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if bytes.len() as u64 > entry.size {
            return Err(ambiguous(&format!("{}: longer than the directory says", entry.name)));
        }
    }
    if decoder.total_in() != packed.len() as u64 {
        return Err(ambiguous(&format!("{}: bytes after the end of the deflate stream", entry.name)));
    }
    Ok(bytes)
}

struct EndRecord {
    count: u64,
    directory: std::ops::Range<usize>,
    /// Where the end records start: right behind the directory.
    start: usize,
    /// The first byte behind the end record and its comment.
    stop: usize,
}

impl EndRecord {
    fn find(input: &[u8]) -> Result<Self, Refusal> {
        let floor = input.len().saturating_sub(END_WINDOW);
        let at = (floor..=input.len().saturating_sub(22))
            .rev()
            .find(|&at| u32_at(input, at) == Some(END))
            .ok_or_else(|| malformed("no end of central directory"))?;
        let mut cursor = Cursor { bytes: input, at: at + 4 };
        let (disk, directory_disk) = (cursor.u16()?, cursor.u16()?);
        let (count_here, count) = (cursor.u16()?, cursor.u16()?);
        let (size, offset) = (cursor.u32()?, cursor.u32()?);
        let comment = usize::from(cursor.u16()?);
        let stop = cursor.at.saturating_add(comment);
        if stop > input.len() {
            return Err(ambiguous("end record inside a comment or cut off"));
        }
        let wide = Self::find_wide(input, at)?;
        let saturated = count == 0xffff || size == u32::MAX || offset == u32::MAX;
        let (count, size, offset, start) = match wide {
            Some(wide) => {
                let agrees = |narrow: u64, full: u64, top: u64| narrow == full || narrow == top;
                if !agrees(u64::from(count), wide.count, 0xffff)
                    || !agrees(u64::from(size), wide.size, u64::from(u32::MAX))
                    || !agrees(u64::from(offset), wide.offset, u64::from(u32::MAX))
                {
                    return Err(ambiguous("Zip64 end record contradicts the end record"));
                }
                (wide.count, wide.size, wide.offset, wide.start)
            }
            None if saturated && (size == u32::MAX || offset == u32::MAX) => {
                return Err(malformed("Zip64 end record missing"));
            }
            None => (u64::from(count), u64::from(size), u64::from(offset), at),
        };
        let many = |disk: u16| disk != 0 && !(disk == 0xffff && start != at);
        if many(disk) || many(directory_disk) || (count_here != u16::MAX && u64::from(count_here) != count) {
            return Err(Refusal::new(RefusalCode::UnsupportedFormat, "multi-disk zip"));
        }
        let first = usize::try_from(offset).map_err(|_| malformed("offset out of range"))?;
        let last = usize::try_from(size).ok().and_then(|size| first.checked_add(size));
        match last {
            Some(last) if last == start => Ok(Self { count, directory: first..last, start, stop }),
            Some(last) if last < start => Err(ambiguous("bytes before the archive or behind its directory")),
            _ => Err(malformed("central directory out of range")),
        }
    }

    fn find_wide(input: &[u8], end: usize) -> Result<Option<Wide>, Refusal> {
        let Some(locator) = end.checked_sub(20).filter(|&at| u32_at(input, at) == Some(END64_LOCATOR)) else {
            return Ok(None);
        };
        let mut cursor = Cursor { bytes: input, at: locator + 4 };
        let disk = cursor.u32()?;
        let start = usize::try_from(cursor.u64()?).map_err(|_| malformed("Zip64 offset out of range"))?;
        let disks = cursor.u32()?;
        let mut cursor = Cursor { bytes: input, at: start };
        if cursor.u32()? != END64 {
            return Err(malformed("Zip64 end record missing"));
        }
        let length = cursor.u64()?;
        if (start as u64).checked_add(12).and_then(|at| at.checked_add(length)) != Some(locator as u64) {
            return Err(ambiguous("Zip64 end record does not meet its locator"));
        }
        cursor.skip(4);
        let (this_disk, directory_disk) = (cursor.u32()?, cursor.u32()?);
        let (count_here, count, size, offset) = (cursor.u64()?, cursor.u64()?, cursor.u64()?, cursor.u64()?);
        if disk != 0 || disks > 1 || this_disk != 0 || directory_disk != 0 || count_here != count {
            return Err(Refusal::new(RefusalCode::UnsupportedFormat, "multi-disk zip"));
        }
        Ok(Some(Wide { count, size, offset, start }))
    }
}

struct Wide {
    count: u64,
    size: u64,
    offset: u64,
    start: usize,
}

/// A record of the central directory.
struct Central<'a> {
    host: u8,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    offset: u64,
    attributes: u32,
    raw_name: &'a [u8],
    name: String,
    lock: Option<Lock>,
}

impl<'a> Central<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Refusal> {
        if cursor.u32()? != CENTRAL {
            return Err(malformed("broken central directory"));
        }
        let host = (cursor.u16()? >> 8) as u8;
        cursor.skip(2);
        let (flags, method) = (cursor.u16()?, cursor.u16()?);
        let time = cursor.u16()?;
        cursor.skip(2);
        let (crc, packed, size) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let (name_len, extra_len, comment_len) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        let disk = cursor.u16()?;
        cursor.skip(2);
        let (attributes, offset) = (cursor.u32()?, cursor.u32()?);
        let raw_name = cursor.take(usize::from(name_len))?;
        let extra = cursor.take(usize::from(extra_len))?;
        cursor.take(usize::from(comment_len))?;

        let mut wide = Cursor { bytes: extra_field(extra, 1)?.unwrap_or_default(), at: 0 };
        let mut widen = |narrow: u32| if narrow == u32::MAX { wide.u64() } else { Ok(u64::from(narrow)) };
        let (size, packed, offset) = (widen(size)?, widen(packed)?, widen(offset)?);
        if disk != 0 && disk != u16::MAX {
            return Err(Refusal::new(RefusalCode::UnsupportedFormat, "multi-disk zip"));
        }
        let name = decode_name(raw_name, flags, extra)?;
        if flags & (FLAG_STRONG | FLAG_MASKED | FLAG_PATCH) != 0 {
            let detail = format!("{name}: PKWARE 独自の暗号・差分");
            return Err(Refusal::new(RefusalCode::UnsupportedFormat, detail));
        }
        let lock = match (flags & FLAG_ENCRYPTED != 0, method == crypt::AES) {
            (false, false) => None,
            (true, false) => Some(Lock::traditional(crc, time)),
            (true, true) => Some(
                Lock::aes(extra_field(extra, crypt::AES_EXTRA)?)
                    .ok_or_else(|| malformed(&format!("{name}: AES extra field")))?,
            ),
            (false, true) => return Err(ambiguous(&format!("{name}: encrypted or not"))),
        };
        if method == STORED && lock.is_none() && packed != size {
            return Err(malformed(&format!("{name}: stored sizes differ")));
        }
        Ok(Self { host, flags, method, crc, packed, size, offset, attributes, raw_name, name, lock })
    }

    fn kind(&self) -> Kind {
        const UNIX: u8 = 3;
        const DOS_DIRECTORY: u32 = 0x10;
        let mode = if matches!(self.host, UNIX | 19) { (self.attributes >> 16) & 0o170_000 } else { 0 };
        match (mode, self.name.ends_with('/')) {
            (0 | 0o040_000, true) => Kind::Directory,
            (0 | 0o100_000, false) if self.attributes & DOS_DIRECTORY != 0 && self.size == 0 => {
                Kind::Directory
            }
            // What is packed from a pipe carries the pipe's mode and an ordinary content.
            (0 | 0o100_000 | 0o010_000, false) => Kind::File,
            (0o040_000, false) if self.size == 0 => Kind::Directory,
            _ => Kind::Special,
        }
    }
}

/// The Info-ZIP Unicode path (0x7075) is honoured where it names the same bytes; over a plain ASCII name it can
/// only be a disguise.
fn decode_name(raw: &[u8], flags: u16, extra: &[u8]) -> Result<String, Refusal> {
    if let Some([1, a, b, c, d, path @ ..]) = extra_field(extra, 0x7075)?
        && u32::from_le_bytes([*a, *b, *c, *d]) == crc32fast::hash(raw)
        && path != raw
    {
        if raw.is_ascii() {
            return Err(ambiguous("two names for one member"));
        }
        return names::decode(path, true).ok_or_else(|| malformed("name is not UTF-8"));
    }
    names::decode(raw, flags & FLAG_UTF8 != 0).ok_or_else(|| malformed("name is not UTF-8"))
}

/// The body of an extra field; twice the same field is two readings.
fn extra_field(extra: &[u8], wanted: u16) -> Result<Option<&[u8]>, Refusal> {
    let mut cursor = Cursor { bytes: extra, at: 0 };
    let mut found = None;
    // Some writers pad with up to three zero bytes, too short for a field.
    while extra.len().saturating_sub(cursor.at) >= 4 {
        let (id, length) = (cursor.u16()?, cursor.u16()?);
        let Ok(body) = cursor.take(usize::from(length)) else { break };
        if id == wanted && found.replace(body).is_some() {
            return Err(ambiguous("an extra field twice"));
        }
    }
    Ok(found)
}

/// Holds a directory record against its local header and returns the bytes that the member covers.
fn confirm(input: &[u8], central: &Central<'_>) -> Result<(Entry, std::ops::Range<usize>), Refusal> {
    let name = &central.name;
    if let Some(objection) = names::objection(name) {
        return Err(ambiguous(&format!("{objection}: {}", name.escape_debug())));
    }
    let start = usize::try_from(central.offset).map_err(|_| malformed("offset out of range"))?;
    let mut cursor = Cursor { bytes: input, at: start };
    if cursor.u32()? != LOCAL {
        return Err(malformed(&format!("{name}: no local header")));
    }
    cursor.skip(2);
    let (flags, method) = (cursor.u16()?, cursor.u16()?);
    cursor.skip(4);
    let (crc, packed, size) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    let (name_len, extra_len) = (cursor.u16()?, cursor.u16()?);
    let raw_name = cursor.take(usize::from(name_len))?;
    let extra = cursor.take(usize::from(extra_len))?;

    let telling = FLAG_ENCRYPTED | FLAG_DESCRIPTOR | FLAG_STRONG | FLAG_MASKED;
    let utf8_differs = (flags ^ central.flags) & FLAG_UTF8 != 0 && !raw_name.is_ascii();
    if raw_name != central.raw_name || method != central.method || utf8_differs {
        return Err(ambiguous(&format!("{name}: local header contradicts the directory")));
    }
    if (flags ^ central.flags) & telling != 0 {
        return Err(ambiguous(&format!("{name}: local flags contradict the directory")));
    }
    decode_name(raw_name, flags, extra)?;

    let wide = extra_field(extra, 1)?;
    let mut widened = Cursor { bytes: wide.unwrap_or_default(), at: 0 };
    let mut widen = |narrow: u32| if narrow == u32::MAX { widened.u64() } else { Ok(u64::from(narrow)) };
    let (size, packed) = (widen(size)?, widen(packed)?);
    let described = flags & FLAG_DESCRIPTOR != 0;
    let agrees = |local: u64, directory: u64| local == directory || (described && local == 0);
    if !agrees(size, central.size)
        || !agrees(packed, central.packed)
        || !agrees(u64::from(crc), u64::from(central.crc))
    {
        return Err(ambiguous(&format!("{name}: local sizes contradict the directory")));
    }
    let data_end = usize::try_from(central.packed).ok().and_then(|packed| cursor.at.checked_add(packed));
    let data = match data_end {
        Some(stop) if stop <= input.len() => cursor.at..stop,
        _ => return Err(malformed(&format!("{name}: data out of range"))),
    };
    let stop = if described { data.end + descriptor(input, data.end, central)? } else { data.end };
    let kind = central.kind();
    if kind == Kind::Directory && central.size != 0 {
        return Err(ambiguous(&format!("{name}: a directory with content")));
    }
    let entry = Entry {
        name: name.clone(),
        kind,
        size: central.size,
        method: central.method,
        crc: central.crc,
        lock: central.lock.clone(),
        data,
    };
    Ok((entry, start..stop))
}

/// The length of the data descriptor, which comes with or without signature and with 4- or 8-byte sizes.
fn descriptor(input: &[u8], at: usize, central: &Central<'_>) -> Result<usize, Refusal> {
    for (signed, wide) in [(true, false), (true, true), (false, false), (false, true)] {
        let mut cursor = Cursor { bytes: input, at };
        let read = |cursor: &mut Cursor<'_>| if wide { cursor.u64() } else { cursor.u32().map(u64::from) };
        let signature = !signed || cursor.u32().ok() == Some(DESCRIPTOR);
        let agrees = cursor.u32().ok() == Some(central.crc)
            && read(&mut cursor).ok() == Some(central.packed)
            && read(&mut cursor).ok() == Some(central.size);
        if signature && agrees {
            return Ok(cursor.at - at);
        }
    }
    Err(ambiguous(&format!("{}: data descriptor contradicts the directory", central.name)))
}

/// Members must tile the file from its first byte to the directory, without overlap and without hidden bytes.
fn check_extents(
    input: &[u8],
    mut extents: Vec<std::ops::Range<usize>>,
    end: &EndRecord,
    ctx: &mut Context<'_>,
) -> Result<(), Refusal> {
    extents.sort_by_key(|extent| extent.start);
    let mut covered = 0_usize;
    for extent in extents.iter().chain(std::iter::once(&(end.directory.start..end.start))) {
        if extent.start < covered {
            return Err(ambiguous("members overlap"));
        }
        let gap = input.get(covered..extent.start).unwrap_or_default();
        if gap.iter().any(|&byte| byte != 0) {
            return Err(ambiguous("bytes that belong to no member"));
        }
        if !gap.is_empty() {
            ctx.removed(RemovalCode::TrailingData, format!("zip @{covered}"));
        }
        covered = extent.end;
    }
    let tail = input.get(end.stop..).unwrap_or_default();
    if !tail.is_empty() {
        ctx.removed(RemovalCode::TrailingData, format!("zip @{}", end.stop));
    }
    Ok(())
}

fn check_names(entries: &[Entry]) -> Result<HashMap<String, usize>, Refusal> {
    let mut index = HashMap::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        if index.insert(names::folded(&entry.name), at).is_some() {
            return Err(ambiguous(&format!("name used twice: {}", entry.name)));
        }
    }
    let files: HashSet<String> =
        entries.iter().filter(|e| e.kind != Kind::Directory).map(|e| names::folded(&e.name)).collect();
    for entry in entries {
        let folded = names::folded(&entry.name);
        let mut prefixes = folded.match_indices('/').filter_map(|(at, _)| folded.get(..at));
        if let Some(file) = prefixes.find(|&prefix| files.contains(prefix)) {
            return Err(ambiguous(&format!("both a file and a directory: {file}")));
        }
    }
    Ok(index)
}

/// Little-endian reads that end in `Malformed` at the end of the bytes.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let stop = self.at.checked_add(count).ok_or_else(|| malformed("record out of range"))?;
        let taken = self.bytes.get(self.at..stop).ok_or_else(|| malformed("record cut off"))?;
        self.at = stop;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        self.take(N)?.try_into().map_err(|_| malformed("record cut off"))
    }

    fn u16(&mut self) -> Result<u16, Refusal> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Refusal> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Refusal> {
        self.array().map(u64::from_le_bytes)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Cursor { bytes, at }.u32().ok()
}

fn malformed(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, detail)
}

fn ambiguous(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::Ambiguous, detail)
}
