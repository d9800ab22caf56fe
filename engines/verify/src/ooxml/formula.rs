//! Formulas and fields of an output, judged a second time by other means than the writer's.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::relations::is_address;

/// Does this formula stay within its workbook?
pub(super) fn formula_is_local(formula: &str) -> bool {
    let Some(bare) = without_strings(formula) else { return false };
    let lower = bare.to_lowercase();
    if bare.contains(['|', '\\']) || lower.contains("]!") || lower.contains("://") {
        return false;
    }
    let mut word = String::new();
    let mut ended = false;
    let mut previous = None;
    for c in bare.chars() {
        match c {
            ' ' | '\n' | '\t' | '\r' => {
                ended = true;
                previous = Some(c);
                continue;
            }
            '(' => {
                if !word.is_empty() && !is_listed(&word) {
                    return false;
                }
                word.clear();
            }
            // Contents of brackets are blanked, so a bracket opens after a table's name or inside a bracket.
            '[' if !matches!(previous, Some(p) if char::is_alphanumeric(p) || "_.[]".contains(p)) => {
                return false;
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '.' | '?' | '$') || !c.is_ascii() => {
                if std::mem::take(&mut ended) {
                    word.clear();
                }
                word.push(c);
            }
            _ => word.clear(),
        }
        ended = false;
        previous = Some(c);
    }
    true
}

/// The formula with string contents taken out. A quoted sheet name must name no file.
fn without_strings(formula: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = formula.chars();
    let mut bracket = 0_i32;
    while let Some(c) = characters.next() {
        match c {
            '[' => bracket += 1,
            ']' => bracket -= 1,
            _ => {}
        }
        match c {
            '"' if bracket == 0 => {
                characters.find(|&c| c == '"')?;
                out.push('0');
            }
            // Inside brackets it escapes one character of a column's name.
            '\'' if bracket > 0 => {
                characters.next()?;
            }
            '\'' => {
                let mut name = String::new();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        c => name.push(c),
                    }
                }
                if name.contains(['[', ']', '|', '/', '\\']) {
                    return None;
                }
                out.push('S');
            }
            c if bracket > 0 && c != '[' && c != ']' && c != '|' => out.push('x'),
            c => out.push(c),
        }
    }
    Some(out)
}

fn is_listed(name: &str) -> bool {
    static LIST: OnceLock<HashSet<String>> = OnceLock::new();
    let list = LIST.get_or_init(|| {
        let text = crate::lists::FUNCTIONS;
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|l| l.split(' ').map(str::to_owned))
            .collect()
    });
    let upper = name.to_uppercase();
    let bare = upper.trim_start_matches("_XLFN.").trim_start_matches("_XLWS.");
    list.contains(bare)
}

/// May a field say this?
pub(super) fn field_is_local(instruction: &str) -> bool {
    let mut words = instruction.split_ascii_whitespace();
    let name = words.next().unwrap_or_default().to_uppercase();
    let harmless = [
        "PAGE",
        "NUMPAGES",
        "SECTION",
        "SECTIONPAGES",
        "TOC",
        "REF",
        "PAGEREF",
        "NOTEREF",
        "SEQ",
        "DATE",
        "TIME",
        "STYLEREF",
        "EQ",
        "ADVANCE",
        "SYMBOL",
        "LISTNUM",
        "AUTONUM",
        "AUTONUMLGL",
        "AUTONUMOUT",
    ];
    if name == "HYPERLINK" {
        let first = words.next().unwrap_or_default();
        let address = first.trim_matches('"');
        return first == "\\l" || (first.starts_with('"') && is_address(address));
    }
    harmless.contains(&name.as_str()) && !instruction.contains("//") && !instruction.contains("\\\\")
}
