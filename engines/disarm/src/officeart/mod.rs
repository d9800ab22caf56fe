//! Office drawings ([MS-ODRAW]): records, properties of shapes, and the pictures that they show.
//!
//! Workbooks and presentations share this. A picture is taken out of its record here and decoded elsewhere; what
//! is in no known record is not looked at.

use std::collections::HashMap;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::workbook::cursor::Cursor;
use crate::{Refusal, context::Context};

/// A record: a container of others when its version is 15.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) version: u8,
    pub(crate) instance: u16,
    pub(crate) kind: u16,
    pub(crate) data: &'a [u8],
}

impl<'a> Record<'a> {
    pub(crate) fn children(self) -> Records<'a> {
        Records { cursor: Cursor::new(if self.version == 15 { self.data } else { &[] }) }
    }

    pub(crate) fn child(self, kind: u16) -> Option<Record<'a>> {
        self.children().find(|record| record.kind == kind)
    }
}

/// Records one after the other. One that says it is longer than what is left ends there.
#[derive(Debug, Clone)]
pub(crate) struct Records<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Records<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes) }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let head = self.cursor.u16()?;
        let kind = self.cursor.u16()?;
        let size = self.cursor.u32()? as usize;
        let data = self.cursor.take_at_most(size);
        Some(Record { version: (head & 0xF) as u8, instance: head >> 4, kind, data })
    }
}

/// The properties of a shape that are read ([MS-ODRAW] 2.3).
#[derive(Debug, Clone, Default)]
pub(crate) struct Properties {
    values: HashMap<u16, u32>,
}

impl Properties {
    /// Of the records of a shape.
    pub(crate) fn of(shape: Record<'_>) -> Self {
        let mut values = HashMap::new();
        for record in shape.children().filter(|record| matches!(record.kind, 0xF00B | 0xF122 | 0xF121)) {
            let mut cursor = Cursor::new(record.data);
            for _ in 0..record.instance {
                let (Some(id), Some(value)) = (cursor.u16(), cursor.u32()) else { break };
                values.insert(id & 0x3FFF, value);
            }
        }
        Self { values }
    }

    /// The number of the picture from 1, of a picture frame.
    pub(crate) fn picture(&self) -> Option<usize> {
        self.values.get(&0x104).map(|n| *n as usize).filter(|n| *n > 0)
    }

    /// The number of the picture that fills the shape.
    pub(crate) fn fill_picture(&self) -> Option<usize> {
        let kind = self.values.get(&0x180).copied().unwrap_or(0);
        self.values.get(&0x186).map(|n| *n as usize).filter(|n| *n > 0 && (1..=3).contains(&kind))
    }

    pub(crate) fn get(&self, id: u16) -> Option<u32> {
        self.values.get(&id).copied()
    }

    /// A flag of a group of flags: bits 0 to 15 hold values, 16 to 31 say which of them count.
    pub(crate) fn flag(&self, group: u16, bit: u32, default: bool) -> bool {
        match self.values.get(&group) {
            Some(bits) if bits & (0x1_0000 << bit) != 0 => bits & (1 << bit) != 0,
            _ => default,
        }
    }
}

