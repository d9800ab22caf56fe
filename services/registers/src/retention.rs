//! The end of a row's life: when a removed row has been kept as long as its register says, the payloads of its entries are
//! disposed of, and its attachments with them. The entries, their order and their proofs stay.

use jiff::ToSpan;
use sekisho_store::{Value, WriteTx};
use serde::Serialize;

use crate::model::{end_of_day, local};
use crate::{Registers, RegistersError, Result};

/// Rows of one unit of work.
const ROUND: usize = 200;

/// What was disposed of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RetentionReport {
    /// Rows whose payloads went.
    pub rows: u64,
    /// Entries whose payloads went.
    pub entries: u64,
    /// Attachments that went.
    pub files: u64,
}

impl Registers {
    /// Disposes of the payloads of removed rows with personal data, `retention_years` after the removal. Registers that
    /// hold no personal data, and those with 0 years (常用), are kept. Equal content is one blob in the store, so
    /// `used_elsewhere` is asked before one goes: it answers for the tables of other services.
    ///
    /// # Errors
    /// When the store fails.
    pub fn retire(&self, used_elsewhere: &dyn Fn(&str) -> bool) -> Result<RetentionReport> {
        let mut report = RetentionReport::default();
        let now = self.inner.store.clock().now_ms();
        for definition in self.inner.loaded.iter() {
            if definition.retention_years == 0 || !definition.fields.iter().any(|field| field.personal) {
                continue;
            }
            let years = i64::from(definition.retention_years);
            let day = local(now).date().saturating_sub(years.years());
            let before_ms = end_of_day(day.yesterday().unwrap_or(day));
            let files: Vec<String> = definition
                .fields
                .iter()
                .filter(|field| matches!(field.kind, sekisho_register::FieldType::File))
                .map(|field| field.id.to_string())
                .collect();
            loop {
                let (table, register) = (definition.history_table(), definition.id.to_string());
                let (columns, years) = (files.clone(), definition.retention_years);
                let (rows, entries, blobs) = self
                    .inner
                    .store
                    .write(move |tx| dispose(tx, &table, &register, &columns, before_ms, years))?;
                for blob in &blobs {
                    if !used_elsewhere(blob)
                        && !self.is_attached(blob)?
                        && self.inner.store.blobs().remove(blob)?
                    {
                        report.files = report.files.saturating_add(1);
                    }
                }
                report.rows = report.rows.saturating_add(rows);
                report.entries = report.entries.saturating_add(entries);
                if rows == 0 {
                    break;
                }
            }
        }
        Ok(report)
    }

    /// Does any row still hold the attachment?
    fn is_attached(&self, blob: &str) -> Result<bool> {
        let mut columns = Vec::new();
        for definition in self.inner.loaded.iter() {
            columns.extend(crate::tables::blobs(definition));
        }
        self.inner.store.read(|tx| {
            for column in &columns {
                let sql = format!("SELECT 1 AS x FROM {} WHERE {} = ?1 LIMIT 1", column.table, column.column);
                if !tx.query(&sql, &[blob.into()])?.is_empty() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }
}

type Disposed = (u64, u64, Vec<String>);

fn dispose(
    tx: &mut WriteTx,
    table: &str,
    register: &str,
    files: &[String],
    before_ms: i64,
    years: u32,
) -> Result<Disposed, RegistersError> {
    // The last version of a removed row is closed; one whose search text is empty was disposed of before.
    let sql = format!(
        "SELECT _row FROM {table} GROUP BY _row \
         HAVING COUNT(_to_ms) = COUNT(*) AND MAX(_to_ms) < ?1 AND MAX(_search) <> '' ORDER BY _row LIMIT {ROUND}"
    );
    let rows = tx.query(&sql, &[before_ms.into()])?;
    let (mut entries, mut blobs) = (0u64, Vec::new());
    for row in &rows {
        let row = row.get_text("_row")?;
        let mut columns = String::from("_from_seq, _to_seq");
        for file in files {
            columns.push_str(", ");
            columns.push_str(file);
        }
        let versions = tx.query(
            &format!("SELECT {columns} FROM {table} WHERE _row = ?1 ORDER BY _version"),
            &[row.into()],
        )?;
        let mut seqs = Vec::new();
        for version in &versions {
            seqs.extend(
                [version.get_opt_i64("_from_seq")?, version.get_opt_i64("_to_seq")?].into_iter().flatten(),
            );
            for file in files {
                blobs.extend(version.get_opt_text(file)?.map(str::to_owned));
            }
        }
        seqs.sort_unstable();
        seqs.dedup();
        for seq in seqs {
            let seq = u64::try_from(seq).unwrap_or_default();
            let whole = tx.query(
                "SELECT seq FROM events WHERE seq = ?1 AND payload IS NOT NULL",
                &[Value::try_from(seq)?],
            )?;
            if !whole.is_empty() {
                let reason = format!("retention of register {register}: {years} years after the removal");
                tx.dispose_payload(seq, &reason)?;
                entries = entries.saturating_add(1);
            }
        }
    }
    blobs.sort();
    blobs.dedup();
    Ok((u64::try_from(rows.len()).unwrap_or(u64::MAX), entries, blobs))
}
