//! Repairs that every viewer makes, as text: stream lengths that are wrong or missing, an `endstream` that is missing,
//! short names of filters in places where only the long ones are allowed.
//!
//! It serves files that their own tables and lengths don't explain. Offsets move, so the result is for a reader that
//! looks for objects. Nothing is judged here, and what can't be mended is left as it is: the reader refuses it.

use std::borrow::Cow;

/// A dictionary before its stream; real ones are far shorter.
const MAX_DICTIONARY: usize = 64 * 1024;

pub(super) fn mend(input: &[u8]) -> Vec<u8> {
    let input = long_filter_names(input);
    let input = input.as_ref();
    let mut out = Vec::with_capacity(input.len() + 1024);
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = find(input, b"stream", at) {
        at = found + 6;
        let Some((dictionary, start)) = around(input, found) else { continue };
        let head = input.get(dictionary..found).unwrap_or_default();
        let length = length_key(head);
        let said = length.as_ref().and_then(|(_, value)| said_length(input, value));
        if let Some(said) = said.filter(|said| ends_after(input, start, *said)) {
            at = start + said;
            continue;
        }
        let Some((end, closed)) = real_end(input, start) else { continue };
        let digits = end.saturating_sub(start).to_string();
        match length {
            Some((key, value)) => {
                let value_at = dictionary + key;
                out.extend_from_slice(input.get(done..value_at).unwrap_or_default());
                out.extend_from_slice(format!(" {digits} ").as_bytes());
                done = value_at + value.len();
            }
            None => {
                let close =
                    head.iter().rposition(|byte| *byte == b'>').map_or(found, |last| dictionary + last - 1);
                out.extend_from_slice(input.get(done..close).unwrap_or_default());
                out.extend_from_slice(format!(" /Length {digits} ").as_bytes());
                done = close;
            }
        }
        out.extend_from_slice(input.get(done..end).unwrap_or_default());
        done = end;
        if !closed {
            out.extend_from_slice(b"\nendstream\n");
        }
        at = end;
    }
    out.extend_from_slice(input.get(done..).unwrap_or_default());
    out
}

/// The start of the dictionary before a `stream` keyword, and of the data after it.
fn around(input: &[u8], keyword: usize) -> Option<(usize, usize)> {
    let start = match input.get(keyword + 6..)? {
        [b'\r', b'\n', ..] => keyword + 8,
        [b'\n' | b'\r', ..] => keyword + 7,
        _ => return None,
    };
    let from = keyword.saturating_sub(MAX_DICTIONARY);
    let before = input.get(from..keyword)?.trim_ascii_end();
    if !before.ends_with(b">>") {
        return None;
    }
    let object = before.windows(4).rposition(|window| window == b" obj" || window == b"\nobj")?;
    Some((from + object + 4, start))
}

/// Where the value of `Length` stands in a dictionary, and the value: digits, or a reference.
fn length_key(dictionary: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut at = 0;
    while let Some(found) = find(dictionary, b"/Length", at) {
        at = found + 7;
        let rest = dictionary.get(at..)?;
        if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'>')).unwrap_or(rest.len());
        return Some((at, rest.get(..end)?.to_vec()));
    }
    None
}

/// The length that a dictionary says, one reference followed.
fn said_length(input: &[u8], value: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(value).ok()?;
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(digits), None, _) => digits.parse().ok(),
        (Some(number), Some(generation), Some("R")) => {
            let header = format!("\n{number} {generation} obj");
            let at = find(input, header.as_bytes(), 0)? + header.len();
            let rest = input.get(at..(at + 32).min(input.len()))?.trim_ascii_start();
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
        }
        _ => None,
    }
}

fn ends_after(input: &[u8], start: usize, length: usize) -> bool {
    let rest = start.checked_add(length).and_then(|end| input.get(end..)).unwrap_or_default();
    let rest = rest.get(..rest.len().min(32)).unwrap_or_default();
    rest.trim_ascii_start().starts_with(b"endstream")
}

/// Where the data ends by its looks, and whether an `endstream` closes it. Data that nothing closes has no end.
fn real_end(input: &[u8], start: usize) -> Option<(usize, bool)> {
    let object = find(input, b"endobj", start);
    let stream = find(input.get(..object.unwrap_or(input.len()))?, b"endstream", start);
    let (end, closed) = match (stream, object) {
        (Some(end), _) => (end, true),
        (None, Some(end)) => (end, false),
        (None, None) => return None,
    };
    let end = match input.get(start..end)? {
        [.., b'\r', b'\n'] => end - 2,
        [.., b'\n' | b'\r'] => end - 1,
        _ => end,
    };
    Some((end, closed))
}

/// The short names of filters, which only inline images may use (ISO 32000-1 §8.9.7), spelt out.
fn long_filter_names(input: &[u8]) -> Cow<'_, [u8]> {
    const KEY: &[u8] = b"/Filter";
    const NAMES: [(&[u8], &[u8]); 5] = [
        (b"/Fl", b"/FlateDecode"),
        (b"/LZW", b"/LZWDecode"),
        (b"/A85", b"/ASCII85Decode"),
        (b"/AHx", b"/ASCIIHexDecode"),
        (b"/RL", b"/RunLengthDecode"),
    ];
    let mut out = Vec::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = find(input, KEY, at) {
        at = found + KEY.len();
        let rest = input.get(at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'[').count();
        let name = rest.get(blanks..).unwrap_or_default();
        let whole = |short: &[u8]| {
            name.strip_prefix(short).and_then(<[u8]>::first).is_some_and(|next| !next.is_ascii_alphanumeric())
        };
        let Some((short, long)) = NAMES.into_iter().find(|(short, _)| whole(short)) else { continue };
        let start = at + blanks;
        out.extend_from_slice(input.get(done..start).unwrap_or_default());
        out.extend_from_slice(long);
        done = start + short.len();
    }
    if done == 0 {
        return Cow::Borrowed(input);
    }
    out.extend_from_slice(input.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

fn find(input: &[u8], word: &[u8], from: usize) -> Option<usize> {
    let rest = input.get(from..)?;
    rest.windows(word.len()).position(|window| window == word).map(|at| from + at)
}
