//! Word 6 and 95: the text, its paragraphs and its cells. Their properties are in forms of their own, which are not read.

use std::rc::Rc;

use super::bytes::{place_at, plc, slice, u8_at, u16_at};
use super::file::broken;
use crate::flow::{Block, Charset, Document, Inline, Page, Paragraph, Piece, RunProps, Section};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

pub(super) fn read(main: &[u8], ctx: &mut Context<'_>) -> Result<Document, Refusal> {
    let flags = u16_at(main, 10).ok_or_else(|| broken("header"))?;
    if flags & 0x0100 != 0 {
        return Err(Refusal::new(RefusalCode::Encrypted, "doc"));
    }
    let text =
        if flags & 0x0004 != 0 { pieces(main, ctx)? } else { whole(main).ok_or_else(|| broken("text"))? };
    ctx.charge_expanded((text.len() as u64).saturating_mul(8))?;
    let charset = Charset::of_page(match u16_at(main, 6).unwrap_or(0) & 0x3FF {
        0x11 => 932,
        0x12 => 949,
        0x04 => 936,
        0x19 => 1251,
        0x08 => 1253,
        0x1F => 1254,
        0x05 | 0x0E | 0x15 => 1250,
        _ => 1252,
    });
    ctx.removed(RemovalCode::UnknownElement, "本文: Word 6・95 の書式（文字だけを残しています）");
    let blocks = charset.decode(&text).split(['\r', '\u{7}']).map(paragraph).collect();
    Ok(Document {
        default_run: RunProps { size: Some(20), ..RunProps::default() },
        sections: vec![Section::new(Page::default(), blocks)],
        ..Document::default()
    })
}

/// The text in one stretch.
fn whole(main: &[u8]) -> Option<Vec<u8>> {
    slice(main, place_at(main, 0x18)?, place_at(main, 0x34)?).map(<[u8]>::to_vec)
}

/// The text of a document that was saved fast, piece by piece.
fn pieces(main: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let table = || slice(main, place_at(main, 0x160)?, place_at(main, 0x164)?);
    let table = table().ok_or_else(|| broken("piece table"))?;
    let mut at = 0;
    while u8_at(table, at) == Some(1) {
        at += 3 + usize::from(u16_at(table, at + 1).ok_or_else(|| broken("piece table"))?);
    }
    let (starts, rows) = plc(table.get(at + 5..).unwrap_or_default(), 8);
    let mut text = Vec::new();
    for (pair, row) in starts.windows(2).zip(rows) {
        let &[start, end] = pair else { break };
        let count = usize::try_from(end.checked_sub(start).ok_or_else(|| broken("piece table"))?)
            .unwrap_or(usize::MAX);
        let bytes =
            place_at(row, 2).and_then(|place| slice(main, place, count)).ok_or_else(|| broken("text"))?;
        ctx.charge_expanded(bytes.len() as u64)?;
        text.extend_from_slice(bytes);
    }
    // Notes and headers follow the body; their places are not read.
    text.truncate(place_at(main, 0x34).unwrap_or(usize::MAX));
    ctx.removed(RemovalCode::HiddenContent, "高速保存で残った以前の内容");
    if text.is_empty() { Err(broken("no text")) } else { Ok(text) }
}

/// A paragraph's text without the instructions of fields.
fn paragraph(text: &str) -> Block {
    let props = Rc::new(RunProps::default());
    let mut inlines = Vec::new();
    let mut words = String::new();
    let mut instructions = 0_u32;
    let mut push = |words: &mut String, piece: Option<Piece>| {
        let text = std::mem::take(words);
        let pieces = (!text.is_empty()).then_some(Piece::Text(text)).into_iter().chain(piece);
        inlines.extend(pieces.map(|piece| Inline { props: Rc::clone(&props), piece }));
    };
    for c in text.chars() {
        match c {
            '\u{13}' => instructions = instructions.saturating_add(1),
            '\u{14}' | '\u{15}' => {
                instructions = instructions.saturating_sub(u32::from(c == '\u{14}' || instructions > 0))
            }
            _ if instructions > 0 => {}
            '\t' => push(&mut words, Some(Piece::Tab)),
            '\u{b}' => push(&mut words, Some(Piece::LineBreak)),
            '\u{c}' => push(&mut words, Some(Piece::PageBreak)),
            '\u{1e}' => push(&mut words, Some(Piece::NoBreakHyphen)),
            c if c < ' ' => {}
            c => words.push(c),
        }
    }
    push(&mut words, None);
    Block::Paragraph(Paragraph { inlines, ..Paragraph::default() })
}
