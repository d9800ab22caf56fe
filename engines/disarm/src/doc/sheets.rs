//! Fonts, styles and lists of a document ([MS-DOC] 2.9.271, 2.9.131, 2.9.150).

use super::bytes::{i32_at, place_at, slice, u8_at, u16_at, utf16};
use super::file::{File, table};
use super::sprm::{self, ParagraphExtras, RunExtras};
use crate::flow::{Document, Level, List, Number, ParagraphProps, RunProps, Style, StyleKind, level_text};

/// Styles nobody has more of.
const MAX_STYLES: usize = 5_000;
const MAX_LISTS: usize = 5_000;

/// The names of fonts in order.
pub(super) fn fonts(file: &File) -> Vec<String> {
    let bytes = file.table(table::FONTS);
    let count = usize::from(u16_at(bytes, 0).unwrap_or(0));
    let mut at = 4;
    let mut names = Vec::new();
    for _ in 0..count {
        let Some(size) = u8_at(bytes, at).map(usize::from) else { break };
        let name = slice(bytes, at + 1, size).and_then(|font| font.get(39..)).map(utf16).unwrap_or_default();
        names.push(name.split('\0').next().unwrap_or_default().to_owned());
        at += 1 + size;
    }
    names
}

/// The styles, and for each its number in the model and its full look.
#[derive(Debug, Default)]
pub(super) struct Styles {
    rows: Vec<Option<Row>>,
}

#[derive(Debug, Default)]
struct Row {
    /// Index in the model.
    index: Option<usize>,
    kind: u16,
    base: usize,
    next: usize,
    name: String,
    run: RunProps,
    paragraph: ParagraphProps,
    full: RunProps,
}

impl Styles {
    /// Reads the style sheet into the document.
    pub(super) fn read(file: &File, fonts: &[String], document: &mut Document) -> Self {
        let bytes = file.table(table::STYLES);
        let head = usize::from(u16_at(bytes, 0).unwrap_or(0));
        let count = usize::from(u16_at(bytes, 2).unwrap_or(0)).min(MAX_STYLES);
        let base_size = usize::from(u16_at(bytes, 4).unwrap_or(10));
        let font = |at: usize| u16_at(bytes, at).and_then(|font| fonts.get(usize::from(font))).cloned();
        document.default_run =
            RunProps { size: Some(20), font: font(14), east_font: font(16), ..RunProps::default() };
        document.default_paragraph =
            ParagraphProps { widow_control: Some(false), ..ParagraphProps::default() };
        let mut at = 2 + head;
        let mut raw: Vec<&[u8]> = Vec::new();
        for _ in 0..count {
            let Some(size) = u16_at(bytes, at).map(usize::from) else { break };
            raw.push(slice(bytes, at + 2, size).unwrap_or_default());
            at += 2 + size + size % 2;
        }
        let mut styles = Self { rows: raw.iter().map(|raw| row(raw, base_size)).collect() };
        for index in 0..raw.len() {
            styles.settle(index, &raw, base_size, fonts, 0);
        }
        styles.store(document);
        styles
    }

    /// Reads a style's properties after those of its base, whose look decides what "the other way" means.
    fn settle(&mut self, index: usize, raw: &[&[u8]], base_size: usize, fonts: &[String], depth: u8) {
        let Some(Some(row)) = self.rows.get(index) else { return };
        let (base, kind) = (row.base, row.kind);
        if base < index || depth > 16 {
            // Settled before, or in a circle.
        } else if base < raw.len() && base != index {
            self.settle(base, raw, base_size, fonts, depth + 1);
        }
        let full = self
            .rows
            .get(base)
            .and_then(Option::as_ref)
            .filter(|_| base != index)
            .map(|base| base.full.clone());
        let mut full = full.unwrap_or_default();
        let Some(bytes) = raw.get(index) else { return };
        let updates = updates(bytes, base_size);
        let (mut run, mut paragraph) = (RunProps::default(), ParagraphProps::default());
        let of_run = if kind == 1 { updates.get(1) } else { updates.first() };
        if let Some(bytes) = of_run {
            sprm::run(bytes, &mut run, &mut RunExtras::default(), &full, fonts);
        }
        if kind == 1
            && let Some(bytes) = updates.first().and_then(|bytes| bytes.get(2..))
        {
            sprm::paragraph(bytes, &mut paragraph, &mut ParagraphExtras::default());
        }
        full.merge(&run);
        if let Some(Some(row)) = self.rows.get_mut(index) {
            row.run = run;
            row.paragraph = paragraph;
            row.full = full;
        }
    }

    fn store(&mut self, document: &mut Document) {
        let stored = self.rows.iter_mut().flatten().filter(|row| matches!(row.kind, 1 | 2));
        stored.enumerate().for_each(|(index, row)| row.index = Some(index));
        let index_of =
            |number: usize| self.rows.get(number).and_then(Option::as_ref).and_then(|row| row.index);
        for (number, row) in self.rows.iter().enumerate() {
            let Some(row) = row.as_ref().filter(|row| row.index.is_some()) else { continue };
            let base = (!self.is_circle(number)).then(|| index_of(row.base)).flatten();
            document.styles.push(Style {
                name: row.name.clone(),
                kind: if row.kind == 1 { StyleKind::Paragraph } else { StyleKind::Character },
                based_on: base,
                next: index_of(row.next),
                is_default: number == 0 && row.kind == 1,
                run: row.run.clone(),
                paragraph: row.paragraph.clone(),
            });
        }
    }

