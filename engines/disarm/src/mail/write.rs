//! Writes a message anew: our headers, our boundaries, base64 everywhere (but around a nested message, which is
//! written by the same rules), so that not one byte of the original's
//! structure is left (RFC 5322, 2045-2047, 2231).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::letter::{Letter, Person};

/// The media type of a message in a message; its bytes are what [`message`] wrote.
const NESTED: &str = "message/rfc822";

/// A file that goes out with the message.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) media: &'static str,
    /// Set when the HTML text shows it.
    pub(super) content_id: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// The whole message.
pub(super) fn message(letter: &Letter, html: Option<&str>, parts: &[Part]) -> Vec<u8> {
    let mut out = String::new();
    people(&mut out, "From", &letter.from);
    people(&mut out, "To", &letter.to);
    people(&mut out, "Cc", &letter.cc);
    people(&mut out, "Reply-To", &letter.reply_to);
    if let Some(date) = &letter.date {
        field(&mut out, "Date", date);
    }
    field(&mut out, "Subject", &encoded(&letter.subject));
    if let Some(id) = &letter.message_id {
        field(&mut out, "Message-ID", &format!("<{id}>"));
    }
    identifiers(&mut out, "In-Reply-To", &letter.in_reply_to);
    identifiers(&mut out, "References", &letter.references);
    field(&mut out, "MIME-Version", "1.0");
    let text = letter.text.as_deref().unwrap_or_default();
    let mut seed = Sha256::new().chain_update(out.as_bytes()).chain_update(text.as_bytes());
    // A nested message stands in its own lines, so its boundaries must not be ours.
    for part in parts.iter().filter(|part| part.media == NESTED) {
        seed.update(&part.bytes);
    }
    let seed = seed.finalize();
    let seed = hex::encode(seed.get(..12).unwrap_or_default());
    let boundary = |level: u8| format!("=_{seed}_{level}");

    out.push_str(&format!("Content-Type: multipart/mixed; boundary=\"{}\"\r\n\r\n", boundary(1)));
    out.push_str(&format!("--{}\r\n", boundary(1)));
    let (shown, enclosed): (Vec<&Part>, Vec<&Part>) =
        parts.iter().partition(|part| html.is_some() && part.content_id.is_some());
    match html {
        None => body(&mut out, "text/plain", text),
        Some(html) => {
            out.push_str(&format!(
                "Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n",
                boundary(2)
            ));
            out.push_str(&format!("--{}\r\n", boundary(2)));
            body(&mut out, "text/plain", text);
            out.push_str(&format!("--{}\r\n", boundary(2)));
            if shown.is_empty() {
                body(&mut out, "text/html", html);
            } else {
                out.push_str(&format!(
                    "Content-Type: multipart/related; boundary=\"{}\"\r\n\r\n",
                    boundary(3)
                ));
                out.push_str(&format!("--{}\r\n", boundary(3)));
                body(&mut out, "text/html", html);
                for part in &shown {
                    out.push_str(&format!("--{}\r\n", boundary(3)));
                    file(&mut out, part);
                }
                out.push_str(&format!("--{}--\r\n", boundary(3)));
            }
            out.push_str(&format!("--{}--\r\n", boundary(2)));
        }
    }
    for part in enclosed {
        out.push_str(&format!("--{}\r\n", boundary(1)));
        file(&mut out, part);
    }
    out.push_str(&format!("--{}--\r\n", boundary(1)));
    out.into_bytes()
}

fn field(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!("{name}: {value}\r\n"));
}

fn people(out: &mut String, name: &str, people: &[Person]) {
    let shown: Vec<String> = people
        .iter()
        .filter(|person| !person.name.is_empty() || !person.address.is_empty())
        .map(|person| match person.name.is_empty() {
            true => format!("<{}>", person.address),
            false => format!("{} <{}>", encoded(&person.name), person.address),
        })
        .collect();
    if !shown.is_empty() {
        field(out, name, &shown.join(",\r\n "));
    }
}

fn identifiers(out: &mut String, name: &str, ids: &[String]) {
    if !ids.is_empty() {
        let ids: Vec<String> = ids.iter().map(|id| format!("<{id}>")).collect();
        field(out, name, &ids.join("\r\n "));
    }
}

/// Encoded words of UTF-8 in base64 (RFC 2047), each short enough for its line; also for ASCII, so that no text of
/// the sender stands in a header as it came.
fn encoded(text: &str) -> String {
    let mut words = Vec::new();
    let mut chunk = String::new();
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > 42 {
            words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(&chunk)));
            chunk.clear();
        }
        chunk.push(c);
    }
    if !chunk.is_empty() || words.is_empty() {
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(&chunk)));
    }
    words.join("\r\n ")
}

fn body(out: &mut String, media: &str, text: &str) {
    out.push_str(&format!(
        "Content-Type: {media}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ));
    base64_lines(out, text.as_bytes());
}

fn file(out: &mut String, part: &Part) {
    // RFC 2046 5.2.1 allows a message no encoding of its own; one that we wrote needs none.
    let nested = (part.media == NESTED).then(|| std::str::from_utf8(&part.bytes).ok()).flatten();
    let encoding = if nested.is_some() { "7bit" } else { "base64" };
    out.push_str(&format!("Content-Type: {}\r\nContent-Transfer-Encoding: {encoding}\r\n", part.media));
    match &part.content_id {
        Some(id) => out.push_str(&format!("Content-ID: <{id}>\r\nContent-Disposition: inline;\r\n")),
        None => out.push_str("Content-Disposition: attachment;\r\n"),
    }
    out.push_str(&format!(" filename*=UTF-8''{}\r\n\r\n", percent(&part.name)));
    match nested {
        Some(message) => out.push_str(message),
        None => base64_lines(out, &part.bytes),
    }
}

/// RFC 5987 `attr-char` stays, the rest is percent-encoded.
fn percent(name: &str) -> String {
    name.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn base64_lines(out: &mut String, bytes: &[u8]) {
    // 57 bytes make a line of 76 characters.
    for line in bytes.chunks(57) {
        STANDARD.encode_string(line, out);
        out.push_str("\r\n");
    }
}
