//! A book as bytes, for the way out of a confined process. The reader does not trust the writer.
//!
//! Form, all numbers little-endian, `n` a LEB128 number: magic `SKB1`, source, n texts (n bytes, UTF-8), n sheets; a sheet
//! is its name (a text's index), flags, n rows; a row is n cells; a cell is a byte of kind and flags and its value.
//! Empty cells in a row are written as one run, equal texts once: 200,000 rows of 20 columns take 30 MB.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::DateTime;

use super::{Book, Cell, CellValue, Sheet, Source, TableLimits};

const MAGIC: &[u8; 4] = b"SKB1";
const FORMULA: u8 = 0x10;
const MERGED: u8 = 0x20;
const KIND: u8 = 0x0f;

/// The bytes are no book, or one beyond the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no table of cells, at byte {at}")]
pub struct TransferError {
    /// Where reading stopped.
    pub at: usize,
}

impl Book {
    /// The book as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut texts = Texts::default();
        let mut body = Vec::new();
        number(&mut body, self.sheets.len());
        for sheet in &self.sheets {
            let name = texts.index(&Arc::from(sheet.name.as_str()));
            number(&mut body, name);
            body.push(u8::from(sheet.hidden) | (u8::from(sheet.epoch_1904) << 1));
            number(&mut body, sheet.rows.len());
            for row in &sheet.rows {
                write_row(&mut body, row, &mut texts);
            }
        }
        let mut bytes = MAGIC.to_vec();
        bytes.push(source_code(self.source));
        number(&mut bytes, texts.list.len());
        for text in &texts.list {
            number(&mut bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.append(&mut body);
        bytes
    }

    /// The book of bytes that [`to_bytes`](Self::to_bytes) made, checked against the limits again.
    ///
    /// # Errors
    /// [`TransferError`] for any other bytes.
    pub fn from_bytes(bytes: &[u8], limits: &TableLimits) -> Result<Self, TransferError> {
        let mut reader = Taker { left: bytes };
        let book = reader.book(limits);
        let at = bytes.len().saturating_sub(reader.left.len());
        book.filter(|_| reader.left.is_empty()).ok_or(TransferError { at })
    }
}

#[derive(Default)]
struct Texts {
    list: Vec<Arc<str>>,
    places: HashMap<Arc<str>, usize>,
}

impl Texts {
    fn index(&mut self, text: &Arc<str>) -> usize {
        if let Some(index) = self.places.get(text) {
            return *index;
        }
        let index = self.list.len();
        self.list.push(text.clone());
        self.places.insert(text.clone(), index);
        index
    }
}

fn write_row(out: &mut Vec<u8>, row: &[Cell], texts: &mut Texts) {
    number(out, row.len());
    let mut cells = row.iter().peekable();
    while let Some(cell) = cells.next() {
        let flags = if cell.formula { FORMULA } else { 0 } | if cell.merged { MERGED } else { 0 };
        match &cell.value {
            CellValue::Empty if flags == 0 => {
                let mut run = 1_usize;
                while cells.next_if(|cell| **cell == Cell::EMPTY).is_some() {
                    run = run.saturating_add(1);
                }
                out.push(0);
                number(out, run);
            }
            CellValue::Empty => out.push(1 | flags),
            CellValue::Text(text) => {
                out.push(2 | flags);
                number(out, texts.index(text));
            }
            CellValue::Number(value) => {
                out.push(3 | flags);
                out.extend_from_slice(&value.to_le_bytes());
            }
            CellValue::Bool(value) => {
                out.push(4 | flags);
                out.push(u8::from(*value));
            }
            CellValue::DateTime(at) => {
                out.push(5 | flags);
                out.extend_from_slice(&at.year().to_le_bytes());
                for part in [at.month(), at.day(), at.hour(), at.minute(), at.second()] {
                    out.extend_from_slice(&part.to_le_bytes());
                }
            }
            CellValue::Error(text) => {
                out.push(6 | flags);
                number(out, texts.index(text));
            }
        }
    }
}

fn number(out: &mut Vec<u8>, value: usize) {
    let mut left = value;
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or(0);
        left >>= 7;
        if left == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

const SOURCES: [Source; 4] = [Source::Xlsx, Source::CsvUtf8, Source::CsvCp932, Source::CsvUtf16];

fn source_code(source: Source) -> u8 {
    SOURCES.into_iter().position(|s| s == source).and_then(|i| u8::try_from(i).ok()).unwrap_or(0)
}

struct Taker<'b> {
    left: &'b [u8],
}

impl<'b> Taker<'b> {
    fn book(&mut self, limits: &TableLimits) -> Option<Book> {
        if self.array::<4>()? != *MAGIC {
            return None;
        }
        let source = *SOURCES.get(usize::from(self.byte()?))?;
        let chars = usize::try_from(limits.cell_chars).ok()?;
        let count = self.count()?;
        // A false count must not cost memory.
        let mut texts: Vec<Arc<str>> = Vec::with_capacity(count.min(1 << 16));
        for _ in 0..count {
            let length = self.count()?;
            let text = std::str::from_utf8(self.take(length)?).ok()?;
            if text.chars().nth(chars).is_some() {
                return None;
            }
            texts.push(text.into());
        }
        let count = self.count()?;
        if count > usize::try_from(limits.sheets).ok()? {
            return None;
        }
        let mut cells = 0_u64;
        let mut sheets = Vec::with_capacity(count);
        for _ in 0..count {
            let index = self.number()?;
            let name = texts.get(index)?.to_string();
            let flags = self.byte()?;
            let count = self.count()?;
            if count > usize::try_from(limits.rows).ok()? {
                return None;
            }
            let mut rows = Vec::with_capacity(count);
            for _ in 0..count {
                let row = self.row(&texts, limits)?;
                cells = cells.checked_add(u64::try_from(row.len()).ok()?)?;
                if cells > limits.cells {
                    return None;
                }
                rows.push(row);
            }
            sheets.push(Sheet { name, hidden: flags & 1 != 0, epoch_1904: flags & 2 != 0, rows });
        }
        Some(Book { source, sheets })
    }

