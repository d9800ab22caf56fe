//! Content types and relationships of an output.

use std::collections::{HashMap, HashSet};

use super::rules;
use super::xml::{Reader, Token};
use crate::VerifyFailure;

type Parts<'a> = HashMap<&'a str, &'a [u8]>;

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

const MACROS: &str = "http://schemas.microsoft.com/office/2006/relationships/vbaProject";

/// One relationship as written.
struct Written {
    id: String,
    kind: String,
    target: String,
    external: bool,
}

/// The content type of each part that has one of its own.
pub(super) fn content_types(parts: &Parts<'_>) -> Result<HashMap<String, String>, VerifyFailure> {
    const PLACE: &str = "[Content_Types].xml";
    let fail = |what: String| VerifyFailure::new(PLACE, what);
    let mut types = HashMap::new();
    let rows = rows(parts.get(PLACE).copied().unwrap_or_default(), "Types").map_err(fail)?;
    for (name, attributes) in rows {
        let get =
            |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()).unwrap_or_default();
        let media = get("ContentType");
        match name.as_str() {
            "Default" => {
                let known = [
                    ("rels", "application/vnd.openxmlformats-package.relationships+xml"),
                    ("xml", "application/xml"),
                    ("png", "image/png"),
                    ("jpeg", "image/jpeg"),
                ];
                if !known.contains(&(get("Extension").as_str(), media.as_str())) {
                    return Err(fail(format!("default {}", get("Extension"))));
                }
            }
            "Override" => {
                let part = get("PartName").strip_prefix('/').unwrap_or_default().to_owned();
                if types.insert(part.clone(), media).is_some() {
                    return Err(fail(format!("{part} twice")));
                }
            }
            other => return Err(fail(other.to_owned())),
        }
    }
    Ok(types)
}

/// The identifiers that a part may use, each with `true` for an address outside.
pub(super) fn ids(part: &str, parts: &Parts<'_>) -> Result<HashMap<String, bool>, VerifyFailure> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let name = format!("{folder}/_rels/{file}.rels");
    let Some(bytes) = parts.get(name.as_str()) else { return Ok(HashMap::new()) };
    Ok(read(&name, bytes)?.into_iter().map(|row| (row.id, row.external)).collect())
}

/// Checks a relationships part and notes where it leads.
pub(super) fn check(
    name: &str,
    bytes: &[u8],
    parts: &Parts<'_>,
    main: &str,
    keeping: bool,
    reached: &mut HashSet<String>,
) -> Result<(), VerifyFailure> {
    let fail = |what: String| VerifyFailure::new(name, what);
    let (folder, file) = name.split_once("_rels/").ok_or_else(|| fail("place".to_owned()))?;
    let source = format!("{folder}{}", file.strip_suffix(".rels").unwrap_or_default());
    if name != "_rels/.rels" && (!parts.contains_key(source.as_str()) || rules::part(&source).is_none()) {
        return Err(fail("relationships of nothing".to_owned()));
    }
    for row in read(name, bytes)? {
        let kind = row.kind.strip_prefix(OFFICE).unwrap_or(&row.kind);
        if row.external {
            if kind != "hyperlink" || !is_address(&row.target) {
                return Err(fail(format!("external {kind} {}", row.target)));
            }
            continue;
        }
        let target = resolve(folder, &row.target);
        if !parts.contains_key(target.as_str()) {
            return Err(fail(format!("{target} is not there")));
        }
        // The project is checked by its bytes; only the main part may lead to it.
        if keeping && row.kind == MACROS && source == main && target.ends_with("/vbaProject.bin") {
            reached.insert(target);
            continue;
        }
        let expected = if rules::picture(&target).is_some() {
            "image".to_owned()
        } else {
            rules::part(&target).map(|part| part.relation.to_owned()).unwrap_or_default()
        };
        if kind != expected || (name == "_rels/.rels" && target != main) {
            return Err(fail(format!("{kind} to {target}")));
        }
        reached.insert(target);
    }
    Ok(())
}

/// A web or mail address; what a person may click on.
pub(crate) fn is_address(target: &str) -> bool {
    let lower = target.to_lowercase();
    let schemes = ["https://", "http://", "mailto:"];
    let tricks =
        |c: char| c.is_whitespace() || c.is_control() || c == '\\' || c == '"' || c == '<' || c == '>';
    schemes.iter().any(|scheme| lower.starts_with(scheme) && lower.len() > scheme.len())
        && !target.contains(tricks)
}

fn read(name: &str, bytes: &[u8]) -> Result<Vec<Written>, VerifyFailure> {
    let fail = |what: String| VerifyFailure::new(name, what);
    let mut seen = HashSet::new();
    let mut written = Vec::new();
    for (element, attributes) in rows(bytes, "Relationships").map_err(fail)? {
        if element != "Relationship" {
            return Err(fail(element));
        }
        let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        let id = get("Id").unwrap_or_default();
        if !seen.insert(id.clone()) {
            return Err(fail(format!("{id} twice")));
        }
        let external = match get("TargetMode").as_deref() {
            None => false,
            Some("External") => true,
            Some(other) => return Err(fail(other.to_owned())),
        };
        let (kind, target) = (get("Type").unwrap_or_default(), get("Target").unwrap_or_default());
        written.push(Written { id, kind, target, external });
    }
    Ok(written)
}

type Row = (String, Vec<(String, String)>);

/// The empty elements of a flat document.
fn rows(bytes: &[u8], root: &str) -> Result<Vec<Row>, String> {
    let mut reader = Reader::new(bytes)?;
    let mut rows = Vec::new();
    while let Some(token) = reader.next(1)? {
        match token {
            Token::Start { name, empty: false, .. } if name == root => {}
            Token::Start { name, attributes, empty: true } if reader.open().len() == 1 => {
                let owned = attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
                rows.push((name.to_owned(), owned));
            }
            Token::End(_) => {}
            _ => return Err("not a flat list".to_owned()),
        }
    }
    Ok(rows)
}

fn resolve(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
    for segment in target.split('/') {
        if segment == ".." {
            path.pop();
        } else {
            path.push(segment);
        }
    }
    path.join("/")
}
