//! Formulas and fields of an output, judged a second time by other means than the writer's.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::relations::is_address;

/// Does this formula stay within its workbook?
pub(crate) fn formula_is_local(formula: &str) -> bool {
    let Some((bare, strings)) = without_strings(formula) else { return false };
    let mut strings = strings.iter();
    let mut wants_text: Option<String> = None;
    let mut wants_end = false;
    let lower = bare.to_lowercase();
    if bare.contains(['|', '\\']) || lower.contains("]!") || lower.contains("://") {
        return false;
    }
    let mut word = String::new();
    let mut ended = false;
    let mut previous = None;
    for c in bare.chars() {
        // Nothing may be joined to an address, or it carries what the cells say.
        if wants_end && !c.is_whitespace() {
            if !matches!(c, ',' | ';' | ')') {
                return false;
            }
            wants_end = false;
        }
        if c == TEXT {
            let text = strings.next().map(String::as_str).unwrap_or_default();
            if let Some(function) = wants_text.take() {
                wants_end = function == "HYPERLINK";
                if !text_is_harmless(&function, text) {
                    return false;
                }
            }
        } else if wants_text.is_some() && !c.is_whitespace() {
            return false;
        }
        match c {
            ' ' | '\n' | '\t' | '\r' => {
                ended = true;
                previous = Some(c);
                continue;
            }
            '(' => {
                let name = std::mem::take(&mut word).to_uppercase();
                match name.as_str() {
                    "HYPERLINK" | "CELL" => wants_text = Some(name),
                    "INDIRECT" if formula.split('"').skip(1).step_by(2).all(|t| !t.contains(PATH)) => {}
                    _ if !name.is_empty() && !is_listed(&name) => return false,
                    _ => {}
                }
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
    wants_text.is_none() && !wants_end
}

/// Stands for a text.
const TEXT: char = '\u{2}';
const PATH: [char; 5] = ['/', '\\', '[', ']', '|'];

/// May these functions be given this text?
fn text_is_harmless(function: &str, text: &str) -> bool {
    match function {
        "HYPERLINK" if text.starts_with('#') => !text.contains(['\\', '|', '[']) && !text.contains("//"),
        "HYPERLINK" => is_address(text.trim()),
        _ => !text.eq_ignore_ascii_case("filename"),
    }
}

/// The formula with its texts taken out, and those. A quoted sheet name must name no file.
fn without_strings(formula: &str) -> Option<(String, Vec<String>)> {
    let mut out = String::new();
    let mut strings = Vec::new();
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
                let mut text = String::new();
                loop {
                    match characters.next()? {
                        '"' => break,
                        c => text.push(c),
                    }
                }
                strings.push(text);
                out.push(TEXT);
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
    Some((out, strings))
}

/// Functions that reach outside, so that nothing else may bear their name.
const OUTSIDE: &str = "WEBSERVICE FILTERXML RTD CALL REGISTER REGISTER.ID EXEC IMAGE HYPERLINK INFO CELL INDIRECT \
    STOCKHISTORY TRANSLATE DETECTLANGUAGE PY COPILOT";

fn is_listed(upper: &str) -> bool {
    static LIST: OnceLock<HashSet<String>> = OnceLock::new();
    let list = LIST.get_or_init(|| {
        let text = crate::lists::FUNCTIONS;
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|l| l.split(' ').map(str::to_owned))
            .collect()
    });
    if let Some(parameter) = upper.strip_prefix("_XLPM.") {
        return OUTSIDE.split(' ').all(|name| name != parameter);
    }
    let bare = upper.trim_start_matches("_XLFN.").trim_start_matches("_XLWS.");
    list.contains(bare)
}

/// May a field say this?
pub(super) fn field_is_local(instruction: &str) -> bool {
    let mut words = instruction.split_ascii_whitespace();
    let name = words.next().unwrap_or_default().to_uppercase();
    let harmless = "PAGE NUMPAGES SECTION SECTIONPAGES TOC REF PAGEREF NOTEREF SEQ DATE TIME STYLEREF EQ \
        ADVANCE SYMBOL LISTNUM AUTONUM AUTONUMLGL AUTONUMOUT";
    if name == "HYPERLINK" {
        let first = words.next().unwrap_or_default();
        let address = first.trim_matches('"');
        return first == "\\l" || (first.starts_with('"') && is_address(address));
    }
    harmless.split(' ').any(|known| known == name)
        && !instruction.contains("//")
        && !instruction.contains("\\\\")
}
