//! The part of a workbook stream that all sheets share: fonts, formats, texts, names, references between sheets.

use super::records::{Continued, EOF, Record, Records, Texts, code_page};
use super::{Report, malformed};
use crate::workbook::cursor::Cursor;
use crate::workbook::tokens::{self, Dialect, Scope};
use crate::workbook::{
    self, Alignment, Border, Colour, Fill, Font, Format, Name, Rich, Workbook, cell_name, colour,
};
use crate::{Refusal, RemovalCode, context::Context};

/// A sheet as the workbook lists it.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) at: usize,
    pub(super) state: u8,
    /// 0 cells, 1 macros, 2 a chart, 6 Visual Basic.
    pub(super) kind: u8,
    pub(super) name: String,
}

/// A workbook that formulas refer to.
#[derive(Debug)]
enum Source {
    Here,
    AddIn(Vec<String>),
    Outside,
}

/// A name before its formula is read: the sheets that it refers to come later.
#[derive(Debug)]
struct RawName {
    name: String,
    flags: u16,
    sheet: u16,
    built_in: bool,
    tokens: Vec<u8>,
    extra: Vec<u8>,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Globals {
    pub(super) texts: Texts,
    pub(super) book: Workbook,
    pub(super) bounds: Vec<Bound>,
    /// By number of a listed sheet: its number among those that are written.
    pub(super) kept: Vec<Option<usize>>,
    pub(super) scope: Scope,
    pub(super) palette: Vec<u32>,
    /// The drawing group: pictures that sheets show.
    pub(super) art: Vec<u8>,
    /// By number of a picture of the group: its number in the workbook.
    pub(super) picture_numbers: Vec<Option<usize>>,
    pub(super) pictures_read: bool,
    pub(super) filters: Vec<(usize, String)>,
    sources: Vec<Source>,
    links: Vec<(u16, i16, i16)>,
    raw_names: Vec<RawName>,
}

/// Reads the globals of a stream.
pub(super) fn read(stream: &[u8], biff8: bool, ctx: &mut Context<'_>) -> Result<Globals, Refusal> {
    let texts = Texts { biff8, encoding: encoding_rs::WINDOWS_1252 };
    let mut globals = Globals {
        texts,
        book: Workbook::default(),
        bounds: Vec::new(),
        kept: Vec::new(),
        scope: Scope {
            dialect: Dialect::Biff8,
            links: Vec::new(),
            names: Vec::new(),
            add_ins: Vec::new(),
            sheets: Vec::new(),
        },
        palette: workbook::PALETTE.to_vec(),
        art: Vec::new(),
        picture_numbers: Vec::new(),
        pictures_read: false,
        filters: Vec::new(),
        sources: Vec::new(),
        links: Vec::new(),
        raw_names: Vec::new(),
    };
    // Formats name colours by their number, and the palette may come after them.
    let records: Vec<Record<'_>> =
        Records::new(stream, 0).skip(1).take_while(|record| record.id != EOF).collect();
    for record in &records {
        match record.id {
            0x42 => {
                let page = record.cursor().u16().unwrap_or(1252);
                globals.texts.encoding = code_page(page);
            }
            0x92 => globals.palette(record),
            _ => {}
        }
    }
    for record in &records {
        globals.record(record, ctx)?;
    }
    if globals.bounds.is_empty() {
        return Err(malformed("シートの一覧"));
    }
    globals.resolve(ctx);
    Ok(globals)
}

impl Globals {
    fn record(&mut self, record: &Record<'_>, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let cursor = record.cursor();
        // A record that is too short says nothing.
        let _ = match record.id {
            0x22 => cursor.clone_u16().map(|mode| self.book.from_1904 = mode == 1),
            0x3D => self.window(cursor),
            0x31 => self.font(cursor),
            0x41E => self.number_format(cursor),
            0xE0 => self.format(cursor),
            0x85 => self.bound(cursor),
            0x1AE => self.source(cursor, ctx),
            0x23 => self.outside_name(cursor),
            0x17 => self.reference(cursor, ctx),
            0x18 => self.name(record),
            0xFC => {
                self.strings(record, ctx)?;
                None
            }
            0xEB => {
                ctx.charge_expanded(record.data.len() as u64)?;
                self.art.extend(record.whole());
                None
            }
            0xD3 => {
                ctx.removed(RemovalCode::Vba, "ブック: VBA プロジェクト");
                None
            }
            _ => None,
        };
        Ok(())
    }

