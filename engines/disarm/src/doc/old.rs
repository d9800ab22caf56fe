//! Word 6 and 95: the text, its paragraphs and its cells. Their properties are in forms of their own, which are not read.

use std::rc::Rc;

use super::bytes::{place_at, u16_at};
use super::file::broken;
use crate::flow::{Block, Charset, Document, Inline, Page, Paragraph, Piece, RunProps, Section};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

pub(super) fn read(main: &[u8], ctx: &mut Context<'_>) -> Result<Document, Refusal> {
    let flags = u16_at(main, 10).ok_or_else(|| broken("header"))?;
    if flags & 0x0100 != 0 {
        return Err(Refusal::new(RefusalCode::Encrypted, "doc"));
    }
    if flags & 0x0004 != 0 {
        return Err(Refusal::new(RefusalCode::UnsupportedFormat, "doc: 高速保存された Word 6・95 の文書"));
    }
    let start = place_at(main, 0x18).ok_or_else(|| broken("header"))?;
    let length = place_at(main, 0x34).ok_or_else(|| broken("header"))?;
    let text =
        start.checked_add(length).and_then(|end| main.get(start..end)).ok_or_else(|| broken("text"))?;
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
    let blocks = charset.decode(text).split(['\r', '\u{7}']).map(paragraph).collect();
    Ok(Document {
        default_run: RunProps { size: Some(20), ..RunProps::default() },
        sections: vec![Section::new(Page::default(), blocks)],
        ..Document::default()
    })
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
