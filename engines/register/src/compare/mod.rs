//! What an edited file would change: three ways, with the values at the time of the export as the base, so that a
//! value that somebody else changed meanwhile is neither overwritten nor taken for a change of the file.
//!
//! A cell of the file that says what the base said is no change, whatever the register says now. A cell that differs
//! from the base is a change if the register still has the base's value; if the register has another value by now the
//! cell is refused, and both values are named. Rows are matched by the register's key field.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::definition::{Definition, Field};
use crate::id::FieldId;
use crate::layout::{ReadCell, ReadRow, Refusal, Table};
use crate::text::{Lang, Text};
use crate::value::{Input, Lookup, Value, Values};
use crate::write::spell;

/// Rows by their key, as [`key_text`] writes it: the row's id and its values.
pub type Rows = BTreeMap<String, (String, Values)>;

/// A row that exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RowKey {
    /// Its id.
    pub row: String,
    /// Its key for people.
    pub key: String,
}

/// A row to be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewRow {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Its values; without a key when the register is to assign it.
    pub values: Values,
}

/// A row to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The row.
    pub row: RowKey,
    /// Its line in the file, from 1.
    pub line: usize,
    /// What changes, in the order of the file.
    pub fields: Vec<FieldChange>,
}

/// A value to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field.
    pub field: FieldId,
    /// The cell of the file.
    pub cell: String,
    /// The value now.
    pub old: Value,
    /// The value of the file.
    pub new: Value,
}

/// What an edited file would change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    /// Rows to be added, in the order of the file.
    pub added: Vec<NewRow>,
    /// Rows to be changed, in the order of the file.
    pub changed: Vec<Change>,
    /// Rows that were exported and are not in the file any more, by key. Whether they are removed is the caller's
    /// decision. Empty when a line of the file has no readable key: it might be one of them.
    pub removed: Vec<RowKey>,
    /// Rows that are missing in the file but were changed since the export: not to be removed without a look.
    pub removed_but_changed: Vec<RowKey>,
    /// Rows of the file that change nothing.
    pub unchanged: u64,
    /// What can't be taken over, cell by cell; at most [`MOST_REFUSALS`].
    pub refused: Vec<Refusal>,
    /// Refusals beyond those.
    pub refused_more: u64,
    /// What is taken over but should be looked at: results of formulas.
    pub warned: Vec<Refusal>,
    /// Warnings beyond [`MOST_REFUSALS`].
    pub warned_more: u64,
}

/// Refusals that are kept one by one; nobody reads more, and a wrong column has as many as rows.
pub const MOST_REFUSALS: usize = 1000;

/// Compares a table with the rows at its export (`base`) and now (`current`). Without an export to compare with, hand
/// in the rows of now twice: every difference is then a change of the file.
#[must_use]
pub fn compare(
    definition: &Definition,
    table: &Table<'_>,
    base: &Rows,
    current: &Rows,
    lookup: &dyn Lookup,
) -> Comparison {
    let out = Comparison::default();
    let keys = HashMap::new();
    let mut comparing = Comparing { definition, table, base, current, lookup, keys, lost: false, out };
    comparing.run();
    comparing.out
}

/// A key as text, by which rows are matched; `None` when there is none.
#[must_use]
pub fn key_text(definition: &Definition, values: &Values) -> Option<String> {
    key_of(values.get(definition.key.as_str()))
}

fn key_of(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::List(_) | Value::File { .. } | Value::Period { .. } => None,
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) | Value::Decimal(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Date(day) => Some(day.to_string()),
        Value::Time(moment) => Some(moment.to_string()),
    }
}

struct Comparing<'a> {
    definition: &'a Definition,
    table: &'a Table<'a>,
    base: &'a Rows,
    current: &'a Rows,
    lookup: &'a dyn Lookup,
    /// Keys of the file, the first row of each and the second, if there is one.
    keys: HashMap<String, (usize, Option<usize>)>,
    /// A line has no readable key.
    lost: bool,
    out: Comparison,
}

