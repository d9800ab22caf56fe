//! Formulas of spreadsheets: cut into tokens and held against a list of functions.
//!
//! A formula stays when it computes from this workbook only. What reaches outside (other workbooks, DDE, the web, the
//! file system, add-ins, macros) is not kept, and neither is a function that nobody has put on the list.

use std::collections::HashSet;
use std::sync::OnceLock;

/// May this formula (without the leading `=`) stay?
pub(super) fn is_allowed(formula: &str) -> bool {
    let formula = formula.trim();
    !formula.is_empty() && formula.len() <= 8_192 * 4 && Tokens { rest: formula }.all_allowed()
}

struct Tokens<'a> {
    rest: &'a str,
}

impl Tokens<'_> {
    fn all_allowed(&mut self) -> bool {
        let mut previous_is_name = false;
        let mut braces = 0_i32;
        while let Some(c) = self.rest.chars().next() {
            let mut is_name = false;
            match c {
                '"' => {
                    if self.quoted('"').is_none() {
                        return false;
                    }
                }
                '\'' => match self.quoted('\'') {
                    Some(sheet) if sheet_is_local(&sheet) && self.rest.starts_with('!') => {}
                    _ => return false,
                },
                // A bracket that follows a table's name selects its columns; any other names another workbook.
                '[' => {
                    if !previous_is_name || !self.columns() {
                        return false;
                    }
                }
                '#' => {
                    let errors = [
                        "#REF!",
                        "#N/A",
                        "#VALUE!",
                        "#NAME?",
                        "#DIV/0!",
                        "#NUM!",
                        "#NULL!",
                        "#SPILL!",
                        "#CALC!",
                        "#GETTING_DATA",
                    ];
                    let length = errors.iter().find(|e| self.rest.starts_with(**e)).map_or(1, |e| e.len());
                    self.advance(length);
                }
                '{' | '}' => {
                    braces += if c == '{' { 1 } else { -1 };
                    self.advance(1);
                }
                c if is_name_start(c) => {
                    let length = self.rest.find(|c: char| !is_name_part(c)).unwrap_or(self.rest.len());
                    let name = self.rest.get(..length).unwrap_or_default();
                    let call = self.rest.get(length..).is_some_and(|tail| tail.trim_start().starts_with('('));
                    // `(` after white space is an intersection with a group, unless the name is a function's.
                    if call && !function_is_allowed(name) {
                        return false;
                    }
                    is_name = !call;
                    self.advance(length);
                }
                '0'..='9' | '.' => {
                    let length = self
                        .rest
                        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
                        .unwrap_or(self.rest.len());
                    self.advance(length);
                }
                '+' | '-' | '*' | '/' | '^' | '&' | '=' | '<' | '>' | '%' | '(' | ')' | ',' | ';' | ':'
                | '!' | '@' | '$' | '~' | ' ' | '\n' | '\r' | '\t' => self.advance(c.len_utf8()),
                _ => return false,
            }
            previous_is_name = is_name;
        }
        braces == 0
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Takes a quoted token, doubled quotes inside.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut value = String::new();
        self.advance(1);
        loop {
            let at = self.rest.find(quote)?;
            value.push_str(self.rest.get(..at)?);
            self.advance(at + 1);
            if !self.rest.starts_with(quote) {
                return Some(value);
            }
            value.push(quote);
            self.advance(1);
        }
    }

    /// Takes `[…]` with columns in it, `'` escaping the next character.
    fn columns(&mut self) -> bool {
        let mut depth = 0_u32;
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\'' => escaped = true,
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                '|' | '!' | '\\' => return false,
                _ => {}
            }
            if depth == 0 {
                self.advance(at + c.len_utf8());
                return !self.rest.starts_with('!');
            }
        }
        false
    }
}

fn sheet_is_local(name: &str) -> bool {
    !name.is_empty() && !name.contains(['[', ']', '|', '/', '\\', '*', '?'])
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_numeric() || matches!(c, '.' | '_' | '$' | '?')
}

fn function_is_allowed(name: &str) -> bool {
    static FUNCTIONS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let list = FUNCTIONS.get_or_init(|| {
        let lines = sekisho_verify::lists::FUNCTIONS.lines();
        lines.filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace).collect()
    });
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix("_XLFN.").unwrap_or(&upper);
    let bare = bare.strip_prefix("_XLWS.").unwrap_or(bare);
    list.contains(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_on_this_workbook_stay() {
        for formula in [
            "SUM(A1:B2)",
            "IF('集計 表'!$A$1>0,VLOOKUP(A1,名簿!$A:$C,3,FALSE),\"無し\")",
            "Table1[[#This Row],[金額]]*1.1",
            "SUM(Table1[金額])",
            "_xlfn.XLOOKUP(A1,B:B,C:C)",
            "{1,2;3,4}",
            "A1#",
            "#REF!+1",
            "1E+10*.5%",
            "TEXT(A1,\"ggge年m月d日\")",
            "売上合計+1",
        ] {
            assert!(is_allowed(formula), "{formula}");
        }
    }

    #[test]
    fn formulas_that_reach_outside_go() {
        for formula in [
            "WEBSERVICE(\"http://127.0.0.1/\")",
            "_xlfn.WEBSERVICE(A1)",
            "cmd|'/c calc'!A0",
            "'cmd'|'/c calc'!A0",
            "[1]Sheet1!A1",
            "'[1]Sheet 1'!A1",
            "'\\\\host\\share\\[a.xlsx]S'!A1",
            "[1]!name",
            "HYPERLINK(\"http://127.0.0.1\")",
            "EXEC(\"calc\")",
            "CALL(\"kernel32\",\"WinExec\",\"JCJ\",\"calc\",0)",
            "REGISTER.ID(\"a\",\"b\")",
            "RTD(\"a\",,\"b\")",
            "IMAGE(\"http://127.0.0.1/a.png\")",
            "_xll.Foo()",
            "MyMacro(1)",
            "INDIRECT(\"'file:///etc/passwd'#$Sheet1.A1\")",
            "\"open",
            "",
        ] {
            assert!(!is_allowed(formula), "{formula}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in ".{0,80}") {
            is_allowed(&text);
        }
    }
}
