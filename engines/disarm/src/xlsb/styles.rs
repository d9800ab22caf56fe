//! The styles part: fonts, number formats, fills, borders, and the cells' formats that are made of them.

use super::records::{Records, colour, text};
use crate::workbook::cursor::Cursor;
use crate::workbook::{Alignment, Border, Fill, Font, Format, Styles};

const BEGIN_CELL_FORMATS: u16 = 617;
const END_CELL_FORMATS: u16 = 618;

/// Reads the part.
pub(super) fn read(bytes: &[u8]) -> Styles {
    let mut styles = Styles::default();
    let (mut fills, mut borders) = (Vec::new(), Vec::new());
    let mut in_cells = false;
    for record in Records::new(bytes) {
        let mut cursor = record.cursor();
        match record.id {
            44 => {
                if let (Some(id), Some(code)) = (cursor.u16(), text(&mut cursor)) {
                    styles.numbers.insert(id, code);
                }
            }
            43 => styles.fonts.push(font(cursor).unwrap_or_default()),
            45 => fills.push(fill(cursor).unwrap_or_default()),
            46 => borders.push(border(cursor).unwrap_or_default()),
            BEGIN_CELL_FORMATS => in_cells = true,
            END_CELL_FORMATS => in_cells = false,
            47 if in_cells => {
                styles.formats.push(format(cursor, &fills, &borders).unwrap_or_default());
            }
            _ => {}
        }
    }
    styles
}

fn font(mut cursor: Cursor<'_>) -> Option<Font> {
    let (height, flags, weight, script) = (cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?);
    let [underline, family, charset, _] = *cursor.take(4)?.first_chunk()?;
    let colour = colour(&mut cursor)?;
    cursor.u8()?;
    Some(Font {
        name: text(&mut cursor)?,
        height,
        bold: weight >= 600,
        italic: flags & 2 != 0,
        strike: flags & 8 != 0,
        outline: flags & 0x10 != 0,
        shadow: flags & 0x20 != 0,
        script,
        underline,
        family,
        charset,
        colour,
    })
}

fn fill(mut cursor: Cursor<'_>) -> Option<Fill> {
    let pattern = u8::try_from(cursor.u32()?).unwrap_or(0);
    let (front, back) = (colour(&mut cursor)?, colour(&mut cursor)?);
    Some(Fill { pattern: if pattern > 18 { 0 } else { pattern }, front, back })
}

fn border(mut cursor: Cursor<'_>) -> Option<Border> {
    let flags = cursor.u8()?;
    let mut side = || {
        let style = cursor.u8()?;
        cursor.u8()?;
        Some((style, colour(&mut cursor)?))
    };
    let (top, bottom, left, right, diagonal) = (side()?, side()?, side()?, side()?, side()?);
    Some(Border { sides: [left, right, top, bottom, diagonal], down: flags & 1 != 0, up: flags & 2 != 0 })
}

fn format(mut cursor: Cursor<'_>, fills: &[Fill], borders: &[Border]) -> Option<Format> {
    cursor.u16()?;
    let number = cursor.u16()?;
    let font = usize::from(cursor.u16()?);
    let fill = usize::from(cursor.u16()?);
    let border = usize::from(cursor.u16()?);
    let [rotation, indent] = *cursor.take(2)?.first_chunk()?;
    let flags = cursor.u16()?;
    let bits = |shift: u16, mask: u16| u8::try_from((flags >> shift) & mask).unwrap_or_default();
    Some(Format {
        font,
        number,
        fill: fills.get(fill).copied().unwrap_or_default(),
        border: borders.get(border).copied().unwrap_or_default(),
        alignment: Alignment {
            across: bits(0, 7),
            down: bits(3, 7),
            wrap: flags & 0x40 != 0,
            rotation,
            indent,
            shrink: flags & 0x100 != 0,
            last_line: flags & 0x80 != 0,
            reading: bits(10, 3),
        },
        unlocked: flags & 0x1000 == 0,
        formula_hidden: flags & 0x2000 != 0,
        text_prefix: flags & 0x8000 != 0,
    })
}
