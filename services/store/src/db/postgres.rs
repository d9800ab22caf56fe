//! PostgreSQL through the synchronous driver: durable commits, one advisory lock for the writer, text in byte order.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};

use super::{Db, Visit, excerpt};
use crate::StoreError;
use crate::dialect::{self, Dialect};
use crate::value::{Row, Value};

/// The writer's advisory lock: "sekisho" in ASCII.
const LOCK: i64 = 0x0073_656b_6973_686f;

/// Prepared statements kept per connection; beyond that the cache starts anew.
const CACHED: usize = 512;

pub(crate) struct Postgres {
    client: Client,
    statements: HashMap<String, (Statement, Arc<[String]>)>,
    open: bool,
}

impl Postgres {
    pub(crate) fn connect(url: &str, writer: bool) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(|_| {
            StoreError::invalid("the database URL can't be read: write postgres://user@host/name")
        })?;
        config.application_name("sekisho");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        let client = config.connect(NoTls).map_err(|e| StoreError::Unavailable { reason: reason(&e) })?;
        let mut this = Self { client, statements: HashMap::new(), open: false };
        this.script(
            "SET synchronous_commit = on; SET standard_conforming_strings = on; SET client_min_messages = warning; \
             SET client_encoding = 'UTF8'",
        )?;
        if writer {
            let locked = this.first("SELECT pg_try_advisory_lock(?1) AS locked", &[Value::Int(LOCK)])?;
            if !matches!(locked.map(|row| row.get_bool("locked")), Some(Ok(true))) {
                return Err(StoreError::Locked { place: "the PostgreSQL database".to_owned() });
            }
        }
        Ok(this)
    }

    fn prepared(&mut self, sql: &str) -> Result<(Statement, Arc<[String]>), StoreError> {
        if let Some(found) = self.statements.get(sql) {
            return Ok(found.clone());
        }
        let text = dialect::placeholders(Dialect::Postgres, sql);
        let statement = self.client.prepare(&text).map_err(|e| translate(sql, &e))?;
        let columns: Arc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        if self.statements.len() >= CACHED {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), (statement.clone(), Arc::clone(&columns)));
        Ok((statement, columns))
    }
}

