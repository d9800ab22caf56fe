//! Rows to values, inside a unit of work and on a reader's snapshot.

use jiff::civil::Date;
use jiff::tz::Offset;
use sekisho_store::{ReadTx, Row, StoreError, Value, WriteTx};

use crate::error::DocumentsError;
use crate::model::{Document, DocumentId, DraftId, Tier, Version, VersionKind};

/// Whatever can be asked.
pub(crate) trait Ask {
    fn ask(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
}

impl Ask for WriteTx {
    fn ask(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }
}

impl Ask for &ReadTx {
    fn ask(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }
}

/// A draft as stored.
#[derive(Debug, Clone)]
pub(crate) struct DraftRow {
    pub(crate) id: DraftId,
    pub(crate) document: DocumentId,
    pub(crate) base: u32,
    pub(crate) title: String,
    pub(crate) blob: String,
    pub(crate) digest: String,
    pub(crate) effective_from: Date,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) state: String,
    pub(crate) case: Option<String>,
    pub(crate) changed_ms: i64,
    pub(crate) clauses: serde_json::Value,
}

pub(crate) fn document(ask: &mut impl Ask, id: &DocumentId) -> Result<(Document, u32), DocumentsError> {
    let rows = ask.ask("SELECT * FROM documents WHERE id = ?1", &[id.as_str().into()])?;
    let row = rows.first().ok_or_else(|| DocumentsError::not_found(format!("document `{id}`")))?;
    with_versions(ask, row)
}

pub(crate) fn documents(ask: &mut impl Ask) -> Result<Vec<Document>, DocumentsError> {
    let rows = ask.ask("SELECT * FROM documents ORDER BY created_ms, id", &[])?;
    rows.iter().map(|row| with_versions(ask, row).map(|(document, _)| document)).collect()
}

fn with_versions(ask: &mut impl Ask, row: &Row) -> Result<(Document, u32), DocumentsError> {
    let id: DocumentId = parsed(row, "id")?;
    let versions = ask
        .ask("SELECT * FROM document_versions WHERE document = ?1 ORDER BY number", &[id.as_str().into()])?
        .iter()
        .map(version)
        .collect::<Result<_, _>>()?;
    let tier = Tier::from_id(row.get_text("tier")?).ok_or_else(|| damaged("documents", "tier"))?;
    let units = serde_json::from_value(row.get_json("units")?).map_err(|_| damaged("documents", "units"))?;
    let document = Document {
        id,
        tier,
        title: row.get_string("title")?,
        owner: row.get_string("owner")?,
        units,
        versions,
    };
    Ok((document, number(row, "next_clause")?))
}

fn version(row: &Row) -> Result<Version, DocumentsError> {
    Ok(Version {
        number: number(row, "number")?,
        kind: VersionKind::from_id(row.get_text("kind")?)
            .ok_or_else(|| damaged("document_versions", "kind"))?,
        decided_on: optional_date(row, "decided_on")?,
        effective_from: parsed(row, "effective_from")?,
        published_on: optional_date(row, "published_on")?,
        published_at: row.get_opt_text("published_at")?.map(str::to_owned),
        digest: row.get_string("digest")?,
        case: row.get_opt_text("case_id")?.map(str::to_owned),
        seq: row.get_u64("seq")?,
    })
}

pub(crate) fn blob_of(ask: &mut impl Ask, id: &DocumentId, version: u32) -> Result<String, DocumentsError> {
    let rows = ask.ask(
        "SELECT blob_id FROM document_versions WHERE document = ?1 AND number = ?2",
        &[id.as_str().into(), version.into()],
    )?;
    let row =
        rows.first().ok_or_else(|| DocumentsError::not_found(format!("version {version} of `{id}`")))?;
    Ok(row.get_string("blob_id")?)
}

pub(crate) fn draft(ask: &mut impl Ask, id: &DraftId) -> Result<DraftRow, DocumentsError> {
    let rows = ask.ask("SELECT * FROM document_drafts WHERE id = ?1", &[id.as_str().into()])?;
    rows.first().ok_or_else(|| DocumentsError::not_found(format!("draft `{id}`"))).and_then(draft_row)
}

pub(crate) fn drafts(ask: &mut impl Ask, id: &DocumentId) -> Result<Vec<DraftRow>, DocumentsError> {
    let sql = "SELECT * FROM document_drafts WHERE document = ?1 ORDER BY changed_ms DESC, id";
    ask.ask(sql, &[id.as_str().into()])?.iter().map(draft_row).collect()
}

fn draft_row(row: &Row) -> Result<DraftRow, DocumentsError> {
    Ok(DraftRow {
        id: parsed(row, "id")?,
        document: parsed(row, "document")?,
        base: number(row, "base")?,
        title: row.get_string("title")?,
        blob: row.get_string("blob_id")?,
        digest: row.get_string("digest")?,
        effective_from: parsed(row, "effective_from")?,
        reason: row.get_string("reason")?,
        author: row.get_string("author")?,
        state: row.get_string("state")?,
        case: row.get_opt_text("case_id")?.map(str::to_owned),
        changed_ms: row.get_i64("changed_ms")?,
        clauses: row.get_json("clauses")?,
    })
}

pub(crate) fn parsed<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, DocumentsError> {
    row.get_text(column)?.parse().map_err(|_| damaged("documents", column))
}

fn optional_date(row: &Row, column: &str) -> Result<Option<Date>, DocumentsError> {
    row.get_opt_text(column)?
        .map(|text| text.parse().map_err(|_| damaged("document_versions", column)))
        .transpose()
}

pub(crate) fn number(row: &Row, column: &str) -> Result<u32, DocumentsError> {
    u32::try_from(row.get_i64(column)?).map_err(|_| damaged("documents", column))
}

fn damaged(table: &str, column: &str) -> DocumentsError {
    let what = format!("table `{table}`, column `{column}`");
    DocumentsError::Damaged { digest: what, reason: "its value is not what was written".to_owned() }
}

/// The day in Japan, which has no summer time.
pub(crate) fn day_of(ms: i64) -> Date {
    jiff::Timestamp::from_millisecond(ms)
        .map_or(Date::MIN, |time| Offset::constant(9).to_datetime(time).date())
}
