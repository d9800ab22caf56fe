//! Whole registers for other services: every living row as it is, inside a unit of work or outside. Only for services
//! that act for the installation or that check the caller's right themselves; faces use `list`.

use std::cell::RefCell;

use sekisho_register::{Action, Definition, FieldType, Value};
use sekisho_store::WriteTx;

use crate::model::{RowView, plain};
use crate::names::Ask;
use crate::projection::sql_value;
use crate::rows::{self, Current};
use crate::tables::Table;
use crate::{Caller, Referrer, Registers, Result, RowId};

/// Most referrers that a page shows.
const REFERRERS: usize = 100;

impl Registers {
    /// Every living row that the caller may see, by key.
    ///
    /// # Errors
    /// [`crate::RegistersError::NotPermitted`], or when the store fails.
    pub fn all_rows(&self, caller: &Caller, register: &str) -> Result<Vec<RowView>> {
        self.seen(caller, register, None)
    }

    /// The same, with this value in a field that is stored in one column.
    ///
    /// # Errors
    /// As [`Registers::all_rows`].
    pub fn rows_where(
        &self,
        caller: &Caller,
        register: &str,
        field: &str,
        value: &Value,
    ) -> Result<Vec<RowView>> {
        self.seen(caller, register, Some((field, value)))
    }

    fn seen(&self, caller: &Caller, register: &str, only: Option<(&str, &Value)>) -> Result<Vec<RowView>> {
        let definition = self.inner.definition(register)?;
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            authority.require(Action::See)?;
            let reach = authority.reach(Action::See);
            let found = every(tx, definition, only)?;
            let views = found
                .into_iter()
                .filter(|row| reach.holds(definition, &row.values))
                .map(|row| names.entitle(definition, rows::view(definition, &authority, row)))
                .collect();
            names.finish()?;
            Ok(views)
        })
    }

    /// Rows of other registers that refer to a row, as far as the caller may see them.
    ///
    /// # Errors
    /// When the store fails.
    pub fn referrers(&self, caller: &Caller, register: &str, row: &RowId) -> Result<Vec<Referrer>> {
        let id = Value::Text(row.to_string());
        let mut found = Vec::new();
        for definition in self.visible(caller)? {
            for field in definition.stored_fields() {
                let refers = match &field.kind {
                    FieldType::Reference(to) | FieldType::References(to) => to.as_str() == register,
                    FieldType::Person => register == "staff",
                    _ => false,
                };
                if !refers {
                    continue;
                }
                for one in self.seen(caller, definition.id.as_str(), Some((field.id.as_str(), &id)))? {
                    found.push(Referrer {
                        register: definition.id.clone(),
                        label: definition.label.clone(),
                        row: one.id,
                        title: if one.title.is_empty() { one.key } else { one.title },
                        field: field.id.clone(),
                    });
                    if found.len() >= REFERRERS {
                        return Ok(found);
                    }
                }
            }
        }
        Ok(found)
    }

    /// Every living row, inside a unit of work.
    ///
    /// # Errors
    /// When the store fails.
    pub fn rows_in(&self, tx: &mut WriteTx, register: &str) -> Result<Vec<RowView>> {
        let definition = self.inner.definition(register)?;
        let ask = RefCell::new(tx);
        Ok(every(&ask, definition, None)?.into_iter().map(|row| whole(definition, row)).collect())
    }

    /// One living row, inside a unit of work.
    ///
    /// # Errors
    /// When the store fails.
    pub fn row_in(&self, tx: &mut WriteTx, register: &str, row: &RowId) -> Result<Option<RowView>> {
        let definition = self.inner.definition(register)?;
        let ask = RefCell::new(tx);
        Ok(rows::living(&ask, definition, row)?.map(|row| whole(definition, row)))
    }

    /// The row of an account in the register of staff.
    ///
    /// # Errors
    /// When the store fails.
    pub fn staff_row(&self, login: &str) -> Result<Option<RowId>> {
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let found = names.staff_of(login);
            names.finish()?;
            Ok(found.and_then(|id| id.parse().ok()))
        })
    }
}

fn every(ask: &dyn Ask, definition: &Definition, only: Option<(&str, &Value)>) -> Result<Vec<Current>> {
    let (columns, table) = (rows::columns(definition, Table::Living), definition.table());
    let order = definition.key.as_str();
    let found = match only {
        None => ask.ask(&format!("SELECT {columns} FROM {table} ORDER BY {order}"), &[])?,
        Some((field, value)) => {
            let field = definition
                .field(field)
                .ok_or_else(|| crate::RegistersError::NotFound(format!("field {field}")))?;
            // A list is kept as `,a,b,`.
            let (condition, wanted) = match (&field.kind, value) {
                (FieldType::References(_) | FieldType::Choices, Value::Text(id)) => {
                    ("LIKE", Value::Text(format!("%,{id},%")))
                }
                _ => ("=", value.clone()),
            };
            let parameter = match wanted {
                Value::Text(text) => text.into(),
                other => {
                    field.to_sql(&other).into_iter().next().map_or(sekisho_store::Value::Null, sql_value)
                }
            };
            let sql =
                format!("SELECT {columns} FROM {table} WHERE {} {condition} ?1 ORDER BY {order}", field.id);
            ask.ask(&sql, &[parameter])?
        }
    };
    Ok(found.iter().map(|row| rows::read(definition, row)).collect::<Result<_, _>>()?)
}

/// The row with all its values.
fn whole(definition: &Definition, current: Current) -> RowView {
    RowView {
        id: current.row,
        key: plain(current.values.get(definition.key.as_str())),
        title: plain(current.values.get(definition.title.as_str())),
        version: current.version,
        values: current.values,
        hidden: Vec::new(),
        changed_ms: current.changed_ms,
        changed_by: current.changed_by,
    }
}
