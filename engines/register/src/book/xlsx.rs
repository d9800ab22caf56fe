//! Workbooks of Excel 2007 and later, through calamine.
//!
//! calamine reads the parts; this room decides what a cell is, keeps the limits while the cells come in, and turns every
//! failure into a [`TableError`]. calamine may panic on bytes that no program writes (a column name of ten letters
//! overflows), so it runs under `catch_unwind`; nothing of it is used afterwards.

use std::collections::HashSet;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use calamine::{DataRef, Dimensions, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::DateTime;

use super::error::TableError;
use super::{Book, Cell, CellValue, OLE, Sheet, Source, TableLimits, cell_name};
use crate::era::excel_datetime;

type Workbook<'b> = Xlsx<Cursor<&'b [u8]>>;

/// Reads a workbook (.xlsx). Formulas are not computed: their cells carry what Excel computed last.
///
/// # Errors
/// [`TableError`].
pub fn read_xlsx(bytes: &[u8], limits: &TableLimits) -> Result<Book, TableError> {
    if bytes.is_empty() {
        return Err(TableError::Empty);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limits.bytes {
        return Err(TableError::TooLarge { limit: limits.bytes });
    }
    if bytes.starts_with(&OLE) {
        return Err(TableError::OldOrEncrypted);
    }
    let merges = check_parts(bytes, limits)?;
    catch_unwind(AssertUnwindSafe(|| read(bytes, merges, limits)))
        .unwrap_or_else(|_| Err(broken("", "the reader met a state that it rules out")))
}

/// Unpacks every part once and throws it away: sizes are counted, not believed, before anything is kept in memory.
/// Whether any sheet has merged cells is seen on the way; to learn that from the reader costs as much as the cells.
fn check_parts(bytes: &[u8], limits: &TableLimits) -> Result<bool, TableError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| TableError::NotAWorkbook)?;
    let mut left = limits.unpacked_bytes;
    let mut buffer = vec![0; 64 << 10];
    let mut merges = false;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| broken("", error))?;
        // The end of the last piece stays in front of the next, lest a word be cut in two.
        let mut kept = 0;
        loop {
            let space = buffer.get_mut(kept..).unwrap_or_default();
            let read = part.read(space).map_err(|error| broken("", error))?;
            if read == 0 {
                break;
            }
            left = left
                .checked_sub(u64::try_from(read).unwrap_or(u64::MAX))
                .ok_or(TableError::TooLargeUnpacked { limit: limits.unpacked_bytes })?;
            let filled = kept.saturating_add(read);
            let seen = buffer.get(..filled).unwrap_or_default();
            merges = merges || seen.windows(MERGES.len()).any(|word| word == MERGES);
            kept = filled.min(MERGES.len().saturating_sub(1));
            buffer.copy_within(filled.saturating_sub(kept)..filled, 0);
        }
    }
    Ok(merges)
}

/// The element that lists a sheet's merged cells, whatever its prefix.
const MERGES: &[u8] = b"mergeCells";

fn read(bytes: &[u8], merges: bool, limits: &TableLimits) -> Result<Book, TableError> {
    let mut workbook: Workbook<'_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsxError::Password => TableError::OldOrEncrypted,
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => TableError::NotAWorkbook,
        error => broken("", error),
    })?;
    let epoch_1904 = workbook.has_1904_epoch();
    let sheets = workbook.sheets_metadata().to_vec();
    let count = u64::try_from(sheets.len()).unwrap_or(u64::MAX);
    if count > limits.sheets.into() {
        return Err(TableError::TooManySheets { sheets: count, limit: limits.sheets });
    }
    let mut book = Book { source: Source::Xlsx, sheets: Vec::new() };
    let mut budget = Budget { limits, cells: 0, seen: HashSet::new() };
    for meta in sheets.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        let merged = if merges { workbook.merge_cells_by_sheet_name(&meta.name) } else { Ok(Vec::new()) };
        let merged = merged.map_err(|error| broken(&meta.name, error))?;
        let mut rows = cells(&mut workbook, &meta.name, epoch_1904, &mut budget)?;
        cover(&mut rows, &merged, &mut budget)?;
        let hidden = meta.visible != SheetVisible::Visible;
        book.sheets.push(Sheet { name: meta.name, hidden, epoch_1904, rows });
    }
    Ok(book)
}

fn cells(
    workbook: &mut Workbook<'_>,
    sheet: &str,
    epoch_1904: bool,
    budget: &mut Budget<'_>,
) -> Result<Vec<Vec<Cell>>, TableError> {
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|e| broken(sheet, e))?;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    while let Some(record) = reader.next_cell_with_formula_metadata().map_err(|e| broken(sheet, e))? {
        let formula = record.formula.is_some();
        let value = budget.value(record.value, epoch_1904);
        if value == CellValue::Empty && !formula {
            continue;
        }
        let place = budget.place(sheet, record.pos)?;
        if let CellValue::Text(text) = &value {
            budget.check_text(sheet, place, text)?;
        }
        *budget.slot(&mut rows, place)? = Cell { value, formula, merged: false };
    }
    Ok(rows)
}

