//! A worksheet part: rows, columns, cells, formulas, links, print settings ([MS-XLSB] 2.1.7.62).

use std::collections::HashMap;

use super::parts::Relationship;
use super::records::{Record, Records, area, colour, formula, rich, text};
use crate::workbook::cursor::Cursor;
use crate::workbook::tokens::{self, Scope};
use crate::workbook::{Area, Cell, Column, Link, Row, Sheet, Validation, Value, cell_name, packed};
use crate::{Refusal, RemovalCode, context::Context, ooxml};

/// What a cell takes while it is worked on.
const CELL_COST: u64 = 64;

struct Kept {
    area: Area,
    tokens: Vec<u8>,
    extra: Vec<u8>,
    is_array: bool,
}

struct Reader<'a> {
    sheet: Sheet,
    scope: &'a Scope,
    strings: usize,
    links: &'a HashMap<String, Relationship>,
    row: u32,
    breaks_of_rows: bool,
    kept: HashMap<(u32, u32), Kept>,
    pending: Vec<((u32, u32), (u32, u32))>,
}

/// Reads a part.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    scope: &Scope,
    strings: usize,
    links: &HashMap<String, Relationship>,
    ctx: &mut Context<'_>,
) -> Result<Sheet, Refusal> {
    let sheet = Sheet { name: name.to_owned(), ..Sheet::default() };
    let mut reader = Reader {
        sheet,
        scope,
        strings,
        links,
        row: 0,
        breaks_of_rows: true,
        kept: HashMap::new(),
        pending: Vec::new(),
    };
    for record in Records::new(bytes) {
        if record.id <= 11 || record.id == 62 {
            ctx.charge_expanded(CELL_COST)?;
        }
        // A record that is too short says nothing.
        let _ = reader.record(&record, ctx)?;
    }
    reader.finish(ctx)
}

