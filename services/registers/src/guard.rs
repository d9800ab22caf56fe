//! 個人番号 never enters a register. Every text that people type and every attachment is searched before anything is
//! written; what was found is named by its field and by what speaks for it, never by the number.

use sekisho_detect::{Finding, ScanOptions, scan, scan_pieces};
use sekisho_disarm::Options;
use sekisho_register::{Definition, Field, FieldId, FieldType, Text, Value, Values};
use sekisho_store::Store;
use sekisho_worker::Sandbox;

use crate::{RegistersError, Result};

/// Fewer digits than this can't be a number, even if a leading zero was lost.
const DIGITS: usize = 11;

/// Largest attachment that is searched.
const FILE_BYTES: u64 = 104_857_600;

/// What was found in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) field: FieldId,
    pub(crate) label: Text,
    pub(crate) why: Text,
}

/// Searches what a row gets: fields that are the same in `old` were searched when they were written.
pub(crate) fn texts(definition: &Definition, old: Option<&Values>, new: &Values) -> Vec<Found> {
    let mut found = Vec::new();
    for field in definition.fields.iter().filter(|field| is_searched(&field.kind)) {
        let value = new.get(field.id.as_str());
        if old.is_some_and(|old| old.get(field.id.as_str()) == value) {
            continue;
        }
        let text = match value {
            Value::Text(text) => text.as_str(),
            Value::File { name, .. } => name.as_str(),
            _ => continue,
        };
        if let Some(why) = search(field, text) {
            found.push(Found { field: field.id.clone(), label: field.label.clone(), why });
        }
    }
    found
}

/// Searches the attachments that a row gets, each in a process of its own.
pub(crate) fn files(
    definition: &Definition,
    old: Option<&Values>,
    new: &Values,
    store: &Store,
    sandbox: Option<&Sandbox>,
) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for field in definition.fields.iter().filter(|field| matches!(field.kind, FieldType::File)) {
        let value = new.get(field.id.as_str());
        let Value::File { blob, name, .. } = value else { continue };
        if old.is_some_and(|old| old.get(field.id.as_str()) == value) {
            continue;
        }
        if let Some(why) = file(store, sandbox, blob, name)? {
            found.push(Found { field: field.id.clone(), label: field.label.clone(), why });
        }
    }
    Ok(found)
}

fn file(store: &Store, sandbox: Option<&Sandbox>, blob: &str, name: &str) -> Result<Option<Text>> {
    // Without a sandbox no document is read at all.
    let Some(sandbox) = sandbox else {
        return Err(RegistersError::File("no sandbox is running; attachments can't be examined".to_owned()));
    };
    let mut options = Options { name: name.to_owned(), ..Options::default() };
    options.limits.input_bytes = options.limits.input_bytes.min(FILE_BYTES);
    let mut reader = store.blobs().open(blob)?;
    let pieces = sandbox
        .extract_text_from(&mut reader, &options)
        .map_err(|error| RegistersError::File(error.to_string()))?
        .value
        .map_err(|refusal| RegistersError::File(format!("{refusal:?}")))?;
    let pieces: Vec<(&str, &str)> =
        pieces.iter().map(|piece| (piece.location.as_str(), piece.text.as_str())).collect();
    let findings = scan_pieces(&pieces, &ScanOptions::default());
    let Some(first) = findings.first() else { return Ok(None) };
    let mut why = reasons(std::iter::once(&first.finding));
    why.ja = format!("{}、{}か所", why.ja, findings.len());
    why.en = format!("{}; {} places", why.en, findings.len());
    Ok(Some(why))
}

/// Is this something that people type freely?
fn is_searched(kind: &FieldType) -> bool {
    matches!(
        kind,
        FieldType::Text
            | FieldType::LongText
            | FieldType::NumberCode
            | FieldType::Code(_)
            | FieldType::Url
            | FieldType::Mail
            | FieldType::Phone
            | FieldType::File
    )
}

/// What stands in a report instead of a number.
const MASK: &str = "＊＊＊＊（個人番号の疑い）";

/// A field's value for a report.
pub(crate) fn shown(field: &Field, text: String) -> String {
    if is_searched(&field.kind) && search(field, &text).is_some() { MASK.to_owned() } else { text }
}

/// A sentence in which numbers that were found are masked.
pub(crate) fn masked(text: &str) -> String {
    if !has_digits(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for finding in scan(text, &ScanOptions::default()) {
        out.push_str(text.get(from..finding.start).unwrap_or_default());
        out.push_str(MASK);
        from = finding.end.max(from);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn has_digits(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).count() >= DIGITS
}

fn search(field: &Field, text: &str) -> Option<Text> {
    if !has_digits(text) {
        return None;
    }
    // The label counts as the head of the column: 「製造番号」 speaks against, 「個人番号」 for it.
    let findings = scan_pieces(&[("A!A1", field.label.ja.as_str()), ("A!A2", text)], &ScanOptions::default());
    if findings.is_empty() {
        return None;
    }
    Some(reasons(findings.iter().map(|finding| &finding.finding)))
}

fn reasons<'a>(findings: impl Iterator<Item = &'a Finding>) -> Text {
    let mut evidence: Vec<_> = findings.flat_map(|finding| finding.evidence.iter().copied()).collect();
    let mut seen = Vec::new();
    evidence.retain(|one| {
        let fresh = !seen.contains(one);
        seen.push(*one);
        fresh
    });
    let join = |texts: Vec<&str>, by: &str| texts.join(by);
    Text {
        ja: join(evidence.iter().map(|one| one.text_ja()).collect(), "、"),
        en: join(evidence.iter().map(|one| one.text_en()).collect(), ", "),
    }
}
