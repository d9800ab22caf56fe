//! Tests as documents: each format has a Markdown file in `cases/` that says, case by case, what goes in, what must be
//! gone, what must stay and what the report must name. This file reads them and holds the engine to them.
//!
//! ```text
//! ## スクリプトは残らない
//! name: page.html
//! made: script_in_body        (a builder of the format's tests; or a fenced block `input` with the text itself)
//! gone: `alert`               (nowhere in the output, packed or not)
//! stays: `案内`               (in the output's text)
//! reported: script            (a removal's code; or `refused: encrypted` for a document that must not pass)
//! format: html                (the extension of what is written, if it matters)
//! ```

use std::io::Read as _;

use crate::{Disarmed, Format, Options, disarm, extract_text, verify};

/// Holds the engine to every case of a document; `make` builds the inputs that are named with `made:`.
pub(crate) fn run(document: &str, make: &dyn Fn(&str) -> Vec<u8>) {
    let cases: Vec<&str> = document.split("\n## ").skip(1).collect();
    assert!(!cases.is_empty(), "the document has no cases");
    for case in cases {
        check(case, make);
    }
}

fn check(case: &str, make: &dyn Fn(&str) -> Vec<u8>) {
    let title = case.lines().next().unwrap_or_default();
    let mut name = String::new();
    let mut input = Vec::new();
    let mut wanted: Vec<(&str, String)> = Vec::new();
    let mut lines = case.lines().skip(1);
    while let Some(line) = lines.next() {
        if line.trim() == "```input" {
            let body: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            input = body.join("\n").into_bytes();
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches('`').to_owned();
        match key.trim() {
            "name" => name = value,
            "made" => input = make(&value),
            key @ ("gone" | "stays" | "reported" | "refused" | "format" | "password") => {
                wanted.push((key, value))
            }
            _ => {}
        }
    }
    assert!(!input.is_empty() || wanted.iter().any(|(key, _)| *key == "refused"), "{title}: no input");
    let password = wanted.iter().find(|(key, _)| *key == "password").map(|(_, value)| value.clone());
    let options = Options { name, password, ..Options::default() };
    match disarm(&input, &options) {
        Err(refusal) => {
            let code = refusal.code.id();
            let expected = wanted.iter().find(|(key, _)| *key == "refused").map(|(_, value)| value.as_str());
            assert_eq!(expected, Some(code), "{title}: {refusal:?}");
        }
        Ok(done) => accepted(title, &done, &wanted),
    }
}

fn accepted(title: &str, done: &Disarmed, wanted: &[(&str, String)]) {
    verify(&done.bytes, done.format, &crate::Limits::default())
        .unwrap_or_else(|failure| panic!("{title}: {failure}"));
    let bare = bare(&done.bytes);
    let name = format!("output.{}", done.format.extension());
    let text: String = extract_text(&done.bytes, &Options { name, ..Options::default() })
        .map(|pieces| pieces.into_iter().map(|piece| piece.text + "\n").collect())
        .unwrap_or_default();
    for (key, value) in wanted {
        match *key {
            "gone" => assert!(
                !bare.contains(value.as_str()) && !text.contains(value.as_str()),
                "{title}: `{value}` is still there"
            ),
            "stays" => assert!(
                bare.contains(value.as_str()) || text.contains(value.as_str()),
                "{title}: `{value}` is lost: {text}"
            ),
            "reported" => assert!(
                done.removed.iter().any(|removed| removed.what.id() == value),
                "{title}: `{value}` is not reported: {:?}",
                done.removed
            ),
            "format" => assert_eq!(Some(done.format), Format::from_extension(value), "{title}"),
            "refused" => panic!("{title}: it was not refused"),
            _ => {}
        }
    }
}

/// The output with everything that is packed laid open: members of a ZIP, streams of a PDF.
pub(crate) fn bare(bytes: &[u8]) -> String {
    let mut open = String::from_utf8_lossy(bytes).into_owned();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.windows(4).position(|w| w == b"PK\x03\x04"))
    {
        let header = at + found;
        at = header + 4;
        let Some(&[low, high]) = bytes.get(header + 26..header + 28) else { break };
        let body = header + 30 + usize::from(u16::from_le_bytes([low, high]));
        let mut member = Vec::new();
        let packed = bytes.get(header + 8) == Some(&8);
        if packed && let Some(rest) = bytes.get(body..) {
            let _ = flate2::read::DeflateDecoder::new(rest).read_to_end(&mut member);
            open.push('\n');
            if member.starts_with(b"PK\x03\x04") {
                open.push_str(&self::bare(&member));
            } else {
                open.push_str(&String::from_utf8_lossy(&member));
            }
        }
    }
    if bytes.starts_with(b"%PDF-") {
        for (start, _) in bytes.windows(7).enumerate().filter(|(_, window)| *window == b"stream\n") {
            let mut stream = Vec::new();
            let _ = flate2::read::ZlibDecoder::new(bytes.get(start + 7..).unwrap_or_default())
                .read_to_end(&mut stream);
            open.push('\n');
            open.push_str(&String::from_utf8_lossy(&stream));
        }
    }
    open
}
