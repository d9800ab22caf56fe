//! The tables that lists and pages read: rebuilt from the events at any time, written nowhere else.

use serde_json::Value as Json;

use sekisho_store::{BlobColumn, Event, Projection, Sql, StoreError, TableDef, Value};

/// Projects `transfer.*`, `file.*`, `original.*` and `result.*` events.
pub(crate) struct Transfers;

static TABLES: [TableDef; 4] = [
    TableDef::new(
        "transfers",
        "CREATE TABLE transfers (
            id TEXT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
            from_zone TEXT NOT NULL, to_zone TEXT NOT NULL, approving_zone TEXT NOT NULL, conduit TEXT NOT NULL,
            applicant TEXT NOT NULL, applicant_name TEXT NOT NULL, unit TEXT NOT NULL, recipient TEXT NOT NULL,
            purpose TEXT NOT NULL, state TEXT NOT NULL, digest TEXT NOT NULL, route TEXT NOT NULL, step BIGINT NOT NULL,
            release_seq BIGINT, policy_digest TEXT NOT NULL, reason TEXT NOT NULL, total_bytes BIGINT NOT NULL,
            names TEXT NOT NULL, search TEXT NOT NULL);
          CREATE INDEX transfers_created ON transfers (created_ms);
          CREATE INDEX transfers_applicant ON transfers (applicant, created_ms);
          CREATE INDEX transfers_recipient ON transfers (recipient, created_ms);
          CREATE INDEX transfers_unit ON transfers (unit, created_ms);
          CREATE INDEX transfers_state ON transfers (state, created_ms)",
        "id",
    ),
    TableDef::new(
        "transfer_files",
        "CREATE TABLE transfer_files (
            id TEXT NOT NULL PRIMARY KEY, transfer TEXT NOT NULL, position BIGINT NOT NULL, name TEXT NOT NULL,
            given_name TEXT, original TEXT, original_sha256 TEXT NOT NULL, original_bytes BIGINT NOT NULL,
            declared TEXT NOT NULL, detected TEXT NOT NULL, state TEXT NOT NULL, method TEXT NOT NULL,
            output TEXT, output_sha256 TEXT NOT NULL, output_bytes BIGINT NOT NULL, output_format TEXT NOT NULL,
            output_name TEXT NOT NULL, removed TEXT NOT NULL, refusal TEXT, findings TEXT NOT NULL,
            original_disposed_ms BIGINT, output_disposed_ms BIGINT, cpu_ms BIGINT NOT NULL, exceptions TEXT NOT NULL);
          CREATE INDEX transfer_files_transfer ON transfer_files (transfer, position);
          CREATE INDEX transfer_files_original ON transfer_files (original);
          CREATE INDEX transfer_files_output ON transfer_files (output)",
        "id",
    ),
    TableDef::new(
        "transfer_decisions",
        "CREATE TABLE transfer_decisions (
            seq BIGINT NOT NULL PRIMARY KEY, transfer TEXT NOT NULL, step BIGINT NOT NULL, person TEXT NOT NULL,
            person_name TEXT NOT NULL, capacity TEXT NOT NULL, decision TEXT NOT NULL, comment TEXT NOT NULL,
            digest TEXT NOT NULL, at_ms BIGINT NOT NULL);
          CREATE INDEX transfer_decisions_transfer ON transfer_decisions (transfer, step)",
        "seq",
    ),
    TableDef::new(
        "transfer_downloads",
        "CREATE TABLE transfer_downloads (
            seq BIGINT NOT NULL PRIMARY KEY, transfer TEXT NOT NULL, file TEXT NOT NULL, person TEXT NOT NULL,
            at_ms BIGINT NOT NULL);
          CREATE INDEX transfer_downloads_transfer ON transfer_downloads (transfer)",
        "seq",
    ),
];

static BLOBS: [BlobColumn; 2] =
    [BlobColumn::new("transfer_files", "original", "id"), BlobColumn::new("transfer_files", "output", "id")];

impl Projection for Transfers {
    fn name(&self) -> &str {
        "transfers"
    }

    /// 2: the exceptions of files.
    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &[TableDef] {
        &TABLES
    }

