//! Tables made from `document.*` events. Texts are blobs; a table holds their ids, digests and the clauses' numbers, so
//! that links can be checked without opening a non-public text.

use sekisho_store::{BlobColumn, Event, Projection, Sql, StoreError, TableDef, Value};
use serde_json::Value as Json;

pub(crate) struct DocumentTables;

static TABLES: [TableDef; 7] = [
    TableDef::new(
        "documents",
        "CREATE TABLE documents (id TEXT NOT NULL PRIMARY KEY, tier TEXT NOT NULL, title TEXT NOT NULL, owner TEXT NOT NULL, \
         units TEXT NOT NULL, latest BIGINT NOT NULL, next_clause BIGINT NOT NULL, created_ms BIGINT NOT NULL)",
        "id",
    ),
    TableDef::new(
        "document_drafts",
        "CREATE TABLE document_drafts (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL, base BIGINT NOT NULL, \
         title TEXT NOT NULL, blob_id TEXT NOT NULL, digest TEXT NOT NULL, effective_from TEXT NOT NULL, reason TEXT NOT NULL, \
         author TEXT NOT NULL, state TEXT NOT NULL, case_id TEXT, changed_ms BIGINT NOT NULL, clauses TEXT NOT NULL); \
         CREATE INDEX document_drafts_document ON document_drafts (document)",
        "id",
    ),
    TableDef::new(
        "document_versions",
        "CREATE TABLE document_versions (document TEXT NOT NULL, number BIGINT NOT NULL, kind TEXT NOT NULL, decided_on TEXT, \
         effective_from TEXT NOT NULL, published_on TEXT, published_at TEXT, blob_id TEXT NOT NULL, digest TEXT NOT NULL, \
         case_id TEXT, seq BIGINT NOT NULL, PRIMARY KEY (document, number))",
        "document, number",
    ),
    TableDef::new(
        "document_clauses",
        "CREATE TABLE document_clauses (document TEXT NOT NULL, clause TEXT NOT NULL, number TEXT NOT NULL, position BIGINT NOT NULL, \
         PRIMARY KEY (document, clause))",
        "document, clause",
    ),
    TableDef::new(
        "document_links",
        "CREATE TABLE document_links (document TEXT NOT NULL, clause TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, \
         target_clause TEXT NOT NULL, note TEXT NOT NULL, seq BIGINT NOT NULL, \
         PRIMARY KEY (document, clause, kind, target, target_clause))",
        "document, clause, kind, target, target_clause",
    ),
    TableDef::new(
        "document_consents",
        "CREATE TABLE document_consents (document TEXT NOT NULL, digest TEXT NOT NULL, body TEXT NOT NULL, consented_on TEXT NOT NULL, \
         note TEXT NOT NULL, actor TEXT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (document, digest, body))",
        "document, digest, body",
    ),
    TableDef::new(
        "document_readings",
        "CREATE TABLE document_readings (seq BIGINT NOT NULL PRIMARY KEY, document TEXT NOT NULL, version BIGINT NOT NULL, \
         draft TEXT NOT NULL, actor TEXT NOT NULL, time_ms BIGINT NOT NULL, way TEXT NOT NULL); \
         CREATE INDEX document_readings_document ON document_readings (document, seq)",
        "seq",
    ),
];

static BLOBS: [BlobColumn; 2] = [
    BlobColumn::new("document_drafts", "blob_id", "id"),
    BlobColumn::new("document_versions", "blob_id", "document"),
];

impl Projection for DocumentTables {
    fn name(&self) -> &str {
        "documents"
    }

    fn tables(&self) -> &[TableDef] {
        &TABLES
    }

