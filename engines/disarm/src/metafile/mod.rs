//! Metafiles (EMF, WMF): programs of drawing calls, played on a canvas of our own so that only pixels cross.
//!
//! Their danger is in what a player does for them: escapes that reach a printer's driver (SETABORTPROC ran code),
//! numbers that overrun a renderer, records without end. Here a record draws or is skipped; nothing calls out, every
//! number is checked against the record, and records, pixels and work are bounded. EMF+ is not read: files that carry
//! it nearly always carry plain records with the same picture. Text needs the fallback typeface.

mod canvas;
mod emf;
mod player;
mod reader;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod wmf;

use player::{Findings, Player};

use crate::{Format, Refusal, RefusalCode, RemovalCode, context::Context, raster::Budget};

/// Pixels an inch of what is drawn.
const DPI: f32 = 150.0;
/// No side is longer.
const MAX_SIDE: f32 = 4_000.0;
/// Records of one file.
const MAX_RECORDS: usize = 1_000_000;

/// A drawn metafile: straight RGBA, the paper transparent.
pub(crate) struct Drawn {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgba: Vec<u8>,
    /// Pixels a metre.
    pub(crate) density: (u32, u32),
}

/// The pixels for a picture of a size in millimetres.
struct Sheet {
    width: u32,
    height: u32,
    density: (u32, u32),
}

impl Sheet {
    /// `across` and `down` are the device's own pixels, which a screenshot needs up to twice the usual density.
    fn new(width_mm: f32, height_mm: f32, across: f32, down: f32) -> Self {
        let inches = (width_mm.max(0.1) / 25.4, height_mm.max(0.1) / 25.4);
        let own = (across / inches.0).max(down / inches.1);
        // A tiny picture is drawn larger, so that something is seen of it.
        let least = 32.0 / inches.0.max(inches.1);
        let wanted = if own.is_finite() { own.clamp(DPI, 2.0 * DPI) } else { DPI };
        let dpi = wanted.max(least).min(MAX_SIDE / inches.0.max(inches.1));
        let pixels = |inches: f32| (inches * dpi).round().clamp(1.0, MAX_SIDE) as u32;
        let per_metre = (dpi / 0.0254).round().clamp(100.0, 400_000.0) as u32;
        Self { width: pixels(inches.0), height: pixels(inches.1), density: (per_metre, per_metre) }
    }
}

/// The kind of metafile that the bytes begin as.
pub(crate) fn sniff(input: &[u8]) -> Option<Format> {
    if input.starts_with(&[1, 0, 0, 0]) && input.get(40..44) == Some(b" EMF") {
        return Some(Format::Emf);
    }
    let plain =
        matches!(input.get(..4), Some([1 | 2, 0, 9, 0])) && matches!(input.get(4..6), Some([0, 1 | 3]));
    (plain || input.starts_with(b"\xd7\xcd\xc6\x9a")).then_some(Format::Wmf)
}

/// Draws a metafile and reports what of it could not be drawn. `place` opens the locations of the report.
///
/// # Errors
/// Malformed when nothing can be seen, or when the headers are broken.
pub(crate) fn draw(
    input: &[u8],
    place: &str,
    budget: &mut Budget,
    ctx: &mut Context<'_>,
) -> Result<Drawn, Refusal> {
    let nothing = || Refusal::new(RefusalCode::Malformed, "メタファイルに描ける内容がありません");
    if let Some(header) = emf::header(input) {
        let (mut player, sheet) = emf::open(&header, budget).ok_or_else(nothing)?;
        emf::play(input, &mut player, MAX_RECORDS);
        return finish(player, &sheet, "EMF", place, ctx);
    }
    let header = wmf::header(input, MAX_RECORDS).ok_or_else(nothing)?;
    let (mut player, sheet) = wmf::open(&header, budget).ok_or_else(nothing)?;
    wmf::play(input, &header, &mut player, MAX_RECORDS);
    finish(player, &sheet, "WMF", place, ctx)
}

fn finish(
    player: Player<'_>,
    sheet: &Sheet,
    kind: &str,
    place: &str,
    ctx: &mut Context<'_>,
) -> Result<Drawn, Refusal> {
    let Player { canvas, findings, budget, .. } = player;
    report(&findings, canvas.exhausted(), kind, place, ctx);
    budget.take(sheet.width, sheet.height)?;
    let drawn = canvas.drawn;
    let rgba = canvas.into_rgba();
    if !drawn || rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0) {
        return Err(Refusal::new(RefusalCode::Malformed, format!("{kind} に描ける内容がありません")));
    }
    Ok(Drawn { width: sheet.width, height: sheet.height, rgba, density: sheet.density })
}

fn report(findings: &Findings, exhausted: bool, kind: &str, place: &str, ctx: &mut Context<'_>) {
    for escape in &findings.escapes {
        let name = if kind == "WMF" && *escape == 9 { "SETABORTPROC".to_owned() } else { escape.to_string() };
        ctx.removed(RemovalCode::Action, format!("{place}{kind} のエスケープ命令 {name}"));
    }
    for record in findings.unknown.iter().take(20) {
        ctx.removed(RemovalCode::UnknownElement, format!("{place}{kind} のレコード {record:#06x}"));
    }
    if findings.lost_text {
        ctx.removed(RemovalCode::PictureText, format!("{place}{kind} の中の文字"));
    }
    if findings.lost_bitmaps > 0 {
        let count = findings.lost_bitmaps;
        ctx.removed(RemovalCode::DrawingReplaced, format!("{place}{kind} の中の画像（{count} 個）"));
    }
    if exhausted {
        ctx.removed(RemovalCode::DrawingReplaced, format!("{place}{kind} の複雑すぎる部分"));
    }
}
