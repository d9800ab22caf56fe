//! Events: the truth from which every projection is made. The payload's bytes are written once, and those exact
//! bytes are what the ledger's leaf commits to.

use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::value::{Row, Value};

/// Kind of the first event of every store (seq 0), written by the store itself.
pub const GENESIS: &str = "ledger.genesis";

/// Kind of the event that says that another event's payload was disposed of; its body holds that event's
/// `seq`, `actor` and `subject`, and the `reason`.
pub const DISPOSED: &str = "ledger.payload-disposed";

/// The actor of events that the store writes by itself.
pub const SYSTEM: &str = "system";

/// Columns that [`Event::from_row`] reads.
pub(crate) const COLUMNS: &str = "seq, time_ms, kind, actor, subject, payload";

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Position in the ledger, from 0 without gaps.
    pub seq: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z; never smaller than that of the event before.
    pub time_ms: i64,
    /// What happened, `[a-z0-9._-]{1,64}`, e.g. `transfer.submitted`.
    pub kind: String,
    /// Who did it (account id, or `system`).
    pub actor: String,
    /// What it is about (an id).
    pub subject: String,
    /// The details; `None` once the payload was disposed of.
    pub body: Option<serde_json::Value>,
}

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only kinds that start with this.
    pub kind_prefix: Option<String>,
    /// Only this subject.
    pub subject: Option<String>,
}

#[derive(Serialize)]
struct PayloadOut<'a> {
    actor: &'a str,
    subject: &'a str,
    body: &'a serde_json::Value,
}

/// A stored payload, read back.
#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) actor: String,
    pub(crate) subject: String,
    pub(crate) body: serde_json::Value,
}

/// The payload's bytes: `{"actor":…,"subject":…,"body":…}`.
pub(crate) fn encode(actor: &str, subject: &str, body: &serde_json::Value) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(&PayloadOut { actor, subject, body })
        .map_err(|e| StoreError::invalid(format!("the event's body can't be written as JSON: {e}")))
}

pub(crate) fn decode(seq: u64, bytes: &[u8]) -> Result<Payload, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| {
        StoreError::damaged(format!("events seq {seq}"), format!("its payload is not readable: {e}"))
    })
}

impl Event {
    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        let seq = row.get_u64("seq")?;
        let body = match row.get_opt_blob("payload")? {
            Some(bytes) => Some(decode(seq, bytes)?.body),
            None => None,
        };
        Ok(Self {
            seq,
            time_ms: row.get_i64("time_ms")?,
            kind: row.get_string("kind")?,
            actor: row.get_string("actor")?,
            subject: row.get_string("subject")?,
            body,
        })
    }
}

impl EventFilter {
    /// The statement and parameters that list at most `limit` events after `after`.
    pub(crate) fn statement(&self, after: u64, limit: u32) -> Result<(String, Vec<Value>), StoreError> {
        let mut sql = format!("SELECT {COLUMNS} FROM events WHERE seq > ?1");
        let mut params = vec![Value::try_from(after)?];
        if let Some(prefix) = &self.kind_prefix {
            // Kinds are [a-z0-9._-], so a range says the same as LIKE and both databases use the index for it.
            let at = params.len();
            sql.push_str(&format!(" AND kind >= ?{} AND kind < ?{}", at + 1, at + 2));
            params.push(Value::from(prefix));
            params.push(Value::from(format!("{prefix}{{")));
        }
        if let Some(subject) = &self.subject {
            sql.push_str(&format!(" AND subject = ?{}", params.len() + 1));
            params.push(Value::from(subject));
        }
        sql.push_str(&format!(" ORDER BY seq LIMIT {limit}"));
        Ok((sql, params))
    }
}

/// Is `kind` one that the ledger takes?
pub(crate) fn check_kind(kind: &str) -> Result<(), StoreError> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-');
    if kind.is_empty() || kind.len() > 64 || !kind.bytes().all(allowed) {
        return Err(StoreError::invalid(format!(
            "`{}` is no kind of event: use 1 to 64 of a-z, 0-9, `.`, `_`, `-`",
            kind.escape_debug()
        )));
    }
    Ok(())
}

/// PostgreSQL can't hold U+0000 in text, so neither database gets it.
pub(crate) fn check_text(what: &str, text: &str) -> Result<(), StoreError> {
    if text.contains('\0') {
        return Err(StoreError::invalid(format!(
            "the {what} holds the character U+0000, which can't be stored"
        )));
    }
    Ok(())
}
