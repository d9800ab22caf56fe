//! Records of a binary part ([MS-XLSB] 2.1.4) and the texts, areas and colours in them.

use crate::workbook::cursor::Cursor;
use crate::workbook::{Area, Colour, Rich};

/// A record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) id: u16,
    pub(super) data: &'a [u8],
}

impl<'a> Record<'a> {
    pub(super) fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self.data)
    }
}

/// The records of a part. One that is cut off ends it.
pub(super) struct Records<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes) }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let first = u16::from(self.cursor.u8()?);
        let id =
            if first & 0x80 == 0 { first } else { (first & 0x7F) | u16::from(self.cursor.u8()? & 0x7F) << 7 };
        let mut size = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.cursor.u8()?;
            size |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(Record { id, data: self.cursor.take(size)? })
    }
}

/// A text with its count of characters; one that is not there is empty.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Option<String> {
    match cursor.u32()? {
        u32::MAX => Some(String::new()),
        count => cursor.utf16(count as usize),
    }
}

/// A text with parts in other fonts and a reading.
pub(super) fn rich(cursor: &mut Cursor<'_>) -> Option<Rich> {
    let flags = cursor.u8()?;
    let mut rich = Rich::from(text(cursor)?);
    if flags & 1 != 0 {
        for _ in 0..cursor.u32()? {
            rich.runs.push((u32::from(cursor.u16()?), cursor.u16()?));
        }
    }
    if flags & 2 != 0 {
        rich.readings = readings(cursor, &rich.text).unwrap_or_default();
    }
    Some(rich)
}

fn readings(cursor: &mut Cursor<'_>, text_of_cell: &str) -> Option<Vec<(u32, u32, String)>> {
    let reading: Vec<u16> = text(cursor)?.encode_utf16().collect();
    let length = text_of_cell.encode_utf16().count();
    let mut starts = Vec::new();
    for _ in 0..cursor.u32()? {
        starts.push((usize::from(cursor.u16()?), u32::from(cursor.u16()?), u32::from(cursor.u16()?)));
        cursor.u16()?;
    }
    let ends = starts.iter().skip(1).map(|start| start.0).chain([reading.len()]);
    let mut found = Vec::new();
    for ((start, from, size), end) in starts.iter().zip(ends) {
        let to = from.checked_add(*size)?;
        let piece = reading.get(*start..end)?;
        if !piece.is_empty() && *size > 0 && to as usize <= length {
            found.push((*from, to, String::from_utf16_lossy(piece)));
        }
    }
    Some(found)
}

/// An area.
pub(super) fn area(cursor: &mut Cursor<'_>) -> Option<Area> {
    Some(Area {
        first_row: cursor.u32()?,
        last_row: cursor.u32()?,
        first_column: cursor.u32()?,
        last_column: cursor.u32()?,
    })
}

/// Tokens of a formula and what follows them.
pub(super) fn formula<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let size = cursor.u32()? as usize;
    let tokens = cursor.take(size)?;
    let size = cursor.u32()? as usize;
    Some((tokens, cursor.take(size)?))
}

/// A colour ([MS-XLSB] 2.5.4).
pub(super) fn colour(cursor: &mut Cursor<'_>) -> Option<Colour> {
    let kind = cursor.u8()? >> 1;
    let index = cursor.u8()?;
    let tint = cursor.i16()?;
    let [red, green, blue, _] = *cursor.take(4)?.first_chunk()?;
    Some(match kind {
        1 => crate::workbook::indexed_colour(u16::from(index)),
        2 => Colour::Rgb(u32::from_be_bytes([0, red, green, blue])),
        3 if index < 12 => Colour::Theme(index, tint),
        _ => Colour::Automatic,
    })
}
