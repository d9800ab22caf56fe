//! A row in SQL: its columns, its values in them, and the two tables of a register. Types are TEXT and BIGINT only,
//! names need no quoting, and the text runs on SQLite and PostgreSQL alike.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime};
use serde::Serialize;

use super::{Value, Values};
use crate::definition::{Definition, Field, FieldType};

/// A column that holds (a part of) a field's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name: the field's id, or `FIELD_from`, `FIELD_to`, `FIELD_name`, `FIELD_bytes`.
    pub name: String,
    /// Its type.
    pub kind: ColumnKind,
    /// Whether it has an index in the table of living rows.
    pub indexed: bool,
}

/// A type that both databases have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum ColumnKind {
    /// TEXT, compared by bytes.
    Text,
    /// BIGINT.
    Int,
}

impl ColumnKind {
    /// The word of SQL.
    #[must_use]
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Int => "BIGINT",
        }
    }
}

/// A value of a column or parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(String),
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableSql {
    /// Its name.
    pub name: String,
    /// `CREATE TABLE` and its `CREATE INDEX`, separated by `;`.
    pub ddl: String,
    /// A total order of its rows.
    pub order_by: &'static str,
}

/// The two tables of a register. Columns that aren't fields begin with `_`, which no field's id does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tables {
    /// Living rows: `_row` (primary key), `_version`, `_created_ms`, `_changed_ms`, `_changed_seq`, `_changed_by`,
    /// `_search`, and the columns of the fields.
    pub living: TableSql,
    /// Every version of every row: `_row`, `_version` (primary key), `_from_ms`, `_to_ms`, `_from_seq`, `_to_seq`,
    /// `_actor`, and the columns of the fields. A removed row has no version whose `_to_seq` is NULL.
    pub history: TableSql,
}

impl Field {
    /// The columns of this field: one for most types, two for a period, three for a file, none for what is computed
    /// when it is shown.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        if !self.is_stored() {
            return Vec::new();
        }
        let column =
            |suffix: &str, kind, indexed| Column { name: format!("{}{suffix}", self.id), kind, indexed };
        match self.kind {
            FieldType::Period => {
                vec![column("_from", ColumnKind::Text, self.sort), column("_to", ColumnKind::Text, self.sort)]
            }
            FieldType::File => vec![
                column("", ColumnKind::Text, false),
                column("_name", ColumnKind::Text, false),
                column("_bytes", ColumnKind::Int, false),
            ],
            _ => {
                let kind = if self.kind.is_number() { ColumnKind::Int } else { ColumnKind::Text };
                let indexed = self.sort || self.unique || matches!(self.kind, FieldType::Reference(_));
                vec![column("", kind, indexed)]
            }
        }
    }

    /// The value in SQL, column by column as in [`Field::columns`].
    #[must_use]
    pub fn to_sql(&self, value: &Value) -> Vec<SqlValue> {
        let date = |date: &Date| SqlValue::Text(date.to_string());
        match (&self.kind, value) {
            _ if !self.is_stored() => Vec::new(),
            (FieldType::Period, Value::Period { from, to }) => {
                vec![date(from), to.as_ref().map_or(SqlValue::Null, date)]
            }
            (FieldType::Period, _) => vec![SqlValue::Null, SqlValue::Null],
            (FieldType::File, Value::File { blob, name, bytes }) => vec![
                SqlValue::Text(blob.clone()),
                SqlValue::Text(name.clone()),
                SqlValue::Int(i64::try_from(*bytes).unwrap_or(i64::MAX)),
            ],
            (FieldType::File, _) => vec![SqlValue::Null, SqlValue::Null, SqlValue::Null],
            (FieldType::Bool, Value::Bool(flag)) => vec![SqlValue::Int(i64::from(*flag))],
            (FieldType::Number, Value::Decimal(thousandths)) => vec![SqlValue::Int(*thousandths)],
            (FieldType::Integer | FieldType::Yen | FieldType::FiscalYear, Value::Int(n)) => {
                vec![SqlValue::Int(*n)]
            }
            (FieldType::Date, Value::Date(day)) => vec![date(day)],
            (FieldType::Time, Value::Time(time)) => vec![SqlValue::Text(minute(*time))],
            (kind, Value::List(ids)) if kind.is_list() && !ids.is_empty() => {
                vec![SqlValue::Text(format!(",{},", ids.join(",")))]
            }
            (kind, Value::Text(text)) if is_plain_text(kind) => vec![SqlValue::Text(text.clone())],
            _ => vec![SqlValue::Null],
        }
    }

    /// The value of its columns; `None` when they hold something that the type can't be.
    #[must_use]
    pub fn from_sql(&self, columns: &[SqlValue]) -> Option<Value> {
        let day = |text: &str| text.parse::<Date>().ok();
        Some(match (&self.kind, columns) {
            (_, [SqlValue::Null, ..]) => Value::Null,
            (FieldType::Period, [SqlValue::Text(from), SqlValue::Null]) => {
                Value::Period { from: day(from)?, to: None }
            }
            (FieldType::Period, [SqlValue::Text(from), SqlValue::Text(to)]) => {
                Value::Period { from: day(from)?, to: Some(day(to)?) }
            }
            (FieldType::File, [SqlValue::Text(blob), SqlValue::Text(name), SqlValue::Int(bytes)]) => {
                Value::File { blob: blob.clone(), name: name.clone(), bytes: u64::try_from(*bytes).ok()? }
            }
            (FieldType::Bool, [SqlValue::Int(flag @ (0 | 1))]) => Value::Bool(*flag == 1),
            (FieldType::Number, [SqlValue::Int(n)]) => Value::Decimal(*n),
            (FieldType::Integer | FieldType::Yen | FieldType::FiscalYear, [SqlValue::Int(n)]) => {
                Value::Int(*n)
            }
            (FieldType::Date, [SqlValue::Text(text)]) => Value::Date(day(text)?),
            (FieldType::Time, [SqlValue::Text(text)]) => Value::Time(text.parse::<DateTime>().ok()?),
            (kind, [SqlValue::Text(text)]) if kind.is_list() => {
                Value::list(text.split(',').filter(|id| !id.is_empty()).map(str::to_owned))
            }
            (kind, [SqlValue::Text(text)]) if is_plain_text(kind) => Value::Text(text.clone()),
            _ => return None,
        })
    }
}

