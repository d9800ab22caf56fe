//! CSV as Excel and people write it.
//!
//! Records and cells keep their places: the third record is row 3, an empty line is an empty row, so that a message can
//! name the cell that a person sees. A quotation mark that does not close is an error, not a guess.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::error::TableError;
use super::{Book, Cell, CellValue, Sheet, Source, TableLimits, cell_name, decode_cp932};

/// Reads CSV in UTF-8 (with or without a mark), CP932 or marked UTF-16; the separator is the comma, or the tab when
/// the first line has tabs and no comma. The apostrophe that [`neutralise`] adds is taken away again.
///
/// # Errors
/// [`TableError`] with the cell and the line.
pub fn read_csv(bytes: &[u8], limits: &TableLimits) -> Result<Book, TableError> {
    if bytes.is_empty() {
        return Err(TableError::Empty);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.bytes {
        return Err(TableError::TooLarge { limit: limits.bytes });
    }
    let (text, source) = decode(bytes)?;
    let separator = separator(&text);
    let mut rows = Rows { limits, rows: Vec::new(), row: Vec::new(), cells: 0, seen: HashSet::new() };
    Scanner { rest: &text, separator, line: 1 }.run(&mut rows)?;
    let sheet = Sheet { name: String::new(), hidden: false, epoch_1904: false, rows: rows.finish() };
    Ok(Book { source, sheets: vec![sheet] })
}

/// Makes a text harmless in a CSV file: a spreadsheet would take `=1+1` for a formula, `'=1+1` it takes for text.
#[must_use]
pub fn neutralise(text: &str) -> Cow<'_, str> {
    if starts_formula(text.trim_start_matches('\'')) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Undoes [`neutralise`].
#[must_use]
pub fn restore(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if starts_formula(text.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

/// Japanese Excel takes the full-width signs for formulas too.
pub(crate) fn starts_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Source), TableError> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        let text = std::str::from_utf8(rest).map_err(|e| encoding(rest, e.valid_up_to()))?;
        return Ok((Cow::Borrowed(text), Source::CsvUtf8));
    }
    for (mark, utf16) in [(b"\xff\xfe", UTF_16LE), (b"\xfe\xff", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return decode_utf16(rest, utf16).map(|text| (text, Source::CsvUtf16));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((Cow::Borrowed(text), Source::CsvUtf8));
    }
    let text = decode_cp932(bytes).map_err(|at| encoding(bytes, at))?;
    Ok((Cow::Owned(text), Source::CsvCp932))
}

fn decode_utf16(bytes: &[u8], utf16: &'static Encoding) -> Result<Cow<'static, str>, TableError> {
    let text = utf16.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| Cow::Owned(text.into_owned())).ok_or(TableError::Encoding { line: 1 })
}

fn encoding(bytes: &[u8], at: usize) -> TableError {
    let before = bytes.get(..at).unwrap_or_default();
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    TableError::Encoding { line: u64::try_from(lines).unwrap_or(u64::MAX).saturating_add(1) }
}

fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    if first.contains('\t') && !first.contains(',') { '\t' } else { ',' }
}

/// Cuts a text into cells.
struct Scanner<'t> {
    rest: &'t str,
    separator: char,
    line: u64,
}

/// What ended a cell.
enum End {
    Cell,
    Row,
    Text,
}