    fn window(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        cursor.take(10)?;
        self.book.active = usize::from(cursor.u16()?);
        Some(())
    }

    fn palette(&mut self, record: &Record<'_>) {
        let mut cursor = record.cursor();
        let count = usize::from(cursor.u16().unwrap_or(0)).min(56);
        for at in 0..count {
            let (Some(rgb), Some(entry)) = (cursor.u32(), self.palette.get_mut(at)) else { return };
            *entry = rgb.swap_bytes() >> 8;
        }
    }

    fn font(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let height = cursor.u16()?;
        let flags = cursor.u16()?;
        let number = cursor.u16()?;
        let weight = cursor.u16()?;
        let script = cursor.u16()?;
        let [underline, family, charset, _] = *cursor.take(4)?.first_chunk()?;
        let name = self.texts.short(&mut cursor)?;
        let font = Font {
            name: name.trim_end_matches('\0').to_owned(),
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
            colour: colour(&self.palette, number),
        };
        // There is no font 4 ([MS-XLS] 2.5.129).
        if self.book.styles.fonts.len() == 4 {
            self.book.styles.fonts.push(font.clone());
        }
        self.book.styles.fonts.push(font);
        Some(())
    }

    fn number_format(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let id = cursor.u16()?;
        let code =
            if self.texts.biff8 { self.texts.long(&mut cursor) } else { self.texts.short(&mut cursor) };
        self.book.styles.numbers.insert(id, code?);
        Some(())
    }

    fn format(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let font = usize::from(cursor.u16()?);
        let number = cursor.u16()?;
        let flags = cursor.u16()?;
        let mut format = Format {
            font,
            number,
            unlocked: flags & 1 == 0,
            formula_hidden: flags & 2 != 0,
            text_prefix: flags & 8 != 0 && flags & 4 == 0,
            ..Format::default()
        };
        if self.texts.biff8 {
            self.format_8(&mut format, cursor)
        } else {
            self.format_5(&mut format, cursor)
        };
        self.book.styles.formats.push(format);
        Some(())
    }

    fn format_8(&self, format: &mut Format, mut cursor: Cursor<'_>) -> Option<()> {
        let [align, rotation, indent, _] = *cursor.take(4)?.first_chunk()?;
        format.alignment = Alignment {
            across: align & 7,
            down: (align >> 4) & 7,
            wrap: align & 8 != 0,
            rotation,
            indent: indent & 15,
            shrink: indent & 0x10 != 0,
            last_line: align & 0x80 != 0,
            reading: indent >> 6,
        };
        let (first, second) = (cursor.u32()?, cursor.u32()?);
        let ground = cursor.u16()?;
        let tint = |bits: u32| colour(&self.palette, u16::try_from(bits & 0x7F).unwrap_or_default());
        let style = |bits: u32| u8::try_from(bits & 0x0F).unwrap_or_default();
        format.border = Border {
            sides: [
                (style(first), tint(first >> 16)),
                (style(first >> 4), tint(first >> 23)),
                (style(first >> 8), tint(second)),
                (style(first >> 12), tint(second >> 7)),
                (style(second >> 21), tint(second >> 14)),
            ],
            down: first & 0x4000_0000 != 0,
            up: first & 0x8000_0000 != 0,
        };
        format.fill = Fill {
            pattern: u8::try_from(second >> 26).unwrap_or_default(),
            front: colour(&self.palette, ground & 0x7F),
            back: colour(&self.palette, (ground >> 7) & 0x7F),
        };
        Some(())
    }