/// A time of day to the minute, as stored: `2026-04-01T09:30`.
pub(crate) fn minute(time: DateTime) -> String {
    let mut text = String::with_capacity(16);
    // INVARIANT: writing to a String can't fail.
    let _ = write!(text, "{}T{:02}:{:02}", time.date(), time.hour(), time.minute());
    text
}

/// Whether the value is a [`Value::Text`].
pub(crate) const fn is_plain_text(kind: &FieldType) -> bool {
    !(kind.is_number()
        || kind.is_list()
        || matches!(kind, FieldType::Date | FieldType::Time | FieldType::Period | FieldType::File))
}

impl Definition {
    /// The columns of the fields, in the order of the fields.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let indexed = |field: &Field| {
            field.id == self.key
                || self.unit_field.as_ref() == Some(&field.id)
                || self.own_field.as_ref() == Some(&field.id)
        };
        self.fields
            .iter()
            .flat_map(|field| {
                let always = indexed(field);
                field.columns().into_iter().map(move |mut column| {
                    column.indexed |= always;
                    column
                })
            })
            .collect()
    }

    /// The values of the columns of [`Definition::columns`], in their order.
    #[must_use]
    pub fn to_columns(&self, values: &Values) -> Vec<(String, SqlValue)> {
        self.fields
            .iter()
            .flat_map(|field| {
                let names = field.columns().into_iter().map(|column| column.name);
                names.zip(field.to_sql(values.get(field.id.as_str())))
            })
            .collect()
    }

    /// The row that the columns hold. What a column can't hold by its field's type counts as nothing.
    #[must_use]
    pub fn from_columns(&self, mut column: impl FnMut(&str) -> SqlValue) -> Values {
        let mut values = Values::new();
        for field in self.fields.iter().filter(|field| field.is_stored()) {
            let parts: Vec<SqlValue> = field.columns().iter().map(|part| column(&part.name)).collect();
            values.set(field.id.as_str(), field.from_sql(&parts).unwrap_or_default());
        }
        values
    }

    /// Name of the table of living rows: `reg_` and the id with `_` for `-`.
    #[must_use]
    pub fn table(&self) -> String {
        format!("reg_{}", self.id.as_str().replace('-', "_"))
    }

    /// Name of the table of all versions: that of the living rows and `_h`.
    #[must_use]
    pub fn history_table(&self) -> String {
        format!("{}_h", self.table())
    }

    /// The two tables.
    #[must_use]
    pub fn ddl(&self) -> Tables {
        let columns = self.columns();
        let fields: String = columns.iter().map(|c| format!(",\n  {} {}", c.name, c.kind.sql())).collect();
        let (living, history) = (self.table(), self.history_table());
        let mut living_ddl = format!(
            "CREATE TABLE {living} (\n  _row TEXT PRIMARY KEY,\n  _version BIGINT NOT NULL,\n  \
             _created_ms BIGINT NOT NULL,\n  _changed_ms BIGINT NOT NULL,\n  _changed_seq BIGINT NOT NULL,\n  \
             _changed_by TEXT NOT NULL,\n  _search TEXT NOT NULL{fields}\n)"
        );
        for (number, column) in columns.iter().filter(|column| column.indexed).enumerate() {
            // INVARIANT: numbered, because PostgreSQL cuts names after 63 bytes.
            let _ = write!(
                living_ddl,
                ";\nCREATE INDEX ix_{living}_{number} ON {living} ({}, _row)",
                column.name
            );
        }
        let history_ddl = format!(
            "CREATE TABLE {history} (\n  _row TEXT NOT NULL,\n  _version BIGINT NOT NULL,\n  _from_ms BIGINT NOT NULL,\n  \
             _to_ms BIGINT,\n  _from_seq BIGINT NOT NULL,\n  _to_seq BIGINT,\n  _actor TEXT NOT NULL{fields},\n  \
             PRIMARY KEY (_row, _version)\n);\nCREATE INDEX ix_{history}_0 ON {history} (_from_ms, _to_ms);\n\
             CREATE INDEX ix_{history}_1 ON {history} ({}, _row)",
            self.key
        );
        Tables {
            living: TableSql { name: living, ddl: living_ddl, order_by: "_row" },
            history: TableSql { name: history, ddl: history_ddl, order_by: "_row, _version" },
        }
    }
}
