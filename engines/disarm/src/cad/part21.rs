//! ISO 10303-21: a header, data, instances of one statement each. In SFC the drawing lies in comments between `/*SXF`
//! and `SXF*/`, one feature a line; all other comments are left out.

use super::neutral;
use crate::{Format, Refusal, RefusalCode, RemovalCode, context::Context};

/// Parentheses within each other.
const MAX_DEPTH: usize = 64;

pub(super) fn rewrite(text: &str, format: Format, ctx: &mut Context<'_>) -> Result<String, Refusal> {
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut out = String::with_capacity(text.len());
    let mut statements = 0_usize;
    let mut last = String::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        if last == "END-ISO-10303-21" {
            ctx.removed(RemovalCode::TrailingData, "END-ISO-10303-21 の後");
            break;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            let (body, after) = comment.split_once("*/").ok_or_else(|| broken("注釈", statements))?;
            rest = after;
            if format == Format::Sfc && body.starts_with("SXF") {
                features(body, &mut out, ctx).ok_or_else(|| broken("フィーチャ", statements))?;
            }
            continue;
        }
        let (statement, after) = statement(rest, ctx).ok_or_else(|| broken("文", statements))?;
        rest = after;
        statements = statements.saturating_add(1);
        if (statements == 1) != (statement == "ISO-10303-21") {
            return Err(broken("先頭", statements));
        }
        out.push_str(&statement);
        out.push_str(";\r\n");
        last = statement;
    }
    if last == "END-ISO-10303-21" { Ok(out) } else { Err(broken("末尾", statements)) }
}

/// One statement up to its semicolon, written anew.
fn statement<'t>(text: &'t str, ctx: &mut Context<'_>) -> Option<(String, &'t str)> {
    let mut out = String::new();
    let mut rest = text;
    let mut depth = 0_usize;
    loop {
        let c = rest.chars().next()?;
        let after = rest.get(c.len_utf8()..)?;
        match c {
            ';' if depth == 0 => return Some((out, after)),
            '\'' => {
                let (value, after) = string(after, "'")?;
                out.push('\'');
                out.push_str(&neutral(&value.replace("''", "'"), ctx).replace('\'', "''"));
                out.push('\'');
                rest = after;
                continue;
            }
            '/' if after.starts_with('*') => {
                rest = after.split_once("*/")?.1;
                continue;
            }
            '(' => {
                depth = depth.checked_add(1).filter(|depth| *depth <= MAX_DEPTH)?;
                out.push(c);
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                out.push(c);
            }
            c if c.is_ascii_whitespace() => {}
            c if c.is_ascii_alphanumeric() || "#=,.$*+-_\"".contains(c) => out.push(c),
            _ => return None,
        }
        rest = after;
    }
}

/// A string without its quotes; a doubled quote is one. Gives what follows.
fn string<'t>(text: &'t str, quote: &str) -> Option<(String, &'t str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (piece, after) = rest.split_once(quote)?;
        value.push_str(piece);
        match after.strip_prefix(quote) {
            Some(more) => {
                value.push_str(quote);
                value.push_str(quote);
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

/// The features of a comment: `#10 = line_feature('1','2')`, one a line, strings with `\'` inside.
fn features(body: &str, out: &mut String, ctx: &mut Context<'_>) -> Option<()> {
    let mut lines = body.lines();
    let mark = lines.next()?.trim_end();
    if !matches!(mark, "SXF" | "SXF3" | "SXF3.1") {
        return None;
    }
    out.push_str("/*");
    out.push_str(mark);
    out.push_str("\r\n");
    let mut closed = false;
    for line in lines {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if line == mark {
            closed = true;
            continue;
        }
        let (number, call) = line.strip_prefix('#')?.split_once('=')?;
        let number: u64 = number.trim().parse().ok()?;
        let (name, arguments) = call.trim().split_once('(')?;
        let name = name.trim();
        let arguments = arguments.trim_end().strip_suffix(')')?;
        if closed || name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let mut written = Vec::new();
        let mut rest = arguments.trim();
        while !rest.is_empty() {
            let (value, after) = argument(rest.strip_prefix('\'')?)?;
            // Names of files stand between escaped quotes.
            let bare = value.strip_prefix("\\'").and_then(|v| v.strip_suffix("\\'"));
            let value = match bare {
                Some(bare) => format!("\\'{}\\'", neutral(bare, ctx)),
                None => neutral(&value, ctx),
            };
            written.push(format!("'{value}'"));
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        out.push_str(&format!("#{number} = {name}({})\r\n", written.join(",")));
    }
    if !closed {
        return None;
    }
    out.push_str(mark);
    out.push_str("*/\r\n");
    Some(())
}

/// Up to the next quote that no backslash stands before.
fn argument(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '\'' && !escaped {
            return Some((text.get(..at)?.to_owned(), text.get(at.checked_add(1)?..)?));
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// Whatever is not ASCII stands in strings; keywords and numbers never are.
pub(super) fn texts(text: &str) -> Vec<String> {
    text.split('\'')
        .filter(|piece| !piece.is_ascii())
        .map(|piece| piece.trim_matches('\\').to_owned())
        .collect()
}

fn broken(what: &str, statements: usize) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("ISO 10303-21: {what}（{statements} 文目の後）"))
}