/// A picture's bytes and the extension for its kind.
pub(crate) type Blip = (Vec<u8>, &'static str);

/// The pictures of a drawing group in order, `None` for those that are not there or of no known kind.
/// `delayed` is the stream that holds pictures outside of the group.
///
/// # Errors
/// `Bomb` when they expand beyond the budget.
pub(crate) fn pictures(
    group: &[u8],
    delayed: &[u8],
    ctx: &mut Context<'_>,
) -> Result<Vec<Option<Blip>>, Refusal> {
    let mut found = Vec::new();
    let Some(top) = Records::new(group).find(|record| record.kind == 0xF000) else { return Ok(found) };
    let Some(store) = top.child(0xF001) else { return Ok(found) };
    for entry in store.children().take(20_000) {
        if entry.kind != 0xF007 {
            found.push(blip(entry, ctx)?);
            continue;
        }
        let name = usize::from(entry.data.get(33).copied().unwrap_or(0));
        let inside = entry.data.get(36 + name..).and_then(|bytes| Records::new(bytes).next());
        let offset = entry.data.get(28..32).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
        let record = match (inside, offset) {
            (Some(inside), _) if !inside.data.is_empty() => Some(inside),
            (_, Some(offset)) if !delayed.is_empty() => {
                delayed.get(offset as usize..).and_then(|bytes| Records::new(bytes).next())
            }
            _ => None,
        };
        found.push(match record {
            Some(record) => blip(record, ctx)?,
            None => None,
        });
    }
    Ok(found)
}

/// The picture in a record ([MS-ODRAW] 2.2.23).
pub(crate) fn blip(record: Record<'_>, ctx: &mut Context<'_>) -> Result<Option<Blip>, Refusal> {
    // Odd instances have a second identifier before the picture.
    let second = if record.instance & 1 != 0 { 16 } else { 0 };
    let skipped = |bytes: usize| record.data.get(16 + second + bytes..);
    let extension = match record.kind {
        0xF01A => "emf",
        0xF01B => "wmf",
        0xF01D | 0xF02A => "jpeg",
        0xF01E => "png",
        0xF01F => "bmp",
        0xF029 => "tiff",
        _ => return Ok(None),
    };
    let bytes = match extension {
        "emf" | "wmf" => {
            let Some(head) = skipped(0) else { return Ok(None) };
            let Some(body) = skipped(34) else { return Ok(None) };
            let packed = head.get(32) == Some(&0);
            let plain = if packed { inflated(body, ctx)? } else { body.to_vec() };
            if extension == "wmf" { placeable(head, plain) } else { plain }
        }
        "bmp" => match skipped(1).and_then(bitmap) {
            Some(bytes) => bytes,
            None => return Ok(None),
        },
        _ => skipped(1).unwrap_or_default().to_vec(),
    };
    ctx.charge_expanded(bytes.len() as u64)?;
    Ok((!bytes.is_empty()).then_some((bytes, extension)))
}

fn inflated(bytes: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let most = ctx.expandable().saturating_add(1);
    // What is there of a picture that was cut off is tried.
    let _ = ZlibDecoder::new(bytes).take(most).read_to_end(&mut out);
    ctx.charge_expanded(out.len() as u64)?;
    Ok(out)
}

/// A WMF with the header that says how large it is; drawings keep the size elsewhere.
fn placeable(head: &[u8], bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(&[0xD7, 0xCD, 0xC6, 0x9A]) {
        return bytes;
    }
    let mut cursor = Cursor::new(head);
    cursor.u32();
    let bounds: Vec<i16> = (0..4)
        .map(|_| cursor.i32().unwrap_or(0).clamp(i32::from(i16::MIN), i32::from(i16::MAX)))
        .map(|edge| i16::try_from(edge).unwrap_or_default())
        .collect();
    // The size in English metric units: the resolution that makes the bounds as large as that.
    let width = cursor.u32().unwrap_or(0);
    let across = match bounds.as_slice() {
        [left, _, right, _] => u32::from(left.abs_diff(*right)),
        _ => 0,
    };
    let inch = u64::from(across) * 914_400 / u64::from(width.max(1));
    let inch = u16::try_from(inch.clamp(72, 20_000)).unwrap_or(1440);
    let mut out = vec![0xD7, 0xCD, 0xC6, 0x9A, 0, 0];
    for edge in bounds {
        out.extend_from_slice(&edge.to_le_bytes());
    }
    out.extend_from_slice(&inch.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let sum = out.as_chunks::<2>().0.iter().fold(0_u16, |sum, two| sum ^ u16::from_le_bytes(*two));
    out.extend_from_slice(&sum.to_le_bytes());
    out.extend(bytes);
    out
}

/// A bitmap file around the bitmap of a drawing.
fn bitmap(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(bytes);
    let header = cursor.u32()?;
    let (bits, compression, colours) = if header == 12 {
        cursor.take(6)?;
        (cursor.u16()?, 0, 0)
    } else {
        cursor.take(10)?;
        let bits = cursor.u16()?;
        let compression = cursor.u32()?;
        cursor.take(12)?;
        (bits, compression, cursor.u32()?)
    };
    let entries = match (colours, bits) {
        (0, 1..=8) => 1_u32 << bits,
        (n, _) => n.min(256),
    };
    let size = if header == 12 { 3 } else { 4 };
    let masks = if compression == 3 && header == 40 { 12 } else { 0 };
    let offset = 14_u32.checked_add(header)?.checked_add(entries.checked_mul(size)?)?.checked_add(masks)?;
    let total = u32::try_from(bytes.len()).ok()?.checked_add(14)?;
    let mut out = b"BM".to_vec();
    out.extend_from_slice(&total.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(bytes);
    Some(out)
}
