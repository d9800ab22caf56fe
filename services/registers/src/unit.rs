//! One unit of work on rows: every check, then the event. The store has one writer, so what is read here can't change
//! before the unit ends: numbers have no gaps by races, keys stay unique, references exist.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use sekisho_register::{
    Definition, Env, FieldId, FieldType, Found, Lookup, SqlValue, Value as Field, Values, Violation,
};
use sekisho_store::{ReadTx, Value, WriteTx};
use serde_json::{Map, Value as Json, json};

use crate::names::{Ask, Names};
use crate::projection::{ADDED, CHANGED, REMOVED, sql_value};
use crate::rows::{self, Current};
use crate::{Inner, Referrer, RefusedRow, RegistersError, Result, RowId, RowView, classes, model, special};

/// From this many rows on, keys in use are read once instead of one by one.
const MANY: usize = 5_000;

/// Most referrers that a refusal names.
const NAMED: usize = 20;

/// Who writes and why, as the events say.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) actor: String,
    pub(crate) via: String,
    pub(crate) reason: String,
    pub(crate) case: Option<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) row: RowId,
    pub(crate) version: u32,
    pub(crate) seq: u64,
}

/// A unit of work.
pub(crate) struct Unit<'a> {
    pub(crate) inner: &'a Inner,
    /// What reads.
    pub(crate) ask: &'a dyn Ask,
    /// What writes; a check has none.
    pub(crate) tx: Option<&'a RefCell<&'a mut WriteTx>>,
    pub(crate) names: &'a Names<'a>,
    pub(crate) origin: Origin,
    pub(crate) env: Env,
    pub(crate) now_ms: i64,
    /// Rows that are going to be written, to choose how to look for keys in use.
    expected: usize,
    keys: HashMap<(String, String), HashMap<SqlValue, RowId>>,
    existing: HashSet<(String, String)>,
    counters: HashMap<String, u64>,
    climbing: usize,
}

