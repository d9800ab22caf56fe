//! Formulas and conditions of OpenDocument: cut into tokens and held against the list of functions that spreadsheets
//! of Office have too. What reaches outside (other files, DDE, the web, macros) is not kept.

use std::collections::HashSet;
use std::sync::OnceLock;

use sekisho_verify::lists;

/// What conditions of styles and validations say without being functions of cells.
const CONDITIONS: &[&str] = &[
    "cell-content-is-not-between(",
    "cell-content-is-between(",
    "cell-content-is-in-list(",
    "cell-content-is-decimal-number(",
    "cell-content-is-whole-number(",
    "cell-content-is-date(",
    "cell-content-is-time(",
    "cell-content-is-text(",
    "cell-content-text-length-is-not-between(",
    "cell-content-text-length-is-between(",
    "cell-content-text-length(",
    "cell-content(",
    "is-true-formula(",
    "formula-is(",
    "value(",
    "between(",
    "not-between(",
    "duplicate",
    "unique",
];

/// May this formula or condition, with its language's prefix, stay?
pub(super) fn is_allowed(value: &str) -> bool {
    let mut expression = value.trim();
    for prefix in ["of:", "oooc:", "ooow:"] {
        expression = expression.strip_prefix(prefix).unwrap_or(expression);
    }
    let mut plain = expression.trim_start_matches('=').to_owned();
    for condition in CONDITIONS {
        plain = plain.replace(condition, if condition.ends_with('(') { "N(" } else { "1" });
    }
    plain.len() <= 32_768 && tokens(&plain)
}

fn tokens(text: &str) -> bool {
    let mut rest = text;
    let mut braces = 0_u32;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => match rest.get(1..).and_then(|tail| tail.find('"')) {
                Some(at) => at + 2,
                None => return false,
            },
            '\'' => match rest.get(1..).and_then(|tail| tail.split_once('\'')) {
                Some((name, tail)) if is_local(name) && !tail.starts_with('#') => name.len() + 2,
                _ => return false,
            },
            '[' => match rest.split_once(']') {
                Some((reference, _)) if is_local(reference) && !reference.contains("'#") => {
                    reference.len() + 1
                }
                _ => return false,
            },
            '{' => {
                braces += 1;
                1
            }
            '}' => {
                braces = braces.saturating_sub(1);
                1
            }
            '|' if braces > 0 => 1,
            c if c.is_alphabetic() || c == '_' => {
                let length = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')))
                    .unwrap_or(rest.len());
                let called = rest.get(length..).is_some_and(|tail| tail.trim_start().starts_with('('));
                if called && !rest.get(..length).is_some_and(function_is_allowed) {
                    return false;
                }
                length
            }
            '0'..='9'
            | '.'
            | '+'
            | '-'
            | '*'
            | '/'
            | '^'
            | '&'
            | '='
            | '<'
            | '>'
            | '!'
            | '%'
            | '('
            | ')'
            | ';'
            | ','
            | ':'
            | '~'
            | '$'
            | ' '
            | '\n'
            | '\t' => 1,
            _ => return false,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    !text.contains("//")
}

/// A reference or a sheet's name that stays in the document.
fn is_local(reference: &str) -> bool {
    !reference.contains("//") && !reference.contains(['\\', '|'])
}

fn function_is_allowed(name: &str) -> bool {
    static LIST: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let list = LIST.get_or_init(|| {
        lists::FUNCTIONS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_whitespace)
            .collect()
    });
    let upper = name.to_uppercase();
    let bare = ["COM.MICROSOFT.", "ORG.OPENOFFICE.", "ORG.LIBREOFFICE.", "LEGACY."]
        .iter()
        .find_map(|prefix| upper.strip_prefix(prefix))
        .unwrap_or(&upper);
    list.contains(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_computes_from_the_document_stays() {
        for good in [
            "of:=SUM([.A1:.B2])*2",
            "of:=IF([.A1]>=10;\"合格\";\"不合格\")",
            "of:=[$'集計 表'.B3]+{1;2|3;4}",
            "of:=COM.MICROSOFT.CONCAT([.A1];\"x\")",
            "cell-content()>=5",
            "of:cell-content-is-in-list(\"甲\";\"乙\")",
            "of:is-true-formula(ISBLANK([.B2]))",
            "value()>=0",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "of:=WEBSERVICE(\"http://127.0.0.1/\")",
            "of:=DDE(\"soffice\";\"x\";\"y\")",
            "of:=['file:///etc/passwd'#$Sheet1.A1]",
            "of:=HYPERLINK(\"http://127.0.0.1/\")",
            "of:=SUM([.A1]) + cmd|'/c calc'!A0",
            "msoxl:=CALL(1)",
            "of:=\"",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