    fn row(&mut self, texts: &[Arc<str>], limits: &TableLimits) -> Option<Vec<Cell>> {
        let width = self.number()?;
        if width > usize::try_from(limits.columns).ok()? {
            return None;
        }
        let mut row = Vec::with_capacity(width);
        while row.len() < width {
            let head = self.byte()?;
            let value = match head & KIND {
                0 => {
                    let run = self.number()?;
                    let wanted = row.len().checked_add(run).filter(|wanted| *wanted <= width)?;
                    row.resize_with(wanted, Cell::default);
                    continue;
                }
                1 => CellValue::Empty,
                2 => CellValue::Text(texts.get(self.number()?)?.clone()),
                3 => CellValue::Number(f64::from_le_bytes(self.array()?)),
                4 => CellValue::Bool(self.byte()? == 1),
                5 => {
                    let year = i16::from_le_bytes(self.array()?);
                    let [month, day, hour, minute, second] =
                        self.array::<5>()?.map(|b| i8::from_le_bytes([b]));
                    CellValue::DateTime(DateTime::new(year, month, day, hour, minute, second, 0).ok()?)
                }
                6 => CellValue::Error(texts.get(self.number()?)?.clone()),
                _ => return None,
            };
            row.push(Cell { value, formula: head & FORMULA != 0, merged: head & MERGED != 0 });
        }
        Some(row)
    }

    /// A number of things that follow, each at least a byte: no more than bytes are left.
    fn count(&mut self) -> Option<usize> {
        self.number().filter(|count| *count <= self.left.len())
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = 0_usize;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.left.split_first_chunk::<N>()?;
        self.left = rest;
        Some(*head)
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.left.split_at_checked(length)?;
        self.left = rest;
        Some(head)
    }
}
