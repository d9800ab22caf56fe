//! A worksheet's records: rows, columns, cells, formulas, links, comments ([MS-XLS] 2.1.7.20.5).

use std::collections::HashMap;

use super::art::Shapes;
use super::globals::{Bound, Globals, place};
use super::records::{BOF, EOF, Record, Records};
use super::{Report, rules, settings};
use crate::workbook::cursor::{Cursor, utf16};
use crate::workbook::tokens::{self, Unwritable};
use crate::workbook::{Area, Cell, Column, Comment, Link, Row, Sheet, Value, packed};
use crate::{Refusal, RemovalCode, context::Context, ooxml};

/// What a cell takes while it is worked on; a file of a few bytes a cell must not take all memory.
const CELL_COST: u64 = 64;

/// A formula that is kept elsewhere: shared by cells, or filling an area.
struct Kept {
    area: Area,
    tokens: Vec<u8>,
    extra: Vec<u8>,
    is_array: bool,
}

/// A sheet in reading.
pub(super) struct Reader<'g> {
    pub(super) globals: &'g mut Globals,
    pub(super) sheet: Sheet,
    pub(super) shapes: Shapes,
    /// Its number among the sheets that are written.
    number: usize,
    kept: HashMap<(u32, u32), Kept>,
    /// Cells whose formula is kept elsewhere, and where.
    pending: Vec<((u32, u32), (u32, u32))>,
    /// The cell of the last formula.
    last: (u32, u32),
    /// Notes of Excel 5 that go on.
    note: Option<Comment>,
    tips: Vec<(Area, String)>,
    /// The cells of the rules that follow.
    pub(super) condition_areas: Vec<Area>,
}

/// Reads the sheet that begins where the workbook says.
pub(super) fn read(
    stream: &[u8],
    bound: &Bound,
    number: usize,
    globals: &mut Globals,
    ctx: &mut Context<'_>,
) -> Result<Sheet, Refusal> {
    let mut reader = Reader {
        globals,
        sheet: Sheet { name: bound.name.clone(), ..Sheet::default() },
        shapes: Shapes::default(),
        number,
        kept: HashMap::new(),
        pending: Vec::new(),
        last: (0, 0),
        note: None,
        tips: Vec::new(),
        condition_areas: Vec::new(),
    };
    let mut depth = 0_u32;
    for record in Records::new(stream, bound.at) {
        if BOF.contains(&record.id) {
            depth = depth.saturating_add(1);
            if depth > 1 {
                ctx.removed(RemovalCode::Chart, format!("{}: グラフ", bound.name));
            }
            continue;
        }
        // What does not begin as a sheet is none.
        if depth == 0 {
            break;
        }
        if record.id == EOF {
            depth -= 1;
            if depth == 0 {
                break;
            }
            continue;
        }
        if depth == 1 {
            reader.record(&record, ctx)?;
        }
    }
    reader.finish(ctx)
}

