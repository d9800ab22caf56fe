//! The document type of a drawing: plain entities, as drawing programs write them for namespaces, are put in place;
//! everything else of it is dropped. Entities in entities are refused: that is how a kilobyte becomes a gigabyte.

use std::collections::BTreeMap;

use super::malformed;
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

/// What stands after a document type declaration that the text begins with.
pub(super) fn after(text: &str) -> Option<&str> {
    parts(text).map(|(_, rest)| rest)
}

/// The declaration and the rest. Quotes hide brackets and angle brackets.
fn parts(text: &str) -> Option<(&str, &str)> {
    let (mut quote, mut inside) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => inside = true,
            (None, ']') => inside = false,
            (None, '>') if !inside => return text.split_at_checked(at + 1),
            _ => {}
        }
    }
    None
}

/// The text without its document type, plain entities in place.
pub(super) fn resolve(text: &str, ctx: &mut Context<'_>) -> Result<String, Refusal> {
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find("<!doctype").filter(|at| {
        // Only what stands before the root counts.
        lower.get(..*at).is_some_and(|before| !before.contains("<svg"))
    }) else {
        return Ok(text.to_owned());
    };
    let (before, declaration) = text.split_at_checked(at).unwrap_or((text, ""));
    let (declaration, rest) = parts(declaration).ok_or_else(|| malformed("DOCTYPE が閉じていません"))?;
    let entities = entities(declaration, ctx)?;
    if entities.is_empty() {
        return Ok(format!("{before}{rest}"));
    }
    let mut out = before.to_owned();
    let mut left = rest;
    while let Some((plain, after)) = left.split_once('&') {
        out.push_str(plain);
        let known = after.split_once(';').and_then(|(name, tail)| Some((entities.get(name)?, tail)));
        match known {
            Some((value, tail)) => {
                ctx.charge_expanded(value.len() as u64)?;
                out.push_str(value);
                left = tail;
            }
            None => {
                out.push('&');
                left = after;
            }
        }
    }
    out.push_str(left);
    Ok(out)
}

fn entities<'a>(declaration: &'a str, ctx: &mut Context<'_>) -> Result<BTreeMap<&'a str, &'a str>, Refusal> {
    let mut known = BTreeMap::new();
    for part in declaration.split("<!ENTITY").skip(1) {
        let part = part.trim_start();
        if part.starts_with('%') {
            ctx.removed(RemovalCode::UnknownElement, "DOCTYPE のパラメーター実体");
            continue;
        }
        let Some((name, value)) = part.split_once(char::is_whitespace) else { continue };
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            ctx.removed(RemovalCode::ExternalLink, format!("DOCTYPE の外部実体 {}", short(name)));
            known.insert(name, "");
            continue;
        };
        let value = value.get(1..).and_then(|rest| rest.split(quote).next()).unwrap_or("");
        let nested = value.split('&').skip(1).any(|reference| !reference.starts_with('#'));
        if nested {
            return Err(Refusal::new(RefusalCode::Bomb, "実体の中の実体"));
        }
        if value.contains('<') {
            return Err(malformed("実体の中に要素があります"));
        }
        known.insert(name, value);
    }
    Ok(known)
}

fn short(name: &str) -> String {
    name.chars().take(40).collect()
}
