//! Reading rows back into values, from a snapshot or from inside a unit of work.

use sekisho_policy::{RoleId, UnitId};
use sekisho_store::{ReadTx, Row, StoreError, Value, WriteTx};

use crate::error::{IdentityError, Result};
use crate::person::{Person, PersonId};

/// Something that answers a query.
pub(crate) trait Query {
    fn rows(&mut self, sql: &str, params: &[Value]) -> std::result::Result<Vec<Row>, StoreError>;
}

impl Query for WriteTx {
    fn rows(&mut self, sql: &str, params: &[Value]) -> std::result::Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }
}

impl Query for &ReadTx {
    fn rows(&mut self, sql: &str, params: &[Value]) -> std::result::Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }
}

const PERSON: &str = "SELECT id, login, name, kana, unit, active, created_ms FROM people";

pub(crate) fn person_by_id(query: &mut impl Query, id: &PersonId) -> Result<Option<Person>> {
    let rows = query.rows(&format!("{PERSON} WHERE id = ?1"), &[id.as_str().into()])?;
    rows.first().map(|row| person(query, row)).transpose()
}

pub(crate) fn person_by_login(query: &mut impl Query, login: &str) -> Result<Option<Person>> {
    let rows = query.rows(&format!("{PERSON} WHERE login = ?1"), &[login.into()])?;
    rows.first().map(|row| person(query, row)).transpose()
}

/// People by a condition, ordered by log-in name. The condition may use `?1` and further parameters.
pub(crate) fn people_where(query: &mut impl Query, rest: &str, params: &[Value]) -> Result<Vec<Person>> {
    let rows = query.rows(&format!("{PERSON} {rest}"), params)?;
    rows.iter().map(|row| person(query, row)).collect()
}

fn person(query: &mut impl Query, row: &Row) -> Result<Person> {
    let id = person_id(row.get_text("id")?)?;
    let roles = query
        .rows("SELECT role FROM person_roles WHERE person = ?1 ORDER BY role", &[id.as_str().into()])?
        .iter()
        .map(|row| RoleId::new(row.get_text("role")?).map_err(|error| damaged(&error)))
        .collect::<Result<Vec<_>>>()?;
    Ok(Person {
        login: row.get_text("login")?.to_owned(),
        name: row.get_text("name")?.to_owned(),
        kana: row.get_text("kana")?.to_owned(),
        unit: UnitId::new(row.get_text("unit")?).map_err(|error| damaged(&error))?,
        roles,
        active: row.get_i64("active")? != 0,
        created_ms: row.get_i64("created_ms")?,
        id,
    })
}

pub(crate) fn person_id(text: &str) -> Result<PersonId> {
    text.parse().map_err(|error| damaged(&error))
}

pub(crate) fn damaged(error: &impl std::fmt::Display) -> IdentityError {
    IdentityError::Damaged(error.to_string())
}
