//! Reads an archive back from its first byte to its last: members one after the other without a gap, the central
//! directory that repeats them, the end record, and each member against the list of the format that its name claims.

use std::{collections::HashSet, io::Read};

use flate2::read::DeflateDecoder;

use crate::{Format, Limits, VerifyFailure};

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    let mut budget = limits.expanded_bytes;
    level(output, limits, 1, &mut budget)
}

fn level(output: &[u8], limits: &Limits, depth: u32, budget: &mut u64) -> Result<(), VerifyFailure> {
    if depth > limits.depth.saturating_add(1) {
        return Err(VerifyFailure::new("zip", "nested too deep"));
    }
    let mut at = 0;
    let mut members = Vec::new();
    let mut names = HashSet::new();
    while output.get(at..at + 4) == Some(b"PK\x03\x04") {
        let (member, bytes, next) = local(output, at, budget)?;
        let name = member.name.clone();
        let in_member = |failure: VerifyFailure| {
            VerifyFailure::new(format!("{name} > {}", failure.location), failure.message)
        };
        if !is_plain_name(&name) || !names.insert(name.to_lowercase()) {
            return Err(VerifyFailure::new(
                name.escape_debug().to_string(),
                "name not allowed or used twice",
            ));
        }
        let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        match Format::from_extension(extension) {
            Some(Format::Zip) => level(&bytes, limits, depth + 1, budget).map_err(in_member)?,
            Some(format) if format.successor() == format => {
                super::verify(&bytes, format, limits).map_err(in_member)?;
            }
            _ => return Err(VerifyFailure::new(name, "no reader for this name")),
        }
        members.push(member);
        if members.len() > limits.members as usize {
            return Err(VerifyFailure::new("zip", "too many members"));
        }
        at = next;
    }
    directory(output, at, &members)
}

struct Member {
    name: String,
    /// Version needed to the length of the extra field, as in the local header.
    shared: Vec<u8>,
    offset: usize,
}

fn short(at: usize) -> VerifyFailure {
    VerifyFailure::new(format!("zip @{at}"), "ends too early")
}

fn local(output: &[u8], at: usize, budget: &mut u64) -> Result<(Member, Vec<u8>, usize), VerifyFailure> {
    let fail = |message: &str| VerifyFailure::new(format!("zip @{at}"), message);
    let shared = output.get(at + 4..at + 30).ok_or_else(|| short(at))?;
    let [_, _, flags @ 0..=8, _, method, 0, _, _, _, _, crc @ .., s0, s1, s2, s3, n0, n1, 0, 0] = shared
    else {
        return Err(fail("local header with extra field, flags or method not allowed"));
    };
    let high_flags = shared.get(3).copied().unwrap_or(1);
    if *flags != 0 || !matches!(high_flags, 0 | 8) || !matches!(method, 0 | 8) {
        return Err(fail("flags or method not allowed"));
    }
    let [c0, c1, c2, c3, p0, p1, p2, p3] = crc else { return Err(fail("header")) };
    let crc = u32::from_le_bytes([*c0, *c1, *c2, *c3]);
    let packed = u32::from_le_bytes([*p0, *p1, *p2, *p3]) as usize;
    let size = u64::from(u32::from_le_bytes([*s0, *s1, *s2, *s3]));
    let name_end = at + 30 + usize::from(u16::from_le_bytes([*n0, *n1]));
    let name = output.get(at + 30..name_end).ok_or_else(|| short(at))?;
    let name = std::str::from_utf8(name).map_err(|_| fail("name is not UTF-8"))?.to_owned();
    let next = name_end.checked_add(packed).ok_or_else(|| short(at))?;
    let body = output.get(name_end..next).ok_or_else(|| short(at))?;
    *budget = budget.checked_sub(size).ok_or_else(|| fail("expands beyond the limit"))?;
    let bytes = if *method == 0 {
        body.to_vec()
    } else {
        let mut bytes = Vec::new();
        let mut decoder = DeflateDecoder::new(body).take(size.saturating_add(1));
        decoder.read_to_end(&mut bytes).map_err(|_| fail("broken deflate stream"))?;
        bytes
    };
    if bytes.len() as u64 != size || crc32fast::hash(&bytes) != crc {
        return Err(fail("size or CRC differs"));
    }
    Ok((Member { name, shared: shared.to_vec(), offset: at }, bytes, next))
}

fn directory(output: &[u8], start: usize, members: &[Member]) -> Result<(), VerifyFailure> {
    let mut expected = Vec::new();
    let offset32 = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
    for member in members {
        expected.extend_from_slice(b"PK\x01\x02\x14\x00");
        expected.extend_from_slice(&member.shared);
        expected.extend_from_slice(&[0; 10]);
        expected.extend_from_slice(&offset32(member.offset));
        expected.extend_from_slice(member.name.as_bytes());
    }
    let length = expected.len();
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX).to_le_bytes();
    expected.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    expected.extend_from_slice(&count);
    expected.extend_from_slice(&count);
    expected.extend_from_slice(&offset32(length));
    expected.extend_from_slice(&offset32(start));
    expected.extend_from_slice(&[0, 0]);
    if members.is_empty() || output.get(start..) != Some(expected.as_slice()) {
        return Err(VerifyFailure::new("zip", "central directory and members differ"));
    }
    Ok(())
}

/// Relative, no way up, nothing that a file system or a terminal takes for something else.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !name.chars().any(|c| c.is_control() || matches!(c, '\\' | ':' | '\u{202a}'..='\u{202e}'))
}
