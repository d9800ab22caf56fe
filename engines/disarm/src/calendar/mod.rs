//! Calendars (iCalendar, RFC 5545) and contacts (vCard 2.1, 3.0, 4.0): listed components, properties and parameters,
//! written anew in folded lines as UTF-8.
//!
//! Attachments, programs that an alarm starts, pictures, addresses other than web and mail, and everything that only
//! one program understands (`X-…`) are left out. Texts in quoted-printable of old Japanese phones are decoded.

#[cfg(test)]
mod tests;

use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, text};

const COMPONENTS: &[&str] = &[
    "VCALENDAR",
    "VEVENT",
    "VTODO",
    "VJOURNAL",
    "VFREEBUSY",
    "VTIMEZONE",
    "STANDARD",
    "DAYLIGHT",
    "VALARM",
    "VCARD",
];
const PROPERTIES: &[&str] = &[
    "VERSION",
    "PRODID",
    "CALSCALE",
    "METHOD",
    "UID",
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "STATUS",
    "CLASS",
    "PRIORITY",
    "CATEGORIES",
    "ORGANIZER",
    "ATTENDEE",
    "RRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "SEQUENCE",
    "CREATED",
    "LAST-MODIFIED",
    "TRANSP",
    "GEO",
    "COMMENT",
    "CONTACT",
    "URL",
    "RESOURCES",
    "COMPLETED",
    "PERCENT-COMPLETE",
    "TZID",
    "TZNAME",
    "TZOFFSETFROM",
    "TZOFFSETTO",
    "TRIGGER",
    "REPEAT",
    "ACTION",
    "FREEBUSY",
    "RELATED-TO",
    "NAME",
    "COLOR",
    "X-WR-CALNAME",
    "X-WR-TIMEZONE",
    "FN",
    "N",
    "NICKNAME",
    "TEL",
    "EMAIL",
    "ADR",
    "LABEL",
    "ORG",
    "TITLE",
    "ROLE",
    "NOTE",
    "BDAY",
    "ANNIVERSARY",
    "GENDER",
    "REV",
    "TZ",
    "LANG",
    "KIND",
    "SORT-STRING",
    "X-PHONETIC-FIRST-NAME",
    "X-PHONETIC-LAST-NAME",
];
const PARAMETERS: &[&str] = &[
    "TZID", "VALUE", "LANGUAGE", "CN", "ROLE", "PARTSTAT", "RSVP", "CUTYPE", "RANGE", "RELATED", "RELTYPE",
    "FBTYPE", "TYPE", "PREF", "SORT-AS", "LABEL",
];
/// Octets of a line without its end (RFC 5545 3.1).
const FOLD: usize = 75;

/// A line after unfolding.
#[derive(Debug, Clone)]
struct Line {
    group: String,
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

/// Writes a calendar or contacts anew.
pub(crate) fn rebuild(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let lines = kept(input, format, ctx)?;
    let mut out = String::new();
    for line in &lines {
        fold(&line.written(), &mut out);
    }
    Ok(out.into_bytes())
}

/// The texts, each under the name of its property.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    let shown = |line: &Line| !matches!(line.name.as_str(), "BEGIN" | "END" | "VERSION" | "PRODID" | "UID");
    Ok(kept(input, format, ctx)?
        .into_iter()
        .filter(|line| shown(line) && !line.value.trim().is_empty())
        .map(|line| TextPiece {
            text: line.value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";"),
            location: line.name,
        })
        .collect())
}

