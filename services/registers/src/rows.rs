//! Rows between the tables and the words of the definitions.

use sekisho_register::{Definition, Values};
use sekisho_store::{Row, StoreError};

use crate::caller::Authority;
use crate::model::{RowView, plain};
use crate::names::{Ask, column};
use crate::tables::Table;
use crate::{RegistersError, Result, RowId};

/// A row as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) row: RowId,
    pub(crate) version: u32,
    pub(crate) seq: u64,
    pub(crate) changed_ms: i64,
    pub(crate) changed_by: String,
    pub(crate) values: Values,
}

/// The columns of a query for whole rows; those of the history under the names of the living rows.
pub(crate) fn columns(definition: &Definition, table: Table) -> String {
    let own = match table {
        Table::Living => "_row, _version, _changed_ms, _changed_seq, _changed_by",
        Table::History => {
            "_row, _version, _from_ms AS _changed_ms, _from_seq AS _changed_seq, _actor AS _changed_by"
        }
    };
    let mut out = own.to_owned();
    for column in definition.columns() {
        out.push_str(", ");
        out.push_str(&column.name);
    }
    out
}

/// Reads a row of a query with [`columns`].
pub(crate) fn read(definition: &Definition, row: &Row) -> Result<Current, StoreError> {
    let damaged = |what: String| StoreError::Damaged { place: definition.table(), what };
    let id = row.get_text("_row")?;
    Ok(Current {
        row: id.parse().map_err(|error| damaged(format!("{error}")))?,
        version: u32::try_from(row.get_i64("_version")?).map_err(|_| damaged(format!("version of {id}")))?,
        seq: row.get_u64("_changed_seq")?,
        changed_ms: row.get_i64("_changed_ms")?,
        changed_by: row.get_string("_changed_by")?,
        values: definition.from_columns(|name| column(row, name)),
    })
}

/// A living row.
pub(crate) fn living(
    ask: &dyn Ask,
    definition: &Definition,
    row: &RowId,
) -> Result<Option<Current>, StoreError> {
    let sql =
        format!("SELECT {} FROM {} WHERE _row = ?1", columns(definition, Table::Living), definition.table());
    ask.ask(&sql, &[row.as_str().into()])?.first().map(|found| read(definition, found)).transpose()
}

/// What of a row the caller may see.
pub(crate) fn view(definition: &Definition, authority: &Authority<'_>, current: Current) -> RowView {
    let mut values = current.values;
    let mut hidden = Vec::new();
    for field in definition.fields.iter().filter(|field| !authority.sees(field)) {
        values.take(field.id.as_str());
        hidden.push(field.id.clone());
    }
    RowView {
        id: current.row,
        key: plain(values.get(definition.key.as_str())),
        title: plain(values.get(definition.title.as_str())),
        version: current.version,
        values,
        hidden,
        changed_ms: current.changed_ms,
        changed_by: current.changed_by,
    }
}

/// The row's version number, as people count.
pub(crate) fn next_version(version: u32) -> Result<u32> {
    version.checked_add(1).ok_or_else(|| {
        RegistersError::invalid("この行はこれ以上変更できません。", "this row can't be changed any more")
    })
}