impl Reader<'_> {
    fn record(&mut self, record: &Record<'_>, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let cursor = record.cursor();
        match record.id {
            0x06 | 0x206 | 0x406 => self.formula(cursor, ctx)?,
            0xBD => self.numbers(cursor, ctx)?,
            0xBE => self.blanks(cursor, ctx)?,
            0xFD | 0x204 | 0xD6 | 0x27E | 0x203 | 0x205 | 0x201 => {
                ctx.charge_expanded(CELL_COST)?;
                self.cell(record.id, cursor);
            }
            0xEC => {
                ctx.charge_expanded(record.data.len() as u64)?;
                self.shapes.push_drawing(&record.whole());
            }
            _ => {
                // A record that is too short says nothing.
                let _ = self.other(record, cursor, ctx);
            }
        }
        Ok(())
    }

    fn other(&mut self, record: &Record<'_>, cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Option<()> {
        match record.id {
            0x207 => self.formula_text(record),
            0x221 | 0x21 => self.array_formula(cursor),
            0x4BC => self.shared_formula(cursor),
            0x208 => self.row(cursor),
            0x7D => self.column(cursor),
            0x55 => self.default_width(cursor, 1.0),
            0x99 => self.default_width(cursor, 256.0),
            0x225 => self.default_height(cursor),
            0xE5 => self.merges(cursor),
            0x1B8 => self.link(&record.whole(), ctx),
            0x800 => self.tip(cursor),
            0x1C => self.note(cursor),
            0x5D => self.shapes.object(record.data, &self.sheet.name, ctx),
            0x1B6 => self.shapes.text(record),
            0x1BE => rules::validation(self, &record.whole(), ctx),
            0x1B0 => rules::condition(self, &record.whole()),
            0x1B1 => rules::rule(self, &record.whole(), ctx),
            0x9D => {
                let own = self.globals.filters.iter().find(|(sheet, _)| *sheet == self.number);
                self.sheet.filter = own.and_then(|(_, formula)| settings::area_of(formula));
                Some(())
            }
            _ => settings::record(&mut self.sheet, record, self.globals.texts, &self.globals.palette),
        }
    }

    fn put(&mut self, row: u16, column: u16, style: u16, value: Value) {
        let cell = Cell { style: u32::from(style), value, ..Cell::default() };
        self.sheet.cells.insert((u32::from(row), u32::from(column)), cell);
    }

    fn cell(&mut self, id: u16, mut cursor: Cursor<'_>) -> Option<()> {
        let (row, column, style) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        let value = match id {
            0xFD => Value::Shared(cursor.u32()?),
            0x204 | 0xD6 => Value::Text(self.globals.texts.long(&mut cursor)?),
            0x27E => Value::Number(packed(cursor.u32()?)),
            0x203 => Value::Number(cursor.f64()?),
            0x205 => {
                let [value, is_error] = *cursor.take(2)?.first_chunk()?;
                if is_error == 0 { Value::Bool(value != 0) } else { Value::Error(value) }
            }
            _ => Value::Blank,
        };
        let value = match value {
            Value::Shared(at) if at as usize >= self.globals.book.strings.len() => Value::Blank,
            other => other,
        };
        self.put(row, column, style, value);
        Some(())
    }

    fn numbers(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let (Some(row), Some(first)) = (cursor.u16(), cursor.u16()) else { return Ok(()) };
        // The last column follows the numbers.
        for column in first..=0xFF {
            if cursor.rest().len() < 8 {
                break;
            }
            let (Some(style), Some(value)) = (cursor.u16(), cursor.u32()) else { break };
            ctx.charge_expanded(CELL_COST)?;
            self.put(row, column, style, Value::Number(packed(value)));
        }
        Ok(())
    }

    fn blanks(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let (Some(row), Some(first)) = (cursor.u16(), cursor.u16()) else { return Ok(()) };
        for column in first..=0xFF {
            if cursor.rest().len() < 4 {
                break;
            }
            let Some(style) = cursor.u16() else { break };
            ctx.charge_expanded(CELL_COST)?;
            self.put(row, column, style, Value::Blank);
        }
        Ok(())
    }

    fn formula(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        ctx.charge_expanded(CELL_COST)?;
        let head = (cursor.u16(), cursor.u16(), cursor.u16(), cursor.take(8));
        let (Some(row), Some(column), Some(style), Some(result)) = head else { return Ok(()) };
        self.put(row, column, style, formula_value(result));
        let at = (u32::from(row), u32::from(column));
        self.last = at;
        cursor.take(6);
        let Some(size) = cursor.u16() else { return Ok(()) };
        let code = cursor.take_at_most(usize::from(size));
        if let Some(target) = tokens::points_to(code, self.globals.scope.dialect) {
            self.pending.push((at, target));
            return Ok(());
        }
        let extra = cursor.rest().to_vec();
        self.settle(at, at, code, &extra, None, ctx)
    }

    /// Writes a formula into its cell, when it has a text that may stay.
    fn settle(
        &mut self,
        at: (u32, u32),
        base: (u32, u32),
        code: &[u8],
        extra: &[u8],
        array: Option<Area>,
        ctx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let text = tokens::text(&self.globals.scope, code, extra, base).and_then(|text| {
            if ooxml::formula_is_allowed(&text) { Ok(text) } else { Err(Unwritable::Outside) }
        });
        match text {
            Ok(text) => {
                ctx.charge_expanded(text.len() as u64)?;
                if let Some(cell) = self.sheet.cells.get_mut(&at) {
                    cell.formula = Some(text);
                    cell.array = array;
                }
            }
            Err(_) => {
                let report = Report { sheet: &self.sheet.name };
                ctx.removed(RemovalCode::Formula, place(&report, at.0, at.1));
            }
        }
        Ok(())
    }

    /// The text that the last formula came to.
    fn formula_text(&mut self, record: &Record<'_>) -> Option<()> {
        let mut bytes = super::records::Continued::new(record);
        let count = usize::from(bytes.u16()?);
        let text = if self.globals.texts.biff8 {
            if count == 0 {
                String::new()
            } else {
                let wide = bytes.u8()? & 1 != 0;
                bytes.characters(count, wide)?
            }
        } else {
            self.globals.texts.encoding.decode_without_bom_handling(&bytes.take(count)?).0.into_owned()
        };
        self.sheet.cells.get_mut(&self.last)?.value = Value::Text(text);
        Some(())
    }

    fn array_formula(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let area = short_area(&mut cursor)?;
        cursor.take(6)?;
        self.keep(area, cursor, true)
    }

    fn shared_formula(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let area = short_area(&mut cursor)?;
        cursor.take(2)?;
        self.keep(area, cursor, false)
    }

    fn keep(&mut self, area: Area, mut cursor: Cursor<'_>, is_array: bool) -> Option<()> {
        let size = usize::from(cursor.u16()?);
        let tokens = cursor.take_at_most(size).to_vec();
        let extra = cursor.rest().to_vec();
        let place = if is_array { (area.first_row, area.first_column) } else { self.last };
        self.kept.insert(place, Kept { area, tokens, extra, is_array });
        Some(())
    }

    fn row(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let number = u32::from(cursor.u16()?);
        cursor.take(4)?;
        let height = cursor.u16()?;
        cursor.take(4)?;
        let flags = cursor.u32()?;
        let own = flags & 0x40 != 0;
        let row = Row {
            height: (height & 0x8000 == 0 && height > 0).then(|| f64::from(height & 0x7FFF) / 20.0),
            custom: own,
            hidden: flags & 0x20 != 0,
            level: u8::try_from(flags & 7).unwrap_or_default(),
            collapsed: flags & 0x10 != 0,
            style: (flags & 0x80 != 0).then_some((flags >> 16) & 0xFFF),
        };
        self.sheet.rows.insert(number, row);
        Some(())
    }

    fn column(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let (first, last) = (cursor.u16()?, cursor.u16()?);
        let width = f64::from(cursor.u16()?) / 256.0;
        let style = cursor.u16()?;
        let flags = cursor.u16()?;
        self.sheet.columns.push(Column {
            first: u32::from(first),
            last: u32::from(last.min(0xFF)),
            width,
            hidden: flags & 1 != 0,
            level: u8::try_from((flags >> 8) & 7).unwrap_or_default(),
            collapsed: flags & 0x1000 != 0,
            style: u32::from(style),
        });
        Some(())
    }

    fn default_width(&mut self, mut cursor: Cursor<'_>, unit: f64) -> Option<()> {
        let width = f64::from(cursor.u16()?);
        // A whole number of characters leaves out the five pixels between columns.
        self.sheet.default_width = Some(if unit > 1.0 { width / unit } else { width + 0.71 });
        Some(())
    }

    fn default_height(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let flags = cursor.u16()?;
        let height = f64::from(cursor.u16()?) / 20.0;
        self.sheet.default_height = Some((height, flags & 2 != 0));
        Some(())
    }

    fn merges(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        for _ in 0..cursor.u16()? {
            let area = long_area(&mut cursor)?;
            if area.is_sound() && (area.first_row, area.first_column) != (area.last_row, area.last_column) {
                self.sheet.merges.push(area);
            }
        }
        Some(())
    }

    fn link(&mut self, bytes: &[u8], ctx: &mut Context<'_>) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        let area = long_area(&mut cursor)?;
        cursor.take(16)?;
        let (address, location) = super::settings::moniker(cursor)?;
        if !address.is_empty() && !ooxml::link_is_allowed(&address) {
            let report = Report { sheet: &self.sheet.name };
            let place = place(&report, area.first_row, area.first_column);
            let shown: String = address.chars().filter(|c| !c.is_control()).take(120).collect();
            ctx.removed(RemovalCode::Hyperlink, format!("{place}: {shown}"));
            return None;
        }
        if area.is_sound() && !(address.is_empty() && location.is_empty()) {
            self.sheet.links.push(Link { area, address, location, tooltip: String::new() });
        }
        Some(())
    }

    fn tip(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        cursor.u16()?;
        let area = long_area(&mut cursor)?;
        let text = utf16(cursor.rest()).trim_end_matches('\0').to_owned();
        self.tips.push((area, text));
        Some(())
    }

    fn note(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let (row, column) = (cursor.u16()?, cursor.u16()?);
        if self.globals.texts.biff8 {
            cursor.u16()?;
            let id = cursor.u16()?;
            let author = self.globals.texts.long(&mut cursor).unwrap_or_default();
            self.shapes.note(u32::from(row), u32::from(column), id, author);
            return Some(());
        }
        // Long notes of Excel 5 go on in notes of row 65535.
        let size = usize::from(cursor.u16()?);
        let bytes = cursor.take_at_most(size.min(2048));
        let text = self.globals.texts.encoding.decode_without_bom_handling(bytes).0.into_owned();
        if row == 0xFFFF {
            if let Some(note) = &mut self.note {
                note.text.push_str(&text);
            }
            return Some(());
        }
        let next = Comment { row: u32::from(row), column: u32::from(column), author: String::new(), text };
        self.sheet.comments.extend(self.note.replace(next));
        Some(())
    }

    fn finish(mut self, ctx: &mut Context<'_>) -> Result<Sheet, Refusal> {
        let kept = std::mem::take(&mut self.kept);
        for (at, target) in std::mem::take(&mut self.pending) {
            let found = kept.get(&target).filter(|formula| contains(formula.area, at));
            // Some writers point at the corner of the area, others at the first cell that was written.
            let found = found.or_else(|| kept.values().find(|k| !k.is_array && contains(k.area, at)));
            match found {
                Some(formula) if formula.is_array => {
                    if at == (formula.area.first_row, formula.area.first_column) {
                        let area = Some(formula.area);
                        self.settle(at, at, &formula.tokens, &formula.extra, area, ctx)?;
                    }
                }
                Some(formula) => self.settle(at, at, &formula.tokens, &formula.extra, None, ctx)?,
                // Tables of what-if values keep their values.
                None => {
                    let report = Report { sheet: &self.sheet.name };
                    ctx.removed(RemovalCode::Formula, place(&report, at.0, at.1));
                }
            }
        }
        for (area, text) in std::mem::take(&mut self.tips) {
            for link in self.sheet.links.iter_mut().filter(|link| link.area == area) {
                link.tooltip.clone_from(&text);
            }
        }
        self.sheet.comments.extend(self.note.take());
        let shapes = std::mem::take(&mut self.shapes);
        shapes.settle(self.globals, &mut self.sheet, ctx)?;
        Ok(self.sheet)
    }
}