    fn blob_references(&self) -> &[BlobColumn] {
        &BLOBS
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        let empty = Json::Null;
        let body = event.body.as_ref().unwrap_or(&empty);
        let transfer = || Value::from(event.subject.as_str());
        match event.kind.as_str() {
            "transfer.submitted" => submitted(tx, event, body),
            "file.disarming" => {
                tx.execute(
                    "UPDATE transfer_files SET state = 'disarming' WHERE id = ?1",
                    &[text(body, "file")],
                )?;
                set_state(tx, event, "disarming", "received")
            }
            "file.disarmed" => disarmed(tx, event, body),
            "file.verified" => {
                tx.execute(
                    "UPDATE transfer_files SET state = 'verified', findings = ?2 WHERE id = ?1",
                    &[text(body, "file"), json(body, "findings")],
                )?;
                touch(tx, event)
            }
            "file.refused" => refused(tx, event, body),
            "transfer.awaiting" => {
                tx.execute(
                    "UPDATE transfers SET state = 'awaiting', digest = ?2, route = ?3, step = 0, updated_ms = ?4 WHERE id = ?1",
                    &[transfer(), text(body, "digest"), text(body, "route"), Value::from(event.time_ms)],
                )?;
                Ok(())
            }
            "transfer.approved" | "transfer.rejected" => decided(tx, event, body),
            "transfer.released" => {
                let seq = i64::try_from(event.seq).unwrap_or(i64::MAX);
                tx.execute(
                    "UPDATE transfers SET state = 'receivable', digest = ?2, release_seq = ?3, updated_ms = ?4 WHERE id = ?1",
                    &[transfer(), text(body, "digest"), Value::from(seq), Value::from(event.time_ms)],
                )?;
                Ok(())
            }
            "transfer.refused" => set_state(tx, event, "refused", ""),
            "transfer.withdrawn" => set_state(tx, event, "withdrawn", ""),
            "transfer.disposed" => set_state(tx, event, "disposed", ""),
            "file.downloaded" => {
                let seq = i64::try_from(event.seq).unwrap_or(i64::MAX);
                tx.execute(
                    "INSERT INTO transfer_downloads (seq, transfer, file, person, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                    &[
                        Value::from(seq),
                        transfer(),
                        text(body, "file"),
                        Value::from(event.actor.as_str()),
                        Value::from(event.time_ms),
                    ],
                )?;
                Ok(())
            }
            "original.disposed" => {
                tx.execute(
                    "UPDATE transfer_files SET original = NULL, original_disposed_ms = ?2 WHERE id = ?1",
                    &[text(body, "file"), Value::from(event.time_ms)],
                )?;
                Ok(())
            }
            "result.disposed" => {
                tx.execute(
                    "UPDATE transfer_files SET output = NULL, output_disposed_ms = ?2 WHERE id = ?1",
                    &[text(body, "file"), Value::from(event.time_ms)],
                )?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn submitted(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    let files = body.get("files").and_then(Json::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> = files.iter().filter_map(|file| file.get("name").and_then(Json::as_str)).collect();
    let total: i64 = files.iter().filter_map(|file| file.get("bytes").and_then(Json::as_i64)).sum();
    let search = format!(
        "{} {} {} {} {}",
        event.subject,
        body.get("purpose").and_then(Json::as_str).unwrap_or_default(),
        body.get("applicant_name").and_then(Json::as_str).unwrap_or_default(),
        body.get("applicant_login").and_then(Json::as_str).unwrap_or_default(),
        names.join(" ")
    )
    .to_lowercase();
    tx.execute(
        "INSERT INTO transfers (id, seq, created_ms, updated_ms, from_zone, to_zone, approving_zone, conduit, applicant,
            applicant_name, unit, recipient, purpose, state, digest, route, step, release_seq, policy_digest, reason,
            total_bytes, names, search)
         VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'received', '', '', 0, NULL, ?13, '', ?14, ?15, ?16)",
        &[
            Value::from(event.subject.as_str()),
            Value::from(i64::try_from(event.seq).unwrap_or(i64::MAX)),
            Value::from(event.time_ms),
            text(body, "from"),
            text(body, "to"),
            text(body, "approving_zone"),
            text(body, "conduit"),
            Value::from(event.actor.as_str()),
            text(body, "applicant_name"),
            text(body, "unit"),
            text(body, "recipient"),
            text(body, "purpose"),
            text(body, "policy_digest"),
            Value::from(total),
            Value::from(serde_json::to_string(&names).unwrap_or_default()),
            Value::from(search),
        ],
    )?;
    for (position, file) in (0_i64..).zip(&files) {
        tx.execute(
            "INSERT INTO transfer_files (id, transfer, position, name, given_name, original, original_sha256, original_bytes,
                declared, detected, state, method, output, output_sha256, output_bytes, output_format, output_name, removed,
                refusal, findings, original_disposed_ms, output_disposed_ms, cpu_ms, exceptions)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, '', '', 'received', '', NULL, '', 0, '', '', '[]', NULL, '[]', NULL, NULL, 0, '[]')",
            &[
                text(file, "id"),
                Value::from(event.subject.as_str()),
                Value::from(position),
                text(file, "name"),
                optional(file, "given_name"),
                text(file, "sha256"),
                Value::from(file.get("bytes").and_then(Json::as_i64).unwrap_or_default()),
            ],
        )?;
    }
    Ok(())
}