impl Scanner<'_> {
    fn run(mut self, rows: &mut Rows<'_>) -> Result<(), TableError> {
        while !self.rest.is_empty() {
            loop {
                let (cell, end) = self.cell(rows)?;
                rows.push(&cell)?;
                match end {
                    End::Cell => {}
                    End::Row => break rows.end_row()?,
                    End::Text => return rows.end_row(),
                }
            }
        }
        Ok(())
    }

    fn cell(&mut self, rows: &Rows<'_>) -> Result<(Cow<'_, str>, End), TableError> {
        let separator = self.separator;
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let stop = |c: char| c == separator || c == '\n' || c == '\r';
            let at = self.rest.find(stop).unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
            self.rest = rest;
            let end = self.end(rows)?;
            return Ok((Cow::Borrowed(text), end));
        };
        let opened = self.line;
        let mut text = String::new();
        let mut rest = quoted;
        loop {
            let Some((part, after)) = rest.split_once('"') else {
                return Err(TableError::OpenQuote { cell: rows.place(), line: opened });
            };
            let lines = part.bytes().filter(|byte| *byte == b'\n').count();
            self.line = self.line.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
            text.push_str(part);
            match after.strip_prefix('"') {
                Some(more) => {
                    text.push('"');
                    rest = more;
                }
                None => {
                    self.rest = after;
                    break;
                }
            }
        }
        let end = self.end(rows)?;
        Ok((Cow::Owned(text), end))
    }

    /// Takes the separator or the end of the line.
    fn end(&mut self, rows: &Rows<'_>) -> Result<End, TableError> {
        for mark in ["\r\n", "\n", "\r"] {
            if let Some(rest) = self.rest.strip_prefix(mark) {
                self.rest = rest;
                self.line = self.line.saturating_add(1);
                return Ok(End::Row);
            }
        }
        if self.rest.is_empty() {
            return Ok(End::Text);
        }
        match self.rest.strip_prefix(self.separator) {
            Some(rest) => {
                self.rest = rest;
                Ok(End::Cell)
            }
            None => Err(TableError::AfterQuote { cell: rows.place(), line: self.line }),
        }
    }
}

/// Rows and columns of Excel; empty ones up to here are cut off again, a flood of them is refused.
const EXCEL_ROWS: usize = 1 << 20;
const EXCEL_COLUMNS: usize = 1 << 14;

/// Collects cells within the limits.
struct Rows<'l> {
    limits: &'l TableLimits,
    rows: Vec<Vec<Cell>>,
    row: Vec<Cell>,
    cells: u64,
    seen: HashSet<Arc<str>>,
}

impl Rows<'_> {
    /// The name of the cell that comes next.
    fn place(&self) -> String {
        cell_name(self.rows.len(), self.row.len())
    }

    fn push(&mut self, text: &str) -> Result<(), TableError> {
        if text.is_empty() {
            if self.row.len() >= EXCEL_COLUMNS {
                let limit = self.limits.columns;
                return Err(TableError::TooManyColumns { sheet: String::new(), cell: self.place(), limit });
            }
            self.row.push(Cell::EMPTY);
            return Ok(());
        }
        let limits = self.limits;
        let sheet = String::new;
        if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
            return Err(TableError::Control { cell: self.place(), code: c.into() });
        }
        if self.row.len() >= usize::try_from(limits.columns).unwrap_or(usize::MAX) {
            let (cell, limit) = (self.place(), limits.columns);
            return Err(TableError::TooManyColumns { sheet: sheet(), cell, limit });
        }
        if self.rows.len() >= usize::try_from(limits.rows).unwrap_or(usize::MAX) {
            return Err(TableError::TooManyRows { sheet: sheet(), cell: self.place(), limit: limits.rows });
        }
        if text.chars().nth(usize::try_from(limits.cell_chars).unwrap_or(usize::MAX)).is_some() {
            let (cell, limit) = (self.place(), limits.cell_chars);
            return Err(TableError::CellTooLong { sheet: sheet(), cell, limit });
        }
        let text = restore(text);
        let shared = match self.seen.get(text) {
            Some(shared) => shared.clone(),
            None => {
                let shared: Arc<str> = text.into();
                self.seen.insert(shared.clone());
                shared
            }
        };
        self.row.push(Cell::of(CellValue::Text(shared)));
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        let mut row = std::mem::take(&mut self.row);
        let used = row.iter().rposition(|cell| cell.value != CellValue::Empty);
        row.truncate(used.map_or(0, |last| last.saturating_add(1)));
        row.shrink_to_fit();
        self.cells = self.cells.saturating_add(u64::try_from(row.len()).unwrap_or(u64::MAX));
        if self.cells > self.limits.cells {
            return Err(TableError::TooManyCells { limit: self.limits.cells });
        }
        if self.rows.len() >= EXCEL_ROWS {
            let (cell, limit) = (self.place(), self.limits.rows);
            return Err(TableError::TooManyRows { sheet: String::new(), cell, limit });
        }
        self.rows.push(row);
        Ok(())
    }

    fn finish(mut self) -> Vec<Vec<Cell>> {
        let used = self.rows.iter().rposition(|row| !row.is_empty());
        self.rows.truncate(used.map_or(0, |last| last.saturating_add(1)));
        self.rows
    }
}
