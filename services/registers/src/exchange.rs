//! Exchange with Excel and CSV: export in the city's own layout, a dry run that names every cell, and the import of what
//! the dry run showed. An import is one unit of work: all rows or none.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::book::{Book, TableLimits, cell_name};
use sekisho_register::compare::{Comparison, NewRow, RowKey, Rows, compare, key_text};
use sekisho_register::layout::{Refusal, Seek, Table, seek_table};
use sekisho_register::write::{CsvEncoding, ExportMeta, write_csv, write_xlsx};
use sekisho_register::{Action, Definition, FieldId, Lang, Lookup, Text, Value as Field, Values, Violation};
use sekisho_store::{ReadTx, Value};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::caller::{Authority, Caller, refused as not_permitted};
use crate::list::Select;
use crate::model::{local, plain};
use crate::tables::Table as Which;
use crate::unit::{self, Origin, Unit};
use crate::{ListQuery, Registers, RegistersError, Result, RowId, guard, rows};

/// Rows that are read at once.
const STRETCH: u32 = 2_000;

/// Most refusals of rows that a report names.
const REFUSALS: usize = 1_000;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportFormat {
    /// A workbook in the register's own layout.
    Xlsx,
    /// CSV in UTF-8 with the mark by which Excel knows it.
    CsvUtf8,
    /// CSV in CP932.
    CsvCp932,
}

impl ExportFormat {
    /// The ending of the file's name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::CsvUtf8 | Self::CsvCp932 => "csv",
        }
    }
}

/// A file to hand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Rows in it.
    pub rows: u64,
}

/// What an import does beyond adding and changing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Rows that were exported and are not in the file any more are removed; without it they stay.
    pub remove_missing: bool,
}

/// What an import would do, or did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ImportReport {
    /// The register.
    pub register: String,
    /// The file's name.
    pub file: String,
    /// Stands for the file and the register as they are; [`Registers::import`] wants it back.
    pub digest: String,
    /// Rows to be added.
    pub added: Vec<ImportedRow>,
    /// Fields to be changed.
    pub changed: Vec<FieldEdit>,
    /// Rows that are missing in the file.
    pub removed: Vec<ImportedRow>,
    /// Rows that are missing in the file but were changed since its export; never removed.
    pub removed_but_changed: Vec<ImportedRow>,
    /// Rows that stay as they are.
    pub unchanged: u64,
    /// What can't be taken over. Nothing is imported while there is any.
    pub refused: Vec<RefusedCell>,
    /// Refusals beyond those that are named.
    pub refused_more: u64,
    /// What is taken over but should be looked at.
    pub warned: Vec<RefusedCell>,
    /// Whether it was done.
    pub applied: bool,
}

impl ImportReport {
    /// Whether nothing is refused.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.refused.is_empty() && self.refused_more == 0
    }
}

/// A row of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedRow {
    /// Its line in the file; `None` for rows that are not in it.
    pub line: Option<usize>,
    /// Its identifier, if it has one already.
    pub row: Option<String>,
    /// Its key; empty when the register assigns it.
    pub key: String,
    /// Its values as people read them.
    pub values: BTreeMap<String, String>,
}

/// A field of a row that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldEdit {
    /// The row's key.
    pub row: String,
    /// The line in the file.
    pub line: usize,
    /// The cell.
    pub cell: String,
    /// The field.
    pub field: FieldId,
    /// Before, as people read it.
    pub old: String,
    /// After.
    pub new: String,
}

/// A cell that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedCell {
    /// The sheet; empty for CSV.
    pub sheet: String,
    /// The cell; empty when no single cell is to blame.
    pub cell: String,
    /// The whole sentence, in Japanese.
    pub message: String,
    /// The same in English.
    pub message_en: String,
}

impl From<Refusal> for RefusedCell {
    fn from(refusal: Refusal) -> Self {
        Self {
            message: guard::masked(&refusal.show(Lang::Ja)),
            message_en: guard::masked(&refusal.show(Lang::En)),
            sheet: refusal.sheet,
            cell: refusal.cell,
        }
    }
}

