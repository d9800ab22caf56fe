//! What happened to a row, read from the ledger itself: who, when, why, and each field before and after.

use sekisho_register::{Action, Definition, Value as Field, Values};
use sekisho_store::{Event, ReadTx};
use serde_json::Value as Json;

use crate::caller::Authority;
use crate::caller::Caller;
use crate::projection::{ADDED, CHANGED, REMOVED, fit};
use crate::rows;
use crate::tables::Table;
use crate::{FieldChange, Registers, RegistersError, Result, RowId, Version, VersionKind};

impl Registers {
    /// Every version of a row, the oldest first. A row that was removed keeps its history for those who could see it.
    ///
    /// # Errors
    /// [`RegistersError::NotFound`] if there never was such a row or the caller may not see it.
    pub fn history(&self, caller: &Caller, register: &str, row: &RowId) -> Result<Vec<Version>> {
        let definition = self.inner.definition(register)?;
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            let sql = format!(
                "SELECT {}, _to_seq FROM {} WHERE _row = ?1 ORDER BY _version",
                rows::columns(definition, Table::History),
                definition.history_table()
            );
            let found = tx.query(&sql, &[row.as_str().into()])?;
            let last = found.last().map(|last| rows::read(definition, last)).transpose()?;
            let seen = last
                .filter(|last| authority.reach(Action::See).holds(definition, &last.values))
                .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))?;
            let mut versions = Vec::new();
            for version in &found {
                versions.extend(self.version(
                    tx,
                    definition,
                    &authority,
                    version.get_u64("_changed_seq")?,
                )?);
            }
            if let Some(removed) = found.last().map(|last| last.get_opt_i64("_to_seq")).transpose()?.flatten()
            {
                let seq = u64::try_from(removed).unwrap_or_default();
                versions.extend(self.version(tx, definition, &authority, seq)?.map(|mut version| {
                    version.version = seen.version;
                    version
                }));
            }
            names.finish()?;
            Ok(versions)
        })
    }

    fn version(
        &self,
        tx: &ReadTx,
        definition: &Definition,
        authority: &Authority<'_>,
        seq: u64,
    ) -> Result<Option<Version>> {
        let Some(event) = tx.event(seq)? else { return Ok(None) };
        let kind = match event.kind.as_str() {
            ADDED => VersionKind::Added,
            CHANGED => VersionKind::Changed,
            REMOVED => VersionKind::Removed,
            _ => return Ok(None),
        };
        let body = event.body.as_ref();
        let text = |key: &str| body.and_then(|b| b.get(key)).and_then(Json::as_str).unwrap_or_default();
        let number = body.and_then(|b| b.get("version")).and_then(Json::as_u64).unwrap_or_default();
        Ok(Some(Version {
            version: u32::try_from(number).unwrap_or(u32::MAX),
            kind,
            time_ms: event.time_ms,
            actor: event.actor.clone(),
            changes: changes(definition, authority, &event),
            case: text("case").parse().ok(),
            reason: text("reason").to_owned(),
            via: text("via").to_owned(),
            seq,
        }))
    }
}

/// Each field before and after, as far as the caller may see it. A field that today's definition doesn't have is left
/// out; the ledger keeps it.
fn changes(definition: &Definition, authority: &Authority<'_>, event: &Event) -> Option<Vec<FieldChange>> {
    let body = event.body.as_ref()?;
    let value = |field: &str, json: Option<&Json>| {
        json.and_then(|json| fit(definition, field, json).ok()).unwrap_or(Field::Null)
    };
    let whole = |key: &str| -> Values {
        let members = body.get(key).and_then(Json::as_object);
        members.into_iter().flatten().map(|(id, json)| (id.clone(), value(id, Some(json)))).collect()
    };
    let pairs: Vec<(String, Field, Field)> = match body.get("changes").and_then(Json::as_object) {
        Some(changes) => changes
            .iter()
            .map(|(id, pair)| (id.clone(), value(id, pair.get(0)), value(id, pair.get(1))))
            .collect(),
        None => {
            let (old, new) = (whole("last"), whole("values"));
            let ids: Vec<String> = old.differing(&new).into_iter().map(str::to_owned).collect();
            ids.into_iter().map(|id| (id.clone(), old.get(&id).clone(), new.get(&id).clone())).collect()
        }
    };
    let visible = definition.fields.iter().filter(|field| authority.sees(field));
    Some(
        visible
            .filter_map(|field| {
                let (_, old, new) = pairs.iter().find(|(id, ..)| field.id == id.as_str())?;
                Some(FieldChange { field: field.id.clone(), old: old.clone(), new: new.clone() })
            })
            .collect(),
    )
}
