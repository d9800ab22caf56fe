//! The rows below the headers, cell by cell: each one is a value, or the reason why it is none.

use crate::book::{Cell, CellValue, Sheet, cell_name};
use crate::definition::{Definition, Field, FieldType};
use crate::era;
use crate::text::Text;
use crate::value::{Input, Lookup, Value};

use super::{Refusal, Table, TableColumn};

/// One row of a table, read.
#[derive(Debug, Clone)]
pub struct ReadRow<'d> {
    /// Its number in the sheet, from 1.
    pub line: usize,
    /// Its cells, in the order of the table's columns; columns that are not read are left out.
    pub cells: Vec<ReadCell<'d>>,
}

/// One cell of a row, read.
#[derive(Debug, Clone)]
pub struct ReadCell<'d> {
    /// Its field.
    pub field: &'d Field,
    /// Its value, or why it has none.
    pub value: Result<Value, Text>,
    /// The cell itself.
    pub raw: &'d Cell,
    row: usize,
    column: usize,
}

impl ReadCell<'_> {
    /// Its name, like `C14`.
    #[must_use]
    pub fn name(&self) -> String {
        cell_name(self.row, self.column)
    }

    /// What stands in it, for a message; at most 60 characters.
    #[must_use]
    pub fn written(&self) -> String {
        let text = match &self.raw.value {
            CellValue::Empty => String::new(),
            CellValue::Text(text) | CellValue::Error(text) => text.chars().take(60).collect(),
            CellValue::Number(number) => number.to_string(),
            CellValue::Bool(flag) => (if *flag { "TRUE" } else { "FALSE" }).to_owned(),
            CellValue::DateTime(moment) => moment.to_string(),
        };
        text.replace(['\n', '\r'], " ")
    }
}

impl<'b> Table<'b> {
    /// Rows that hold something in a column of the table, from 0, top down.
    pub fn lines(&self) -> impl Iterator<Item = usize> {
        let first = self.header_row.saturating_add(1);
        let rows = self.sheet.rows.iter().enumerate().skip(first);
        rows.filter(|(_, row)| {
            self.columns
                .iter()
                .any(|at| row.get(at.column).is_some_and(|cell| !cell.is_blank() || cell.formula))
        })
        .map(|(number, _)| number)
    }

    /// Reads one row, counted from 0.
    pub fn read_row<'d>(&self, definition: &'d Definition, row: usize, lookup: &dyn Lookup) -> ReadRow<'d>
    where
        'b: 'd,
    {
        let cells = self.columns.iter().filter_map(|at| self.read_at(definition, row, at, lookup));
        ReadRow { line: row.saturating_add(1), cells: cells.collect() }
    }

    /// Reads the cell of one field in a row; `None` when the field has no column or is not read from files.
    pub fn read_field<'d>(
        &self,
        definition: &'d Definition,
        row: usize,
        field: &str,
        lookup: &dyn Lookup,
    ) -> Option<ReadCell<'d>>
    where
        'b: 'd,
    {
        let at = self.columns.iter().find(|at| at.field.as_str() == field)?;
        self.read_at(definition, row, at, lookup)
    }

    fn read_at<'d>(
        &self,
        definition: &'d Definition,
        row: usize,
        at: &TableColumn,
        lookup: &dyn Lookup,
    ) -> Option<ReadCell<'d>>
    where
        'b: 'd,
    {
        let field = definition.field(at.field.as_str()).filter(|field| field.is_importable())?;
        let raw: &'d Cell = self.sheet.cell(row, at.column);
        let value = read_cell(field, raw, self.sheet, lookup);
        Some(ReadCell { field, value, raw, row, column: at.column })
    }

    /// Cells with a value in columns that have no header: nothing may be dropped without a word. The first of each
    /// column is named.
    #[must_use]
    pub fn stray_cells(&self) -> Vec<Refusal> {
        let first = self.header_row.saturating_add(1);
        let width = self.sheet.rows.iter().map(Vec::len).max().unwrap_or(0);
        let headless = (0..width).filter(|column| {
            self.sheet.cell(self.header_row, *column).is_blank()
                && self.columns.iter().all(|at| at.column != *column)
        });
        headless
            .filter_map(|column| {
                let mut below = self.sheet.rows.iter().enumerate().skip(first);
                below.find(|(_, row)| row.get(column).is_some_and(|cell| !cell.is_blank())).map(|(row, _)| {
                    let message = Text::new(
                        "見出しのない列に値があります。値を消すか、見出しを付けてください。",
                        "a value in a column without a header: clear it, or give the column its header",
                    );
                    self.refuse(row, column, message)
                })
            })
            .collect()
    }
}

fn read_cell(field: &Field, cell: &Cell, sheet: &Sheet, lookup: &dyn Lookup) -> Result<Value, Text> {
    if cell.merged {
        return Err(Text::new(
            "結合されたセルです。結合を解除して、行ごとに値を入れてください。",
            "a merged cell: undo the merge and write the value in each row",
        ));
    }
    let input = match &cell.value {
        CellValue::Empty if cell.formula => {
            return Err(Text::new(
                "数式の計算結果がファイルにありません。Excelで開いて保存し直すか、値に置き換えてください。",
                "a formula that was never computed: open and save the file in Excel, or replace it by its value",
            ));
        }
        CellValue::Error(error) => {
            return Err(Text::new(
                format!("Excelのエラー値（{error}）です。値に直してください。"),
                format!("an error of Excel ({error}): replace it by a value"),
            ));
        }
        CellValue::Empty => Input::Empty,
        CellValue::Text(text) => Input::Text(text),
        CellValue::Bool(flag) => Input::Bool(*flag),
        CellValue::DateTime(moment) => Input::DateTime(*moment),
        // Thousandths of so large a whole number are beyond what a double counts exactly; its digits are not.
        CellValue::Number(number) if number.fract() == 0.0 && (1e12..1e15).contains(&number.abs()) => {
            return field.read(&Input::Text(&format!("{number:.0}")), lookup);
        }
        CellValue::Number(number) => day_of(field, *number, sheet).unwrap_or(Input::Number(*number)),
    };
    field.read(&input, lookup)
}

/// A number in a field of days, in a workbook whose days count from 1904: the field itself would count from 1900.
fn day_of(field: &Field, number: f64, sheet: &Sheet) -> Option<Input<'static>> {
    let days = matches!(field.kind, FieldType::Date | FieldType::Time);
    // Eight digits are a day as people type it, in either epoch.
    if !days || !sheet.epoch_1904 || number >= 10_000_000.0 {
        return None;
    }
    era::excel_datetime(number, true).ok().map(Input::DateTime)
}