fn kept(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Vec<Line>, Refusal> {
    let decoded = text::decode(input).ok_or_else(|| broken("文字コード"))?;
    ctx.charge_expanded(decoded.text.len() as u64)?;
    let root = if format == Format::Vcf { "VCARD" } else { "VCALENDAR" };
    let lines = unfolded(&decoded.text);
    let mut out: Vec<Line> = Vec::new();
    // Where each open component began in `out`, and its name.
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut skipping: Vec<String> = Vec::new();
    for raw in lines {
        let Some(line) = Line::parse(&raw) else {
            ctx.removed(RemovalCode::UnknownElement, "形式に合わない行");
            continue;
        };
        let component = line.value.trim().to_ascii_uppercase();
        match line.name.as_str() {
            "BEGIN" if !skipping.is_empty() || !COMPONENTS.contains(&component.as_str()) => {
                if skipping.is_empty() {
                    ctx.removed(RemovalCode::UnknownElement, brief(&component));
                }
                skipping.push(component);
            }
            "END" if !skipping.is_empty() => {
                if skipping.pop() != Some(component) {
                    return Err(broken("END"));
                }
            }
            _ if !skipping.is_empty() => {}
            "BEGIN" => {
                if open.is_empty() != (component == root) || open.len() >= 8 {
                    return Err(broken("BEGIN"));
                }
                open.push((component.clone(), out.len()));
                out.push(Line::bare("BEGIN", &component));
            }
            "END" => {
                let Some((name, start)) = open.pop().filter(|(name, _)| *name == component) else {
                    return Err(broken("END"));
                };
                out.push(Line::bare("END", &name));
                let alarm = out.get(start..).unwrap_or_default();
                let shows =
                    alarm.iter().any(|l| l.name == "ACTION" && l.value.eq_ignore_ascii_case("DISPLAY"));
                if name == "VALARM" && !shows {
                    ctx.removed(RemovalCode::Action, "VALARM");
                    out.truncate(start);
                }
            }
            _ if open.is_empty() => return Err(broken("BEGIN")),
            _ => out.extend(property(line, ctx)),
        }
    }
    if !open.is_empty() || !skipping.is_empty() || out.is_empty() {
        return Err(broken("END"));
    }
    Ok(out)
}

/// The property as it may stay.
fn property(mut line: Line, ctx: &mut Context<'_>) -> Option<Line> {
    let get = |line: &Line, key: &str| {
        line.parameters.iter().find(|(known, _)| known == key).map(|(_, value)| value.to_ascii_uppercase())
    };
    let encoding = get(&line, "ENCODING").unwrap_or_default();
    let is_binary =
        matches!(encoding.as_str(), "B" | "BASE64") || get(&line, "VALUE").as_deref() == Some("BINARY");
    if !PROPERTIES.contains(&line.name.as_str()) || is_binary {
        let code = match line.name.as_str() {
            "ATTACH" | "KEY" | "AGENT" => RemovalCode::EmbeddedFile,
            "PHOTO" | "LOGO" => RemovalCode::DrawingReplaced,
            "SOUND" => RemovalCode::Media,
            _ => RemovalCode::UnknownElement,
        };
        ctx.removed(code, brief(&line.name));
        return None;
    }
    if encoding == "QUOTED-PRINTABLE" {
        line.value = quoted_printable(&line.value)?.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n");
    }
    if line.name == "ACTION" && !line.value.trim().eq_ignore_ascii_case("DISPLAY") {
        ctx.removed(RemovalCode::Action, format!("ACTION（{}）", brief(&line.value)));
        return None;
    }
    if line.name == "ACTION" {
        line.value = "DISPLAY".to_owned();
    }
    let is_address = matches!(line.name.as_str(), "URL" | "ORGANIZER" | "ATTENDEE");
    let scheme = line.value.trim().split(':').next().unwrap_or_default().to_ascii_lowercase();
    let allowed = match line.name.as_str() {
        "URL" => matches!(scheme.as_str(), "http" | "https") && !ctx.options().drop_links,
        _ => scheme == "mailto" || !line.value.contains(':'),
    };
    if is_address && !allowed {
        ctx.removed(RemovalCode::Hyperlink, format!("{}（{}）", line.name, brief(&line.value)));
        return None;
    }
    if line.name == "PRODID" {
        line.value = "-//Sekisho//Disarm//JA".to_owned();
    }
    if line.name == "VERSION" && line.value.trim() == "2.1" {
        line.value = "3.0".to_owned();
    }
    let (clean, found) = text::clean_line(&line.value);
    if let Some(found) = found {
        ctx.removed(RemovalCode::Control, format!("{}（{found}）", line.name));
    }
    line.value = clean.replace(['\r', '\n'], "").replace('\t', " ");
    line.parameters.retain(|(key, _)| match key.as_str() {
        "ENCODING" | "CHARSET" => false,
        key if PARAMETERS.contains(&key) => true,
        key => {
            ctx.removed(RemovalCode::UnknownElement, brief(key));
            false
        }
    });
    for (_, value) in &mut line.parameters {
        *value = text::clean_line(value).0.replace(['"', '\r', '\n', '\t'], " ");
    }
    Some(line)
}

impl Line {
    fn bare(name: &str, value: &str) -> Self {
        Self { group: String::new(), name: name.to_owned(), parameters: Vec::new(), value: value.to_owned() }
    }

    fn parse(raw: &str) -> Option<Self> {
        let colon = outside_quotes(raw, ':')?;
        let (head, value) = raw.split_at_checked(colon)?;
        let mut pieces = Vec::new();
        let mut rest = head;
        while let Some(at) = outside_quotes(rest, ';') {
            let (piece, after) = rest.split_at_checked(at)?;
            pieces.push(piece);
            rest = after.get(1..)?;
        }
        pieces.push(rest);
        let mut pieces = pieces.into_iter();
        let first = pieces.next()?;
        let (group, name) = first.rsplit_once('.').unwrap_or(("", first));
        let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if name.is_empty() || !is_name(name) || !is_name(group) {
            return None;
        }
        let parameters = pieces
            .map(|piece| match piece.split_once('=') {
                Some((key, value)) => {
                    (key.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned())
                }
                // vCard 2.1 names types and encodings without a key.
                None if matches!(piece.to_ascii_uppercase().as_str(), "QUOTED-PRINTABLE" | "BASE64") => {
                    ("ENCODING".to_owned(), piece.to_ascii_uppercase())
                }
                None => ("TYPE".to_owned(), piece.trim().to_ascii_uppercase()),
            })
            .collect();
        let value = value.get(1..)?.to_owned();
        Some(Self { group: group.to_owned(), name: name.to_ascii_uppercase(), parameters, value })
    }

    fn written(&self) -> String {
        let mut out = String::new();
        if !self.group.is_empty() {
            out.push_str(&self.group);
            out.push('.');
        }
        out.push_str(&self.name);
        for (key, value) in &self.parameters {
            out.push(';');
            out.push_str(key);
            out.push('=');
            let is_plain = value.chars().all(|c| c.is_alphanumeric() || "-_,./ ".contains(c));
            if is_plain { out.push_str(value) } else { out.push_str(&format!("\"{value}\"")) }
        }
        out.push(':');
        out.push_str(&self.value);
        out
    }
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    text.char_indices()
        .find(|(_, c)| {
            quoted ^= *c == '"';
            *c == wanted && !quoted
        })
        .map(|(at, _)| at)
}

/// Lines with their continuations: white space at the beginning, or an equals sign at the end of quoted-printable.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let is_soft =
            |last: &String| last.ends_with('=') && last.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
        match lines.last_mut() {
            Some(last) if is_soft(last) => {
                last.pop();
                last.push_str(line);
            }
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line.get(1..).unwrap_or_default()),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

fn quoted_printable(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'='
            && let Some((digits, after)) = rest.split_at_checked(2)
            && let Some(byte) = std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok())
        {
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    text::decode(&bytes).map(|decoded| decoded.text)
}

/// At most 75 octets a line, never within a character.
fn fold(line: &str, out: &mut String) {
    let mut width = 0_usize;
    for c in line.chars() {
        if width.saturating_add(c.len_utf8()) > FOLD {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width = width.saturating_add(c.len_utf8());
    }
    out.push_str("\r\n");
}

fn brief(text: &str) -> String {
    text::clean_line(text).0.chars().take(60).collect()
}

fn broken(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("予定表・連絡先: {what}"))
}