impl Registers {
    /// Writes the rows that a query finds, as far as the caller may export them, in the order of their keys. The ledger
    /// says who took out what.
    ///
    /// # Errors
    /// [`RegistersError::NotPermitted`]; [`RegistersError::Invalid`] when a value can't be written in this form; or when
    /// the store fails.
    pub fn export(&self, caller: &Caller, format: ExportFormat, query: &ListQuery) -> Result<Exported> {
        let definition = self.inner.definition(&query.register)?;
        let query = self.with_view(caller, query)?;
        let today = local(self.inner.store.clock().now_ms()).date();
        let (bytes, rows) = self.inner.store.read(|tx| -> Result<(Vec<u8>, u64)> {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            let select = Select::new(self, tx, definition, &authority, Action::Export, &query)?;
            let meta = ExportMeta {
                seq: last_seq(tx)?,
                exported_on: today,
                by: caller.person.as_ref().map_or_else(|| caller.login.clone(), |person| person.name.clone()),
                withheld: hidden(definition, &authority),
            };
            let mut walk = Walk::new(tx, definition, &authority, &select);
            let written = match format {
                ExportFormat::Xlsx => write_xlsx(definition, &mut walk, &meta, &names),
                ExportFormat::CsvUtf8 => {
                    write_csv(definition, &mut walk, &meta, &names, CsvEncoding::Utf8Bom)
                }
                ExportFormat::CsvCp932 => write_csv(definition, &mut walk, &meta, &names, CsvEncoding::Cp932),
            };
            let rows = walk.finish()?;
            names.finish()?;
            Ok((written.map_err(|error| RegistersError::Invalid(error.text()))?, rows))
        })?;
        let body = json!({
            "register": definition.id.as_str(), "rows": rows, "format": format, "view": query.view,
            "as_of": query.as_of.map(|day| day.to_string()), "via": caller.way,
        });
        let (actor, subject) = (caller.actor(), definition.id.to_string());
        self.inner.store.write(move |tx| {
            tx.emit("register.exported", &actor, &subject, body).map_err(RegistersError::from)
        })?;
        let day = today.to_string().replace('-', "");
        Ok(Exported { name: format!("{}_{day}.{}", definition.label.ja, format.ending()), bytes, rows })
    }

    /// What the import of a file would do, cell by cell. The file is read in the sandbox. Nothing is written.
    ///
    /// # Errors
    /// [`RegistersError::NotPermitted`]; [`RegistersError::File`] without a sandbox; or when the store fails. What is
    /// wrong with the file stands in the report.
    pub fn dry_run(&self, caller: &Caller, register: &str, name: &str, bytes: &[u8]) -> Result<ImportReport> {
        match self.read_book(name, bytes)? {
            Ok(book) => self.dry_run_book(caller, register, name, &book),
            Err(message) => Ok(unreadable(register, name, message)),
        }
    }

    /// Imports what [`Registers::dry_run`] showed, in one unit of work.
    ///
    /// # Errors
    /// [`RegistersError::StaleDryRun`] if the file or the register is not what was shown; otherwise as the dry run. A
    /// report that isn't clean comes back with `applied: false` and nothing was written.
    pub fn import(
        &self,
        caller: &Caller,
        register: &str,
        name: &str,
        bytes: &[u8],
        digest: &str,
        options: ImportOptions,
    ) -> Result<ImportReport> {
        match self.read_book(name, bytes)? {
            Ok(book) => self.import_book(caller, register, name, &book, digest, options),
            Err(message) => Ok(unreadable(register, name, message)),
        }
    }

    /// As [`Registers::dry_run`], for a file that was read already.
    ///
    /// # Errors
    /// As [`Registers::dry_run`].
    pub fn dry_run_book(
        &self,
        caller: &Caller,
        register: &str,
        name: &str,
        book: &Book,
    ) -> Result<ImportReport> {
        let definition = self.inner.definition(register)?;
        let plan = match self.plan(caller, definition, name, book)? {
            Ok(plan) => plan,
            Err(report) => return Ok(report),
        };
        let Plan { mut report, work } = plan;
        let origin = origin(caller, name);
        let refused = self.inner.store.read(|tx| {
            unit::rehearse(&self.inner, tx, origin, work.rows(), |unit| {
                let authority = self.inner.authority(caller, definition, unit.names);
                carry_out(unit, definition, &authority, &work, ImportOptions::default(), false)
            })
        })?;
        add_refusals(&mut report, refused);
        Ok(report)
    }

