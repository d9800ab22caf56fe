//! From events to tables. Every version of a row stands in its event whole, so that a version's place in the tables
//! depends on that event alone: a payload that was disposed of takes exactly its version with it, live and in a replay.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_register::{Definition, FieldType, SqlValue, Value as Field, Values, search_key};
use sekisho_store::{BlobColumn, Event, Projection, Sql, StoreError, TableDef, Value};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::load::Loaded;
use crate::tables::{self, HISTORY, LIVING};

/// Raised when `apply` changes its meaning.
const MEANING: u32 = 1;

pub(crate) const ADDED: &str = "register.row-added";
pub(crate) const CHANGED: &str = "register.row-changed";
pub(crate) const REMOVED: &str = "register.row-removed";
pub(crate) const ADOPTED: &str = "register.definition-adopted";
pub(crate) const DROPPED: &str = "register.definition-dropped";

/// Projects `register.*` events.
pub(crate) struct Rows {
    loaded: Arc<Loaded>,
    tables: Vec<TableDef>,
    blobs: Vec<BlobColumn>,
    plans: HashMap<String, Plan>,
    version: u32,
}

/// The statements of one register.
struct Plan {
    insert_living: String,
    update_living: String,
    insert_history: String,
    close_history: String,
    remove_living: String,
    last_version: String,
    blank_living: String,
    blank_history: String,
}

impl Plan {
    fn new(definition: &Definition) -> Self {
        let columns: Vec<String> = definition.columns().into_iter().map(|c| c.name).collect();
        let (living, history) = (definition.table(), definition.history_table());
        let insert = |table: &str, own: &[&str]| {
            let names: Vec<&str> = own.iter().copied().chain(columns.iter().map(String::as_str)).collect();
            let marks: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
            format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), marks.join(", "))
        };
        let sets: Vec<String> =
            ["_version", "_changed_ms", "_changed_seq", "_changed_by", "_search", "_search_secret"]
                .into_iter()
                .chain(columns.iter().map(String::as_str))
                .enumerate()
                .map(|(n, column)| format!("{column} = ?{}", n.saturating_add(2)))
                .collect();
        let blanks: Vec<String> = columns.iter().map(|c| format!(", {c} = NULL")).collect();
        let blank = format!("_search = '', _search_secret = ''{}", blanks.concat());
        Self {
            insert_living: insert(&living, &LIVING),
            update_living: format!("UPDATE {living} SET {} WHERE _row = ?1", sets.join(", ")),
            insert_history: insert(&history, &HISTORY),
            close_history: format!(
                "UPDATE {history} SET _to_ms = ?2, _to_seq = ?3 WHERE _row = ?1 AND _to_seq IS NULL"
            ),
            remove_living: format!("DELETE FROM {living} WHERE _row = ?1"),
            last_version: format!("SELECT MAX(_version) AS v FROM {history} WHERE _row = ?1"),
            blank_living: format!("UPDATE {living} SET {blank} WHERE _row = ?1 AND _changed_seq = ?2"),
            blank_history: format!("UPDATE {history} SET {blank} WHERE _row = ?1 AND _from_seq = ?2"),
        }
    }
}

impl Rows {
    pub(crate) fn new(loaded: Arc<Loaded>) -> Self {
        let mut tables: Vec<TableDef> = tables::OWN.to_vec();
        let mut blobs = Vec::new();
        let mut plans = HashMap::new();
        let mut hash = Sha256::new();
        hash.update(MEANING.to_be_bytes());
        for definition in loaded.iter() {
            tables.extend(tables::tables(definition));
            blobs.extend(tables::blobs(definition));
            plans.insert(definition.id.to_string(), Plan::new(definition));
            hash.update(definition.digest.as_bytes());
        }
        let digest = hash.finalize();
        let version = digest.iter().take(4).fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
        Self { loaded, tables, blobs, plans, version }
    }

