//! The second reader's own way into a ZIP: it knows exactly the archives that this engine writes, and nothing else.
//!
//! Members lie one after the other from the first byte on, each described twice with the same words; then the
//! directory; then the end. Whatever deviates from that was not written by this engine.

use std::collections::HashSet;

use flate2::{Decompress, FlushDecompress, Status};

use crate::{Limits, VerifyFailure};

/// A member with its content.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// All members, in order.
///
/// # Errors
/// The first deviation from the written form.
pub(crate) fn members(file: &[u8], limits: &Limits) -> Result<Vec<Member>, VerifyFailure> {
    members_within(file, limits, &mut limits.expanded_bytes.clone())
}

/// The same under a budget that is shared with what is around and inside.
pub(crate) fn members_within(
    file: &[u8],
    limits: &Limits,
    budget: &mut u64,
) -> Result<Vec<Member>, VerifyFailure> {
    let fail = |what: &str| VerifyFailure::new("zip", what);
    let tail = file.len().checked_sub(22).ok_or_else(|| fail("too short"))?;
    let end = file.get(tail..).unwrap_or_default();
    if number(end, 0, 4) != 0x0605_4b50 || number(end, 4, 4) != 0 || number(end, 20, 2) != 0 {
        return Err(fail("end record"));
    }
    let count = number(end, 8, 2);
    let (size, offset) = (number(end, 12, 4), number(end, 16, 4));
    if number(end, 10, 2) != count || offset + size != tail as u64 || count > u64::from(limits.members) {
        return Err(fail("end record"));
    }
    let mut directory = usize::try_from(offset).map_err(|_| fail("offset"))?;
    let mut position = 0_usize;
    let mut names = HashSet::new();
    let mut found = Vec::new();
    for _ in 0..count {
        let central = file.get(directory..tail).filter(|c| c.len() >= 46).ok_or_else(|| fail("directory"))?;
        let local = file.get(position..).filter(|l| l.len() >= 30).ok_or_else(|| fail("local header"))?;
        let name_length = usize::try_from(number(central, 28, 2)).map_err(|_| fail("name"))?;
        let described_alike = central.get(6..30) == local.get(4..28);
        // Made by and needed: 2.0; no time of day, and the first day that there is.
        let timeless = number(central, 4, 4) == 0x0014_0014 && number(central, 12, 4) == 0x0021_0000;
        let plain = timeless
            && number(central, 30, 12) == 0
            && number(central, 38, 4) == 0
            && number(local, 28, 2) == 0;
        if number(central, 0, 4) != 0x0201_4b50
            || number(local, 0, 4) != 0x0403_4b50
            || !described_alike
            || !plain
        {
            return Err(fail("headers differ or carry more than they should"));
        }
        if number(central, 42, 4) != position as u64 {
            return Err(fail("members are not in a row"));
        }
        let raw = central.get(46..46 + name_length).ok_or_else(|| fail("name"))?;
        if local.get(30..30 + name_length) != Some(raw) {
            return Err(fail("names differ"));
        }
        let name = std::str::from_utf8(raw).map_err(|_| fail("name"))?.to_owned();
        let flags = number(central, 8, 2);
        if flags & !0x800 != 0 || (flags == 0 && !name.is_ascii()) {
            return Err(VerifyFailure::new(name, "flags"));
        }
        let bad_segment = |s: &str| s.is_empty() || s == "." || s == ".." || s.contains(['\\', ':', '\0']);
        if name.split('/').any(bad_segment)
            || name.chars().any(char::is_control)
            || !names.insert(name.to_lowercase())
        {
            return Err(VerifyFailure::new(name, "name"));
        }
        let packed_size = usize::try_from(number(central, 20, 4)).map_err(|_| fail("size"))?;
        let start = 30 + name_length;
        let packed = local.get(start..start + packed_size).ok_or_else(|| fail("content out of range"))?;
        let full = number(central, 24, 4);
        *budget = budget.checked_sub(full).ok_or_else(|| fail("too large"))?;
        let bytes = match number(central, 10, 2) {
            0 => packed.to_vec(),
            8 => inflate(packed, full).ok_or_else(|| VerifyFailure::new(name.clone(), "deflate"))?,
            _ => return Err(VerifyFailure::new(name, "method")),
        };
        if bytes.len() as u64 != full || u64::from(crc32fast::hash(&bytes)) != number(central, 16, 4) {
            return Err(VerifyFailure::new(name, "size or CRC"));
        }
        position += start + packed_size;
        directory += 46 + name_length;
        found.push(Member { name, bytes });
    }
    if directory != tail || position as u64 != offset {
        return Err(fail("bytes that belong to no member"));
    }
    Ok(found)
}

fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    let field = bytes.get(at..at + width.min(8)).unwrap_or_default();
    field.iter().rev().fold(0, |sum, &byte| (sum << 8) | u64::from(byte))
}

fn inflate(packed: &[u8], full: u64) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(usize::try_from(full).ok()?.checked_add(1)?.min(64 << 20));
    let mut inflater = Decompress::new(false);
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        if out.len() == out.capacity() {
            if out.len() as u64 > full {
                return None;
            }
            out.reserve(1 << 20);
        }
        let rest = packed.get(usize::try_from(inflater.total_in()).ok()?..)?;
        let status = inflater.decompress_vec(rest, &mut out, FlushDecompress::Finish).ok()?;
        if status == Status::StreamEnd {
            return (inflater.total_in() == packed.len() as u64).then_some(out);
        }
        if inflater.total_in() == before_in
            && inflater.total_out() == before_out
            && out.len() < out.capacity()
        {
            return None;
        }
    }
}
