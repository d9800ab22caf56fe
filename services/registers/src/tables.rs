//! The tables of the registers, made from their definitions: `reg_NAME` holds the living rows, `reg_NAME_h` every
//! version of every row. Columns that aren't fields begin with `_`, which no field's id does.

use std::borrow::Cow;
use std::fmt::Write as _;

use sekisho_register::{Definition, FieldType};
use sekisho_store::{BlobColumn, TableDef};

/// Which of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Living,
    History,
}

/// Columns of the living rows that aren't fields.
pub(crate) const LIVING: [&str; 8] = [
    "_row",
    "_version",
    "_created_ms",
    "_changed_ms",
    "_changed_seq",
    "_changed_by",
    "_search",
    "_search_secret",
];

/// Columns of the versions that aren't fields.
pub(crate) const HISTORY: [&str; 9] =
    ["_row", "_version", "_from_ms", "_to_ms", "_from_seq", "_to_seq", "_actor", "_search", "_search_secret"];

/// Tables of the projection that belong to no single register.
pub(crate) const OWN: [TableDef; 2] = [
    TableDef::new(
        "register_definitions",
        "CREATE TABLE register_definitions (
            register TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, seq BIGINT NOT NULL, time_ms BIGINT NOT NULL,
            dropped BIGINT NOT NULL)",
        "register",
    ),
    // Rows whose events say something that today's definition can't hold.
    TableDef::new(
        "register_misfits",
        "CREATE TABLE register_misfits (
            register TEXT NOT NULL, row_id TEXT NOT NULL, field TEXT NOT NULL, why TEXT NOT NULL,
            PRIMARY KEY (register, row_id, field))",
        "register, row_id, field",
    ),
];

/// The two tables of a register.
pub(crate) fn tables(definition: &Definition) -> [TableDef; 2] {
    let columns = definition.columns();
    let fields = columns.iter().fold(String::new(), |mut out, column| {
        // INVARIANT: writing to a String can't fail.
        let _ = write!(out, ", {} {}", column.name, column.kind.sql());
        out
    });
    let (living, history) = (definition.table(), definition.history_table());
    let mut living_ddl = format!(
        "CREATE TABLE {living} (_row TEXT NOT NULL PRIMARY KEY, _version BIGINT NOT NULL, _created_ms BIGINT NOT NULL, \
         _changed_ms BIGINT NOT NULL, _changed_seq BIGINT NOT NULL, _changed_by TEXT NOT NULL, \
         _search TEXT NOT NULL, _search_secret TEXT NOT NULL{fields})"
    );
    let mut history_ddl = format!(
        "CREATE TABLE {history} (_row TEXT NOT NULL, _version BIGINT NOT NULL, _from_ms BIGINT NOT NULL, \
         _to_ms BIGINT, _from_seq BIGINT NOT NULL, _to_seq BIGINT, _actor TEXT NOT NULL, \
         _search TEXT NOT NULL, _search_secret TEXT NOT NULL{fields}, PRIMARY KEY (_row, _version)); \
         CREATE INDEX ix_{history}_ms ON {history} (_from_ms, _to_ms); \
         CREATE INDEX ix_{history}_to ON {history} (_to_seq)"
    );
    let dates: Vec<&str> = definition.reminders.iter().map(|r| r.date.as_str()).collect();
    for (number, column) in columns.iter().enumerate() {
        // INVARIANT: numbered, because PostgreSQL cuts names after 63 bytes.
        if column.indexed || dates.contains(&column.name.as_str()) {
            // The list of one unit, the most frequent of all, comes out of one index in the order of the keys.
            let of_unit = definition.unit_field.as_ref().is_some_and(|unit| *unit == column.name.as_str());
            let then = if of_unit && column.name != definition.key.as_str() {
                format!("{}, _row", definition.key)
            } else {
                "_row".to_owned()
            };
            let _ = write!(
                living_ddl,
                "; CREATE INDEX ix_{living}_{number} ON {living} ({}, {then})",
                column.name
            );
        }
        if column.name == definition.key.as_str() {
            let _ = write!(
                history_ddl,
                "; CREATE INDEX ix_{history}_{number} ON {history} ({}, _row)",
                column.name
            );
        }
    }
    let table = |name: String, ddl: String, order_by: &'static str| TableDef {
        name: Cow::Owned(name),
        ddl: Cow::Owned(ddl),
        order_by: Cow::Borrowed(order_by),
    };
    [table(living, living_ddl, "_row"), table(history, history_ddl, "_row, _version")]
}

/// Columns that hold ids of blobs.
pub(crate) fn blobs(definition: &Definition) -> Vec<BlobColumn> {
    let files = definition.fields.iter().filter(|field| matches!(field.kind, FieldType::File));
    files
        .flat_map(|field| {
            [definition.table(), definition.history_table()].map(|table| BlobColumn {
                table: Cow::Owned(table),
                column: Cow::Owned(field.id.to_string()),
                key: Cow::Borrowed("_row"),
            })
        })
        .collect()
}