    /// As [`Registers::import`], for a file that was read already.
    ///
    /// # Errors
    /// As [`Registers::import`].
    pub fn import_book(
        &self,
        caller: &Caller,
        register: &str,
        name: &str,
        book: &Book,
        digest: &str,
        options: ImportOptions,
    ) -> Result<ImportReport> {
        let definition = self.inner.definition(register)?;
        let plan = match self.plan(caller, definition, name, book)? {
            Ok(plan) => plan,
            Err(report) => return Ok(report),
        };
        let Plan { mut report, work } = plan;
        if report.digest != digest {
            return Err(RegistersError::StaleDryRun);
        }
        if !report.is_clean() {
            return Ok(report);
        }
        let (inner, caller, register) =
            (std::sync::Arc::clone(&self.inner), caller.clone(), register.to_owned());
        let origin = origin(&caller, name);
        let done = self.inner.store.write(move |tx| -> Result<(), Ended> {
            let definition = inner.definition(&register).map_err(Ended::Failed)?;
            let refused = unit::run(&inner, tx, origin, work.rows(), |unit| {
                let authority = inner.authority(&caller, definition, unit.names);
                carry_out(unit, definition, &authority, &work, options, true)
            })
            .map_err(Ended::Failed)?;
            if refused.is_empty() { Ok(()) } else { Err(Ended::Refused(refused)) }
        });
        match done {
            Ok(()) => report.applied = true,
            Err(Ended::Refused(refused)) => add_refusals(&mut report, refused),
            Err(Ended::Failed(error)) => return Err(error),
        }
        Ok(report)
    }

    /// Reads a file in the sandbox; a sentence when it is no table.
    fn read_book(&self, name: &str, bytes: &[u8]) -> Result<Result<Book, Text>> {
        let Some(sandbox) = &self.inner.sandbox else {
            return Err(RegistersError::File("no sandbox is running; files can't be read".to_owned()));
        };
        match sandbox.read_book(&mut &*bytes, name, &TableLimits::default()) {
            Ok(done) => Ok(done.value.map_err(|error| error.text())),
            // A file that stops its reader is to blame itself; anything else is the machine's fault.
            Err(error) if error.refusal().is_some() => Ok(Err(Text::new(
                error.message(sekisho_disarm::Lang::Ja),
                error.message(sekisho_disarm::Lang::En),
            ))),
            Err(error) => Err(RegistersError::File(error.to_string())),
        }
    }

    fn plan(
        &self,
        caller: &Caller,
        definition: &Definition,
        name: &str,
        book: &Book,
    ) -> Result<Result<Plan, ImportReport>> {
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            authority.require(Action::Import)?;
            let seek = Seek { hidden: hidden(definition, &authority), ..Seek::default() };
            let table = match seek_table(definition, book, &seek) {
                Ok(table) => table,
                Err(refusals) => {
                    let mut report = empty(definition.id.as_str(), name);
                    report.refused = refusals.into_iter().map(RefusedCell::from).collect();
                    return Ok(Err(report));
                }
            };
            let (current, versions) = all_rows(tx, definition, &authority)?;
            let base = base(tx, definition, &authority, &table, &current)?;
            let comparison = compare(definition, &table, base.as_ref().unwrap_or(&current), &current, &names);
            let digest = digest(tx, definition, book)?;
            let report = report(definition, name, digest, &table, &comparison, &names);
            names.finish()?;
            let cells =
                table.columns().iter().map(|column| (column.field.to_string(), column.column)).collect();
            let work = Work { comparison, versions, cells, sheet: table.sheet().name.clone() };
            Ok(Ok(Plan { report, work }))
        })
    }
}

/// What an import is going to do.
struct Plan {
    report: ImportReport,
    work: Work,
}

struct Work {
    comparison: Comparison,
    /// Row → the version that was compared.
    versions: BTreeMap<String, u32>,
    /// Field → column of the file, from 0.
    cells: BTreeMap<String, usize>,
    sheet: String,
}

impl Work {
    fn rows(&self) -> usize {
        self.comparison.added.len().saturating_add(self.comparison.changed.len())
    }

    fn refusal(&self, line: usize, field: Option<&FieldId>, message: Text) -> Refusal {
        let column = field.and_then(|field| self.cells.get(field.as_str())).copied();
        let cell = match column {
            Some(column) => cell_name(line.saturating_sub(1), column),
            None => line.to_string(),
        };
        Refusal { sheet: self.sheet.clone(), cell, message }
    }
}

/// How a unit of work ended that was not kept.
enum Ended {
    Refused(Vec<Refusal>),
    Failed(RegistersError),
}

