//! Personal saved views, and the plain tables of the registers. A view is a convenience of one person and no evidence, so
//! it is not in the ledger.

use sekisho_store::{Module, Value};
use serde::Serialize;

use crate::caller::Caller;
use crate::{ListQuery, Registers, RegistersError, Result};

/// What the identifiers of personal views begin with.
const MINE: &str = "my-";

/// Most views of one person in one register.
const MOST: i64 = 50;

/// Tables that aren't made from events.
pub(crate) struct Tables;

impl Module for Tables {
    fn name(&self) -> &str {
        "registers"
    }

    fn migrations(&self) -> &[&str] {
        &["CREATE TABLE register_counters (register TEXT NOT NULL PRIMARY KEY, last_number BIGINT NOT NULL);
           CREATE TABLE register_views (
             person TEXT NOT NULL, register TEXT NOT NULL, number BIGINT NOT NULL, label TEXT NOT NULL,
             query TEXT NOT NULL, PRIMARY KEY (person, register, number))"]
    }
}

/// A view that somebody saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SavedView {
    /// The identifier for [`ListQuery::view`].
    pub id: String,
    /// Its name.
    pub label: String,
    /// What it asks.
    pub query: ListQuery,
}

impl Registers {
    /// Saves a view of the caller; one of the same name is replaced.
    ///
    /// # Errors
    /// [`RegistersError::Invalid`] without a name or beyond 50 views, or when the store fails.
    pub fn save_view(&self, caller: &Caller, label: &str, query: &ListQuery) -> Result<SavedView> {
        let label = label.trim().to_owned();
        if label.is_empty() || label.chars().count() > 60 {
            return Err(RegistersError::invalid(
                "表示の名前を60文字以内で書いてください。",
                "give the view a name of at most 60 characters",
            ));
        }
        self.inner.definition(&query.register)?;
        let person = owner(caller)?;
        // Where the page stood and the view on which it was built are not part of it.
        let mut query = self.with_view(caller, query)?;
        (query.offset, query.limit) = (0, 0);
        let json = serde_json::to_string(&query).map_err(|e| RegistersError::Machine(e.to_string()))?;
        let register = query.register.clone();
        let named = label.clone();
        let number = self.inner.store.write(move |tx| -> Result<i64> {
            let params: [Value; 2] = [person.as_str().into(), register.as_str().into()];
            let rows = tx.query(
                "SELECT number, label FROM register_views WHERE person = ?1 AND register = ?2 ORDER BY number",
                &params,
            )?;
            let mut number = 1;
            for row in &rows {
                let taken = row.get_i64("number")?;
                if row.get_text("label")? == named {
                    number = taken;
                    break;
                }
                number = taken.saturating_add(1);
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= MOST {
                return Err(RegistersError::invalid(
                    format!("保存できる表示は{MOST}件までです。不要なものを削除してください。"),
                    format!("no more than {MOST} views can be saved; remove some first"),
                ));
            }
            tx.execute(
                "INSERT INTO register_views (person, register, number, label, query) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (person, register, number) DO UPDATE SET label = excluded.label, query = excluded.query",
                &[
                    person.as_str().into(),
                    register.as_str().into(),
                    number.into(),
                    named.as_str().into(),
                    json.as_str().into(),
                ],
            )?;
            Ok(number)
        })?;
        Ok(SavedView { id: format!("{MINE}{number}"), label, query })
    }

    /// The caller's views of a register.
    ///
    /// # Errors
    /// When the store fails.
    pub fn views(&self, caller: &Caller, register: &str) -> Result<Vec<SavedView>> {
        let Ok(person) = owner(caller) else { return Ok(Vec::new()) };
        self.inner.store.read(|tx| {
            let rows = tx.query(
                "SELECT number, label, query FROM register_views WHERE person = ?1 AND register = ?2 ORDER BY number",
                &[person.as_str().into(), register.into()],
            )?;
            let mut views = Vec::new();
            for row in rows {
                // A view that an earlier version wrote and this one can't read is left alone.
                let Ok(query) = serde_json::from_str::<ListQuery>(row.get_text("query")?) else { continue };
                views.push(SavedView {
                    id: format!("{MINE}{}", row.get_i64("number")?),
                    label: row.get_string("label")?,
                    query,
                });
            }
            Ok(views)
        })
    }

    /// Removes a view of the caller.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove_view(&self, caller: &Caller, register: &str, id: &str) -> Result<()> {
        let person = owner(caller)?;
        let number: i64 = id
            .strip_prefix(MINE)
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| RegistersError::NotFound(format!("view {id}")))?;
        let register = register.to_owned();
        self.inner.store.write(move |tx| {
            tx.execute(
                "DELETE FROM register_views WHERE person = ?1 AND register = ?2 AND number = ?3",
                &[person.as_str().into(), register.as_str().into(), number.into()],
            )?;
            Ok(())
        })
    }

    /// The query with what a personal view adds to it: its view of the definition, its words, filters and order.
    pub(crate) fn with_view(&self, caller: &Caller, query: &ListQuery) -> Result<ListQuery> {
        let Some(id) = query.view.as_deref().filter(|id| id.starts_with(MINE)) else {
            return Ok(query.clone());
        };
        let saved = self
            .views(caller, &query.register)?
            .into_iter()
            .find(|view| view.id == id)
            .ok_or_else(|| RegistersError::NotFound(format!("view {id}")))?
            .query;
        let mut merged = query.clone();
        merged.view = saved.view;
        merged.text = format!("{} {}", saved.text, query.text).trim().to_owned();
        merged.filters = saved.filters.into_iter().chain(query.filters.iter().cloned()).collect();
        if merged.sort.is_none() {
            merged.sort = saved.sort;
            merged.descending = saved.descending;
        }
        merged.as_of = query.as_of.or(saved.as_of);
        Ok(merged)
    }
}

fn owner(caller: &Caller) -> Result<String> {
    caller.person.as_ref().map(|person| person.id.to_string()).ok_or_else(|| {
        RegistersError::invalid("表示を保存できるのは利用者だけです。", "only people can save views")
    })
}
