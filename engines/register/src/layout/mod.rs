//! Finding a register's table in a workbook or CSV file: the sheet, the row of headers, the column of each field, and
//! where the file came from.
//!
//! People move columns, add sheets and write above the table; all of that is found. What can't be told apart is refused
//! with the sheet, the cell and the headers that are expected: a column that is taken for another one would overwrite
//! values that nobody touched.

mod origin;
mod rows;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::book::{Book, Cell, Sheet, cell_name, column_name};
use crate::definition::{Definition, Field, LayoutColumn};
use crate::id::FieldId;
use crate::text::{Lang, Text};

pub use origin::{META_SHEET, Origin};
pub use rows::{ReadCell, ReadRow};

/// What is wrong in one cell of a file, or with the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refusal {
    /// The sheet; empty for a CSV file.
    pub sheet: String,
    /// The cell, like `C14`; empty when no single cell is to blame.
    pub cell: String,
    /// What is wrong and what to do.
    pub message: Text,
}

impl Refusal {
    pub(crate) fn new(sheet: &str, cell: impl Into<String>, message: Text) -> Self {
        Self { sheet: sheet.to_owned(), cell: cell.into(), message }
    }

    /// The whole sentence: シート「台帳」 C14: …
    #[must_use]
    pub fn show(&self, lang: Lang) -> String {
        let sheet = match lang {
            _ if self.sheet.is_empty() => String::new(),
            Lang::Ja => format!("シート「{}」", self.sheet),
            Lang::En => format!("sheet `{}`", self.sheet),
        };
        let place = [sheet.as_str(), self.cell.as_str()].into_iter().filter(|part| !part.is_empty());
        let place = place.collect::<Vec<_>>().join(" ");
        let message = self.message.get(lang);
        if place.is_empty() { message.to_owned() } else { format!("{place}: {message}") }
    }
}

impl fmt::Display for Refusal {
    /// In Japanese, for the people who made the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(Lang::Ja))
    }
}

/// A register's table in a file.
#[derive(Debug, Clone)]
pub struct Table<'b> {
    sheet: &'b Sheet,
    columns: Vec<TableColumn>,
    header_row: usize,
    origin: Option<Origin>,
    notes: Vec<Refusal>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// What stands in it.
    pub field: FieldId,
    /// Where it stands, from 0.
    pub column: usize,
}

/// How strictly a table is looked for.
#[derive(Debug, Clone, Default)]
pub struct Seek {
    /// Fields that the person who brings the file may not see: their columns must not be there.
    pub hidden: BTreeSet<String>,
    /// Columns may be missing, for sample rows and for rows pasted from a sheet; what is missing stays as it is.
    pub partial: bool,
}

/// Rows that are searched for the headers when they are not in the row of the layout.
const SEARCHED: usize = 20;

/// Finds the table of a register in a book.
///
/// # Errors
/// Every reason why there is none, each with its sheet and cell.
pub fn find_table<'b>(definition: &Definition, book: &'b Book) -> Result<Table<'b>, Vec<Refusal>> {
    seek_table(definition, book, &Seek::default())
}

/// As [`find_table`], with a say in how strict it is.
///
/// # Errors
/// As [`find_table`].
pub fn seek_table<'b>(
    definition: &Definition,
    book: &'b Book,
    seek: &Seek,
) -> Result<Table<'b>, Vec<Refusal>> {
    let mut notes = Vec::new();
    let sheet = find_sheet(definition, book, &mut notes).map_err(|refusal| vec![refusal])?;
    let origin = Origin::find(book).map_err(|refusal| vec![refusal])?;
    if let Some(origin) = &origin {
        check_origin(definition, origin, &mut notes).map_err(|refusal| vec![refusal])?;
    }
    let mut hidden = seek.hidden.clone();
    // What was withheld from the export can't be missing from it.
    hidden.extend(origin.iter().flat_map(|origin| origin.withheld.iter().cloned()));
    let expected = Expected::new(definition, &hidden, seek);
    let (header_row, columns) = expected.find(definition, sheet)?;
    for TableColumn { field, column } in &columns {
        if let Some(field) = definition.field(field.as_str())
            && !field.is_importable()
        {
            let ja = format!("列「{}」は自動計算又は添付の項目のため、取り込みません。", field.label.ja);
            let en = format!("the column {} is computed or an attachment and is not read", field.label.en);
            notes.push(Refusal::new(&sheet.name, cell_name(header_row, *column), Text::new(ja, en)));
        }
    }
    Ok(Table { sheet, columns, header_row, origin, notes })
}