fn disarmed(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    let output = body.get("output").cloned().unwrap_or(Json::Null);
    tx.execute(
        "UPDATE transfer_files SET state = 'verifying', declared = ?2, detected = ?3, method = ?4, output = ?5,
            output_sha256 = ?5, output_bytes = ?6, output_format = ?7, output_name = ?8, removed = ?9, cpu_ms = ?10, exceptions = ?11
         WHERE id = ?1",
        &[
            text(body, "file"),
            text(body, "declared"),
            text(body, "detected"),
            text(body, "method"),
            text(&output, "sha256"),
            Value::from(output.get("bytes").and_then(Json::as_i64).unwrap_or_default()),
            text(&output, "format"),
            text(&output, "name"),
            json(body, "removed"),
            Value::from(body.get("cpu_ms").and_then(Json::as_i64).unwrap_or_default()),
            Value::from(body.get("exceptions").map_or_else(|| "[]".to_owned(), Json::to_string)),
        ],
    )?;
    touch(tx, event)
}

/// A refused file keeps what is known of it, but no output: what a verifier rejected must not stay reachable.
fn refused(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE transfer_files SET state = 'refused', declared = ?2, detected = ?3, refusal = ?4, output = NULL,
            output_sha256 = '', output_bytes = 0, output_format = '', output_name = '' WHERE id = ?1",
        &[text(body, "file"), text(body, "declared"), text(body, "detected"), json(body, "refusal")],
    )?;
    touch(tx, event)
}

fn decided(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    let approved = event.kind == "transfer.approved";
    let step = body.get("step").and_then(Json::as_i64).unwrap_or_default();
    tx.execute(
        "INSERT INTO transfer_decisions (seq, transfer, step, person, person_name, capacity, decision, comment, digest, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &[
            Value::from(i64::try_from(event.seq).unwrap_or(i64::MAX)),
            Value::from(event.subject.as_str()),
            Value::from(step),
            Value::from(event.actor.as_str()),
            text(body, "person_name"),
            text(body, "capacity"),
            Value::from(if approved { "approved" } else { "rejected" }),
            text(body, "comment"),
            text(body, "digest"),
            Value::from(event.time_ms),
        ],
    )?;
    let next = body.get("next_step").and_then(Json::as_i64).unwrap_or(step);
    tx.execute(
        "UPDATE transfers SET step = ?2, updated_ms = ?3 WHERE id = ?1",
        &[Value::from(event.subject.as_str()), Value::from(next), Value::from(event.time_ms)],
    )?;
    if !approved {
        tx.execute(
            "UPDATE transfers SET state = 'rejected', reason = ?2 WHERE id = ?1",
            &[Value::from(event.subject.as_str()), text(body, "comment")],
        )?;
    }
    Ok(())
}

/// Moves the transfer to a state; only from `from` where that is not empty.
fn set_state(tx: &mut dyn Sql, event: &Event, state: &str, from: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE transfers SET state = ?2, updated_ms = ?3 WHERE id = ?1 AND (?4 = '' OR state = ?4)",
        &[
            Value::from(event.subject.as_str()),
            Value::from(state),
            Value::from(event.time_ms),
            Value::from(from),
        ],
    )?;
    Ok(())
}

fn touch(tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE transfers SET updated_ms = ?2 WHERE id = ?1",
        &[Value::from(event.subject.as_str()), Value::from(event.time_ms)],
    )?;
    Ok(())
}

fn text(body: &Json, key: &str) -> Value {
    Value::from(body.get(key).and_then(Json::as_str).unwrap_or_default())
}

fn optional(body: &Json, key: &str) -> Value {
    body.get(key).and_then(Json::as_str).map_or(Value::Null, Value::from)
}

fn json(body: &Json, key: &str) -> Value {
    Value::from(body.get(key).map(Json::to_string).unwrap_or_default())
}
