//! A register as a file: the city's own sheet in Excel, or CSV. What is written reads back as the same values.
//!
//! No cell ever holds a formula. Names of people, units and rows are written as people know them where that leads back
//! to the same one, and as ids where it does not.

mod csv;
mod spelling;
#[cfg(test)]
mod tests;
mod xlsx;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::book::cell_name;
use crate::definition::{Definition, Field, LayoutColumn};
use crate::layout::Origin;
use crate::text::Text;

pub use csv::{CsvEncoding, write_csv};
pub use spelling::spell;
pub use xlsx::write_xlsx;

/// What an export says of itself.
#[derive(Debug, Clone)]
pub struct ExportMeta {
    /// The ledger's sequence up to which it shows values.
    pub seq: u64,
    /// The day of the export.
    pub exported_on: Date,
    /// Who exports it, for people.
    pub by: String,
    /// Fields that this person may not see; they have no column.
    pub withheld: BTreeSet<String>,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
#[non_exhaustive]
pub enum WriteError {
    /// A text beyond Excel's 32,767 characters.
    TooLong {
        /// The cell.
        cell: String,
        /// The header of its column.
        header: String,
    },
    /// More rows than Excel has.
    TooManyRows,
    /// A character that CP932 has not.
    NotInCp932 {
        /// The row of the file, from 1.
        row: usize,
        /// The row's key for people.
        key: String,
        /// The header of the column.
        header: String,
        /// The character.
        character: char,
    },
    /// The writer of workbooks refused, for instance the name of the sheet.
    Workbook {
        /// What it said.
        detail: String,
    },
}

impl WriteError {
    /// The sentence in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::TooLong { cell, header } => Text::new(
                format!(
                    "{cell}「{header}」: Excelのセルに入る文字数（32,767文字）を超えています。CSVで出力してください。"
                ),
                format!("{cell} `{header}`: longer than the 32,767 characters of a cell: export CSV"),
            ),
            Self::TooManyRows => Text::new(
                "行数がExcelの上限（1,048,576行）を超えています。条件で絞るか、CSVで出力してください。",
                "more rows than the 1,048,576 of Excel: filter them, or export CSV",
            ),
            Self::NotInCp932 { row, key, header, character } => {
                let code = u32::from(*character);
                Text::new(
                    format!(
                        "{row}行目（{key}）「{header}」: 文字「{character}」（U+{code:04X}）はシフトJIS（CP932）にありません。UTF-8のCSVか、Excelで出力してください。"
                    ),
                    format!(
                        "row {row} ({key}) `{header}`: the character `{character}` (U+{code:04X}) is not in Shift JIS (CP932): export CSV in UTF-8, or a workbook"
                    ),
                )
            }
            Self::Workbook { detail } => Text::new(
                format!("Excelブックを作れません（{detail}）。"),
                format!("the workbook can't be written ({detail})"),
            ),
        }
    }
}

/// The columns of an export, from left to right, with their fields.
fn columns<'d>(definition: &'d Definition, meta: &ExportMeta) -> Vec<(&'d LayoutColumn, &'d Field)> {
    let seen =
        definition.layout.columns.iter().filter(|column| !meta.withheld.contains(column.field.as_str()));
    seen.filter_map(|column| Some((column, definition.field(column.field.as_str())?))).collect()
}

fn origin(definition: &Definition, meta: &ExportMeta) -> Origin {
    Origin {
        register: definition.id.to_string(),
        definition: definition.digest.clone(),
        seq: meta.seq,
        exported_on: Some(meta.exported_on),
        by: meta.by.clone(),
        withheld: meta.withheld.iter().cloned().collect(),
    }
}

fn too_long(row: usize, column: usize, header: &str) -> WriteError {
    WriteError::TooLong { cell: cell_name(row, column), header: header.to_owned() }
}