impl Db for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn each(&mut self, sql: &str, params: &[Value], visit: Visit<'_>) -> Result<(), StoreError> {
        let (statement, columns) = self.prepared(sql)?;
        let mut rows = self.client.query_raw(&statement, params).map_err(|e| translate(sql, &e))?;
        while let Some(row) = rows.next().map_err(|e| translate(sql, &e))? {
            let mut values = Vec::with_capacity(columns.len());
            for at in 0..columns.len() {
                let cell: Cell = row.try_get(at).map_err(|e| translate(sql, &e))?;
                values.push(cell.0);
            }
            visit(Row::new(Arc::clone(&columns), values))?;
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        let (statement, _) = self.prepared(sql)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
        self.client.execute(&statement, &params).map_err(|e| translate(sql, &e))
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let first = sql.split_whitespace().next().unwrap_or_default();
        match first {
            "CREATE" | "DROP" | "ALTER" => self.statements.clear(),
            "BEGIN" => self.open = true,
            "COMMIT" | "ROLLBACK" if !sql.starts_with("ROLLBACK TO") => self.open = false,
            _ => {}
        }
        self.client.batch_execute(sql).map_err(|e| translate(sql, &e))
    }

    fn in_transaction(&mut self) -> bool {
        self.open && !self.client.is_closed()
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(v), &Type::INT8) => v.to_sql(ty, out),
            (Self::Int(v), &Type::INT4) => i32::try_from(*v)?.to_sql(ty, out),
            (Self::Int(v), &Type::INT2) => i16::try_from(*v)?.to_sql(ty, out),
            (Self::Text(v), &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)) => {
                v.to_sql(ty, out)
            }
            (Self::Blob(v), &Type::BYTEA) => v.to_sql(ty, out),
            (value, ty) => {
                let value = match value {
                    Self::Int(_) => "an integer",
                    Self::Text(_) => "text",
                    _ => "bytes",
                };
                Err(format!("{value} was passed where the statement wants {ty}").into())
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column's value in the portable types.
struct Cell(Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT2 => Value::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::BOOL => Value::Int(i64::from(bool::from_sql(ty, raw)?)),
            Type::NUMERIC => Value::Int(integer_numeric(raw).ok_or("a number that is no 64-bit integer")?),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::VOID => Value::Null,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                Value::Text(String::from_sql(ty, raw)?)
            }
            _ => return Err(format!("a column of type {ty}, which is not portable").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads PostgreSQL's binary NUMERIC (number of base-10000 digits, weight, sign, scale, digits) if it is an integer:
/// SUM over BIGINT comes back in this form.
fn integer_numeric(raw: &[u8]) -> Option<i64> {
    let mut words = raw.chunks_exact(2).map(|w| <[u8; 2]>::try_from(w).map_or(0, u16::from_be_bytes));
    let count = usize::from(words.next()?);
    let weight = i64::from(words.next()?.cast_signed());
    let sign = words.next()?;
    let _scale = words.next()?;
    let digits: Vec<u16> = words.collect();
    if digits.len() != count || !matches!(sign, 0 | 0x4000) {
        return None;
    }
    let mut total = 0i128;
    for place in 0..=weight.max(-1) {
        let digit = usize::try_from(place).ok().and_then(|p| digits.get(p)).copied().unwrap_or(0);
        total = total.checked_mul(10_000)?.checked_add(i128::from(digit))?;
    }
    let whole = usize::try_from(weight.saturating_add(1)).unwrap_or(0);
    if digits.iter().skip(whole).any(|d| *d != 0) {
        return None;
    }
    i64::try_from(if sign == 0 { total } else { -total }).ok()
}

fn reason(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

fn translate(sql: &str, error: &postgres::Error) -> StoreError {
    let reason = reason(error);
    let Some(code) = error.code() else {
        let io = error.source().is_some_and(|s| s.is::<std::io::Error>());
        return if error.is_closed() || io {
            StoreError::Unavailable { reason }
        } else {
            StoreError::Database { sql: excerpt(sql), reason }
        };
    };
    match code.code() {
        "53100" => StoreError::Full { place: "the PostgreSQL database".to_owned() },
        c if c.starts_with("08") || c.starts_with("57P") || c.starts_with("53") => {
            StoreError::Unavailable { reason }
        }
        c if c.starts_with("23") || *code == SqlState::RAISE_EXCEPTION => StoreError::Conflict { reason },
        "55P03" => StoreError::Locked { place: "the PostgreSQL database".to_owned() },
        "XX001" | "XX002" => StoreError::damaged("the PostgreSQL database", reason),
        _ => StoreError::Database { sql: excerpt(sql), reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [digits.len() as u16, weight.cast_unsigned(), sign, 0].iter().chain(digits) {
            out.extend(word.to_be_bytes());
        }
        out
    }

    #[test]
    fn whole_numerics_become_integers_and_fractions_are_refused() {
        let check = |raw: Vec<u8>, expect: Option<i64>| assert_eq!(integer_numeric(&raw), expect);
        check(numeric(0, 0, &[]), Some(0));
        check(numeric(0, 0, &[42]), Some(42));
        check(numeric(1, 0, &[3]), Some(30_000));
        check(numeric(1, 0x4000, &[1, 2345]), Some(-12_345));
        check(numeric(4, 0, &[922, 3372, 368, 5477, 5807]), Some(i64::MAX));
        check(numeric(4, 0, &[922, 3372, 368, 5477, 5808]), None);
        check(numeric(0, 0, &[1, 5000]), None);
        check(numeric(-1, 0, &[5000]), None);
        check(numeric(0, 0xC000, &[]), None);
        check(vec![0, 1], None);
    }
}
