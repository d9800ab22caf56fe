//! The registers of the policy (台帳): a definition gives the tables, the list, the history, the checks, the exchange with
//! Excel and the evidence in the ledger.
//!
//! Rows come in through [`Registers::save`] and its relatives only; each change is an event, and the tables are made
//! from the events. Nothing here parses a foreign file: workbooks and attachments go through the sandbox. A face holds
//! no rule of its own; it asks [`Registers::may`] and shows what it gets.

mod approve;
mod caller;
mod classes;
pub mod disposal;
mod due;
mod error;
mod exchange;
mod guard;
mod history;
mod id;
mod list;
mod load;
mod migrate;
mod model;
mod names;
mod projection;
mod retention;
mod rows;
mod search;
mod special;
mod tables;
mod unit;
mod views;
mod whole;
mod words;
mod write;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sekisho_approval::Approval;
use sekisho_identity::Identity;
use sekisho_policy::Policy;
use sekisho_register::{
    Action, Catalogue, DefaultEnv, Definition, Env, Field, Lang, Lookup, Value, Values, Vocabulary,
};
use sekisho_store::{Module, Projection, Store};
use sekisho_worker::Sandbox;

pub use caller::{AccessLine, Caller, access_table};
pub use due::DueFor;
pub use error::{RefusedRow, RegistersError, Result};
pub use exchange::{
    ExportFormat, Exported, FieldEdit, ImportOptions, ImportReport, ImportedRow, RefusedCell,
};
pub use id::{RowId, RowIdError};
pub use load::{Loaded, built_in, folder, load, sample, vocabulary};
pub use migrate::{Misfit, migrate_check};
pub use model::{
    Draft, Due, FieldChange, Filter, FilterOp, Hit, ListQuery, Override, Referrer, RegisterCount, RowPage,
    RowView, RuleFinding, Saved, Version, VersionKind, local, start_of_day,
};
pub use retention::RetentionReport;
pub use views::SavedView;

use caller::Authority;
use names::Names;

/// The registers. Cloning gives another handle on the same ones; every call blocks its thread.
#[derive(Clone)]
pub struct Registers {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) policy: Arc<Policy>,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) words: Vocabulary,
    pub(crate) approval: Approval,
    pub(crate) sandbox: Option<Sandbox>,
    pub(crate) counts: Mutex<HashMap<String, search::Remembered>>,
}

impl Registers {
    /// The tables that are made from events, for the store's options.
    #[must_use]
    pub fn projection(loaded: &Arc<Loaded>) -> Arc<dyn Projection> {
        Arc::new(projection::Rows::new(Arc::clone(loaded)))
    }

    /// The tables that aren't: counters and personal views.
    #[must_use]
    pub fn module() -> Arc<dyn Module> {
        Arc::new(views::Tables)
    }

    /// Opens the registers on a store that was opened with their projection and module. New and changed definitions are
    /// adopted in the ledger.
    ///
    /// # Errors
    /// [`RegistersError::Misfits`] names every row that a changed or missing definition can't hold; nothing is adopted
    /// then, and the earlier definitions still fit.
    pub fn new(
        store: Store,
        policy: Arc<Policy>,
        identity: &Identity,
        loaded: Arc<Loaded>,
        approval: Approval,
        sandbox: Option<Sandbox>,
    ) -> Result<Self> {
        // People are looked up in the register of staff; accounts come with the caller.
        let _ = identity;
        let words = load::vocabulary(&policy);
        let inner = Arc::new(Inner {
            store,
            policy,
            loaded,
            words,
            approval,
            sandbox,
            counts: Mutex::new(HashMap::new()),
        });
        let registers = Self { inner };
        registers.adopt()?;
        registers.inner.approval.register(approve::effect(&registers.inner));
        Ok(registers)
    }

