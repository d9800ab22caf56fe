//! A definition changes, rows stay. Before a changed definition is adopted every row is read under it; rows that don't fit
//! are named and nothing is adopted. Each adopted definition stands in the ledger with its text, so that the values of
//! old events can be read with the words of their time.

use std::collections::BTreeMap;
use std::fmt;

use sekisho_register::{Definition, Env, Text, Values};
use sekisho_store::Store;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::load::Loaded;
use crate::names::column;
use crate::projection::{ADOPTED, DROPPED, fit};
use crate::rows;
use crate::tables::Table;
use crate::{Registers, RegistersError, Result};

/// Rows that are read at once.
const STRETCH: usize = 2_000;

/// Most rows that a refusal names.
const NAMED: usize = 1_000;

/// A row that doesn't fit a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// The register.
    pub register: String,
    /// The row's identifier.
    pub row: String,
    /// The row's key, as far as it can be read.
    pub key: String,
    /// The field; empty when it is about the row as a whole.
    pub field: String,
    /// Why not, and what to do.
    pub message: Text,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.key.is_empty() { &self.row } else { &self.key };
        write!(f, "{} {name} {}: {}", self.register, self.field, self.message.en)
    }
}

impl Misfit {
    /// The same in Japanese.
    #[must_use]
    pub fn ja(&self) -> String {
        let name = if self.key.is_empty() { &self.row } else { &self.key };
        let field = if self.field.is_empty() { String::new() } else { format!("「{}」", self.field) };
        format!("台帳「{}」の行「{name}」{field}: {}", self.register, self.message.ja)
    }
}

impl Registers {
    /// Which living rows would not fit other definitions; `sekisho register migrate` asks before they are put in place.
    ///
    /// # Errors
    /// When the store fails.
    pub fn misfits(&self, new: &Loaded) -> Result<Vec<Misfit>> {
        let mut found = Vec::new();
        for old in self.inner.loaded.iter() {
            let same = new.get(old.id.as_str()).is_some_and(|new| new.digest == old.digest);
            if !same {
                found.extend(misfits_of(&self.inner.store, old, new.get(old.id.as_str()), &self.env())?);
            }
        }
        Ok(found)
    }

