//! tar (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU): regular files only. Links, devices and sparse files are handed
//! over as refusals. A size that the pax header and the block state differently is read differently by different
//! programs, so it refuses the whole.

use super::walk::{Member, Visit, special};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context, zip::names};

const BLOCK: usize = 512;
/// Names and pax headers longer than this belong to nobody's file.
const MAX_EXTENSION: usize = 1 << 20;

/// Whether the first block is a header by its own checksum.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.get(..BLOCK).is_some_and(|block| block.iter().any(|byte| *byte != 0) && is_sound(block))
}

/// What extension headers said about the next file.
#[derive(Default)]
struct Extension {
    path: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

pub(super) fn walk(input: &[u8], ctx: &mut Context<'_>, visit: Visit<'_>) -> Result<(), Refusal> {
    let mut at = 0_usize;
    let mut extension = Extension::default();
    while let Some(block) = input.get(at..at.saturating_add(BLOCK)) {
        if block.iter().all(|byte| *byte == 0) {
            if input.get(at..).unwrap_or_default().iter().any(|byte| *byte != 0) {
                ctx.removed(RemovalCode::TrailingData, format!("tar @{at}"));
            }
            return Ok(());
        }
        if !is_sound(block) {
            return Err(broken(at));
        }
        ctx.charge_member()?;
        let size = number(block.get(124..136).unwrap_or_default()).ok_or_else(|| broken(at))?;
        let start = at + BLOCK;
        let kind = block.get(156).copied().unwrap_or(0);
        // Links and devices have no content, whatever their size says.
        let length =
            if matches!(kind, b'1'..=b'6') { 0 } else { usize::try_from(size).unwrap_or(usize::MAX) };
        let end = start.checked_add(length).ok_or_else(|| broken(at))?;
        let data = input.get(start..end).ok_or_else(|| broken(at))?;
        at = end.checked_next_multiple_of(BLOCK).ok_or_else(|| broken(at))?;
        match kind {
            b'x' | b'X' => pax(bounded(data)?, &mut extension).ok_or_else(|| broken(start))?,
            b'g' => {
                let mut global = Extension::default();
                pax(bounded(data)?, &mut global).ok_or_else(|| broken(start))?;
                if global.path.is_some() || global.size.is_some() {
                    return Err(Refusal::new(
                        RefusalCode::Ambiguous,
                        "tar: 全体に対する名前・大きさの上書き",
                    ));
                }
            }
            b'L' => {
                let raw = bounded(data)?.split(|byte| *byte == 0).next().unwrap_or_default();
                extension.path = names::decode(raw, false);
            }
            b'K' => {}
            _ => {
                let found = std::mem::take(&mut extension);
                if found.size.is_some_and(|declared| declared != size) {
                    return Err(Refusal::new(RefusalCode::Ambiguous, "tar: 大きさの宣言が食い違っています"));
                }
                let name = found.path.or_else(|| name(block)).ok_or_else(|| broken(start))?;
                file(Entry { kind, name, sparse: found.sparse, data }, ctx, visit)?;
            }
        }
    }
    Ok(())
}

struct Entry<'a> {
    kind: u8,
    name: String,
    sparse: bool,
    data: &'a [u8],
}

fn file(entry: Entry<'_>, ctx: &mut Context<'_>, visit: Visit<'_>) -> Result<(), Refusal> {
    let content = match entry.kind {
        b'0' | 0 | b'7' if entry.sparse => Err(special("スパースファイル")),
        b'0' | 0 | b'7' if entry.name.ends_with('/') => return Ok(()),
        b'0' | 0 | b'7' => {
            ctx.charge_expanded(entry.data.len() as u64)?;
            Ok(entry.data.to_vec())
        }
        b'5' | b'D' | b'V' => return Ok(()),
        b'1' => Err(special("ハードリンク")),
        b'2' => Err(special("シンボリックリンク")),
        b'3' | b'4' | b'6' => Err(special("デバイス・パイプ")),
        b'S' => Err(special("スパースファイル")),
        _ => Err(special("tar の特殊な項目")),
    };
    visit(Member { name: entry.name, content }, ctx)
}

/// The checksum counts its own eight bytes as spaces; old programs added signed bytes.
fn is_sound(block: &[u8]) -> bool {
    let Some(stated) = block.get(148..156).and_then(number) else { return false };
    let counted = |index: usize, byte: u8| if (148..156).contains(&index) { b' ' } else { byte };
    let bytes = || block.iter().enumerate().map(|(index, byte)| counted(index, *byte));
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

/// An octal number between spaces and NULs, or a binary one that is marked by its top bit.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((first @ 0x80.., rest)) = field.split_first() {
        let begin = u64::from(first & 0x7f);
        return rest.iter().try_fold(begin, |sum, byte| Some(sum.checked_mul(256)? | u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn name(block: &[u8]) -> Option<String> {
    let text = |from: usize, to: usize| -> Option<String> {
        let raw = block.get(from..to)?.split(|byte| *byte == 0).next().unwrap_or_default();
        names::decode(raw, false)
    };
    let name = text(0, 100)?;
    let prefix = if block.get(257..263) == Some(b"ustar\0") { text(345, 500)? } else { String::new() };
    Some(if prefix.is_empty() { name } else { format!("{prefix}/{name}") })
}

fn bounded(data: &[u8]) -> Result<&[u8], Refusal> {
    if data.len() > MAX_EXTENSION {
        return Err(Refusal::new(RefusalCode::Bomb, "tar: 見出し"));
    }
    Ok(data)
}

/// Records of `LENGTH KEY=VALUE\n`.
fn pax(mut data: &[u8], into: &mut Extension) -> Option<()> {
    while data.first().is_some_and(|byte| *byte != 0) {
        let space = data.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(data.get(..space)?).ok()?.parse().ok()?;
        let record = data.get(space.checked_add(1)?..length)?.strip_suffix(b"\n")?;
        data = data.get(length..)?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (record.get(..equals)?, record.get(equals.checked_add(1)?..)?);
        match key {
            b"path" => into.path = Some(names::decode(value, false)?),
            b"size" => into.size = Some(std::str::from_utf8(value).ok()?.parse().ok()?),
            key if key.starts_with(b"GNU.sparse") || key == b"SCHILY.realsize" => into.sparse = true,
            _ => {}
        }
    }
    Some(())
}

fn broken(at: usize) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("tar @{at}"))
}