    fn row(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        let Some((register, row)) = event.subject.split_once('/') else { return Ok(()) };
        let seq = Value::try_from(event.seq)?;
        let (Some(definition), Some(plan)) = (self.loaded.get(register), self.plans.get(register)) else {
            return orphan(tx, register, row, &event.kind);
        };
        if event.kind != ADDED {
            tx.execute(&plan.close_history, &[row.into(), event.time_ms.into(), seq.clone()])?;
        }
        if event.kind == REMOVED {
            tx.execute(&plan.remove_living, &[row.into()])?;
            return forget_misfits(tx, register, row);
        }
        let written = event.body.as_ref();
        let version = match written.and_then(|body| body.get("version")).and_then(Json::as_i64) {
            Some(version) => version,
            // The payload is gone: versions have no gaps.
            None => tx
                .query(&plan.last_version, &[row.into()])?
                .first()
                .and_then(|found| found.get_opt_i64("v").ok().flatten())
                .unwrap_or(0)
                .saturating_add(1),
        };
        let values = match written {
            Some(body) => self.values(tx, definition, row, body, event.kind == CHANGED)?,
            None => Values::new(),
        };
        let shown = written.and_then(|body| body.get("words")).and_then(Json::as_str).unwrap_or_default();
        let (open, secret) = match written {
            Some(_) => search_texts(definition, &values, shown),
            None => (String::new(), String::new()),
        };
        let columns: Vec<Value> =
            definition.to_columns(&values).into_iter().map(|(_, value)| sql_value(value)).collect();

        let mut params: Vec<Value> = vec![
            row.into(),
            version.into(),
            event.time_ms.into(),
            Value::Null,
            seq.clone(),
            Value::Null,
            event.actor.as_str().into(),
            open.as_str().into(),
            secret.as_str().into(),
        ];
        params.extend(columns.iter().cloned());
        tx.execute(&plan.insert_history, &params)?;

        let tail = [open.into(), secret.into()].into_iter().chain(columns);
        if event.kind == ADDED {
            let mut params: Vec<Value> = vec![
                row.into(),
                version.into(),
                event.time_ms.into(),
                event.time_ms.into(),
                seq,
                event.actor.as_str().into(),
            ];
            params.extend(tail);
            tx.execute(&plan.insert_living, &params)?;
        } else {
            let mut params: Vec<Value> =
                vec![row.into(), version.into(), event.time_ms.into(), seq, event.actor.as_str().into()];
            params.extend(tail);
            tx.execute(&plan.update_living, &params)?;
        }
        Ok(())
    }

    /// The row's values, and what of them today's definition can't hold.
    fn values(
        &self,
        tx: &mut dyn Sql,
        definition: &Definition,
        row: &str,
        body: &Json,
        again: bool,
    ) -> Result<Values, StoreError> {
        let register = definition.id.as_str();
        let same = body.get("definition").and_then(Json::as_str) == Some(definition.digest.as_str());
        let mut values = Values::new();
        if !same && again {
            forget_misfits(tx, register, row)?;
        }
        for (field, json) in body.get("values").and_then(Json::as_object).into_iter().flatten() {
            match fit(definition, field, json) {
                Ok(value) => {
                    values.set(field.as_str(), value);
                }
                Err(why) => {
                    tx.execute(
                        "INSERT INTO register_misfits (register, row_id, field, why) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (register, row_id, field) DO UPDATE SET why = excluded.why",
                        &[register.into(), row.into(), field.as_str().into(), why.into()],
                    )?;
                }
            }
        }
        if same && again {
            forget_misfits(tx, register, row)?;
        }
        Ok(values)
    }

    fn disposed(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        let Some(body) = event.body.as_ref() else { return Ok(()) };
        let (Some(seq), Some((register, row))) = (
            body.get("seq").and_then(Json::as_i64),
            body.get("subject").and_then(Json::as_str).and_then(|subject| subject.split_once('/')),
        ) else {
            return Ok(());
        };
        let Some(plan) = self.plans.get(register) else { return Ok(()) };
        tx.execute(&plan.blank_living, &[row.into(), seq.into()])?;
        tx.execute(&plan.blank_history, &[row.into(), seq.into()])?;
        Ok(())
    }
}