impl From<sekisho_store::StoreError> for Ended {
    fn from(error: sekisho_store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Checks every row, and writes it if `write`; gives what is refused.
fn carry_out(
    unit: &mut Unit<'_>,
    definition: &Definition,
    authority: &Authority<'_>,
    work: &Work,
    options: ImportOptions,
    write: bool,
) -> Result<Vec<Refusal>> {
    let reach = authority.reach(Action::Import);
    let mut refused = Vec::new();
    let full = |refused: &Vec<Refusal>| refused.len() >= REFUSALS;
    for NewRow { line, values } in &work.comparison.added {
        if full(&refused) {
            return Ok(refused);
        }
        let found = guard::texts(definition, None, values);
        if !found.is_empty() {
            refused.extend(
                found.into_iter().map(|one| work.refusal(*line, Some(&one.field), number_text(&one.why))),
            );
            continue;
        }
        match unit.complete(0, definition, None, values.clone(), true) {
            Ok(values) => {
                if !reach.holds(definition, &values) {
                    refused.push(work.refusal(*line, definition.unit_field.as_ref(), outside()));
                } else if write {
                    unit.add(definition, &values)?;
                } else {
                    unit.rehearsed(definition, &values)?;
                }
            }
            Err(error) => refused.extend(refusals(work, *line, error)?),
        }
    }
    for change in &work.comparison.changed {
        if full(&refused) {
            return Ok(refused);
        }
        let (row, version) = known(work, &change.row.row)?;
        let old = unit.current(definition, &row, version)?;
        let mut values = old.values.clone();
        for field in &change.fields {
            values.set(field.field.as_str(), field.new.clone());
        }
        let found = guard::texts(definition, Some(&old.values), &values);
        if !found.is_empty() {
            let cells = found
                .into_iter()
                .map(|one| work.refusal(change.line, Some(&one.field), number_text(&one.why)));
            refused.extend(cells);
            continue;
        }
        match unit.complete(0, definition, Some(&old), values, true) {
            Ok(values) => {
                if !reach.holds(definition, &values) || !reach.holds(definition, &old.values) {
                    refused.push(work.refusal(change.line, definition.unit_field.as_ref(), outside()));
                } else if write {
                    unit.change(definition, &old, &values)?;
                }
            }
            Err(error) => refused.extend(refusals(work, change.line, error)?),
        }
    }
    if write && options.remove_missing {
        for gone in &work.comparison.removed {
            let (row, version) = known(work, &gone.row)?;
            let old = unit.current(definition, &row, version)?;
            if !authority.reach(Action::Remove).holds(definition, &old.values) {
                return Err(not_permitted(definition, Action::Remove));
            }
            unit.remove(definition, &old)?;
        }
    }
    Ok(refused)
}

fn known(work: &Work, row: &str) -> Result<(RowId, u32)> {
    let id = row.parse().map_err(|_| RegistersError::NotFound(format!("row {row}")))?;
    let version = work.versions.get(row).copied().ok_or(RegistersError::StaleDryRun)?;
    Ok((id, version))
}

/// Refusals of a row as refusals of its cells; any other error ends the import.
fn refusals(work: &Work, line: usize, error: RegistersError) -> Result<Vec<Refusal>> {
    let RegistersError::Refused(rows) = error else { return Err(error) };
    let violations = rows.into_iter().flat_map(|row| row.violations);
    Ok(violations
        .map(|Violation { field, message, .. }| work.refusal(line, field.as_ref(), message))
        .collect())
}

fn number_text(why: &Text) -> Text {
    Text::new(
        format!(
            "個人番号と思われる数字があります（{}）。台帳に個人番号は記録できません。取り除いてください。",
            why.ja
        ),
        format!("this seems to hold an individual number ({}); remove it", why.en),
    )
}

fn outside() -> Text {
    Text::new(
        "取り込む権限のない所属の行です。自分の所属の行だけを残してください。",
        "the row belongs to a unit for which you may not import; leave only rows of your own",
    )
}

fn add_refusals(report: &mut ImportReport, refused: Vec<Refusal>) {
    report.refused.extend(refused.into_iter().map(RefusedCell::from));
}

fn origin(caller: &Caller, file: &str) -> Origin {
    Origin { actor: caller.actor(), via: format!("import: {file}"), reason: String::new(), case: None }
}

fn empty(register: &str, name: &str) -> ImportReport {
    ImportReport { register: register.to_owned(), file: name.to_owned(), ..ImportReport::default() }
}

fn unreadable(register: &str, name: &str, message: Text) -> ImportReport {
    let mut report = empty(register, name);
    report.refused.push(RefusedCell {
        sheet: String::new(),
        cell: String::new(),
        message: message.ja,
        message_en: message.en,
    });
    report
}

fn report(
    definition: &Definition,
    name: &str,
    digest: String,
    table: &Table<'_>,
    comparison: &Comparison,
    lookup: &dyn Lookup,
) -> ImportReport {
    // A report is shown and kept: it repeats no individual number, whether the row is taken over or not.
    let show = |field: &str, value: &Field| match definition.field(field) {
        Some(field) => guard::shown(field, field.show(value, Lang::Ja, lookup)),
        None => guard::masked(&plain(value)),
    };
    let gone = |keys: &[RowKey]| -> Vec<ImportedRow> {
        keys.iter()
            .map(|key| ImportedRow {
                line: None,
                row: Some(key.row.clone()),
                key: key.key.clone(),
                values: BTreeMap::new(),
            })
            .collect()
    };
    let mut report = empty(definition.id.as_str(), name);
    report.digest = digest;
    report.added = comparison
        .added
        .iter()
        .map(|row| ImportedRow {
            line: Some(row.line),
            row: None,
            key: guard::masked(&plain(row.values.get(definition.key.as_str()))),
            values: row.values.iter().map(|(field, value)| (field.to_owned(), show(field, value))).collect(),
        })
        .collect();
    report.changed = comparison
        .changed
        .iter()
        .flat_map(|change| change.fields.iter().map(move |field| (change, field)))
        .map(|(change, field)| FieldEdit {
            row: change.row.key.clone(),
            line: change.line,
            cell: field.cell.clone(),
            field: field.field.clone(),
            old: show(field.field.as_str(), &field.old),
            new: show(field.field.as_str(), &field.new),
        })
        .collect();
    report.removed = gone(&comparison.removed);
    report.removed_but_changed = gone(&comparison.removed_but_changed);
    report.unchanged = comparison.unchanged;
    report.refused = comparison.refused.iter().cloned().map(RefusedCell::from).collect();
    report.refused_more = comparison.refused_more;
    let notes = table.notes().iter().chain(&comparison.warned);
    report.warned = notes.cloned().map(RefusedCell::from).collect();
    report
}

/// Fields that the caller may not see.
fn hidden(definition: &Definition, authority: &Authority<'_>) -> BTreeSet<String> {
    definition
        .fields
        .iter()
        .filter(|field| !authority.sees(field))
        .map(|field| field.id.to_string())
        .collect()
}

fn last_seq(tx: &ReadTx) -> Result<u64> {
    let rows = tx.query("SELECT MAX(seq) AS s FROM events", &[])?;
    Ok(rows.first().map_or(Ok(0), |row| row.get_u64("s"))?)
}

/// The rows that the caller may import over: by key, and their versions by identifier.
fn all_rows(
    tx: &ReadTx,
    definition: &Definition,
    authority: &Authority<'_>,
) -> Result<(Rows, BTreeMap<String, u32>)> {
    let select = Select::reached(definition, authority, Action::Import, None)?;
    let mut walk = Walk::new(tx, definition, authority, &select);
    let (mut rows, mut versions) = (Rows::new(), BTreeMap::new());
    while let Some(current) = walk.next_row() {
        versions.insert(current.row.to_string(), current.version);
        if let Some(key) = key_text(definition, &current.values) {
            rows.insert(key, (current.row.to_string(), current.values));
        }
    }
    walk.finish()?;
    Ok((rows, versions))
}

/// The rows as they were when the file was exported; `None` when nothing changed since, or nobody knows.
fn base(
    tx: &ReadTx,
    definition: &Definition,
    authority: &Authority<'_>,
    table: &Table<'_>,
    current: &Rows,
) -> Result<Option<Rows>> {
    let Some(seq) = table.base_seq() else { return Ok(None) };
    let seq = Value::try_from(seq)?;
    let history = definition.history_table();
    // Versions that were in force then and are not any more, and rows that are younger than the export.
    let ended = tx.query(
        &format!(
            "SELECT {} FROM {history} WHERE _from_seq <= ?1 AND _to_seq > ?1",
            rows::columns(definition, Which::History)
        ),
        std::slice::from_ref(&seq),
    )?;
    let young =
        tx.query(&format!("SELECT _row FROM {history} WHERE _version = 1 AND _from_seq > ?1"), &[seq])?;
    if ended.is_empty() && young.is_empty() {
        return Ok(None);
    }
    let young: BTreeSet<&str> = young.iter().filter_map(|row| row.get_text("_row").ok()).collect();
    let mut base = current.clone();
    base.retain(|_, (row, _)| !young.contains(row.as_str()));
    let reach = authority.reach(Action::Import);
    for row in &ended {
        let then = rows::read(definition, row)?;
        base.retain(|_, (row, _)| *row != then.row.as_str());
        if reach.holds(definition, &then.values)
            && let Some(key) = key_text(definition, &then.values)
        {
            base.insert(key, (then.row.to_string(), then.values));
        }
    }
    Ok(Some(base))
}

/// Stands for the file, the definition and the register's last change.
fn digest(tx: &ReadTx, definition: &Definition, book: &Book) -> Result<String> {
    let (living, history) = (definition.table(), definition.history_table());
    let rows = tx.query(
        &format!(
            "SELECT (SELECT COUNT(*) FROM {living}) AS n, (SELECT MAX(_from_seq) FROM {history}) AS f,
               (SELECT MAX(_to_seq) FROM {history}) AS t"
        ),
        &[],
    )?;
    let mut hash = Sha256::new();
    hash.update(definition.digest.as_bytes());
    if let Some(row) = rows.first() {
        for column in ["n", "f", "t"] {
            hash.update(row.get_opt_i64(column)?.unwrap_or(-1).to_be_bytes());
        }
    }
    hash.update(book.to_bytes());
    Ok(hex::encode(hash.finalize()))
}

/// All rows of a query in the order of their keys, a stretch at a time.
struct Walk<'w> {
    tx: &'w ReadTx,
    definition: &'w Definition,
    authority: &'w Authority<'w>,
    select: &'w Select<'w>,
    ahead: std::vec::IntoIter<rows::Current>,
    last: Option<(sekisho_register::SqlValue, String)>,
    ended: bool,
    failed: Option<RegistersError>,
    count: u64,
}

impl<'w> Walk<'w> {
    fn new(
        tx: &'w ReadTx,
        definition: &'w Definition,
        authority: &'w Authority<'w>,
        select: &'w Select<'w>,
    ) -> Self {
        Self {
            tx,
            definition,
            authority,
            select,
            ahead: Vec::new().into_iter(),
            last: None,
            ended: false,
            failed: None,
            count: 0,
        }
    }

