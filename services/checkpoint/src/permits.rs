//! Exceptions (例外): an approved VBA project that may stay in a document, and an original that may cross untouched.
//!
//! Both are rows of the register `file-exceptions`, permitted by route, for a unit and a term, and each names one content by its
//! SHA-256. This room believes a row only if the ledger shows that the version in force came from a case that at least
//! two people approved; a row that the server's operator put in counts for nothing. What crosses this way is marked in
//! the file's events, in the receipt, in the history and in its monthly list.

use sekisho_policy::{Conduit, Exception};
use sekisho_store::{StoreError, Value};
use serde_json::Value as Json;

use crate::{Checkpoint, CheckpointError};

/// Approvals of different people that an exception needs.
const APPROVERS: i64 = 2;

/// A permitted exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permit {
    /// Its number in the register, for the receipt.
    pub(crate) number: String,
    /// The content it is about, hexadecimal.
    pub(crate) sha256: String,
}

impl Checkpoint {
    /// The permits of a kind that hold today for a unit, on a conduit that knows such exceptions.
    pub(crate) fn permits(
        &self,
        conduit: &Conduit,
        unit: &str,
        exception: Exception,
    ) -> Result<Vec<Permit>, CheckpointError> {
        if !self.exceptions || !conduit.exceptions.contains(&exception) {
            return Ok(Vec::new());
        }
        let kind = match exception {
            Exception::KeepApproved => "macro",
            Exception::Original => "original",
        };
        let today = self.today();
        let rows = self.store.read(|tx| -> Result<_, StoreError> {
            tx.query(
                "SELECT number, sha256, _changed_seq AS seq FROM reg_file_exceptions
                 WHERE kind = ?1 AND unit = ?2 AND starts_on <= ?3 AND ends_on >= ?3 ORDER BY number LIMIT 1000",
                &[Value::from(kind), Value::from(unit), Value::from(today.as_str())],
            )
        })?;
        let mut permits = Vec::new();
        for row in &rows {
            let sha256 = row.get_text("sha256")?.trim().to_ascii_lowercase();
            if self.was_approved_by_two(row.get_i64("seq")?)? {
                permits.push(Permit { number: row.get_text("number")?.to_owned(), sha256 });
            }
        }
        Ok(permits)
    }

    /// Today in the municipality's calendar, as the registers write days.
    fn today(&self) -> String {
        let now = jiff::Timestamp::from_millisecond(self.store.clock().now_ms()).unwrap_or_default();
        now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).date().to_string()
    }

    /// Whether the event that wrote a version names a case with enough standing approvals.
    fn was_approved_by_two(&self, seq: i64) -> Result<bool, CheckpointError> {
        let Ok(seq) = u64::try_from(seq) else { return Ok(false) };
        let event = self.store.event(seq)?;
        let case = event
            .as_ref()
            .and_then(|event| event.body.as_ref())
            .and_then(|body| body.get("case"))
            .and_then(Json::as_str);
        let Some(case) = case.map(str::to_owned) else { return Ok(false) };
        let rows = self.store.read(|tx| -> Result<_, StoreError> {
            tx.query(
                "SELECT COUNT(DISTINCT m.person) AS people FROM approval_marks m
                 JOIN approval_cases c ON c.id = m.case_id AND c.round = m.round
                 WHERE m.case_id = ?1 AND m.decision IN ('agreed', 'decided') AND m.voided = 0 AND m.person <> c.drafter",
                &[Value::from(case)],
            )
        })?;
        let people = rows.first().map_or(Ok(0), |row| row.get_i64("people"))?;
        Ok(people >= APPROVERS)
    }
}