    fn blob_references(&self) -> &[BlobColumn] {
        &BLOBS
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        if !event.kind.starts_with("document.") {
            return Ok(());
        }
        // These events carry no personal data and are kept for good; one without a body says nothing any more.
        let Some(body) = &event.body else { return Ok(()) };
        let seq = i64::try_from(event.seq).unwrap_or(i64::MAX);
        let id = event.subject.as_str();
        match event.kind.as_str() {
            "document.created" => {
                tx.execute(
                    "INSERT INTO documents (id, tier, title, owner, units, latest, next_clause, created_ms) \
                     VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6)",
                    &[
                        id.into(),
                        text(body, "tier"),
                        text(body, "title"),
                        text(body, "owner"),
                        json(body, "units"),
                        event.time_ms.into(),
                    ],
                )?;
            }
            "document.assigned" => {
                tx.execute(
                    "UPDATE documents SET owner = ?2, units = ?3 WHERE id = ?1",
                    &[id.into(), text(body, "owner"), json(body, "units")],
                )?;
            }
            "document.drafted" => drafted(tx, event, body)?,
            "document.proposed" => {
                tx.execute(
                    "UPDATE document_drafts SET state = 'proposed', case_id = ?2, changed_ms = ?3 WHERE id = ?1",
                    &[text(body, "draft"), text(body, "case"), event.time_ms.into()],
                )?;
            }
            "document.returned" | "document.discarded" => {
                let state = if event.kind == "document.returned" { "draft" } else { "discarded" };
                tx.execute(
                    "UPDATE document_drafts SET state = ?2, changed_ms = ?3 WHERE id = ?1",
                    &[text(body, "draft"), state.into(), event.time_ms.into()],
                )?;
            }
            "document.enacted" => enacted(tx, event, body, seq)?,
            "document.published" => {
                tx.execute(
                    "UPDATE document_versions SET published_on = ?3, published_at = ?4 WHERE document = ?1 AND number = ?2",
                    &[id.into(), int(body, "version"), text(body, "on"), text(body, "at")],
                )?;
            }
            "document.linked" => {
                tx.execute(
                    "INSERT INTO document_links (document, clause, kind, target, target_clause, note, seq) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (document, clause, kind, target, target_clause) \
                     DO UPDATE SET note = excluded.note, seq = excluded.seq",
                    &[
                        id.into(),
                        text(body, "clause"),
                        text(body, "kind"),
                        text(body, "target"),
                        filled(body, "target_clause"),
                        filled(body, "note"),
                        seq.into(),
                    ],
                )?;
            }
            "document.unlinked" => {
                tx.execute(
                    "DELETE FROM document_links WHERE document = ?1 AND clause = ?2 AND kind = ?3 AND target = ?4 AND target_clause = ?5",
                    &[
                        id.into(),
                        text(body, "clause"),
                        text(body, "kind"),
                        text(body, "target"),
                        filled(body, "target_clause"),
                    ],
                )?;
            }
            "document.consent-of-body" => {
                tx.execute(
                    "INSERT INTO document_consents (document, digest, body, consented_on, note, actor, seq) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (document, digest, body) \
                     DO UPDATE SET consented_on = excluded.consented_on, note = excluded.note, actor = excluded.actor, seq = excluded.seq",
                    &[
                        id.into(),
                        text(body, "digest"),
                        text(body, "body"),
                        text(body, "on"),
                        filled(body, "note"),
                        event.actor.as_str().into(),
                        seq.into(),
                    ],
                )?;
            }
            "document.read" => {
                tx.execute(
                    "INSERT INTO document_readings (seq, document, version, draft, actor, time_ms, way) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    &[
                        seq.into(),
                        id.into(),
                        int(body, "version"),
                        filled(body, "draft"),
                        event.actor.as_str().into(),
                        event.time_ms.into(),
                        filled(body, "way"),
                    ],
                )?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn drafted(tx: &mut dyn Sql, event: &Event, body: &Json) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO document_drafts (id, document, base, title, blob_id, digest, effective_from, reason, author, state, case_id, \
         changed_ms, clauses) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'draft', NULL, ?10, ?11) ON CONFLICT (id) DO UPDATE SET \
         base = excluded.base, title = excluded.title, blob_id = excluded.blob_id, digest = excluded.digest, \
         effective_from = excluded.effective_from, reason = excluded.reason, changed_ms = excluded.changed_ms, clauses = excluded.clauses",
        &[
            text(body, "draft"),
            event.subject.as_str().into(),
            int(body, "base"),
            text(body, "title"),
            text(body, "blob"),
            text(body, "digest"),
            text(body, "effective_from"),
            filled(body, "reason"),
            event.actor.as_str().into(),
            event.time_ms.into(),
            json(body, "clauses"),
        ],
    )?;
    tx.execute(
        "UPDATE documents SET next_clause = ?2 WHERE id = ?1 AND next_clause < ?2",
        &[event.subject.as_str().into(), int(body, "next_clause")],
    )?;
    Ok(())
}

fn enacted(tx: &mut dyn Sql, event: &Event, body: &Json, seq: i64) -> Result<(), StoreError> {
    let id = event.subject.as_str();
    tx.execute(
        "INSERT INTO document_versions (document, number, kind, decided_on, effective_from, published_on, published_at, blob_id, \
         digest, case_id, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7, ?8, ?9, ?10)",
        &[
            id.into(),
            int(body, "version"),
            text(body, "kind"),
            text(body, "decided_on"),
            text(body, "effective_from"),
            text(body, "published_on"),
            text(body, "blob"),
            text(body, "digest"),
            text(body, "case"),
            seq.into(),
        ],
    )?;
    tx.execute(
        "UPDATE documents SET latest = ?2, title = ?3 WHERE id = ?1",
        &[id.into(), int(body, "version"), text(body, "title")],
    )?;
    tx.execute(
        "UPDATE document_drafts SET state = 'enacted', changed_ms = ?2 WHERE id = ?1",
        &[text(body, "draft"), event.time_ms.into()],
    )?;
    tx.execute("DELETE FROM document_clauses WHERE document = ?1", &[id.into()])?;
    let clauses = body.get("clauses").and_then(Json::as_array).into_iter().flatten();
    for (clause, position) in clauses.zip(1_i64..) {
        tx.execute(
            "INSERT INTO document_clauses (document, clause, number, position) VALUES (?1, ?2, ?3, ?4)",
            &[id.into(), text(clause, "id"), text(clause, "number"), position.into()],
        )?;
    }
    Ok(())
}

/// A text or NULL.
fn text(body: &Json, key: &str) -> Value {
    body.get(key).and_then(Json::as_str).into()
}

/// A text, empty when absent.
fn filled(body: &Json, key: &str) -> Value {
    body.get(key).and_then(Json::as_str).unwrap_or_default().into()
}

fn int(body: &Json, key: &str) -> Value {
    body.get(key).and_then(Json::as_i64).unwrap_or(0).into()
}

fn json(body: &Json, key: &str) -> Value {
    body.get(key).map_or_else(|| "[]".to_owned(), Json::to_string).into()
}