    fn format_5(&self, format: &mut Format, mut cursor: Cursor<'_>) -> Option<()> {
        let [align, turn] = *cursor.take(2)?.first_chunk()?;
        format.alignment = Alignment {
            across: align & 7,
            down: (align >> 4) & 7,
            wrap: align & 8 != 0,
            rotation: match turn & 3 {
                1 => 255,
                2 => 90,
                3 => 180,
                _ => 0,
            },
            last_line: align & 0x80 != 0,
            ..Alignment::default()
        };
        let (first, second) = (cursor.u32()?, cursor.u32()?);
        let tint = |bits: u32| colour(&self.palette, u16::try_from(bits & 0x7F).unwrap_or_default());
        let style = |bits: u32| u8::try_from(bits & 7).unwrap_or_default();
        format.fill = Fill {
            pattern: u8::try_from((first >> 16) & 0x3F).unwrap_or_default(),
            front: tint(first),
            back: tint(first >> 7),
        };
        format.border.sides = [
            (style(second >> 3), tint(second >> 16)),
            (style(second >> 6), tint(second >> 23)),
            (style(second), tint(second >> 9)),
            (style(first >> 22), tint(first >> 25)),
            (0, Colour::Automatic),
        ];
        Some(())
    }

    fn bound(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let at = cursor.u32()? as usize;
        let [state, kind] = *cursor.take(2)?.first_chunk()?;
        let name = self.texts.short(&mut cursor)?;
        self.bounds.push(Bound { at, state: state & 3, kind, name });
        Some(())
    }

