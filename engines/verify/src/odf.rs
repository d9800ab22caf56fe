//! Reads an OpenDocument package back: the type first and bare, parts of fixed names, a manifest that names exactly
//! those, listed elements and attributes, addresses inside the document or for a person's click.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, OnceLock};

use crate::lists::odf::NAMESPACES;
use crate::{Format, Limits, VerifyFailure};
use crate::{
    ooxml::{Reader, Token, formula_is_local, is_address},
    zip::members,
};

/// What must not be in an output even if a list allowed it.
static NEVER: LazyLock<HashSet<&str>> = LazyLock::new(|| crate::lists::never(crate::lists::NEVER_ODF));

/// Checks a whole package.
pub(super) fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    let fail = |place: &str, what: &str| VerifyFailure::new(place, what);
    let members = members(output, limits)?;
    let first = members
        .first()
        .filter(|member| member.name == "mimetype")
        .ok_or_else(|| fail("mimetype", "not first"))?;
    // Method 0 in the first local header: readers look at fixed places.
    if first.bytes != format.media_type().as_bytes() || output.get(8..10) != Some(&[0, 0]) {
        return Err(fail("mimetype", "not the bare type"));
    }
    let names: HashSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    if !names.contains("content.xml") || !names.contains("META-INF/manifest.xml") {
        return Err(fail("", "content or manifest missing"));
    }
    for member in members.iter().skip(1) {
        let name = member.name.as_str();
        let folder = name.split_once('/').map(|(folder, _)| folder);
        let is_object = folder.and_then(|f| f.strip_prefix("Object ")).is_some_and(is_number);
        match name {
            "META-INF/manifest.xml" => manifest(&member.bytes, format, &names)?,
            "content.xml" | "styles.xml" => part(name, &member.bytes, &names, limits)?,
            "settings.xml" => settings(&member.bytes)?,
            _ if is_object && (name.ends_with("/content.xml") || name.ends_with("/styles.xml")) => {
                part(name, &member.bytes, &names, limits)?;
            }
            _ => {
                let picture = name.strip_prefix("Pictures/image").and_then(|rest| rest.split_once('.'));
                let kind = match picture {
                    Some((number, "png")) if is_number(number) => Format::Png,
                    Some((number, "jpeg")) if is_number(number) => Format::Jpeg,
                    _ => return Err(fail(name, "part not on the list")),
                };
                crate::raster::verify(&member.bytes, kind, limits)?;
            }
        }
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn manifest(bytes: &[u8], format: Format, names: &HashSet<&str>) -> Result<(), VerifyFailure> {
    let fail = |what: String| VerifyFailure::new("META-INF/manifest.xml", what);
    let mut named = HashSet::new();
    let mut reader = Reader::new(bytes).map_err(fail)?;
    while let Some(token) = reader.next(1).map_err(fail)? {
        let Token::Start { name, attributes, .. } = token else { continue };
        if name == "manifest:manifest" {
            continue;
        }
        let get = |key: &str| {
            attributes.iter().find(|(k, _)| *k == key).map(|(_, v)| v.clone()).unwrap_or_default()
        };
        let (path, media) = (get("manifest:full-path"), get("manifest:media-type"));
        let known = match path.as_str() {
            "/" => media == format.media_type(),
            object if object.ends_with('/') => {
                media.starts_with("application/vnd.oasis.opendocument.")
                    && names.contains(format!("{object}content.xml").as_str())
            }
            part => matches!(media.as_str(), "text/xml" | "image/png" | "image/jpeg") && names.contains(part),
        };
        if name != "manifest:file-entry" || !known || !named.insert(path.clone()) {
            return Err(fail(path));
        }
    }
    let stray = names
        .iter()
        .find(|name| !named.contains(**name) && !matches!(**name, "mimetype" | "META-INF/manifest.xml"));
    stray.map_or(Ok(()), |name| Err(fail(format!("{name} is not named"))))
}

/// Switches with names of letters, yes or no.
fn settings(bytes: &[u8]) -> Result<(), VerifyFailure> {
    let fail = |what: String| VerifyFailure::new("settings.xml", what);
    let mut reader = Reader::new(bytes).map_err(fail)?;
    while let Some(token) = reader.next(4).map_err(fail)? {
        let good = match token {
            Token::Start { name: "config:config-item", attributes, .. } => {
                attributes.iter().all(|(key, value)| match *key {
                    "config:name" => {
                        value.bytes().all(|b| b.is_ascii_alphanumeric()) && !value.contains("Macro")
                    }
                    "config:type" => value == "boolean",
                    _ => false,
                })
            }
            Token::Start { name, .. } => {
                matches!(name, "office:document-settings" | "office:settings" | "config:config-item-set")
            }
            Token::End(_) => true,
            Token::Text(text) => text == "true" || text == "false",
        };
        if !good {
            return Err(fail("not a switch".to_owned()));
        }
    }
    Ok(())
}

type Lists = HashMap<String, (bool, HashSet<&'static str>)>;

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| {
        let mut all = HashMap::new();
        for (prefix, _, list) in NAMESPACES {
            for line in list.lines().filter(|line| !line.starts_with('#')) {
                let mut words = line.split(' ');
                let word = words.next().unwrap_or_default();
                let name = format!("{prefix}:{}", word.trim_end_matches('$'));
                all.insert(name, (word.ends_with('$'), words.collect()));
            }
        }
        all
    })
}

