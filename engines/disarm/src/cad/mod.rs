//! Drawings that are texts: DXF (ASCII), STEP and SXF in the form of ISO 10303-21 (P21, SFC). Their grammar is checked
//! from the first to the last sign and everything is written anew in the encoding that it came in, since CAD programs
//! of public works read CP932.
//!
//! References to other files, pictures, embedded objects and addresses are left out or lose their folder; what is not
//! text (binary DXF, JWW, DWG) is refused by name before it comes here.

mod dxf;
mod part21;
#[cfg(test)]
mod tests;

use crate::{Format, Refusal, RefusalCode, RemovalCode, TextPiece, context::Context, text};

/// Rewrites a drawing.
pub(crate) fn rebuild(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let decoded =
        text::decode(input).ok_or_else(|| Refusal::new(RefusalCode::Malformed, "図面の文字コード"))?;
    ctx.charge_expanded(decoded.text.len() as u64)?;
    let written = match format {
        Format::Dxf => dxf::rewrite(&decoded.text, ctx)?,
        _ => part21::rewrite(&decoded.text, format, ctx)?,
    };
    Ok(text::encode_kept(&written, decoded.encoding).unwrap_or_else(|| written.into_bytes()))
}

/// The texts of a drawing.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    let written = rebuild(input, format, ctx)?;
    let decoded = text::decode(&written).map(|decoded| decoded.text).unwrap_or_default();
    let found = if format == Format::Dxf { dxf::texts(&decoded) } else { part21::texts(&decoded) };
    Ok(found.into_iter().map(|text| TextPiece { location: "図面の文字".to_owned(), text }).collect())
}

/// A text without signs that falsify it; an address of another place loses everything but its last name.
fn neutral(value: &str, ctx: &mut Context<'_>) -> String {
    let (clean, found) = text::clean_line(value);
    if let Some(found) = found {
        ctx.removed(RemovalCode::Control, format!("図面の文字（{found}）"));
    }
    let clean = clean.replace(['\r', '\n', '\t'], " ");
    if !reaches_out(&clean) {
        return clean;
    }
    let last = clean.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    ctx.removed(RemovalCode::ExternalLink, format!("参照先の場所（{last}）"));
    last.replace(':', "_")
}

/// A share, a drive or an address with a scheme.
fn reaches_out(value: &str) -> bool {
    let value = value.trim_start();
    let mut head = value.chars();
    let drive = matches!((head.next(), head.next(), head.next()), (Some(letter), Some(':'), Some('\\' | '/')) if letter.is_ascii_alphabetic());
    let lower = value.to_ascii_lowercase();
    drive
        || lower.starts_with("\\\\")
        || lower.starts_with("//")
        || lower.contains("://")
        || lower.starts_with("file:")
        || lower.starts_with("javascript:")
}