    fn source(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Option<()> {
        cursor.u16()?;
        let length = cursor.u16()?;
        let source = match length {
            0x0401 => Source::Here,
            0x3A01 => Source::AddIn(Vec::new()),
            _ => {
                let path = self.texts.of(&mut cursor, usize::from(length)).unwrap_or_default();
                // A blank stands for a workbook that is gone.
                if !path.trim().is_empty() {
                    ctx.removed(RemovalCode::ExternalLink, format!("ブック: {}", shown(&path)));
                }
                Source::Outside
            }
        };
        self.sources.push(source);
        Some(())
    }

    fn outside_name(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        cursor.take(6)?;
        let name = self.texts.short(&mut cursor)?;
        if let Some(Source::AddIn(names)) = self.sources.last_mut() {
            names.push(name);
        }
        Some(())
    }

    fn reference(&mut self, mut cursor: Cursor<'_>, ctx: &mut Context<'_>) -> Option<()> {
        if !self.texts.biff8 {
            let (length, kind) = (cursor.u8()?, cursor.u8()?);
            if kind != 3 && kind != 2 {
                let bytes = cursor.take_at_most(usize::from(length));
                let path = self.texts.encoding.decode_without_bom_handling(bytes).0;
                if !path.trim().is_empty() {
                    ctx.removed(RemovalCode::ExternalLink, format!("ブック: {}", shown(&path)));
                }
            }
            return Some(());
        }
        for _ in 0..cursor.u16()? {
            self.links.push((cursor.u16()?, cursor.i16()?, cursor.i16()?));
        }
        Some(())
    }

    fn name(&mut self, record: &Record<'_>) -> Option<()> {
        let whole = record.whole();
        let mut cursor = Cursor::new(&whole);
        let flags = cursor.u16()?;
        cursor.u8()?;
        let length = usize::from(cursor.u8()?);
        let size = usize::from(cursor.u16()?);
        cursor.u16()?;
        let sheet = cursor.u16()?;
        cursor.take(4)?;
        let text = self.texts.of(&mut cursor, length)?;
        let built_in = flags & 0x20 != 0;
        let tokens = cursor.take_at_most(size).to_vec();
        let name = if built_in { built_in_name(&text) } else { text };
        self.raw_names.push(RawName { name, flags, sheet, built_in, tokens, extra: cursor.rest().to_vec() });
        Some(())
    }

    fn strings(&mut self, record: &Record<'_>, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let size: usize = record.data.len() + record.more.iter().map(|piece| piece.len()).sum::<usize>();
        ctx.charge_expanded(size as u64)?;
        let mut bytes = Continued::new(record);
        let (_, Some(count)) = (bytes.u32(), bytes.u32()) else { return Ok(()) };
        for _ in 0..count {
            let Some(rich) = rich(&mut bytes) else { break };
            ctx.charge_expanded(16)?;
            self.book.strings.push(rich);
        }
        Ok(())
    }

    /// Settles which sheets stay, what references lead to and what names say.
    fn resolve(&mut self, ctx: &mut Context<'_>) {
        let mut number = 0;
        for bound in &self.bounds {
            let place = bound.name.clone();
            self.kept.push((bound.kind == 0).then(|| {
                number += 1;
                number - 1
            }));
            match bound.kind {
                0 => {}
                1 => ctx.removed(RemovalCode::XlmMacro, place),
                2 => ctx.removed(RemovalCode::Chart, format!("{place}: グラフシート")),
                6 => ctx.removed(RemovalCode::Vba, place),
                _ => ctx.removed(RemovalCode::UnknownPart, place),
            }
        }
        self.scope.dialect =
            if self.texts.biff8 { Dialect::Biff8 } else { Dialect::Biff5(self.texts.encoding) };
        self.scope.sheets =
            self.bounds.iter().map(|bound| (bound.kind == 0).then(|| bound.name.clone())).collect();
        for (source, first, last) in &self.links {
            let (link, add_ins) = match self.sources.get(usize::from(*source)) {
                Some(Source::Here) => {
                    // -2 stands for the workbook itself, -1 for a sheet that was deleted.
                    let text = if *first == -2 {
                        Some(String::new())
                    } else {
                        tokens::sheets_text(&self.scope.sheets, i32::from(*first), i32::from(*last))
                    };
                    (text, Vec::new())
                }
                Some(Source::AddIn(names)) => (None, names.clone()),
                _ => (None, Vec::new()),
            };
            self.scope.links.push(link);
            self.scope.add_ins.push(add_ins);
        }
        self.scope.names = self.raw_names.iter().map(|raw| raw.name.clone()).collect();
        for raw in std::mem::take(&mut self.raw_names) {
            self.settle_name(raw, ctx);
        }
    }

    fn settle_name(&mut self, raw: RawName, ctx: &mut Context<'_>) {
        let lower = raw.name.to_lowercase();
        let runs = raw.flags & 0x0E != 0 || lower.trim_start_matches("_xlnm.").starts_with("auto_");
        if runs {
            // Names of add-in functions that a formula uses are marked as functions without a formula.
            if !raw.tokens.is_empty() && !lower.starts_with("_xlfn.") {
                ctx.removed(RemovalCode::XlmMacro, format!("名前 {}", raw.name));
            }
            return;
        }
        if raw.tokens.is_empty() {
            return;
        }
        let sheet = match raw.sheet {
            0 => None,
            number => match self.kept.get(usize::from(number) - 1).copied().flatten() {
                Some(kept) => Some(kept),
                None => return,
            },
        };
        let formula = tokens::text(&self.scope, &raw.tokens, &raw.extra, (0, 0));
        let Ok(formula) = formula else {
            ctx.removed(RemovalCode::Formula, format!("名前 {}", raw.name));
            return;
        };
        if lower == "_xlnm._filterdatabase" {
            if let Some(sheet) = sheet {
                self.filters.push((sheet, formula.clone()));
            }
        } else if raw.built_in && !matches!(lower.as_str(), "_xlnm.print_area" | "_xlnm.print_titles") {
            return;
        }
        let hidden = raw.flags & 1 != 0;
        // A name can be there once in its scope.
        let known =
            self.book.names.iter().any(|name| name.sheet == sheet && name.name.to_lowercase() == lower);
        if !known && name_is_sound(&raw.name) {
            self.book.names.push(Name { name: raw.name, formula, sheet, hidden });
        }
    }
}

impl Cursor<'_> {
    fn clone_u16(&self) -> Option<u16> {
        let mut copy = *self;
        copy.u16()
    }
}

fn name_is_sound(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_' || c == '\\')
        && name.chars().all(|c| !c.is_whitespace() && !c.is_control())
        && name != cell_name(0, 0)
}

fn built_in_name(code: &str) -> String {
    const NAMES: [&str; 14] = [
        "Consolidate_Area",
        "Auto_Open",
        "Auto_Close",
        "Extract",
        "Database",
        "Criteria",
        "Print_Area",
        "Print_Titles",
        "Recorder",
        "Data_Form",
        "Auto_Activate",
        "Auto_Deactivate",
        "Sheet_Title",
        "_FilterDatabase",
    ];
    let at = code.chars().next().map_or(usize::MAX, |c| c as usize);
    format!("_xlnm.{}", NAMES.get(at).copied().unwrap_or("Unknown"))
}

/// A path as the report shows it; its control characters stand for drives and folders.
fn shown(path: &str) -> String {
    let text: String = path
        .chars()
        .map(|c| if c == '\u{3}' { '|' } else { c })
        .map(|c| if c.is_control() { '/' } else { c })
        .collect();
    text.trim_matches('/').chars().take(120).collect()
}

/// A text of the shared strings with its parts and its reading.
fn rich(bytes: &mut Continued<'_>) -> Option<Rich> {
    let count = usize::from(bytes.u16()?);
    let flags = bytes.u8()?;
    let runs = if flags & 8 != 0 { bytes.u16()? } else { 0 };
    let extra = if flags & 4 != 0 { bytes.u32()? as usize } else { 0 };
    let text = bytes.characters(count, flags & 1 != 0)?;
    let mut rich = Rich::from(text);
    for _ in 0..runs {
        rich.runs.push((u32::from(bytes.u16()?), bytes.u16()?));
    }
    if extra > 0 {
        let extra = bytes.take(extra)?;
        rich.readings = readings(&extra, count).unwrap_or_default();
    }
    Some(rich)
}

/// ふりがな ([MS-XLS] 2.5.116).
fn readings(extra: &[u8], length: usize) -> Option<Vec<(u32, u32, String)>> {
    let mut cursor = Cursor::new(extra);
    if cursor.u16()? != 1 {
        return None;
    }
    cursor.take(6)?;
    let count = usize::from(cursor.u16()?);
    cursor.u16()?;
    let units = usize::from(cursor.u16()?);
    let text = cursor.take(units.checked_mul(2)?)?;
    let mut starts = Vec::new();
    for _ in 0..count {
        starts.push((usize::from(cursor.u16()?), u32::from(cursor.u16()?), u32::from(cursor.u16()?)));
    }
    let ends = starts.iter().skip(1).map(|start| start.0).chain([units]);
    let mut found = Vec::new();
    for ((start, from, size), end) in starts.iter().zip(ends) {
        let piece = text.get(start.checked_mul(2)?..end.checked_mul(2)?)?;
        let to = from.checked_add(*size)?;
        if !piece.is_empty() && *size > 0 && to as usize <= length {
            found.push((*from, to, crate::workbook::cursor::utf16(piece)));
        }
    }
    Some(found)
}

/// A place in a sheet for the report.
pub(super) fn place(report: &Report<'_>, row: u32, column: u32) -> String {
    format!("{}!{}", report.sheet, cell_name(row, column))
}
