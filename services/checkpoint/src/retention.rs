//! Retention: originals and results go when the policy's days are over, each with an entry that says so.

use serde_json::json;

use sekisho_store::{Value, WriteTx};

use crate::{Checkpoint, CheckpointError};

const DAY_MS: i64 = 86_400_000;

/// How many files one round takes, so that a round never holds the writer for long.
const ROUND: u32 = 200;

/// What was disposed of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DisposalReport {
    /// Originals.
    pub originals: u64,
    /// Results.
    pub results: u64,
}

impl Checkpoint {
    /// Disposes of everything whose time is over. Call it once a day and at start.
    ///
    /// # Errors
    /// The store; what was disposed of by then stays so.
    pub fn dispose_due(&self) -> Result<DisposalReport, CheckpointError> {
        let now = self.store.clock().now_ms();
        let before = |days: u32| now.saturating_sub(i64::from(days).saturating_mul(DAY_MS));
        let mut report = DisposalReport::default();
        let retention = &self.policy.retention;
        report.originals = self.dispose("original", before(retention.originals_days), "original.disposed")?;
        report.results = self.dispose("output", before(retention.results_days), "result.disposed")?;
        Ok(report)
    }

    /// The entry first, the bytes after it: a crash in between leaves an unreachable blob, never an unrecorded loss.
    fn dispose(
        &self,
        column: &'static str,
        before_ms: i64,
        kind: &'static str,
    ) -> Result<u64, CheckpointError> {
        let mut count = 0_u64;
        loop {
            let taken =
                self.store.write(move |tx: &mut WriteTx| -> Result<Vec<String>, CheckpointError> {
                    let rows = tx.query(
                        &format!(
                            "SELECT f.id AS id, f.transfer AS transfer, f.{column} AS blob, t.state AS state
                         FROM transfer_files f JOIN transfers t ON t.id = f.transfer
                         WHERE f.{column} IS NOT NULL AND t.updated_ms < ?1
                           AND t.state IN ('receivable', 'refused', 'rejected', 'withdrawn', 'disposed')
                         ORDER BY t.updated_ms, f.id LIMIT {ROUND}"
                        ),
                        &[Value::from(before_ms)],
                    )?;
                    let mut blobs = Vec::new();
                    for row in &rows {
                        let (file, transfer, blob) =
                            (row.get_text("id")?, row.get_text("transfer")?, row.get_text("blob")?);
                        tx.emit(kind, "system", transfer, json!({ "file": file, "sha256": blob }))?;
                        if kind == "result.disposed"
                            && row.get_text("state")? == "receivable"
                            && !has_output(tx, transfer)?
                        {
                            tx.emit("transfer.disposed", "system", transfer, json!({}))?;
                        }
                        blobs.push(blob.to_owned());
                    }
                    Ok(blobs)
                })?;
            if taken.is_empty() {
                return Ok(count);
            }
            count = count.saturating_add(u64::try_from(taken.len()).unwrap_or(u64::MAX));
            self.discard_unreferenced(&taken);
            self.observe(kind);
        }
    }
}

fn has_output(tx: &mut WriteTx, transfer: &str) -> Result<bool, CheckpointError> {
    let rows = tx.query(
        "SELECT id FROM transfer_files WHERE transfer = ?1 AND output IS NOT NULL LIMIT 1",
        &[Value::from(transfer)],
    )?;
    Ok(!rows.is_empty())
}