    /// Do the bases lead back to the style?
    fn is_circle(&self, number: usize) -> bool {
        let mut at = number;
        for _ in 0..64 {
            match self.rows.get(at).and_then(Option::as_ref) {
                Some(row) if row.base < self.rows.len() => at = row.base,
                _ => return false,
            }
        }
        true
    }

    /// The style in the model, and the look of its text.
    pub(super) fn look(&self, number: u16) -> (Option<usize>, RunProps) {
        let row = self.rows.get(usize::from(number)).and_then(Option::as_ref);
        row.map_or((None, RunProps::default()), |row| (row.index, row.full.clone()))
    }
}

fn row(bytes: &[u8], base_size: usize) -> Option<Row> {
    let identifier = u16_at(bytes, 0)? & 0x0FFF;
    let kind_and_base = u16_at(bytes, 2)?;
    let length = usize::from(u16_at(bytes, base_size)?);
    let name = utf16(slice(bytes, base_size + 2, length.min(255) * 2)?);
    // Names of built-in styles are the same in every language of the application.
    let name = match identifier {
        0 => "Normal".to_owned(),
        1..=9 => format!("heading {identifier}"),
        _ => name.split(',').next().unwrap_or_default().to_owned(),
    };
    Some(Row {
        kind: kind_and_base & 0xF,
        base: usize::from(kind_and_base >> 4),
        next: usize::from(u16_at(bytes, 4)? >> 4),
        name,
        ..Row::default()
    })
}

/// The lists of properties of a style.
fn updates(bytes: &[u8], base_size: usize) -> Vec<&[u8]> {
    let count = usize::from(u16_at(bytes, 4).unwrap_or(0) & 0xF).min(4);
    let length = usize::from(u16_at(bytes, base_size).unwrap_or(0));
    let mut at = base_size + 2 + length * 2 + 2;
    let mut found = Vec::new();
    for _ in 0..count {
        at += at % 2;
        let Some(size) = u16_at(bytes, at).map(usize::from) else { break };
        found.push(slice(bytes, at + 2, size).unwrap_or_default());
        at += 2 + size;
    }
    found
}

/// Reads lists and their uses into the document.
pub(super) fn lists(file: &File, fonts: &[String], document: &mut Document) {
    let bytes = file.table(table::LISTS);
    let count = usize::from(u16_at(bytes, 0).unwrap_or(0)).min(MAX_LISTS);
    // The levels follow the table, outside of the size that the header gives.
    let start = place_at(&file.main, 0x9A + table::LISTS * 8).unwrap_or(usize::MAX);
    let mut at = start.saturating_add(2 + count * 28);
    let mut identifiers = Vec::new();
    for index in 0..count {
        let Some(list) = slice(bytes, 2 + index * 28, 28) else { break };
        let levels = if u8_at(list, 26).unwrap_or(0) & 1 != 0 { 1 } else { 9 };
        let mut read = List::default();
        for _ in 0..levels {
            let Some((level, end)) = level(&file.tables, at, fonts) else { break };
            read.levels.push(level);
            at = end;
        }
        identifiers.push(i32_at(list, 0).unwrap_or(0));
        document.lists.push(read);
    }
    uses(file, &identifiers, document);
}

fn level(bytes: &[u8], at: usize, fonts: &[String]) -> Option<(Level, usize)> {
    let flags = u8_at(bytes, at + 5)?;
    let of_run = usize::from(u8_at(bytes, at + 24)?);
    let of_paragraph = usize::from(u8_at(bytes, at + 25)?);
    let (mut run, mut paragraph) = (RunProps::default(), ParagraphProps::default());
    sprm::paragraph(slice(bytes, at + 28, of_paragraph)?, &mut paragraph, &mut ParagraphExtras::default());
    let runs = slice(bytes, at + 28 + of_paragraph, of_run)?;
    sprm::run(runs, &mut run, &mut RunExtras::default(), &RunProps::default(), fonts);
    let text_at = at + 28 + of_paragraph + of_run;
    let length = usize::from(u16_at(bytes, text_at)?);
    let text = utf16(slice(bytes, text_at + 2, length * 2)?);
    let counted: String =
        char::from_u32(u32::try_from(text.chars().count()).ok()?).into_iter().chain(text.chars()).collect();
    let level = Level {
        start: i32_at(bytes, at)?,
        format: u8_at(bytes, at + 4)?,
        align: flags & 3,
        legal: flags & 4 != 0,
        follow: u8_at(bytes, at + 15)?,
        text: level_text(&counted),
        run,
        paragraph,
    };
    Some((level, text_at + 2 + length * 2))
}

fn uses(file: &File, identifiers: &[i32], document: &mut Document) {
    let bytes = file.table(table::LIST_USES);
    let count = usize::try_from(i32_at(bytes, 0).unwrap_or(0)).unwrap_or(0).min(MAX_LISTS);
    let mut at = 4 + count * 16;
    let mut is_whole = true;
    for index in 0..count {
        let Some(row) = slice(bytes, 4 + index * 16, 16) else { break };
        let id = i32_at(row, 0).unwrap_or(0);
        let list = identifiers.iter().position(|known| *known == id).unwrap_or(usize::MAX);
        let mut starts = Vec::new();
        if is_whole {
            at += 4;
            for _ in 0..u8_at(row, 12).unwrap_or(0).min(9) {
                let Some(flags) = u8_at(bytes, at + 4) else { break };
                if flags & 0x10 != 0 && flags & 0x20 == 0 {
                    starts.push((flags & 0xF, i32_at(bytes, at).unwrap_or(1)));
                }
                // A level that is described anew has a size of its own; what follows it is not read.
                is_whole &= flags & 0x20 == 0;
                at += 8;
            }
        }
        document.numbers.push(Number { list, starts });
    }
}
