//! Reads TXT and CSV back: valid UTF-8, nothing that falsifies what is shown, no cell that runs.

use crate::{Format, Limits, VerifyFailure};

pub(super) fn verify(output: &[u8], format: Format, _limits: &Limits) -> Result<(), VerifyFailure> {
    let text =
        std::str::from_utf8(output).map_err(|e| VerifyFailure::new("text", format!("not UTF-8: {e}")))?;
    let body = match format {
        Format::Csv => text
            .strip_prefix('\u{feff}')
            .ok_or_else(|| VerifyFailure::new("1行目", "byte order mark missing"))?,
        _ => text,
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

fn cells(body: &str) -> Result<(), VerifyFailure> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body.as_bytes());
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
