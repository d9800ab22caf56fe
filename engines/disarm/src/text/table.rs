//! CSV after RFC 4180, read as leniently as spreadsheets do, written strictly, its formulas made text.

use std::fmt;

/// Where a cell is: row and column from zero. Shown as `3行目 B列`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    row: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = Vec::new();
        let mut left = self.column + 1;
        while left > 0 {
            letters.push(char::from(b'A' + u8::try_from((left - 1) % 26).unwrap_or(0)));
            left = (left - 1) / 26;
        }
        write!(f, "{}行目 {}列", self.row + 1, letters.iter().rev().collect::<String>())
    }
}

/// A cell as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) place: Place,
    pub(super) text: String,
    quoted: bool,
}

/// The new table.
pub(super) struct Rebuilt {
    pub(super) text: String,
    pub(super) neutralised: Vec<Place>,
}

/// Writes every cell anew, an apostrophe before those that a spreadsheet would run.
pub(super) fn rebuild(text: &str) -> Rebuilt {
    let separator = if delimiter(text) == '\t' { '\t' } else { ',' };
    let line_end = if text.contains("\r\n") || !text.contains('\n') { "\r\n" } else { "\n" };
    let mut out = String::with_capacity(text.len());
    let mut neutralised = Vec::new();
    let mut row = 0;
    for cell in cells(text) {
        if cell.place.column > 0 {
            out.push(separator);
        } else {
            for _ in row..cell.place.row {
                out.push_str(line_end);
            }
            row = cell.place.row;
        }
        let safe = neutral(&cell.text, separator);
        if safe != cell.text {
            neutralised.push(cell.place);
        }
        let quote = cell.quoted
            || safe.contains([',', '"', '\r', '\n', '\t', ';'])
            || safe.starts_with(char::is_whitespace)
            || safe.ends_with(char::is_whitespace);
        if quote {
            out.push('"');
            out.push_str(&safe.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&safe);
        }
    }
    if text.ends_with(['\n', '\r']) {
        out.push_str(line_end);
    }
    Rebuilt { text: out, neutralised }
}

/// All cells, row by row. A quoted cell without its closing quote ends with the text.
pub(super) fn cells(text: &str) -> impl Iterator<Item = Cell> + '_ {
    let delimiter = delimiter(text);
    let mut rest = text.chars().peekable();
    let mut place = Place { row: 0, column: 0 };
    let mut open = rest.peek().is_some();
    std::iter::from_fn(move || {
        if !open {
            return None;
        }
        let mut cell = Cell { place, text: String::new(), quoted: rest.next_if_eq(&'"').is_some() };
        let mut inside = cell.quoted;
        loop {
            match rest.next() {
                None => {
                    open = false;
                    break;
                }
                Some('"') if inside => {
                    if rest.next_if_eq(&'"').is_some() {
                        cell.text.push('"');
                    } else {
                        inside = false;
                    }
                }
                Some(c) if inside => cell.text.push(c),
                Some(c) if c == delimiter => {
                    place.column += 1;
                    break;
                }
                Some(c @ ('\r' | '\n')) => {
                    if c == '\r' {
                        let _ = rest.next_if_eq(&'\n');
                    }
                    place = Place { row: place.row + 1, column: 0 };
                    open = rest.peek().is_some();
                    break;
                }
                Some(c) => cell.text.push(c),
            }
        }
        Some(cell)
    })
}

/// Comma, unless the first lines use tabs or semicolons instead.
fn delimiter(text: &str) -> char {
    let mut counts = [(',', 0_usize), ('\t', 0), (';', 0)];
    let mut inside = false;
    for c in text.lines().take(20).flat_map(str::chars) {
        inside ^= c == '"';
        if !inside {
            for (delimiter, count) in &mut counts {
                *count += usize::from(*delimiter == c);
            }
        }
    }
    // On a tie the earlier one holds.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(delimiter, _)| *delimiter)
}

/// The cell's text with an apostrophe wherever a spreadsheet would see the beginning of a formula (OWASP ASVS 1.2.10;
/// the full-width signs because Japanese spreadsheets take them too).
fn neutral(text: &str, separator: char) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    if begins_formula(text) {
        out.push('\'');
    }
    // Where the list separator is a semicolon, or a paste splits at tabs, the rest is a cell of its own.
    let mut after_separator = false;
    for c in text.chars() {
        if after_separator && matches!(c, '=' | '@' | '＝' | '＠') {
            out.push('\'');
        }
        // A table of tabs that is opened as one of commas is split at those.
        let separates = matches!(c, ';' | '\t') || (c == ',' && separator == '\t');
        after_separator = separates || (after_separator && (c.is_whitespace() || c == '"'));
        out.push(c);
    }
    out
}

fn begins_formula(text: &str) -> bool {
    if text.starts_with(['\t', '\r', '\n', '\0']) {
        return true;
    }
    let bare = text.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
    match bare.chars().next() {
        Some('=' | '@' | '＝' | '＠') => true,
        Some('+' | '-' | '＋' | '－') => !is_number_or_dashes(bare),
        _ => false,
    }
}

/// A signed number, an amount, a telephone number, or a dash that stands for "none".
fn is_number_or_dashes(bare: &str) -> bool {
    let bare = bare.trim_end();
    if bare.chars().all(|c| matches!(c, '+' | '-' | '＋' | '－')) {
        return true;
    }
    let allowed = |c: char| {
        c.is_ascii_digit()
            || ('０'..='９').contains(&c)
            || matches!(c, '+' | '-' | '＋' | '－' | ',' | '.' | '(' | ')' | ' ' | '%' | '¥' | '￥')
    };
    bare.chars().all(allowed) || bare.replace(',', "").parse::<f64>().is_ok_and(f64::is_finite)
}