fn part(place: &str, bytes: &[u8], names: &HashSet<&str>, limits: &Limits) -> Result<(), VerifyFailure> {
    let fail = |what: String| VerifyFailure::new(place, what);
    let nesting = usize::try_from(limits.nesting).unwrap_or(256);
    let mut reader = Reader::new(bytes).map_err(fail)?;
    let mut begun = false;
    while let Some(token) = reader.next(nesting).map_err(fail)? {
        match token {
            Token::Start { name, attributes, .. } => {
                let (_, listed) = lists()
                    .get(name)
                    .filter(|_| !NEVER.contains(name))
                    .ok_or_else(|| fail(name.to_owned()))?;
                for (key, value) in &attributes {
                    if let Some(prefix) = key.strip_prefix("xmlns:").filter(|_| !begun) {
                        if !NAMESPACES.iter().any(|row| row.0 == prefix && row.1 == value) {
                            return Err(fail(format!("namespace {prefix}")));
                        }
                    } else if !listed.contains(key) || !value_is_local(name, key, value, names) {
                        return Err(fail(format!(
                            "{name} {key}={}",
                            value.chars().take(80).collect::<String>()
                        )));
                    }
                }
                begun = true;
            }
            Token::End(_) => {}
            Token::Text(text) => {
                let takes =
                    reader.open().last().and_then(|name| lists().get(*name)).is_some_and(|(text, _)| *text);
                if !takes && !text.trim().is_empty() {
                    return Err(fail("text where none is".to_owned()));
                }
            }
        }
    }
    Ok(())
}

fn value_is_local(element: &str, key: &str, value: &str, names: &HashSet<&str>) -> bool {
    let lower = value.to_lowercase();
    match key {
        "xlink:href" => match element {
            "text:a" | "draw:a" => {
                is_address(value)
                    || (value.starts_with('#') && !value.contains("//") && !value.contains(['\\', '|']))
            }
            "draw:object" => value
                .strip_prefix("./")
                .is_some_and(|folder| names.contains(format!("{folder}/content.xml").as_str())),
            "chart:chart" => matches!(value, "." | ".."),
            _ => value.starts_with("Pictures/") && names.contains(value),
        },
        "table:formula" | "text:formula" | "table:condition" | "style:condition" | "table:expression"
        | "text:condition" | "calcext:value" => computes_here(value),
        "office:string-value"
        | "text:string-value"
        | "text:name"
        | "draw:name"
        | "table:name"
        | "office:name"
        | "text:display-name"
        | "style:display-name" => true,
        _ if key.ends_with("-address") && (value.contains("'#") || lower.contains("//")) => false,
        _ => !["://", "file:", "javascript:", "vnd.sun.star", "macro:"].iter().any(|bad| lower.contains(bad)),
    }
}

/// Does it compute from this document only? References stand in brackets and are judged apart.
fn computes_here(value: &str) -> bool {
    let mut bare = value.to_owned();
    for known in [
        "cell-content",
        "is-true-formula(",
        "formula-is(",
        "value()",
        "-is-not-between",
        "-is-between",
        "-is-in-list",
        "-is-decimal-number",
        "-is-whole-number",
        "-is-date",
        "-is-time",
        "-is-text",
        "-text-length",
        "not-between",
        "between",
    ] {
        bare = bare.replace(known, if known.ends_with('(') { "(" } else { "" });
    }
    for spelling in ["COM.MICROSOFT.", "ORG.OPENOFFICE.", "ORG.LIBREOFFICE.", "LEGACY."] {
        bare = bare.replace(spelling, "");
    }
    let mut out = String::new();
    let mut pieces = bare.split('"');
    // Strings are data; what lies between them is not.
    while let Some(code) = pieces.next() {
        let mut rest = code;
        while let Some((before, tail)) = rest.split_once('[') {
            let Some((reference, after)) = tail.split_once(']') else { return false };
            if reference.contains(['\\', '|']) || reference.contains("'#") || reference.contains("//") {
                return false;
            }
            out.push_str(before);
            out.push('A');
            rest = after;
        }
        out.push_str(rest);
        if pieces.next().is_some() {
            out.push('0');
        }
    }
    formula_is_local(&out.replace('|', if out.contains('{') { ";" } else { "|" }))
}