    /// The definitions.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        self.inner.loaded.catalogue()
    }

    /// The definitions with their texts.
    #[must_use]
    pub fn loaded(&self) -> &Arc<Loaded> {
        &self.inner.loaded
    }

    /// A definition.
    ///
    /// # Errors
    /// [`RegistersError::UnknownRegister`].
    pub fn definition(&self, register: &str) -> Result<&Definition> {
        self.inner.definition(register)
    }

    /// May the caller do this with the row, or, without a row, with at least some rows?
    ///
    /// # Errors
    /// [`RegistersError::NotPermitted`] if not; [`RegistersError::NotFound`] if the row can't be seen.
    pub fn may(&self, caller: &Caller, register: &str, action: Action, row: Option<&RowId>) -> Result<()> {
        let definition = self.inner.definition(register)?;
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            match row {
                None => authority.require(action),
                Some(row) => {
                    let current = rows::living(tx, definition, row)?
                        .filter(|current| authority.reach(Action::See).holds(definition, &current.values))
                        .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))?;
                    if authority.reach(action).holds(definition, &current.values) {
                        Ok(())
                    } else {
                        Err(caller::refused(definition, action))
                    }
                }
            }
        })
    }

    /// The registers in which the caller may see something, in the order of the menu.
    ///
    /// # Errors
    /// When the store fails.
    pub fn visible(&self, caller: &Caller) -> Result<Vec<&Definition>> {
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let mut seen: Vec<&Definition> = self
                .inner
                .loaded
                .iter()
                .filter(|definition| self.inner.authority(caller, definition, &names).may(Action::See))
                .collect();
            seen.sort_by(|a, b| (a.group, &a.id).cmp(&(b.group, &b.id)));
            names.finish()?;
            Ok(seen)
        })
    }

    /// What a new row starts with.
    ///
    /// # Errors
    /// [`RegistersError::UnknownRegister`], or when the store fails.
    pub fn blank(&self, caller: &Caller, register: &str) -> Result<Values> {
        let definition = self.inner.definition(register)?;
        let now = local(self.inner.store.clock().now_ms());
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let env = DefaultEnv {
                now,
                me: names.staff_of(&caller.login),
                unit: caller.units.first().map(ToString::to_string),
            };
            let values =
                definition.input_fields().map(|field| (field.id.to_string(), field.initial(&env))).collect();
            names.finish()?;
            Ok(values)
        })
    }

    /// Calls `with` with names and ids as they are now, to read what people typed and to show what is stored.
    ///
    /// # Errors
    /// When the store fails.
    pub fn with_lookup<T>(&self, with: impl FnOnce(&dyn Lookup) -> T) -> Result<T> {
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let result = with(&names);
            names.finish()?;
            Ok(result)
        })
    }

    /// What conditions and computed fields depend on: the day in Japan and the policy's classes.
    #[must_use]
    pub fn env(&self) -> Env {
        self.inner.env(self.inner.store.clock().now_ms())
    }

    /// A value for people, computed fields included (取扱制限, days until).
    ///
    /// # Errors
    /// When the store fails.
    pub fn show(
        &self,
        definition: &Definition,
        field: &Field,
        values: &Values,
        lang: Lang,
    ) -> Result<String> {
        let env = self.env();
        self.with_lookup(|lookup| {
            if field.derive.is_some() {
                definition.derived(field, values, &env, lookup, lang)
            } else {
                field.show(values.get(field.id.as_str()), lang, lookup)
            }
        })
    }

    /// Keeps an attachment; the value goes into a field of type `file`. Nothing refers to it until a row is saved.
    ///
    /// # Errors
    /// [`sekisho_store::StoreError::TooLarge`] beyond the policy's limit, or when the store fails.
    pub fn attach(&self, name: &str, bytes: &mut dyn std::io::Read) -> Result<Value> {
        let blob = self.inner.store.blobs().put(bytes, self.inner.policy.limits.upload_bytes)?;
        Ok(Value::File { blob: blob.id, name: name.to_owned(), bytes: blob.bytes })
    }
}

impl Inner {
    pub(crate) fn definition(&self, register: &str) -> Result<&Definition> {
        self.loaded.get(register).ok_or_else(|| RegistersError::UnknownRegister(register.to_owned()))
    }

    pub(crate) fn names<'a>(&'a self, ask: &'a dyn names::Ask) -> Names<'a> {
        Names::new(&self.loaded, &self.words, ask)
    }

    pub(crate) fn authority<'a>(
        &'a self,
        caller: &'a Caller,
        definition: &'a Definition,
        names: &Names<'_>,
    ) -> Authority<'a> {
        let staff = if caller.is_system() { None } else { names.staff_of(&caller.login) };
        Authority::new(caller, definition, &self.policy, staff)
    }

    pub(crate) fn env(&self, now_ms: i64) -> Env {
        Env { today: local(now_ms).date(), classes: self.words.classes.clone() }
    }
}