/// Marks what merged cells cover, as far as the sheet has rows.
fn cover(
    rows: &mut Vec<Vec<Cell>>,
    merged: &[Dimensions],
    budget: &mut Budget<'_>,
) -> Result<(), TableError> {
    let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    // A region far to the right covers nothing that anybody wrote.
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    for region in merged {
        let (top, left) = (size(region.start.0), size(region.start.1));
        let (bottom, right) = (size(region.end.0).min(rows.len().saturating_sub(1)), size(region.end.1));
        for row in top..=bottom {
            for column in left..=right.min(width.saturating_sub(1)) {
                if (row, column) != (top, left) && row < rows.len() {
                    budget.count(1)?;
                    budget.slot(rows, (row, column))?.merged = true;
                }
            }
        }
    }
    Ok(())
}

/// What may still be read, and the texts that were read already.
struct Budget<'l> {
    limits: &'l TableLimits,
    cells: u64,
    seen: HashSet<Arc<str>>,
}

impl Budget<'_> {
    fn count(&mut self, cells: usize) -> Result<(), TableError> {
        self.cells = self.cells.saturating_add(u64::try_from(cells).unwrap_or(u64::MAX));
        let limit = self.limits.cells;
        if self.cells > limit { Err(TableError::TooManyCells { limit }) } else { Ok(()) }
    }

    fn place(&self, sheet: &str, (row, column): (u32, u32)) -> Result<(usize, usize), TableError> {
        let place =
            (usize::try_from(row).unwrap_or(usize::MAX), usize::try_from(column).unwrap_or(usize::MAX));
        let (sheet, cell) = (|| sheet.to_owned(), || cell_name(place.0, place.1));
        if row >= self.limits.rows {
            return Err(TableError::TooManyRows { sheet: sheet(), cell: cell(), limit: self.limits.rows });
        }
        if column >= self.limits.columns {
            let limit = self.limits.columns;
            return Err(TableError::TooManyColumns { sheet: sheet(), cell: cell(), limit });
        }
        Ok(place)
    }

    fn check_text(&self, sheet: &str, place: (usize, usize), text: &str) -> Result<(), TableError> {
        let limit = self.limits.cell_chars;
        if text.chars().nth(usize::try_from(limit).unwrap_or(usize::MAX)).is_some() {
            let cell = cell_name(place.0, place.1);
            return Err(TableError::CellTooLong { sheet: sheet.to_owned(), cell, limit });
        }
        Ok(())
    }

    /// The cell at a place, made if need be; the cells before it count too.
    fn slot<'r>(
        &mut self,
        rows: &'r mut Vec<Vec<Cell>>,
        (row, column): (usize, usize),
    ) -> Result<&'r mut Cell, TableError> {
        if rows.len() <= row {
            self.count(row.saturating_sub(rows.len()))?;
            rows.resize_with(row.saturating_add(1), Vec::new);
        }
        let limit = self.limits.cells;
        let Some(cells) = rows.get_mut(row) else { return Err(TableError::TooManyCells { limit }) };
        if cells.len() <= column {
            let wanted = column.saturating_add(1);
            self.count(wanted.saturating_sub(cells.len()))?;
            cells.resize_with(wanted, Cell::default);
        }
        cells.get_mut(column).ok_or(TableError::TooManyCells { limit })
    }

    fn value(&mut self, value: DataRef<'_>, epoch_1904: bool) -> CellValue {
        match value {
            DataRef::Empty => CellValue::Empty,
            #[expect(clippy::cast_precision_loss, reason = "Excel's numbers are doubles")]
            DataRef::Int(number) => CellValue::Number(number as f64),
            DataRef::Float(number) => CellValue::Number(number),
            DataRef::Bool(flag) => CellValue::Bool(flag),
            DataRef::String(text) => self.text(&text),
            DataRef::SharedString(text) => self.text(text),
            // A length of time, or a time of day without a day, stays a number.
            DataRef::DateTime(moment) if moment.is_duration() => CellValue::Number(moment.as_f64()),
            DataRef::DateTime(moment) => match excel_datetime(moment.as_f64(), epoch_1904) {
                Ok(at) => CellValue::DateTime(at),
                Err(_) => CellValue::Number(moment.as_f64()),
            },
            DataRef::DateTimeIso(text) => match text.parse::<DateTime>() {
                Ok(at) => CellValue::DateTime(at),
                Err(_) => self.text(&text),
            },
            DataRef::DurationIso(text) => self.text(&text),
            DataRef::Error(error) => CellValue::Error(self.share(&error.to_string())),
        }
    }

    fn text(&mut self, text: &str) -> CellValue {
        CellValue::Text(self.share(text))
    }

    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.seen.get(text) {
            return shared.clone();
        }
        let shared: Arc<str> = text.into();
        self.seen.insert(shared.clone());
        shared
    }
}

/// Longest part of a reader's message that is passed on, in characters.
const DETAIL: usize = 120;

fn broken(sheet: &str, error: impl std::fmt::Display) -> TableError {
    let detail = error.to_string().chars().filter(|c| !c.is_control()).take(DETAIL).collect();
    TableError::Broken { sheet: sheet.to_owned(), detail }
}
