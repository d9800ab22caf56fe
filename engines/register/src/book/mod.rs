//! A workbook or a CSV file as plain cells, before anybody asks what they mean.
//!
//! The bytes come from outside and are not trusted: whatever they are, the answer is a [`Book`] within the limits or a
//! [`TableError`] that says what is wrong and where. A server reads them in a confined process and takes the result over
//! as bytes ([`Book::to_bytes`], [`Book::from_bytes`]). The room never computes a formula, never follows a link and never
//! drops a cell without a word: what it can't represent is an error.

mod cp932;
mod csv;
mod error;
#[cfg(test)]
mod tests;
mod transfer;
mod xlsx;

use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

pub use cp932::{decode_cp932, encode_cp932};
pub(crate) use csv::starts_formula;
pub use csv::{neutralise, read_csv, restore};
pub use error::TableError;
pub use transfer::TransferError;
pub use xlsx::read_xlsx;

/// Every sheet of a file, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// What the bytes were.
    pub source: Source,
    /// The sheets; a CSV file is one sheet without a name.
    pub sheets: Vec<Sheet>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// An Excel workbook (.xlsx).
    Xlsx,
    /// CSV in UTF-8, with or without a mark at its beginning.
    CsvUtf8,
    /// CSV in CP932, Microsoft's form of Shift JIS.
    CsvCp932,
    /// Text of Excel's "Unicode" export, UTF-16 with a mark at its beginning.
    CsvUtf16,
}

/// One sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Its name on the tab; empty for a CSV file.
    pub name: String,
    /// It is hidden in Excel (also "very hidden").
    pub hidden: bool,
    /// Its days count from 1904.
    pub epoch_1904: bool,
    /// Rows from the first one; each ends with its last cell that is not empty.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// What stands in it; for a formula, what Excel computed last.
    pub value: CellValue,
    /// A formula stands in it. With an empty value: it was never computed.
    pub formula: bool,
    /// It is covered by a merged cell that begins further up or left.
    pub merged: bool,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum CellValue {
    /// Nothing.
    #[default]
    Empty,
    /// Text; equal texts of a book share their memory.
    Text(Arc<str>),
    /// A number.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// A number that is formatted as a day or a moment, to the second.
    DateTime(DateTime),
    /// An error of Excel: `#REF!`.
    Error(Arc<str>),
}

/// How much a file may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableLimits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of all parts of a workbook, unpacked.
    pub unpacked_bytes: u64,
    /// Sheets of a workbook.
    pub sheets: u32,
    /// Rows of a sheet, counted to the last that is not empty.
    pub rows: u32,
    /// Columns of a sheet, counted to the last that is not empty.
    pub columns: u32,
    /// Cells of all sheets, the empty ones between others included.
    pub cells: u64,
    /// Characters of one cell.
    pub cell_chars: u32,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self {
            bytes: 50 << 20,
            unpacked_bytes: 1 << 30,
            sheets: 100,
            rows: 300_000,
            columns: 500,
            cells: 8_000_000,
            // Excel's own limit.
            cell_chars: 32_767,
        }
    }
}

/// Reads a workbook or a CSV file, whichever the bytes are; the name of a file proves nothing.
///
/// # Errors
/// [`TableError`].
pub fn read_book(bytes: &[u8], limits: &TableLimits) -> Result<Book, TableError> {
    if bytes.starts_with(b"PK") || bytes.starts_with(&OLE) {
        read_xlsx(bytes, limits)
    } else {
        read_csv(bytes, limits)
    }
}

/// As [`read_book`], for a file with a name. Content decides what it is, but what is called a workbook and is none (a
/// page of the web under the name `.xls`, for instance) is not taken for CSV.
///
/// # Errors
/// [`TableError`].
pub fn read_named(bytes: &[u8], name: &str, limits: &TableLimits) -> Result<Book, TableError> {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    let workbook = matches!(extension.as_str(), "xlsx" | "xlsm" | "xltx" | "xls" | "xlsb" | "ods");
    if workbook && !bytes.is_empty() && !bytes.starts_with(b"PK") && !bytes.starts_with(&OLE) {
        return Err(TableError::NotAWorkbook);
    }
    read_book(bytes, limits)
}

/// The beginning of old Office files and of encrypted new ones.
const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

impl Book {
    /// The sheets that people see, in order.
    pub fn visible(&self) -> impl Iterator<Item = &Sheet> {
        self.sheets.iter().filter(|sheet| !sheet.hidden)
    }

    /// A sheet by its name.
    #[must_use]
    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.name == name)
    }

    /// Whether it came from a CSV file.
    #[must_use]
    pub fn is_csv(&self) -> bool {
        self.source != Source::Xlsx
    }
}

impl Sheet {
    /// A cell by row and column, counted from 0; an empty one outside.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &Cell {
        self.rows.get(row).and_then(|row| row.get(column)).unwrap_or(&Cell::EMPTY)
    }
}

impl Cell {
    /// A cell with nothing in it.
    pub const EMPTY: Self = Self { value: CellValue::Empty, formula: false, merged: false };

    /// A cell with a value.
    #[must_use]
    pub const fn of(value: CellValue) -> Self {
        Self { value, formula: false, merged: false }
    }

    /// Nothing can be read in it: it is empty, or holds spaces only.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match &self.value {
            CellValue::Empty => true,
            CellValue::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// Its text, when it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            CellValue::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The name of a column, counted from 0: A … Z, AA … ZZ, AAA …
#[must_use]
pub fn column_name(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = Some(column);
    while let Some(n) = left {
        let digit = u8::try_from(n.checked_rem(26).unwrap_or(0)).unwrap_or(0);
        letters.push(char::from(b'A'.saturating_add(digit)));
        left = n.checked_div(26).and_then(|n| n.checked_sub(1));
    }
    letters.iter().rev().collect()
}

/// The name of a cell, row and column counted from 0: C14.
#[must_use]
pub fn cell_name(row: usize, column: usize) -> String {
    format!("{}{}", column_name(column), row.saturating_add(1))
}