/// Runs a unit of work and keeps its counters.
pub(crate) fn run<T>(
    inner: &Inner,
    tx: &mut WriteTx,
    origin: Origin,
    expected: usize,
    work: impl FnOnce(&mut Unit<'_>) -> Result<T>,
) -> Result<T> {
    let now_ms = tx.now_ms();
    let cell = RefCell::new(tx);
    let names = inner.names(&cell);
    let mut unit = Unit::new(inner, &cell, Some(&cell), &names, origin, now_ms, expected);
    let result = work(&mut unit)?;
    unit.keep_counters()?;
    names.finish()?;
    Ok(result)
}

/// Runs checks on a snapshot; nothing can be written.
pub(crate) fn rehearse<T>(
    inner: &Inner,
    tx: &ReadTx,
    origin: Origin,
    expected: usize,
    work: impl FnOnce(&mut Unit<'_>) -> Result<T>,
) -> Result<T> {
    let names = inner.names(tx);
    let now_ms = inner.store.clock().now_ms();
    let result = work(&mut Unit::new(inner, tx, None, &names, origin, now_ms, expected))?;
    names.finish()?;
    Ok(result)
}

impl<'a> Unit<'a> {
    fn new(
        inner: &'a Inner,
        ask: &'a dyn Ask,
        tx: Option<&'a RefCell<&'a mut WriteTx>>,
        names: &'a Names<'a>,
        origin: Origin,
        now_ms: i64,
        expected: usize,
    ) -> Self {
        Self {
            inner,
            ask,
            tx,
            names,
            origin,
            env: inner.env(now_ms),
            now_ms,
            expected,
            keys: HashMap::new(),
            existing: HashSet::new(),
            counters: HashMap::new(),
            climbing: 0,
        }
    }
}

impl Unit<'_> {
    /// Appends an event.
    pub(crate) fn event(&self, kind: &str, subject: &str, body: Json) -> Result<u64> {
        let Some(tx) = self.tx else {
            return Err(RegistersError::Machine("a rehearsal can't write".to_owned()));
        };
        Ok(tx.borrow_mut().emit(kind, &self.origin.actor, subject, body)?)
    }

    /// The row as it is now, if it has the version that was shown.
    pub(crate) fn current(&self, definition: &Definition, row: &RowId, base_version: u32) -> Result<Current> {
        let current =
            rows::living(self.ask, definition, row)?.ok_or_else(|| self.missing(definition, row))?;
        if current.version != base_version {
            return Err(RegistersError::Conflict { theirs: Box::new(whole(definition, current)) });
        }
        Ok(current)
    }

    fn missing(&self, definition: &Definition, row: &RowId) -> RegistersError {
        let sql = format!("SELECT _version FROM {} WHERE _row = ?1 LIMIT 1", definition.history_table());
        match self.ask.ask(&sql, &[row.as_str().into()]) {
            Ok(found) if found.is_empty() => RegistersError::NotFound(format!("row {row}")),
            Ok(_) => RegistersError::Gone,
            Err(error) => error.into(),
        }
    }

    /// Completes the values of a row and checks them: computed fields, forms, rules, references, keys in use.
    pub(crate) fn complete(
        &mut self,
        index: usize,
        definition: &Definition,
        old: Option<&Current>,
        mut values: Values,
        assign: bool,
    ) -> Result<Values> {
        let blank_key = values.get(definition.key.as_str()).is_null() && definition.assigns_keys();
        if blank_key {
            let key = match old {
                Some(old) => old.values.get(definition.key.as_str()).clone(),
                None => Field::Text(definition.numbered_key(self.next_number(definition)?)),
            };
            values.set(definition.key.as_str(), key);
        }
        definition.derive(&mut values, &self.env, self.names);
        let mut violations: Vec<Violation> = definition
            .check_row(&values, &self.env)
            .into_iter()
            .filter(|violation| violation.refuse)
            .collect();
        let before = old.map(|old| &old.values);
        self.check_references(definition, before, &values, &mut violations)?;
        violations.extend(special::check(self, definition, &values)?);
        if violations.is_empty() {
            self.check_keys(definition, old, &values, &mut violations)?;
        }
        self.names.finish()?;
        if !violations.is_empty() {
            return Err(RegistersError::refused(index, violations));
        }
        if assign && old.is_none() {
            self.note_number(definition, &values)?;
        } else if blank_key && old.is_none() {
            values.set(definition.key.as_str(), Field::Null);
        }
        Ok(values)
    }

    /// Writes a new row. The values were completed.
    pub(crate) fn add(&mut self, definition: &Definition, values: &Values) -> Result<Done> {
        let row = RowId::new(self.now_ms)?;
        let seq = self.emit(ADDED, definition, &row, 1, None, Some(values))?;
        self.note_keys(definition, &row, None, values);
        self.existing.insert((definition.id.to_string(), row.to_string()));
        Ok(Done { row, version: 1, seq })
    }

    /// Writes a new version of a row. The values were completed. Nothing is written when nothing differs.
    pub(crate) fn change(&mut self, definition: &Definition, old: &Current, values: &Values) -> Result<Done> {
        if old.values.differing(values).is_empty() {
            return Ok(Done { row: old.row.clone(), version: old.version, seq: old.seq });
        }
        let version = rows::next_version(old.version)?;
        let seq = self.emit(CHANGED, definition, &old.row, version, Some(&old.values), Some(values))?;
        self.note_keys(definition, &old.row, Some(&old.values), values);
        self.climb(definition, &old.row, &old.values, values)?;
        Ok(Done { row: old.row.clone(), version, seq })
    }

    /// Removes a row that nothing refers to.
    pub(crate) fn remove(&mut self, definition: &Definition, old: &Current) -> Result<Done> {
        let referrers = self.referrers(definition, &old.row)?;
        if !referrers.is_empty() {
            return Err(RegistersError::Referred(referrers));
        }
        let seq = self.emit(REMOVED, definition, &old.row, old.version, Some(&old.values), None)?;
        self.note_keys(definition, &old.row, Some(&old.values), &Values::new());
        self.existing.remove(&(definition.id.to_string(), old.row.to_string()));
        Ok(Done { row: old.row.clone(), version: old.version, seq })
    }

    fn emit(
        &mut self,
        kind: &str,
        definition: &Definition,
        row: &RowId,
        version: u32,
        old: Option<&Values>,
        new: Option<&Values>,
    ) -> Result<u64> {
        let mut body = Map::new();
        body.insert("register".to_owned(), definition.id.as_str().into());
        body.insert("row".to_owned(), row.as_str().into());
        body.insert("version".to_owned(), version.into());
        body.insert("definition".to_owned(), definition.digest.as_str().into());
        if let Some(new) = new {
            body.insert("values".to_owned(), new.to_json(definition));
            let words = self.shown(definition, new);
            if !words.is_empty() {
                body.insert("words".to_owned(), words.into());
            }
        }
        if let Some(old) = old {
            match new {
                Some(new) => body.insert("changes".to_owned(), changes(definition, old, new)),
                None => body.insert("last".to_owned(), old.to_json(definition)),
            };
        }
        if !self.origin.reason.is_empty() {
            body.insert("reason".to_owned(), self.origin.reason.as_str().into());
        }
        if let Some(case) = &self.origin.case {
            body.insert("case".to_owned(), case.as_str().into());
        }
        body.insert("via".to_owned(), self.origin.via.as_str().into());
        let subject = format!("{}/{row}", definition.id);
        self.event(kind, &subject, Json::Object(body))
    }

    /// The names behind the ids of a row, one a line, for the search.
    fn shown(&self, definition: &Definition, values: &Values) -> String {
        let mut out = String::new();
        for field in definition.stored_fields().filter(|field| field.confidentiality.is_none()) {
            let value = values.get(field.id.as_str());
            if value.is_null() {
                continue;
            }
            if let Some(name) = self.names.shown(&field.kind, value) {
                if !out.is_empty() {
                    out.push('\n');
                }
                out.push_str(&name);
            }
        }
        out
    }

    // ---- numbers

    fn next_number(&mut self, definition: &Definition) -> Result<u64> {
        Ok(self.counter(definition)?.saturating_add(1))
    }

    fn counter(&mut self, definition: &Definition) -> Result<u64> {
        if let Some(last) = self.counters.get(definition.id.as_str()) {
            return Ok(*last);
        }
        let rows = self.ask.ask(
            "SELECT last_number FROM register_counters WHERE register = ?1",
            &[definition.id.as_str().into()],
        )?;
        let last = rows.first().map_or(Ok(0), |row| row.get_u64("last_number"))?;
        self.counters.insert(definition.id.to_string(), last);
        Ok(last)
    }

    /// A number that is in use, assigned or brought along, is never assigned again.
    fn note_number(&mut self, definition: &Definition, values: &Values) -> Result<()> {
        if !definition.assigns_keys() {
            return Ok(());
        }
        let used = values.get(definition.key.as_str()).as_text().and_then(|key| definition.key_counter(key));
        if let Some(used) = used {
            let last = self.counter(definition)?;
            self.counters.insert(definition.id.to_string(), last.max(used));
        }
        Ok(())
    }

    fn keep_counters(&mut self) -> Result<()> {
        let Some(tx) = self.tx else { return Ok(()) };
        for (register, last) in &self.counters {
            tx.borrow_mut().execute(
                "INSERT INTO register_counters (register, last_number) VALUES (?1, ?2)
                 ON CONFLICT (register) DO UPDATE SET last_number = excluded.last_number
                 WHERE register_counters.last_number < excluded.last_number",
                &[register.as_str().into(), Value::try_from(*last)?],
            )?;
        }
        Ok(())
    }

    // ---- keys in use

    fn check_keys(
        &mut self,
        definition: &Definition,
        old: Option<&Current>,
        values: &Values,
        violations: &mut Vec<Violation>,
    ) -> Result<()> {
        for field in definition.stored_fields() {
            if !field.unique && field.id != definition.key {
                continue;
            }
            let value = values.get(field.id.as_str());
            if value.is_null() || old.is_some_and(|old| old.values.get(field.id.as_str()) == value) {
                continue;
            }
            let (columns, parts) = (field.columns(), field.to_sql(value));
            let (Some(column), Some(part)) = (columns.first(), parts.first()) else { continue };
            let taken = self.holder(definition, &column.name, part)?;
            if taken.is_some_and(|row| old.is_none_or(|old| old.row != row)) {
                let shown = model::plain(value);
                violations.push(violation(
                    &field.id,
                    format!("{}「{shown}」はすでに使われています。", field.label.ja),
                    format!("{} `{shown}` is already in use", field.label.en),
                ));
            }
        }
        Ok(())
    }

    fn holder(&mut self, definition: &Definition, column: &str, part: &SqlValue) -> Result<Option<RowId>> {
        let table = definition.table();
        let read = |row: &sekisho_store::Row| -> Result<RowId> {
            row.get_text("_row")?.parse().map_err(|error: crate::RowIdError| {
                sekisho_store::StoreError::Damaged { place: table.clone(), what: error.to_string() }.into()
            })
        };
        if self.expected < MANY {
            let sql = format!("SELECT _row FROM {table} WHERE {column} = ?1 LIMIT 1");
            return self.ask.ask(&sql, &[sql_value(part.clone())])?.first().map(read).transpose();
        }
        let place = (definition.id.to_string(), column.to_owned());
        if !self.keys.contains_key(&place) {
            let sql = format!("SELECT _row, {column} FROM {table} WHERE {column} IS NOT NULL");
            let mut known = HashMap::new();
            for row in self.ask.ask(&sql, &[])? {
                known.insert(crate::names::column(&row, column), read(&row)?);
            }
            self.keys.insert(place.clone(), known);
        }
        Ok(self.keys.get(&place).and_then(|known| known.get(part)).cloned())
    }

    pub(crate) fn note_keys(
        &mut self,
        definition: &Definition,
        row: &RowId,
        old: Option<&Values>,
        new: &Values,
    ) {
        if self.keys.is_empty() {
            return;
        }
        for field in definition.stored_fields() {
            let Some(column) = field.columns().into_iter().next() else { continue };
            let Some(known) = self.keys.get_mut(&(definition.id.to_string(), column.name)) else { continue };
            let part = |values: &Values| field.to_sql(values.get(field.id.as_str())).into_iter().next();
            if let Some(part) = old.and_then(part) {
                known.remove(&part);
            }
            if let Some(part) = part(new).filter(|part| *part != SqlValue::Null) {
                known.insert(part, row.clone());
            }
        }
    }

    // ---- references

    fn check_references(
        &mut self,
        definition: &Definition,
        old: Option<&Values>,
        values: &Values,
        violations: &mut Vec<Violation>,
    ) -> Result<()> {
        for field in definition.input_fields() {
            let value = values.get(field.id.as_str());
            if value.is_null() || old.is_some_and(|old| old.get(field.id.as_str()) == value) {
                continue;
            }
            let missing = match &field.kind {
                FieldType::Person => value
                    .as_text()
                    .filter(|id| !matches!(self.names.person(id), Found::One(one) if one == **id)),
                FieldType::Unit => value
                    .as_text()
                    .filter(|id| !matches!(self.names.unit(id), Found::One(one) if one == **id)),
                FieldType::Zone => value
                    .as_text()
                    .filter(|id| !matches!(self.names.zone(id), Found::One(one) if one == **id)),
                FieldType::Class(axis) => value
                    .as_text()
                    .filter(|id| !matches!(self.names.class(*axis, id), Found::One(one) if one == **id)),
                FieldType::Reference(register) | FieldType::References(register) => {
                    let ids = match value {
                        Field::List(ids) => ids.as_slice(),
                        Field::Text(id) => std::slice::from_ref(id),
                        _ => &[],
                    };
                    let mut missing = None;
                    for id in ids {
                        if !self.exists(register.as_str(), id)? {
                            missing = Some(id.as_str());
                            break;
                        }
                    }
                    missing
                }
                _ => None,
            };
            if let Some(id) = missing {
                violations.push(violation(
                    &field.id,
                    format!("{}の「{id}」は登録されていません。一覧から選び直してください。", field.label.ja),
                    format!("`{id}` in {} is not registered; choose from the list", field.label.en),
                ));
            }
        }
        Ok(())
    }

    /// Is there a living row of this id?
    pub(crate) fn exists(&mut self, register: &str, id: &str) -> Result<bool> {
        let place = (register.to_owned(), id.to_owned());
        if self.existing.contains(&place) {
            return Ok(true);
        }
        let Some(definition) = self.inner.loaded.get(register) else { return Ok(false) };
        let sql = format!("SELECT _row FROM {} WHERE _row = ?1", definition.table());
        let found = !self.ask.ask(&sql, &[id.into()])?.is_empty();
        if found {
            self.existing.insert(place);
        }
        Ok(found)
    }

    /// The living rows that refer to a row.
    fn referrers(&self, definition: &Definition, row: &RowId) -> Result<Vec<Referrer>> {
        let mut found = Vec::new();
        for other in self.inner.loaded.iter() {
            for field in &other.fields {
                let refers = match &field.kind {
                    FieldType::Person => definition.id == "staff",
                    FieldType::Reference(register) | FieldType::References(register) => {
                        *register == definition.id
                    }
                    _ => false,
                };
                if !refers || !field.is_stored() {
                    continue;
                }
                let (condition, value) = naming(field.id.as_str(), field.kind.is_list(), row);
                let sql = format!(
                    "SELECT {} FROM {} WHERE {condition} AND _row <> ?2 ORDER BY _row LIMIT {NAMED}",
                    rows::columns(other, crate::tables::Table::Living),
                    other.table()
                );
                for hit in self.ask.ask(&sql, &[value, row.as_str().into()])? {
                    let current = rows::read(other, &hit)?;
                    found.push(Referrer {
                        register: other.id.clone(),
                        label: other.label.clone(),
                        row: current.row,
                        title: model::plain(current.values.get(other.title.as_str())),
                        field: field.id.clone(),
                    });
                    if found.len() >= NAMED {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
    }

    // ---- classes

    /// Hands a changed class on to everything that contains the row.
    fn climb(&mut self, definition: &Definition, row: &RowId, old: &Values, new: &Values) -> Result<()> {
        if classes::class_fields(definition).all(|field| old.get(field) == new.get(field)) {
            return Ok(());
        }
        if self.climbing >= classes::CLIMB {
            return Err(RegistersError::invalid(
                "情報資産の包含関係が循環しているか深すぎるため、分類を決められません。包含関係を見直してください。",
                "the containers go in a circle or are nested too deeply; no class can be computed",
            ));
        }
        self.climbing = self.climbing.saturating_add(1);
        let mut done = BTreeSet::new();
        for container in classes::containers(&self.inner.loaded, definition.id.as_str()) {
            let Some(holder) = self.inner.loaded.get(&container.register) else { continue };
            let (condition, value) = naming(&container.parts, container.several, row);
            let sql = format!(
                "SELECT {} FROM {} WHERE {condition} ORDER BY _row",
                rows::columns(holder, crate::tables::Table::Living),
                holder.table()
            );
            let found = self.ask.ask(&sql, &[value])?;
            for hit in found {
                let current = rows::read(holder, &hit)?;
                if !done.insert((holder.id.clone(), current.row.clone())) {
                    continue;
                }
                let mut values = current.values.clone();
                holder.derive(&mut values, &self.env, self.names);
                if current.values.differing(&values).is_empty() {
                    continue;
                }
                let via = std::mem::replace(&mut self.origin.via, "class-max".to_owned());
                let changed = self.change(holder, &current, &values);
                self.origin.via = via;
                changed?;
            }
        }
        self.climbing = self.climbing.saturating_sub(1);
        Ok(())
    }
}

/// A condition that a field names a row, with its parameter `?1`.
fn naming(column: &str, several: bool, row: &RowId) -> (String, Value) {
    if several {
        // Identifiers have no character that means something in a pattern but `_`, of which each has one in front.
        (
            format!("{column} LIKE ?1 ESCAPE '\\'"),
            Value::Text(format!("%,{},%", row.as_str().replace('_', "\\_"))),
        )
    } else {
        (format!("{column} = ?1"), row.as_str().into())
    }
}

/// A refusal that a field shows.
pub(crate) fn violation(field: &FieldId, ja: impl Into<String>, en: impl Into<String>) -> Violation {
    Violation { rule: None, field: Some(field.clone()), message: model::text(ja, en), refuse: true }
}

/// The difference of two versions: field → [before, after].
pub(crate) fn changes(definition: &Definition, old: &Values, new: &Values) -> Json {
    let mut out = Map::new();
    for id in old.differing(new) {
        let pair = definition
            .field(id)
            .map_or(Json::Null, |field| json!([field.to_json(old.get(id)), field.to_json(new.get(id))]));
        out.insert(id.to_owned(), pair);
    }
    Json::Object(out)
}

/// A row with nothing kept back; callers take away what a person may not see.
pub(crate) fn whole(definition: &Definition, current: Current) -> RowView {
    RowView {
        id: current.row,
        key: model::plain(current.values.get(definition.key.as_str())),
        title: model::plain(current.values.get(definition.title.as_str())),
        version: current.version,
        values: current.values,
        hidden: Vec::new(),
        changed_ms: current.changed_ms,
        changed_by: current.changed_by,
    }
}

/// Collects what several rows are refused for; anything but a refusal ends the unit at once.
pub(crate) fn gather<T>(result: Result<T>, refused: &mut Vec<RefusedRow>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(RegistersError::Refused(mut rows)) => {
            refused.append(&mut rows);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}
