//! Plain text, CSV and TSV: decoded whole, stripped of characters that falsify what is shown, written as UTF-8 or, where
//! the caller wants it, in the Japanese encoding that they came in.

mod clean;
mod encoding;
mod table;

#[cfg(test)]
mod tests;

use crate::{Format, Refusal, RefusalCode, RemovalCode, TextEncoding, TextPiece, context::Context};

pub(crate) use clean::clean_line;
pub(crate) use encoding::{decode, decode_declared, encode_kept};

/// Lines that one report names; more are counted.
const MAX_LINES_NAMED: usize = 100;

/// Writes the text anew: TXT as UTF-8; CSV as UTF-8 with a byte order mark (without which Excel takes it for CP932),
/// separated by commas, or by tabs when it came so. With [`TextEncoding::Keep`], CP932 and EUC-JP stay.
pub(crate) fn rebuild(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let (text, encoding) = cleaned(input, ctx)?;
    let keep = ctx.options().encoding == TextEncoding::Keep;
    let kept = |text: &str| if keep { encode_kept(text, encoding) } else { None };
    if format != Format::Csv {
        return Ok(kept(&text).unwrap_or_else(|| text.into_bytes()));
    }
    let rebuilt = table::rebuild(&text);
    for cell in rebuilt.neutralised.iter().take(MAX_LINES_NAMED) {
        ctx.removed(RemovalCode::CsvFormula, cell.to_string());
    }
    if let Some(rest) = rebuilt.neutralised.len().checked_sub(MAX_LINES_NAMED).filter(|rest| *rest > 0) {
        ctx.removed(RemovalCode::CsvFormula, format!("ほか {rest} セル"));
    }
    Ok(kept(&rebuilt.text).unwrap_or_else(|| format!("\u{feff}{}", rebuilt.text).into_bytes()))
}

/// The pieces as one plain text, each under its place.
pub(crate) fn render(pieces: Vec<TextPiece>, _ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let mut out = String::new();
    let mut place = String::new();
    for piece in pieces {
        if piece.location != place {
            if !out.is_empty() {
                out.push_str("\r\n");
            }
            out.push_str("■ ");
            out.push_str(&one_line(&piece.location));
            out.push_str("\r\n");
            place = piece.location;
        }
        for line in piece.text.lines() {
            out.push_str(&clean_line(line).0);
            out.push_str("\r\n");
        }
    }
    Ok((out.into_bytes(), Format::Txt))
}

/// Text: a piece a line. CSV: a piece a cell.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    let (text, _) = cleaned(input, ctx)?;
    if format == Format::Csv {
        return Ok(table::cells(&text)
            .filter(|cell| !cell.text.trim().is_empty())
            .map(|cell| TextPiece { location: cell.place.to_string(), text: cell.text })
            .collect());
    }
    Ok(text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| TextPiece { location: format!("{}行目", index + 1), text: line.to_owned() })
        .collect())
}

fn one_line(text: &str) -> String {
    clean_line(text).0.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }).collect()
}

/// Decodes and cleans, naming the lines that held what was taken out.
fn cleaned(input: &[u8], ctx: &mut Context<'_>) -> Result<(String, &'static str), Refusal> {
    let decoded = decode(input).ok_or_else(|| {
        Refusal::new(
            RefusalCode::Malformed,
            "文字コードを判別できません（UTF-8・UTF-16・Shift_JIS・EUC-JP・JIS 以外）",
        )
    })?;
    ctx.charge_expanded(decoded.text.len() as u64)?;
    let mut out = String::with_capacity(decoded.text.len());
    let mut named = 0_usize;
    for (index, line) in decoded.text.split_inclusive('\n').enumerate() {
        let (line, found) = clean_line(line);
        out.push_str(&line);
        if let Some(found) = found {
            named += 1;
            if named <= MAX_LINES_NAMED {
                ctx.removed(RemovalCode::Control, format!("{}行目（{found}）", index + 1));
            }
        }
    }
    if let Some(rest) = named.checked_sub(MAX_LINES_NAMED).filter(|rest| *rest > 0) {
        ctx.removed(RemovalCode::Control, format!("ほか {rest} 行"));
    }
    Ok((out, decoded.encoding))
}