impl<'b> Table<'b> {
    /// The sheet that holds it.
    #[must_use]
    pub fn sheet(&self) -> &'b Sheet {
        self.sheet
    }

    /// Its columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// The row of the headers, from 1.
    #[must_use]
    pub fn header_row(&self) -> usize {
        self.header_row.saturating_add(1)
    }

    /// Where the file came from, if it is an export of this program.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The ledger's sequence at which the file was exported; values of that moment are the base of a comparison.
    #[must_use]
    pub fn base_seq(&self) -> Option<u64> {
        self.origin.as_ref().map(|origin| origin.seq)
    }

    /// What people should know although nothing is refused: sheets and columns that are not read.
    #[must_use]
    pub fn notes(&self) -> &[Refusal] {
        &self.notes
    }

    /// Whether a field has a column.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.columns.iter().any(|column| column.field.as_str() == field)
    }

    fn refuse(&self, row: usize, column: usize, message: Text) -> Refusal {
        Refusal::new(&self.sheet.name, cell_name(row, column), message)
    }
}

/// The sheet of the layout's name, or the only one that people see.
fn find_sheet<'b>(
    definition: &Definition,
    book: &'b Book,
    notes: &mut Vec<Refusal>,
) -> Result<&'b Sheet, Refusal> {
    let wanted = definition.layout.sheet.as_str();
    let visible: Vec<&Sheet> = book.visible().collect();
    let named = visible.iter().copied().find(|sheet| squash(&sheet.name) == squash(wanted));
    let filled: Vec<&Sheet> = visible.iter().copied().filter(|sheet| !sheet.rows.is_empty()).collect();
    let found = match (named, filled.as_slice()) {
        (Some(sheet), _) => sheet,
        (None, [only]) => only,
        (None, _) => {
            let hidden =
                book.sheets.iter().any(|sheet| sheet.hidden && squash(&sheet.name) == squash(wanted));
            return Err(no_sheet(wanted, hidden, &filled));
        }
    };
    for sheet in book.sheets.iter().filter(|sheet| !std::ptr::eq(*sheet, found) && !sheet.rows.is_empty()) {
        if sheet.name == META_SHEET {
            continue;
        }
        let message = if sheet.hidden {
            Text::new("非表示のシートなので、取り込みません。", "the sheet is hidden and is not read")
        } else {
            Text::new(
                "台帳のシートではないので、取り込みません。",
                "not the sheet of the register; it is not read",
            )
        };
        notes.push(Refusal::new(&sheet.name, "", message));
    }
    Ok(found)
}

fn no_sheet(wanted: &str, hidden: bool, filled: &[&Sheet]) -> Refusal {
    let names: Vec<&str> = filled.iter().map(|sheet| sheet.name.as_str()).collect();
    let message = match (names.as_slice(), hidden) {
        (_, true) => Text::new(
            format!("シート「{wanted}」が非表示です。再表示してから取り込んでください。"),
            format!("the sheet `{wanted}` is hidden: show it first"),
        ),
        ([], false) => Text::new("値のあるシートがありません。", "no sheet holds any value"),
        (names, false) => Text::new(
            format!(
                "シート「{wanted}」がありません（あるシート: {}）。シート名を「{wanted}」にしてください。",
                names.join("、")
            ),
            format!("there is no sheet `{wanted}` (there are: {}): rename it", names.join(", ")),
        ),
    };
    Refusal::new("", "", message)
}

fn check_origin(definition: &Definition, origin: &Origin, notes: &mut Vec<Refusal>) -> Result<(), Refusal> {
    if definition.id != origin.register.as_str() {
        let message = Text::new(
            format!(
                "このファイルは別の台帳（{}）から出力されたものです。「{}」には取り込めません。",
                origin.register, definition.label.ja
            ),
            format!(
                "the file was exported from another register ({}), not from {}",
                origin.register, definition.label.en
            ),
        );
        return Err(Refusal::new("", "", message));
    }
    if origin.definition != definition.digest {
        let message = Text::new(
            "出力した後に台帳の定義が変わっています。値は今の定義で読みます。",
            "the register's definition has changed since the export; values are read by the present one",
        );
        notes.push(Refusal::new("", "", message));
    }
    Ok(())
}

/// The headers that belong to the register.
struct Expected<'d> {
    /// Headers that must be there, in the order of the layout.
    needed: Vec<&'d LayoutColumn>,
    /// Every accepted header, in one form, and its field.
    known: BTreeMap<String, &'d FieldId>,
}

/// Headers and their places in one row.
#[derive(Default)]
struct Headers<'d> {
    columns: Vec<(usize, &'d FieldId)>,
    unknown: Vec<(usize, String)>,
}