fn contains(area: Area, (row, column): (u32, u32)) -> bool {
    (area.first_row..=area.last_row).contains(&row)
        && (area.first_column..=area.last_column).contains(&column)
}

/// Rows of two bytes, columns of one.
fn short_area(cursor: &mut Cursor<'_>) -> Option<Area> {
    Some(Area {
        first_row: u32::from(cursor.u16()?),
        last_row: u32::from(cursor.u16()?),
        first_column: u32::from(cursor.u8()?),
        last_column: u32::from(cursor.u8()?),
    })
}

/// Rows and columns of two bytes.
pub(super) fn long_area(cursor: &mut Cursor<'_>) -> Option<Area> {
    Some(Area {
        first_row: u32::from(cursor.u16()?),
        last_row: u32::from(cursor.u16()?),
        first_column: u32::from(cursor.u16()?),
        last_column: u32::from(cursor.u16()?),
    })
}

/// The result that a formula was saved with ([MS-XLS] 2.5.133).
fn formula_value(bytes: &[u8]) -> Value {
    match bytes {
        [0, .., 0xFF, 0xFF] => Value::Text(String::new()),
        [1, _, value, .., 0xFF, 0xFF] => Value::Bool(*value != 0),
        [2, _, value, .., 0xFF, 0xFF] => Value::Error(*value),
        [3, .., 0xFF, 0xFF] => Value::Text(String::new()),
        _ => bytes.first_chunk().map_or(Value::Blank, |eight| Value::Number(f64::from_le_bytes(*eight))),
    }
}