    /// Writes new and changed definitions into the ledger, if every row fits.
    pub(crate) fn adopt(&self) -> Result<()> {
        let adopted = self.adopted()?;
        let mut changes: Vec<(&'static str, String, Json)> = Vec::new();
        let mut changed = Vec::new();
        for definition in self.inner.loaded.iter() {
            let before = adopted.get(definition.id.as_str());
            if before.is_some_and(|(digest, dropped)| *digest == definition.digest && !dropped) {
                continue;
            }
            if before.is_some() {
                changed.push(definition);
            }
            let body = json!({
                "digest": definition.digest,
                "text": self.inner.loaded.text(definition.id.as_str()),
                "definition": serde_json::to_value(definition)
                    .map_err(|error| RegistersError::Machine(error.to_string()))?,
            });
            changes.push((ADOPTED, definition.id.to_string(), body));
        }
        for (register, (digest, dropped)) in &adopted {
            if !dropped && self.inner.loaded.get(register).is_none() {
                changes.push((DROPPED, register.clone(), json!({ "digest": digest })));
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let mut misfits = self.projected_misfits()?;
        let env = self.env();
        for definition in changed {
            misfits.extend(misfits_of(&self.inner.store, definition, Some(definition), &env)?);
        }
        if !misfits.is_empty() {
            return Err(RegistersError::Misfits(misfits));
        }
        self.inner.store.write(move |tx| -> Result<()> {
            for (kind, register, body) in changes {
                tx.emit(kind, "system", &register, body)?;
            }
            Ok(())
        })
    }

    fn adopted(&self) -> Result<BTreeMap<String, (String, bool)>> {
        self.inner.store.read(|tx| {
            let rows = tx.query("SELECT register, digest, dropped FROM register_definitions", &[])?;
            let mut adopted = BTreeMap::new();
            for row in rows {
                adopted.insert(
                    row.get_string("register")?,
                    (row.get_string("digest")?, row.get_bool("dropped")?),
                );
            }
            Ok(adopted)
        })
    }

    /// What the replay under the new definitions could not keep.
    fn projected_misfits(&self) -> Result<Vec<Misfit>> {
        self.inner.store.read(|tx| {
            let sql = format!(
                "SELECT register, row_id, field, why FROM register_misfits ORDER BY register, row_id, field LIMIT {NAMED}"
            );
            let mut found = Vec::new();
            for row in tx.query(&sql, &[])? {
                let (register, id) = (row.get_string("register")?, row.get_string("row_id")?);
                let key = match self.inner.loaded.get(&register) {
                    None => String::new(),
                    Some(definition) => {
                        let sql = format!(
                            "SELECT {} AS k FROM {} WHERE _row = ?1",
                            definition.key,
                            definition.table()
                        );
                        let rows = tx.query(&sql, &[id.as_str().into()])?;
                        rows.first().and_then(|row| row.get_opt_text("k").ok().flatten()).unwrap_or_default().to_owned()
                    }
                };
                let message = reason(row.get_text("why")?);
                found.push(Misfit { register, row: id, key, field: row.get_string("field")?, message });
            }
            Ok(found)
        })
    }
}

/// Which living rows of one register don't fit its changed (or missing) definition. The rows are read under `old`.
///
/// # Errors
/// When the store fails.
pub fn migrate_check(
    store: &Store,
    old: &Definition,
    new: Option<&Definition>,
    env: &Env,
) -> Result<Vec<Misfit>> {
    misfits_of(store, old, new, env)
}

fn misfits_of(store: &Store, old: &Definition, new: Option<&Definition>, env: &Env) -> Result<Vec<Misfit>> {
    store.read(|tx| {
        let mut found = Vec::new();
        let mut last = String::new();
        loop {
            let sql = format!(
                "SELECT {} FROM {} WHERE _row > ?1 ORDER BY _row LIMIT {STRETCH}",
                rows::columns(old, Table::Living),
                old.table()
            );
            let stretch = tx.query(&sql, &[last.as_str().into()])?;
            for row in &stretch {
                let id = row.get_string("_row")?;
                let values = old.from_columns(|name| column(row, name));
                let key = crate::model::plain(values.get(old.key.as_str()));
                let misfit = |field: &str, message: Text| Misfit {
                    register: old.id.to_string(),
                    row: id.clone(),
                    key: key.clone(),
                    field: field.to_owned(),
                    message,
                };
                match new {
                    None => found.push(misfit("", reason("register-removed"))),
                    Some(new) => {
                        let (values, unfit) = converted(old, new, &values);
                        found.extend(unfit.into_iter().map(|(field, why)| misfit(&field, reason(why))));
                        let broken = new.check_row(&values, env).into_iter().filter(|v| v.refuse);
                        found.extend(broken.map(|violation| {
                            let field = violation.field.map(|f| f.to_string()).unwrap_or_default();
                            misfit(&field, violation.message)
                        }));
                    }
                }
                if found.len() >= NAMED {
                    return Ok(found);
                }
            }
            match stretch.last() {
                Some(row) if stretch.len() >= STRETCH => last = row.get_string("_row")?,
                _ => return Ok(found),
            }
        }
    })
}

/// The values under another definition, and the fields that it can't hold.
fn converted(old: &Definition, new: &Definition, values: &Values) -> (Values, Vec<(String, &'static str)>) {
    let mut out = Values::new();
    let mut unfit = Vec::new();
    for field in old.input_fields() {
        let id = field.id.as_str();
        let value = values.get(id);
        if value.is_null() {
            continue;
        }
        match fit(new, id, &field.to_json(value)) {
            Ok(value) => {
                out.set(id, value);
            }
            Err(why) => unfit.push((id.to_owned(), why)),
        }
    }
    // What is computed is computed anew; here it only must not be missing.
    for field in new.fields.iter().filter(|field| field.derive.is_some() && field.is_stored()) {
        out.set(field.id.as_str(), values.get(field.id.as_str()).clone());
    }
    (out, unfit)
}

fn reason(why: &str) -> Text {
    match why {
        "register-removed" => Text::new(
            "台帳の定義がなくなりましたが、行が残っています。行を削除してから定義を外してください。",
            "the register's definition is gone but the row is alive; remove the rows first",
        ),
        "field-removed" => Text::new(
            "定義からなくなった項目に値があります。値を空にするか、項目を残してください。",
            "the field is gone but has a value; empty it or keep the field",
        ),
        "choice-removed" => Text::new(
            "選択肢からなくなった値が使われています。値を変えるか、選択肢を残してください。",
            "the value is no choice any more; change it or keep the choice",
        ),
        _ => Text::new(
            "項目の種類が変わり、今の値を読めません。値を変えるか、種類を元に戻してください。",
            "the field's type has changed and can't hold the value; change the value or keep the type",
        ),
    }
}