impl Comparing<'_> {
    fn run(&mut self) {
        let key = self.definition.key.clone();
        if !self.table.has(key.as_str()) {
            let label = self.definition.key_field().map(|field| field.label.clone()).unwrap_or_default();
            let message = Text::new(
                format!("行を見分ける項目「{}」の列がありません。", label.ja),
                format!("there is no column of {}, which tells rows apart", label.en),
            );
            let header = format!("A{}", self.table.header_row());
            self.refuse(Refusal::new(&self.table.sheet().name, header, message));
            return;
        }
        for refusal in self.table.stray_cells() {
            self.refuse(refusal);
        }
        let rows: Vec<usize> = self.table.lines().collect();
        for row in &rows {
            let cell = self.table.read_field(self.definition, *row, key.as_str(), self.lookup);
            if let Some(key) = cell.and_then(|cell| cell.value.ok()).and_then(|value| key_of(&value)) {
                let place = self.keys.entry(key).or_insert((*row, None));
                if place.0 != *row && place.1.is_none() {
                    place.1 = Some(*row);
                }
            }
        }
        for row in rows {
            let row = self.table.read_row(self.definition, row, self.lookup);
            self.row(row);
        }
        if !self.lost {
            self.missing();
        }
    }

    fn row(&mut self, row: ReadRow<'_>) {
        let Some(place) = row.cells.iter().position(|cell| cell.field.id == self.definition.key) else {
            return;
        };
        let Some(key_cell) = row.cells.get(place) else { return };
        self.warn_of_formulas(&row);
        let key = match &key_cell.value {
            Ok(value) => key_of(value),
            Err(message) => {
                self.lost = true;
                self.refuse_cell(key_cell, message.clone());
                self.refuse_unreadable(&row, place);
                return;
            }
        };
        let Some(key) = key else { return self.add(row) };
        if let Some(other) = self.double(&key, &row) {
            let label = &key_cell.field.label;
            let message = Text::new(
                format!(
                    "{}「{key}」が{other}行目にもあります。片方を消すか、番号を直してください。",
                    label.ja
                ),
                format!("the {} `{key}` stands in row {other} too: remove one or correct it", label.en),
            );
            return self.refuse_cell(key_cell, message);
        }
        let (base, current) = (self.base.get(&key), self.current.get(&key));
        match (base, current) {
            (_, Some((id, now))) => {
                self.existing(&row, RowKey { row: id.clone(), key }, base.map(|(_, v)| v), now)
            }
            (Some((_, then)), None) => self.gone(&row, place, then),
            (None, None) if self.definition.assigns_keys() => {
                let message = Text::new(
                    format!(
                        "番号「{key}」は台帳にありません。新しい行は番号を空欄にしてください（自動で付きます）。"
                    ),
                    format!("there is no row `{key}`: leave the number of a new row empty, it is assigned"),
                );
                self.refuse_cell(key_cell, message);
                self.refuse_unreadable(&row, place);
            }
            (None, None) => self.add(row),
        }
    }

    /// Another row of the file with the same key, from 1.
    fn double(&self, key: &str, row: &ReadRow<'_>) -> Option<usize> {
        let (first, second) = self.keys.get(key)?;
        let second = (*second)?;
        let other = if first.saturating_add(1) == row.line { second } else { *first };
        Some(other.saturating_add(1))
    }

    /// A row that the register has: what the file changes in it.
    fn existing(&mut self, row: &ReadRow<'_>, key: RowKey, base: Option<&Values>, now: &Values) {
        let mut fields = Vec::new();
        let mut refused = false;
        for cell in &row.cells {
            let id = cell.field.id.as_str();
            if cell.field.id == self.definition.key {
                continue;
            }
            let current = now.get(id);
            let then = base.map_or(Value::NULL, |base| base.get(id));
            if self.says(cell, current) || (base.is_some() && self.says(cell, then)) {
                continue;
            }
            match &cell.value {
                Err(message) => {
                    refused = true;
                    self.refuse_cell(cell, message.clone());
                }
                Ok(new) if base.is_some() && then == current => fields.push(FieldChange {
                    field: cell.field.id.clone(),
                    cell: cell.name(),
                    old: current.clone(),
                    new: new.clone(),
                }),
                Ok(new) => {
                    refused = true;
                    let message = self.conflict(cell.field, base.map(|_| then), current, new);
                    self.refuse_cell(cell, message);
                }
            }
        }
        if !fields.is_empty() && !refused {
            self.out.changed.push(Change { row: key, line: row.line, fields });
        } else if !refused {
            self.out.unchanged = self.out.unchanged.saturating_add(1);
        }
    }

    /// A row that was exported and was removed since.
    fn gone(&mut self, row: &ReadRow<'_>, place: usize, then: &Values) {
        let edited = row.cells.iter().any(|cell| !self.says(cell, then.get(cell.field.id.as_str())));
        if !edited {
            self.out.unchanged = self.out.unchanged.saturating_add(1);
            return;
        }
        let message = Text::new(
            "この行は、ファイルを出力した後に台帳から削除されています。変更は取り込めません。",
            "the row was removed from the register since the export: its changes can't be taken over",
        );
        if let Some(cell) = row.cells.get(place) {
            self.refuse_cell(cell, message);
        }
    }

    fn add(&mut self, row: ReadRow<'_>) {
        if self.refuse_unreadable(&row, usize::MAX) {
            return;
        }
        let mut values = Values::new();
        for cell in row.cells {
            if let Ok(value) = cell.value {
                values.set(cell.field.id.as_str(), value);
            }
        }
        // Formulas that were filled down in advance and give nothing are no row.
        if !values.is_empty() {
            self.out.added.push(NewRow { line: row.line, values });
        }
    }

    /// Refuses every cell that can't be read but one; whether there was any.
    fn refuse_unreadable(&mut self, row: &ReadRow<'_>, but: usize) -> bool {
        let mut any = false;
        for (_, cell) in row.cells.iter().enumerate().filter(|(place, _)| *place != but) {
            if let Err(message) = &cell.value {
                any = true;
                self.refuse_cell(cell, message.clone());
            }
        }
        any
    }

    /// Whether a cell says what the register has: the same value, or the same words for a value that can't be read
    /// any more (a choice that the definition has no longer, a person who left).
    fn says(&self, cell: &ReadCell<'_>, value: &Value) -> bool {
        match &cell.value {
            Ok(read) if read == value => true,
            // A text that the form would write in another way today.
            Ok(read) if matches!(value, Value::Text(_)) => {
                let spelled = spell(cell.field, value, self.lookup);
                cell.field.read(&Input::Text(&spelled), self.lookup).is_ok_and(|again| again == *read)
            }
            Ok(_) => false,
            Err(_) => !value.is_null() && cell.raw.text() == Some(&spell(cell.field, value, self.lookup)),
        }
    }

    fn conflict(&self, field: &Field, then: Option<&Value>, now: &Value, new: &Value) -> Text {
        let show = |value: &Value, lang: Lang| {
            let shown: String = field.show(value, lang, self.lookup).chars().take(60).collect();
            match (shown.is_empty(), lang) {
                (false, _) => shown,
                (true, Lang::Ja) => "空欄".to_owned(),
                (true, Lang::En) => "nothing".to_owned(),
            }
        };
        let (now_ja, new_ja) = (show(now, Lang::Ja), show(new, Lang::Ja));
        let (now_en, new_en) = (show(now, Lang::En), show(new, Lang::En));
        match then {
            Some(then) => Text::new(
                format!(
                    "ファイルを出力した後に、ほかの人が「{}」から「{now_ja}」に変更しています。ファイルの値は「{new_ja}」です。どちらにするか確かめて、出力し直したファイルで変更してください。",
                    show(then, Lang::Ja)
                ),
                format!(
                    "changed by somebody else since the export, from `{}` to `{now_en}`; the file says `{new_en}`: decide, and change it in a new export",
                    show(then, Lang::En)
                ),
            ),
            None => Text::new(
                format!(
                    "この番号の行は、ファイルを出力した後に台帳に追加されています。台帳の値は「{now_ja}」、ファイルの値は「{new_ja}」です。出力し直したファイルで変更してください。"
                ),
                format!(
                    "a row of this number was added since the export; the register says `{now_en}`, the file `{new_en}`: change it in a new export"
                ),
            ),
        }
    }

    /// Rows of the export that the file has no longer.
    fn missing(&mut self) {
        for (key, (id, now)) in self.current {
            let Some((_, then)) = self.base.get(key) else { continue };
            if self.keys.contains_key(key) {
                continue;
            }
            let row = RowKey { row: id.clone(), key: key.clone() };
            if then == now {
                self.out.removed.push(row);
            } else {
                self.out.removed_but_changed.push(row);
            }
        }
    }

    fn warn_of_formulas(&mut self, row: &ReadRow<'_>) {
        for cell in row
            .cells
            .iter()
            .filter(|cell| cell.raw.formula && cell.value.as_ref().is_ok_and(|value| !value.is_null()))
        {
            if self.out.warned.len() >= MOST_REFUSALS {
                self.out.warned_more = self.out.warned_more.saturating_add(1);
                continue;
            }
            let message = Text::new(
                format!("数式です。計算結果「{}」を値として取り込みます。", cell.written()),
                format!("a formula: its result `{}` is taken as the value", cell.written()),
            );
            self.out.warned.push(Refusal::new(&self.table.sheet().name, cell.name(), message));
        }
    }

    fn refuse_cell(&mut self, cell: &ReadCell<'_>, message: Text) {
        self.refuse(Refusal::new(&self.table.sheet().name, cell.name(), message));
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.out.refused.len() < MOST_REFUSALS {
            self.out.refused.push(refusal);
        } else {
            self.out.refused_more = self.out.refused_more.saturating_add(1);
        }
    }
}
