//! Reads TXT and CSV back: UTF-8, or CP932 or EUC-JP that decodes without a doubt and encodes to the same bytes; nothing
//! that falsifies what is shown, no cell that runs.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, SHIFT_JIS};

use crate::{Format, Limits, VerifyFailure};

pub(super) fn verify(output: &[u8], format: Format, _limits: &Limits) -> Result<(), VerifyFailure> {
    let text =
        decoded(output).ok_or_else(|| VerifyFailure::new("text", "neither UTF-8 nor CP932 nor EUC-JP"))?;
    let body = match (format, &text) {
        (Format::Csv, Cow::Borrowed(text)) if !text.is_ascii() => text
            .strip_prefix('\u{feff}')
            .ok_or_else(|| VerifyFailure::new("1行目", "byte order mark missing"))?,
        (Format::Csv, text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        _ => &text,
    };
    let mut line = 1_usize;
    let mut before = ' ';
    let mut joiner = None;
    for c in body.chars() {
        if let Some(joiner) = joiner.take()
            && c.is_ascii()
        {
            return Err(forbidden(line, joiner));
        }
        match c {
            '\n' => line += 1,
            '\u{200c}' | '\u{200d}' if !before.is_ascii() => joiner = Some(c),
            c if is_forbidden(c) => return Err(forbidden(line, c)),
            _ => {}
        }
        before = c;
    }
    if let Some(joiner) = joiner {
        return Err(forbidden(line, joiner));
    }
    if format == Format::Csv { cells(body) } else { Ok(()) }
}

/// The text; owned when it is in a Japanese encoding. EUC-JP that also reads as CP932 must hold only what it is common
/// to hold, so the encoding that explains the text by fewer odd characters is the one that both sides mean.
pub(super) fn decoded(output: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(output) {
        return Some(Cow::Borrowed(text));
    }
    [SHIFT_JIS, EUC_JP].into_iter().find_map(|encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(output)?;
        // Character by character, since the standard's encoder knows no user-defined characters (0xF040 and on).
        let mut rest = output;
        for c in text.chars() {
            let mut one = [0; 4];
            let (plain, _, failed) = encoding.encode(c.encode_utf8(&mut one));
            let own = (0xE000..=0xE757).contains(&u32::from(c)) && encoding == SHIFT_JIS;
            rest = match rest.strip_prefix(&*plain) {
                Some(rest) if !failed => rest,
                _ if own && matches!(rest, [0xF0..=0xF9, 0x40..=0xFC, ..]) => rest.get(2..)?,
                _ => return None,
            };
        }
        rest.is_empty().then(|| Cow::Owned(text.into_owned()))
    })
}

fn forbidden(line: usize, c: char) -> VerifyFailure {
    VerifyFailure::new(format!("{line}行目"), format!("U+{:04X} is not allowed", u32::from(c)))
}

fn is_forbidden(c: char) -> bool {
    let code = u32::from(c);
    let control = (code < 0x20 && !matches!(code, 9 | 10 | 13)) || (0x7F..0xA0).contains(&code);
    let hidden = [
        0x061C..=0x061C,
        0x180E..=0x180E,
        0x200B..=0x200F,
        0x2028..=0x202E,
        0x2060..=0x206F,
        0xFEFF..=0xFEFF,
        0xFFF9..=0xFFFB,
        0xE0000..=0xE007F,
    ];
    control || hidden.iter().any(|range| range.contains(&code)) || code % 0x10000 >= 0xFFFE
}

/// Sound under the reading with commas, or as a table of tabs in whose cells no comma begins a formula either.
fn cells(body: &str) -> Result<(), VerifyFailure> {
    cells_between(body, b',').or_else(|failure| {
        let splits = |c: char| matches!(c, ',' | ';');
        let begins = |part: &str| part.trim_start_matches([' ', '"']).starts_with(['=', '@', '＝', '＠']);
        if !body.contains('\t') || body.split(splits).skip(1).any(begins) {
            return Err(failure);
        }
        cells_between(body, b'\t')
    })
}

fn cells_between(body: &str, separator: u8) -> Result<(), VerifyFailure> {
    let mut builder = csv::ReaderBuilder::new();
    let mut reader =
        builder.has_headers(false).flexible(true).delimiter(separator).from_reader(body.as_bytes());
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|e| VerifyFailure::new("csv", e.to_string()))?;
        for (column, cell) in record.iter().enumerate() {
            if runs(cell) {
                let place = format!("record {} field {}", index + 1, column + 1);
                return Err(VerifyFailure::new(place, "a spreadsheet would run this cell"));
            }
        }
    }
    Ok(())
}

/// A cell runs when its first visible character is a formula sign, save for what can only be a number.
fn runs(cell: &str) -> bool {
    if cell.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let shown: Vec<char> = cell.chars().skip_while(|c| c.is_whitespace() || *c == '"').collect();
    match shown.first() {
        Some('=' | '＝' | '@' | '＠') => true,
        Some('+' | '＋' | '-' | '－') => {
            let exponent = |i: usize| {
                matches!(shown.get(i), Some('e' | 'E'))
                    && i.checked_sub(1)
                        .and_then(|i| shown.get(i))
                        .is_some_and(|c| c.is_ascii_digit() || *c == '.')
            };
            (0..shown.len()).any(|i| {
                let harmless = shown
                    .get(i)
                    .is_some_and(|c| c.is_numeric() || c.is_whitespace() || "+-＋－,.()%¥￥".contains(*c));
                !harmless && !exponent(i)
            })
        }
        _ => false,
    }
}
