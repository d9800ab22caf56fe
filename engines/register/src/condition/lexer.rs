//! Words, numbers, texts and signs of a condition.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::{ConditionError, error};
use crate::value::LARGEST;

/// Longest condition, in bytes; far more than a person can check.
const LONGEST: usize = 4000;

/// Most tokens of a condition.
const MOST: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, in upper case.
    Keyword(&'static str),
    /// A field, column or function.
    Name(String),
    /// `'text'`, without its quotes.
    Text(String),
    /// A number in thousandths, and whether it was written with a point.
    Number(i64, bool),
    /// `=`, `<>`, `<`, `<=`, `>`, `>=`, `(`, `)`, `,`.
    Sign(&'static str),
}

const KEYWORDS: [&str; 11] =
    ["AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE", "TRUE", "FALSE", "ESCAPE"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ConditionError> {
    if text.len() > LONGEST {
        return Err(error(
            &(0..text.len()),
            format!("条件が長すぎます（{LONGEST}バイトまで）。分けて書いてください。"),
            format!("the condition is too long (at most {LONGEST} bytes); write several"),
        ));
    }
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        let kind = match c {
            'a'..='z' | 'A'..='Z' | '_' => word(start, c, &mut chars)?,
            '0'..='9' => number(start, c, "", &mut chars)?,
            '-' => match chars.next_if(|(_, next)| next.is_ascii_digit()) {
                Some((_, digit)) => number(start, digit, "-", &mut chars)?,
                None => return Err(arithmetic(start, c)),
            },
            '\'' => quoted(start, text.len(), &mut chars)?,
            '=' => Kind::Sign("="),
            '(' => Kind::Sign("("),
            ')' => Kind::Sign(")"),
            ',' => Kind::Sign(","),
            '<' => match chars.next_if(|(_, next)| matches!(next, '=' | '>')) {
                Some((_, '=')) => Kind::Sign("<="),
                Some(_) => Kind::Sign("<>"),
                None => Kind::Sign("<"),
            },
            '>' => match chars.next_if(|(_, next)| *next == '=') {
                Some(_) => Kind::Sign(">="),
                None => Kind::Sign(">"),
            },
            '+' | '*' | '/' | '%' | '|' => return Err(arithmetic(start, c)),
            '!' => {
                return Err(error(
                    &(start..start.saturating_add(1)),
                    "「!=」は使えません。「<>」と書いてください。",
                    "write `<>` instead of `!=`",
                ));
            }
            '"' => {
                return Err(error(
                    &(start..start.saturating_add(1)),
                    "文字列は「'」で囲んでください。",
                    "put texts between single quotes",
                ));
            }
            c => {
                return Err(error(
                    &(start..start.saturating_add(c.len_utf8())),
                    format!(
                        "条件に使えない文字「{c}」があります。文字列は「'」で囲み、記号は半角で書いてください。"
                    ),
                    format!("`{c}` has no meaning in a condition; put texts between single quotes"),
                ));
            }
        };
        let end = chars.peek().map_or(text.len(), |(at, _)| *at);
        tokens.push(Token { span: start..end, kind });
        if tokens.len() > MOST {
            return Err(error(
                &(start..end),
                "条件が複雑すぎます。分けて書いてください。",
                "the condition has too many words; write several",
            ));
        }
    }
    Ok(tokens)
}

fn arithmetic(start: usize, c: char) -> ConditionError {
    error(
        &(start..start.saturating_add(1)),
        format!(
            "計算の記号「{c}」は使えません。日付の計算は days(a, b) か add_days(d, n) と書いてください。"
        ),
        format!("there is no `{c}` in conditions; for days write days(a, b) or add_days(d, n)"),
    )
}

type Chars<'a> = Peekable<CharIndices<'a>>;

fn word(start: usize, first: char, chars: &mut Chars<'_>) -> Result<Kind, ConditionError> {
    let mut word = String::from(first);
    while let Some((_, c)) = chars.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_') {
        word.push(c);
    }
    let upper = word.to_ascii_uppercase();
    if let Some(keyword) = KEYWORDS.iter().find(|keyword| **keyword == upper) {
        if *keyword == "ESCAPE" {
            return Err(error(
                &(start..start.saturating_add(word.len())),
                "ESCAPEは使えません。LIKEの「%」と「_」はいつも任意の文字を表します。",
                "there is no ESCAPE; `%` and `_` of LIKE always stand for any characters",
            ));
        }
        return Ok(Kind::Keyword(keyword));
    }
    Ok(Kind::Name(word))
}

fn number(start: usize, first: char, sign: &str, chars: &mut Chars<'_>) -> Result<Kind, ConditionError> {
    let mut whole = String::from(first);
    let mut fraction = None::<String>;
    let mut end = start.saturating_add(sign.len()).saturating_add(1);
    while let Some((at, c)) = chars.next_if(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '.' | '_')) {
        end = at.saturating_add(1);
        match (c, &mut fraction) {
            ('.', None) => fraction = Some(String::new()),
            ('0'..='9', None) => whole.push(c),
            ('0'..='9', Some(fraction)) => fraction.push(c),
            _ => return Err(no_number(start..end)),
        }
    }
    let digits = fraction.clone().unwrap_or_default();
    if fraction.as_ref().is_some_and(|digits| digits.is_empty() || digits.len() > 3) || whole.len() > 15 {
        return Err(no_number(start..end));
    }
    let value: i64 = format!("{sign}{whole}{digits:0<3}").parse().map_err(|_| no_number(start..end))?;
    debug_assert!(value.unsigned_abs() / 1000 <= LARGEST.unsigned_abs());
    Ok(Kind::Number(value, fraction.is_some()))
}

fn no_number(span: Range<usize>) -> ConditionError {
    error(
        &span,
        "数は15桁までの整数か、小数第3位までで書いてください。",
        "write a whole number of at most 15 digits, with at most three decimals",
    )
}

fn quoted(start: usize, end: usize, chars: &mut Chars<'_>) -> Result<Kind, ConditionError> {
    let mut text = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                if chars.next_if(|(_, next)| *next == '\'').is_none() {
                    return Ok(Kind::Text(text));
                }
                text.push('\'');
            }
            c if c.is_control() => {
                return Err(error(
                    &(at..at.saturating_add(c.len_utf8())),
                    "文字列に制御文字は書けません。",
                    "a text can't hold control characters",
                ));
            }
            c => text.push(c),
        }
    }
    Err(error(
        &(start..end),
        "文字列の終わりの「'」がありません。",
        "the closing quote of the text is missing",
    ))
}
