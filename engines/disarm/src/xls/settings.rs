//! How a sheet is printed and looked at, and where links lead ([MS-XLS] 2.4, [MS-OSHARED] 2.3.7).

use super::records::{Record, Texts};
use crate::workbook::cursor::{Cursor, utf16};
use crate::workbook::{Area, Page, Sheet, colour};

/// One record of a sheet's settings.
pub(super) fn record(sheet: &mut Sheet, record: &Record<'_>, texts: Texts, palette: &[u32]) -> Option<()> {
    let mut cursor = record.cursor();
    let page = &mut sheet.page;
    match record.id {
        0x26..=0x29 => {
            let value = cursor.f64()?;
            let at = usize::from(record.id - 0x26);
            *margins(page).get_mut(at)? = sound(value)?;
        }
        0xA1 => setup(page, cursor)?,
        0x14 => page.header = line(texts, cursor),
        0x15 => page.footer = line(texts, cursor),
        0x83 => page.centred_across = cursor.u16()? != 0,
        0x84 => page.centred_down = cursor.u16()? != 0,
        0x2A => page.headings = cursor.u16()? != 0,
        0x2B => page.grid = cursor.u16()? != 0,
        0x1A | 0x1B => {
            let count = cursor.u16()?;
            let is_row = record.id == 0x1B;
            for _ in 0..count {
                let at = u32::from(cursor.u16()?);
                if texts.biff8 {
                    cursor.take(4)?;
                }
                if is_row { page.row_breaks.push(at) } else { page.column_breaks.push(at) }
            }
        }
        0x81 => {
            let flags = cursor.u16()?;
            page.fit = flags & 0x100 != 0;
            sheet.summary_above = flags & 0x40 == 0;
            sheet.summary_left = flags & 0x80 == 0;
        }
        0x23E => window(sheet, cursor)?,
        0x41 => pane(sheet, cursor)?,
        0xA0 => {
            let (part, whole) = (cursor.u16()?, cursor.u16()?);
            sheet.view.zoom = u16::try_from(u32::from(part) * 100 / u32::from(whole).max(1)).ok()?;
        }
        0x862 => {
            cursor.take(16)?;
            let number = u16::try_from(cursor.u32()? & 0x7F).ok()?;
            sheet.tab = (number < 64).then(|| colour(palette, number));
        }
        _ => {}
    }
    Some(())
}

fn sound(value: f64) -> Option<f64> {
    (0.0..49.0).contains(&value).then_some(value)
}

fn margins(page: &mut Page) -> &mut [f64; 6] {
    page.margins.get_or_insert([0.75, 0.75, 1.0, 1.0, 0.5, 0.5])
}

fn setup(page: &mut Page, mut cursor: Cursor<'_>) -> Option<()> {
    let (paper, scale, first) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    (page.fit_width, page.fit_height) = (cursor.u16()?, cursor.u16()?);
    let flags = cursor.u16()?;
    page.over_then_down = flags & 1 != 0;
    page.grey = flags & 8 != 0;
    page.set = true;
    // Without a printer's settings, paper, scale and direction mean nothing.
    if flags & 4 == 0 {
        page.paper = paper;
        page.scale = scale;
        page.landscape = flags & 2 == 0 && flags & 0x40 == 0;
    }
    page.first_page = (flags & 0x80 != 0).then_some(first);
    cursor.take(4)?;
    let (header, footer) = (cursor.f64()?, cursor.f64()?);
    if let (Some(header), Some(footer)) = (sound(header), sound(footer)) {
        let [.., above, below] = margins(page);
        (*above, *below) = (header, footer);
    }
    Some(())
}

fn line(texts: Texts, mut cursor: Cursor<'_>) -> String {
    let text = if texts.biff8 { texts.long(&mut cursor) } else { texts.short(&mut cursor) };
    text.unwrap_or_default().chars().take(255).collect()
}

fn window(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Option<()> {
    let flags = cursor.u16()?;
    let view = &mut sheet.view;
    view.formulas = flags & 1 != 0;
    view.grid = flags & 2 != 0;
    view.headings = flags & 4 != 0;
    view.frozen = (flags & 8 != 0).then_some((0, 0));
    view.zeros = flags & 0x10 != 0;
    view.right_to_left = flags & 0x40 != 0;
    view.page_breaks = flags & 0x800 != 0;
    Some(())
}

fn pane(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Option<()> {
    let (columns, rows) = (u32::from(cursor.u16()?), u32::from(cursor.u16()?));
    let top_left = (u32::from(cursor.u16()?), u32::from(cursor.u16()?));
    // Panes that are split but not frozen are measured in points; the split is left out.
    if sheet.view.frozen.is_some() && columns < 256 {
        sheet.view.frozen = Some((columns, rows));
        sheet.view.top_left = top_left;
    }
    Some(())
}

/// `Sheet!$A$1:$B$2` as an area.
pub(super) fn area_of(formula: &str) -> Option<Area> {
    let cells = formula.rsplit_once('!')?.1.replace('$', "");
    let (from, to) = cells.split_once(':')?;
    let ((first_row, first_column), (last_row, last_column)) = (cell_of(from)?, cell_of(to)?);
    let area = Area { first_row, last_row, first_column, last_column };
    area.is_sound().then_some(area)
}

fn cell_of(name: &str) -> Option<(u32, u32)> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = name.split_at_checked(digits)?;
    let column = letters.chars().try_fold(0_u32, |sum, c| {
        let digit = c.to_digit(36)?.checked_sub(9)?;
        sum.checked_mul(26)?.checked_add(digit)
    })?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

/// Where a link leads: an address outside, and a place in the document.
pub(crate) fn moniker(mut cursor: Cursor<'_>) -> Option<(String, String)> {
    const URL: [u8; 16] =
        [0xE0, 0xC9, 0xEA, 0x79, 0xF9, 0xBA, 0xCE, 0x11, 0x8C, 0x82, 0, 0xAA, 0, 0x4B, 0xA9, 0x0B];
    const FILE: [u8; 16] = [3, 3, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
    cursor.u32()?;
    let flags = cursor.u32()?;
    if flags & 0x10 != 0 {
        text(&mut cursor)?;
    }
    if flags & 0x80 != 0 {
        text(&mut cursor)?;
    }
    let mut address = String::new();
    if flags & 1 != 0 {
        if flags & 0x100 != 0 {
            address = text(&mut cursor)?;
        } else {
            let class = cursor.take(16)?;
            if class == URL {
                let size = cursor.u32()? as usize;
                let whole = utf16(cursor.take(size)?);
                address = whole.split('\0').next().unwrap_or_default().to_owned();
            } else if class == FILE {
                cursor.u16()?;
                let size = cursor.u32()? as usize;
                let bytes = cursor.take(size)?;
                let path: String = bytes.iter().map(|byte| char::from(*byte)).collect();
                // A path of a file says so, that nobody takes it for an address.
                return Some((format!("file:{}", path.trim_end_matches('\0')), String::new()));
            } else {
                return Some(("(moniker)".to_owned(), String::new()));
            }
        }
    }
    let location = if flags & 8 != 0 { text(&mut cursor).unwrap_or_default() } else { String::new() };
    Some((address, location))
}

/// Characters with a count of four bytes before them, a zero behind.
fn text(cursor: &mut Cursor<'_>) -> Option<String> {
    let count = cursor.u32()? as usize;
    let text = cursor.utf16(count)?;
    Some(text.trim_end_matches('\0').to_owned())
}