    fn next_row(&mut self) -> Option<rows::Current> {
        if let Some(row) = self.ahead.next() {
            self.count = self.count.saturating_add(1);
            return Some(row);
        }
        if self.ended {
            return None;
        }
        let after = self.last.as_ref().map(|(key, row)| (key, row.as_str()));
        match self.select.stretch(self.tx, after, STRETCH) {
            Ok(found) => {
                self.ended = u32::try_from(found.len()).unwrap_or(u32::MAX) < STRETCH;
                if let (Some(last), Some(field)) = (found.last(), self.definition.key_field()) {
                    let key = field.to_sql(last.values.get(field.id.as_str())).into_iter().next();
                    self.last = Some((key.unwrap_or(sekisho_register::SqlValue::Null), last.row.to_string()));
                }
                self.ahead = found.into_iter();
                let row = self.ahead.next()?;
                self.count = self.count.saturating_add(1);
                Some(row)
            }
            Err(error) => {
                self.failed = Some(error);
                self.ended = true;
                None
            }
        }
    }

    /// How many rows there were, or what ended the walk early.
    fn finish(self) -> Result<u64> {
        self.failed.map_or(Ok(self.count), Err)
    }
}

impl Iterator for Walk<'_> {
    type Item = Values;

    fn next(&mut self) -> Option<Values> {
        let row = self.next_row()?;
        Some(rows::view(self.definition, self.authority, row).values)
    }
}

impl Unit<'_> {
    /// A row that would be added: its keys are in use for the rest of the rehearsal.
    fn rehearsed(&mut self, definition: &Definition, values: &Values) -> Result<()> {
        let row = RowId::new(self.now_ms)?;
        self.note_keys(definition, &row, None, values);
        Ok(())
    }
}