impl<'d> Expected<'d> {
    fn new(definition: &'d Definition, hidden: &BTreeSet<String>, seek: &Seek) -> Self {
        let visible = |id: &FieldId| !hidden.contains(id.as_str());
        let mut known = BTreeMap::new();
        let mut accept = |header: &str, field: &'d FieldId| {
            let form = squash(header);
            if !form.is_empty() {
                known.entry(form).or_insert(field);
            }
        };
        let columns: Vec<&LayoutColumn> =
            definition.layout.columns.iter().filter(|column| visible(&column.field)).collect();
        for column in &columns {
            accept(&column.header, &column.field);
        }
        // The city's own headers come first; names that the program uses are taken where they don't clash.
        let fields = || definition.fields.iter().filter(|field| visible(&field.id));
        fields().for_each(|field| accept(field.id.as_str(), &field.id));
        fields().for_each(|field| accept(&field.label.ja, &field.id));
        fields().for_each(|field| accept(&field.label.en, &field.id));
        let importable = |id: &FieldId| definition.field(id.as_str()).is_some_and(Field::is_importable);
        let needed = if seek.partial { Vec::new() } else { columns };
        Self { needed: needed.into_iter().filter(|column| importable(&column.field)).collect(), known }
    }

    fn find(
        &self,
        definition: &Definition,
        sheet: &Sheet,
    ) -> Result<(usize, Vec<TableColumn>), Vec<Refusal>> {
        let by_layout = usize::try_from(definition.layout.header_row.saturating_sub(1)).unwrap_or(0);
        let candidates = std::iter::once(by_layout).chain((0..SEARCHED).filter(|row| *row != by_layout));
        let mut best: Option<(usize, usize, Headers<'d>)> = None;
        for row in candidates {
            let Some(cells) = sheet.rows.get(row) else { continue };
            let headers = self.headers(cells);
            let fields: BTreeSet<_> = headers.columns.iter().map(|(_, field)| field.as_str()).collect();
            if fields.len() > best.as_ref().map_or(0, |(count, _, _)| *count) {
                best = Some((fields.len(), row, headers));
            }
        }
        let Some((_, row, headers)) = best else { return Err(vec![self.no_header(sheet)]) };
        let refused = self.check(sheet, row, &headers);
        if !refused.is_empty() {
            return Err(refused);
        }
        let columns = headers.columns.into_iter();
        Ok((row, columns.map(|(column, field)| TableColumn { field: field.clone(), column }).collect()))
    }

    fn headers(&self, cells: &[Cell]) -> Headers<'d> {
        let mut headers = Headers::default();
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank()) {
            let text = cell.text().unwrap_or_default();
            match self.known.get(&squash(text)) {
                Some(field) => headers.columns.push((column, field)),
                None => headers.unknown.push((column, text.trim().to_owned())),
            }
        }
        headers
    }

    fn check(&self, sheet: &Sheet, row: usize, headers: &Headers<'d>) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let mut refuse = |column: usize, message| {
            refused.push(Refusal::new(&sheet.name, cell_name(row, column), message));
        };
        for (column, text) in &headers.unknown {
            let shown: String = text.chars().take(40).collect();
            let (ja, en) = self.all();
            refuse(
                *column,
                Text::new(
                    format!("見出し「{shown}」は、この台帳の項目ではありません。必要な見出し: {ja}"),
                    format!("the header `{shown}` is none of this register; expected: {en}"),
                ),
            );
        }
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (column, field) in &headers.columns {
            if let Some(first) = seen.insert(field.as_str(), *column) {
                let header = sheet.cell(row, *column).text().unwrap_or_default().trim().to_owned();
                refuse(
                    *column,
                    Text::new(
                        format!(
                            "見出し「{header}」が{}列にもあります。片方を消してください。",
                            column_name(first)
                        ),
                        format!(
                            "the header `{header}` stands in column {} too: remove one",
                            column_name(first)
                        ),
                    ),
                );
            }
        }
        let missing: Vec<&str> = self
            .needed
            .iter()
            .filter(|column| !seen.contains_key(column.field.as_str()))
            .map(|column| column.header.as_str())
            .collect();
        if !missing.is_empty() {
            let (ja, en) = self.all();
            let (number, lack) = (row.saturating_add(1), missing.join("」「"));
            let message = Text::new(
                format!("{number}行目に見出し「{lack}」がありません。必要な見出し: {ja}"),
                format!("row {number} lacks the headers: {}; expected: {en}", missing.join(", ")),
            );
            refused.push(Refusal::new(&sheet.name, cell_name(row, 0), message));
        }
        refused
    }

    fn no_header(&self, sheet: &Sheet) -> Refusal {
        let (ja, en) = self.all();
        let message = Text::new(
            format!("見出しの行が先頭の{SEARCHED}行にありません。必要な見出し: {ja}"),
            format!("the first {SEARCHED} rows have no headers; expected: {en}"),
        );
        Refusal::new(&sheet.name, "", message)
    }

    fn all(&self) -> (String, String) {
        let headers: Vec<&str> = self.needed.iter().map(|column| column.header.as_str()).collect();
        (headers.join("、"), headers.join(", "))
    }
}

/// One form of a header or a sheet's name: widths and compatibility forms made equal, spaces and line breaks out.
fn squash(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