impl Reader<'_> {
    fn record(&mut self, record: &Record<'_>, ctx: &mut Context<'_>) -> Result<Option<()>, Refusal> {
        let cursor = record.cursor();
        Ok(match record.id {
            0 => self.row(cursor),
            1..=7 | 62 => self.cell(record.id, cursor),
            8..=11 => return self.formula_cell(record.id, cursor, ctx),
            426 | 427 => self.keep(record.id == 426, cursor),
            _ => self.setting(record, ctx),
        })
    }

    fn setting(&mut self, record: &Record<'_>, ctx: &mut Context<'_>) -> Option<()> {
        let mut cursor = record.cursor();
        match record.id {
            60 => self.column(cursor)?,
            485 => self.defaults(cursor)?,
            176 => {
                let area = area(&mut cursor)?;
                if area.is_sound() {
                    self.sheet.merges.push(area);
                }
            }
            494 => self.link(cursor, ctx)?,
            137 => self.view(cursor)?,
            151 => self.pane(cursor)?,
            161 => self.sheet.filter = area(&mut cursor).filter(|area| area.is_sound()),
            147 => self.properties(cursor)?,
            64 => self.validation(cursor, ctx)?,
            550 => {
                let id = text(&mut cursor)?;
                let target = self.links.get(&id).filter(|link| link.kind == "drawing" && !link.external)?;
                self.sheet.drawing_part = Some(target.target.clone());
            }
            461 => ctx.removed(RemovalCode::UnknownElement, format!("{}: 条件付き書式", self.sheet.name)),
            639 => ctx.removed(RemovalCode::EmbeddedObject, self.sheet.name.clone()),
            _ => self.page(record)?,
        }
        Some(())
    }

    fn row(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        self.row = cursor.u32()?.min(0xF_FFFF);
        let style = cursor.u32()? & 0xFF_FFFF;
        let height = cursor.u16()?;
        cursor.u8()?;
        let flags = cursor.u8()?;
        let row = Row {
            height: (height > 0).then(|| f64::from(height) / 20.0),
            custom: flags & 0x20 != 0,
            hidden: flags & 0x10 != 0,
            level: flags & 7,
            collapsed: flags & 8 != 0,
            style: (flags & 0x40 != 0).then_some(style),
        };
        self.sheet.rows.insert(self.row, row);
        Some(())
    }

    fn place(cursor: &mut Cursor<'_>) -> Option<(u32, u32)> {
        let column = cursor.u32()?;
        let style = cursor.u32()? & 0xFF_FFFF;
        (column <= 0x3FFF).then_some((column, style))
    }

    fn cell(&mut self, id: u16, mut cursor: Cursor<'_>) -> Option<()> {
        let (column, style) = Self::place(&mut cursor)?;
        let value = match id {
            2 => Value::Number(packed(cursor.u32()?)),
            3 => Value::Error(cursor.u8()?),
            4 => Value::Bool(cursor.u8()? != 0),
            5 => Value::Number(cursor.f64()?),
            6 => Value::Text(text(&mut cursor)?),
            7 => {
                let at = cursor.u32()?;
                if (at as usize) < self.strings { Value::Shared(at) } else { Value::Blank }
            }
            62 => Value::Text(rich(&mut cursor)?.text),
            _ => Value::Blank,
        };
        self.sheet.cells.insert((self.row, column), Cell { style, value, ..Cell::default() });
        Some(())
    }

    fn formula_cell(
        &mut self,
        id: u16,
        mut cursor: Cursor<'_>,
        ctx: &mut Context<'_>,
    ) -> Result<Option<()>, Refusal> {
        let Some((column, style)) = Self::place(&mut cursor) else { return Ok(None) };
        let value = match id {
            8 => text(&mut cursor).map(Value::Text),
            9 => cursor.f64().map(Value::Number),
            10 => cursor.u8().map(|value| Value::Bool(value != 0)),
            _ => cursor.u8().map(Value::Error),
        };
        let Some(value) = value else { return Ok(None) };
        let at = (self.row, column);
        self.sheet.cells.insert(at, Cell { style, value, ..Cell::default() });
        cursor.u16();
        let Some((code, extra)) = formula(&mut cursor) else { return Ok(None) };
        if let Some((row, _)) = tokens::points_to(code, self.scope.dialect) {
            let column = Cursor::new(extra).u32().unwrap_or(column);
            self.pending.push((at, (row, column)));
            return Ok(Some(()));
        }
        self.settle(at, code, extra, None, ctx).map(Some)
    }

    fn keep(&mut self, is_array: bool, mut cursor: Cursor<'_>) -> Option<()> {
        let area = area(&mut cursor)?;
        if is_array {
            cursor.u8()?;
        }
        let (tokens, extra) = formula(&mut cursor)?;
        let kept = Kept { area, tokens: tokens.to_vec(), extra: extra.to_vec(), is_array };
        self.kept.insert((area.first_row, area.first_column), kept);
        Some(())
    }

    fn settle(
        &mut self,
        at: (u32, u32),
        code: &[u8],
        extra: &[u8],
        array: Option<Area>,
        ctx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let text = tokens::text(self.scope, code, extra, at).ok();
        match text.filter(|text| ooxml::formula_is_allowed(text)) {
            Some(text) => {
                ctx.charge_expanded(text.len() as u64)?;
                if let Some(cell) = self.sheet.cells.get_mut(&at) {
                    cell.formula = Some(text);
                    cell.array = array;
                }
            }
            None => self.report_formula(at, ctx),
        }
        Ok(())
    }

    fn report_formula(&self, at: (u32, u32), ctx: &mut Context<'_>) {
        ctx.removed(RemovalCode::Formula, format!("{}!{}", self.sheet.name, cell_name(at.0, at.1)));
    }

    fn column(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let (first, last) = (cursor.u32()?, cursor.u32()?);
        let width = f64::from(cursor.u32()?) / 256.0;
        let style = cursor.u32()?;
        let flags = cursor.u16()?;
        self.sheet.columns.push(Column {
            first,
            last,
            width,
            hidden: flags & 1 != 0,
            level: u8::try_from((flags >> 8) & 7).unwrap_or_default(),
            collapsed: flags & 0x1000 != 0,
            style,
        });
        Some(())
    }

    fn defaults(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let width = cursor.u32()?;
        cursor.u16()?;
        let height = cursor.u16()?;
        let flags = cursor.u16()?;
        if width != u32::MAX {
            self.sheet.default_width = Some(f64::from(width) / 256.0);
        }
        self.sheet.default_height = Some((f64::from(height) / 20.0, flags & 2 != 0));
        Some(())
    }

    fn link(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Option<()> {
        let area = area(&mut cursor)?;
        let id = text(&mut cursor)?;
        let location = text(&mut cursor)?;
        let tooltip = text(&mut cursor)?;
        let target = self.links.get(&id).filter(|link| link.external);
        let address = target.map(|link| link.target.clone()).unwrap_or_default();
        if !address.is_empty() && !ooxml::link_is_allowed(&address) {
            let place = cell_name(area.first_row, area.first_column);
            let shown: String = address.chars().filter(|c| !c.is_control()).take(120).collect();
            ctx.removed(RemovalCode::Hyperlink, format!("{}!{place}: {shown}", self.sheet.name));
        } else if area.is_sound() && !(address.is_empty() && location.is_empty()) {
            self.sheet.links.push(Link { area, address, location, tooltip });
        }
        Some(())
    }

    fn view(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let flags = cursor.u16()?;
        let kind = cursor.u32()?;
        cursor.take(12)?;
        let view = &mut self.sheet.view;
        view.formulas = flags & 2 != 0;
        view.grid = flags & 4 != 0;
        view.headings = flags & 8 != 0;
        view.zeros = flags & 0x10 != 0;
        view.right_to_left = flags & 0x20 != 0;
        view.page_breaks = kind == 1;
        view.zoom = cursor.u16()?;
        Some(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "clamped to the size of a sheet")]
    #[expect(clippy::cast_sign_loss, reason = "clamped to the size of a sheet")]
    fn pane(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let columns = cursor.f64()?.clamp(0.0, 16_383.0) as u32;
        let rows = cursor.f64()?.clamp(0.0, 1_048_575.0) as u32;
        let top_left = (cursor.u32()?, cursor.u32()?);
        cursor.u32()?;
        if cursor.u8()? & 3 != 0 {
            self.sheet.view.frozen = Some((columns, rows));
            self.sheet.view.top_left = top_left;
        }
        Some(())
    }

    fn properties(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let [low, high, _] = *cursor.take(3)?.first_chunk()?;
        self.sheet.summary_above = low & 0x40 == 0;
        self.sheet.summary_left = low & 0x80 == 0;
        self.sheet.page.fit = high & 1 != 0;
        let tab = colour(&mut cursor)?;
        self.sheet.tab = (tab != crate::workbook::Colour::Automatic).then_some(tab);
        Some(())
    }

    fn validation(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Option<()> {
        let flags = cursor.u32()?;
        let part = |shift: u32, mask: u32| u8::try_from((flags >> shift) & mask).unwrap_or_default();
        let mut areas = Vec::new();
        for _ in 0..cursor.u32()? {
            areas.push(area(&mut cursor)?);
        }
        areas.retain(|area| area.is_sound());
        let first = areas.first().map(|area| (area.first_row, area.first_column))?;
        let texts = [text(&mut cursor)?, text(&mut cursor)?, text(&mut cursor)?, text(&mut cursor)?];
        let mut formulas = [None, None];
        for slot in &mut formulas {
            let (code, extra) = formula(&mut cursor)?;
            if code.is_empty() {
                continue;
            }
            let text = tokens::text(self.scope, code, extra, first).ok();
            *slot = text.filter(|text| ooxml::formula_is_allowed(text));
            if slot.is_none() {
                self.report_formula(first, ctx);
            }
        }
        let [error_title, error, prompt_title, prompt] = texts;
        self.sheet.validations.push(Validation {
            areas,
            kind: part(0, 15),
            style: part(4, 7),
            ime: part(10, 0xFF),
            operator: part(20, 15),
            allow_blank: flags & 0x100 != 0,
            no_list: flags & 0x200 != 0,
            show_input: flags & 0x4_0000 != 0,
            show_error: flags & 0x8_0000 != 0,
            prompt_title,
            prompt,
            error_title,
            error,
            formulas,
        });
        Some(())
    }

    fn page(&mut self, record: &Record<'_>) -> Option<()> {
        let mut cursor = record.cursor();
        let page = &mut self.sheet.page;
        match record.id {
            476 => {
                let mut margins = [0.0; 6];
                for margin in &mut margins {
                    *margin = cursor.f64().filter(|value| (0.0..49.0).contains(value))?;
                }
                page.margins = Some(margins);
            }
            477 => {
                let flags = cursor.u16()?;
                page.centred_across = flags & 1 != 0;
                page.centred_down = flags & 2 != 0;
                page.headings = flags & 4 != 0;
                page.grid = flags & 8 != 0;
            }
            478 => {
                page.paper = u16::try_from(cursor.u32()?).unwrap_or(0);
                page.scale = u16::try_from(cursor.u32()?).unwrap_or(100);
                cursor.take(12)?;
                let first = cursor.u32()?;
                page.fit_width = u16::try_from(cursor.u32()?).unwrap_or(1);
                page.fit_height = u16::try_from(cursor.u32()?).unwrap_or(1);
                let flags = cursor.u16()?;
                page.over_then_down = flags & 1 != 0;
                page.landscape = flags & 2 != 0;
                page.grey = flags & 8 != 0;
                page.first_page = (flags & 0x80 != 0).then(|| u16::try_from(first).ok()).flatten();
                page.set = true;
            }
            479 => {
                cursor.u16()?;
                page.header = text(&mut cursor)?;
                page.footer = text(&mut cursor)?;
            }
            392 => self.breaks_of_rows = true,
            394 => self.breaks_of_rows = false,
            396 => {
                let at = cursor.u32()?;
                if self.breaks_of_rows { page.row_breaks.push(at) } else { page.column_breaks.push(at) }
            }
            _ => {}
        }
        Some(())
    }

    fn finish(mut self, ctx: &mut Context<'_>) -> Result<Sheet, Refusal> {
        let kept = std::mem::take(&mut self.kept);
        for (at, target) in std::mem::take(&mut self.pending) {
            match kept.get(&target) {
                Some(formula) if formula.is_array => {
                    if at == target {
                        let area = Some(formula.area).filter(|area| area.is_sound());
                        self.settle(at, &formula.tokens, &formula.extra, area, ctx)?;
                    }
                }
                Some(formula) => self.settle(at, &formula.tokens, &formula.extra, None, ctx)?,
                None => self.report_formula(at, ctx),
            }
        }
        Ok(self.sheet)
    }
}