impl Projection for Rows {
    fn name(&self) -> &str {
        "registers"
    }

    fn tables(&self) -> &[TableDef] {
        &self.tables
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn blob_references(&self) -> &[BlobColumn] {
        &self.blobs
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        match event.kind.as_str() {
            ADDED | CHANGED | REMOVED => self.row(tx, event),
            sekisho_store::DISPOSED => self.disposed(tx, event),
            ADOPTED | DROPPED => adopted(tx, event),
            _ => Ok(()),
        }
    }
}

/// A value of an event under today's definition.
pub(crate) fn fit(definition: &Definition, field: &str, json: &Json) -> Result<Field, &'static str> {
    if json.is_null() {
        return Ok(Field::Null);
    }
    let Some(field) = definition.field(field).filter(|field| field.is_stored()) else {
        return Err("field-removed");
    };
    let value = field.from_json(json).map_err(|_| "type-changed")?;
    let known = match &field.kind {
        FieldType::Choice => value.as_text().is_none_or(|id| field.choice(id).is_some()),
        FieldType::Choices => value.as_list().iter().all(|id| field.choice(id).is_some()),
        _ => true,
    };
    if known { Ok(value) } else { Err("choice-removed") }
}

/// What is searched: for everybody who sees the register, and beyond that for those who see its secret fields.
pub(crate) fn search_texts(definition: &Definition, values: &Values, shown: &str) -> (String, String) {
    let mut open = definition.search_text(values);
    let mut secret = String::new();
    for field in definition.stored_fields().filter(|field| field.confidentiality.is_some()) {
        let key = match values.get(field.id.as_str()) {
            Field::Text(text) => match field.choice(text) {
                Some(choice) => search_key(&choice.label.ja),
                None => search_key(text),
            },
            Field::Int(number) => number.to_string(),
            Field::Date(day) => day.to_string(),
            Field::File { name, .. } => search_key(name),
            _ => continue,
        };
        add_line(&mut secret, &key);
    }
    for line in shown.lines() {
        add_line(&mut open, &search_key(line));
    }
    (open, secret)
}

fn add_line(out: &mut String, line: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(line);
}

pub(crate) fn sql_value(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Int(number) => Value::Int(number),
        SqlValue::Text(text) => Value::Text(text),
    }
}

/// A row of a register that has no definition any more.
fn orphan(tx: &mut dyn Sql, register: &str, row: &str, kind: &str) -> Result<(), StoreError> {
    if kind == REMOVED {
        return forget_misfits(tx, register, row);
    }
    tx.execute(
        "INSERT INTO register_misfits (register, row_id, field, why) VALUES (?1, ?2, '', 'register-removed')
         ON CONFLICT (register, row_id, field) DO NOTHING",
        &[register.into(), row.into()],
    )?;
    Ok(())
}

fn forget_misfits(tx: &mut dyn Sql, register: &str, row: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM register_misfits WHERE register = ?1 AND row_id = ?2",
        &[register.into(), row.into()],
    )?;
    Ok(())
}

fn adopted(tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
    let digest =
        event.body.as_ref().and_then(|body| body.get("digest")).and_then(Json::as_str).unwrap_or_default();
    tx.execute(
        "INSERT INTO register_definitions (register, digest, seq, time_ms, dropped) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (register) DO UPDATE SET digest = excluded.digest, seq = excluded.seq,
           time_ms = excluded.time_ms, dropped = excluded.dropped",
        &[
            event.subject.as_str().into(),
            digest.into(),
            Value::try_from(event.seq)?,
            event.time_ms.into(),
            (event.kind == DROPPED).into(),
        ],
    )?;
    Ok(())
}
