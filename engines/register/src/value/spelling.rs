//! How people write: widths, spaces, commas, △ for minus. Used for codes, numbers and marks only; free text is
//! never changed by it, so that 外字 and 異体字 stay what they were.

/// The text with ASCII for the full-width forms, without spaces around it. Characters outside that block stay.
pub(crate) fn narrow(text: &str) -> String {
    let narrowed: String = text.chars().map(narrow_char).collect();
    narrowed.trim().to_owned()
}

/// The ASCII character of a full-width one and of the many dashes between digits.
fn narrow_char(c: char) -> char {
    match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{ffe5}' => '¥',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    }
}

/// The text narrowed, and without any space in it.
pub(crate) fn compact(text: &str) -> String {
    narrow(text).chars().filter(|c| !c.is_whitespace()).collect()
}

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// Not a number at all.
    Form,
    /// A comma that doesn't stand before three digits.
    Commas,
    /// More decimals than are kept.
    Decimals,
    /// Beyond what is kept.
    Range,
}

/// The largest magnitude of a whole number; a thousand times it still fits both databases.
pub(crate) const LARGEST: i64 = 999_999_999_999_999;

/// A decimal number in thousandths, from `1,234.5`, `△１２`, `-3`.
pub(crate) fn thousandths(text: &str) -> Result<i64, NumberError> {
    let text = compact(text);
    let (negative, digits) = match text.strip_prefix(['-', '△', '▲']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(NumberError::Form),
        None => (digits, ""),
    };
    if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit() || b == b',') {
        return Err(NumberError::Form);
    }
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberError::Form);
    }
    if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default().len();
        if !(1..=3).contains(&first) || groups.any(|group| group.len() != 3) {
            return Err(NumberError::Commas);
        }
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 3 {
        return Err(NumberError::Decimals);
    }
    let whole: String = whole.chars().filter(|c| *c != ',').collect();
    let whole = whole.trim_start_matches('0');
    if whole.len() > 15 {
        return Err(NumberError::Range);
    }
    let all: i64 = format!("{}{fraction:0<3}", if whole.is_empty() { "0" } else { whole })
        .parse()
        .map_err(|_| NumberError::Range)?;
    let all = if negative { all.checked_neg().unwrap_or(0) } else { all };
    if all.checked_div(1000).is_some_and(|n| n.abs() > LARGEST) { Err(NumberError::Range) } else { Ok(all) }
}

/// The number of a workbook in thousandths, unless it has more decimals than that.
pub(crate) fn thousandths_of(number: f64) -> Result<i64, NumberError> {
    if !number.is_finite() {
        return Err(NumberError::Form);
    }
    // The shortest text that reads back as the same number is what the person typed; 0.1 + 0.2 of a formula has
    // seventeen digits and is rounded to the fifteen that Excel itself shows.
    let scaled = number * 1000.0;
    let rounded = scaled.round();
    if (scaled - rounded).abs() > 1e-6_f64.max(scaled.abs() * 1e-14) {
        return Err(NumberError::Decimals);
    }
    if rounded.abs() > 999_999_999_999_999_000.0 {
        return Err(NumberError::Range);
    }
    format!("{rounded:.0}").parse().map_err(|_| NumberError::Range)
}

/// A number of a workbook as the text that a person would have typed: whole numbers without a point.
pub(crate) fn typed(number: f64) -> String {
    if number.is_finite() && number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}")
    } else {
        format!("{number}")
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    let length = digits.len();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (length.saturating_sub(at)).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Thousandths as a decimal text: `12500` as `12.5`.
pub(crate) fn decimal(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let all = thousandths.unsigned_abs();
    let (whole, rest) = (all / 1000, all % 1000);
    if rest == 0 {
        format!("{sign}{whole}")
    } else {
        let fraction = format!("{rest:03}");
        format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}
