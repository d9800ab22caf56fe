//! The header of the file, the text, and where its properties are ([MS-DOC] 2.4, 2.5).

use super::bytes::{place_at, plc, slice, u8_at, u16_at, u32_at};
use crate::compound::Compound;
use crate::{Refusal, RefusalCode, context::Context};

/// Tables by their index in the header's list of places.
pub(super) mod table {
    pub(crate) const STYLES: usize = 1;
    pub(crate) const FOOTNOTE_REFS: usize = 2;
    pub(crate) const FOOTNOTE_TEXTS: usize = 3;
    pub(crate) const SECTIONS: usize = 6;
    pub(crate) const HEADERS: usize = 11;
    pub(crate) const RUNS: usize = 12;
    pub(crate) const PARAGRAPHS: usize = 13;
    pub(crate) const FONTS: usize = 15;
    pub(crate) const BOOKMARK_NAMES: usize = 21;
    pub(crate) const BOOKMARK_STARTS: usize = 22;
    pub(crate) const BOOKMARK_ENDS: usize = 23;
    pub(crate) const DOCUMENT: usize = 31;
    pub(crate) const TEXT: usize = 33;
    pub(crate) const SHAPES: usize = 40;
    pub(crate) const HEADER_SHAPES: usize = 41;
    pub(crate) const ENDNOTE_REFS: usize = 46;
    pub(crate) const ENDNOTE_TEXTS: usize = 47;
    pub(crate) const DRAWINGS: usize = 50;
    pub(crate) const BOX_TEXTS: usize = 56;
    pub(crate) const HEADER_BOX_TEXTS: usize = 58;
    pub(crate) const LISTS: usize = 73;
    pub(crate) const LIST_USES: usize = 74;
}

/// Where the parts of the text lie, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Body,
    Footnotes,
    Headers,
    Comments,
    Endnotes,
    Boxes,
    HeaderBoxes,
}

/// A stretch of the file and the properties that lie on it.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    start: u32,
    end: u32,
    /// Style of a paragraph, and the properties.
    pub(super) style: u16,
    pub(super) props: Vec<u8>,
}

/// An open document.
pub(super) struct File {
    pub(super) main: Vec<u8>,
    pub(super) tables: Vec<u8>,
    pub(super) data: Vec<u8>,
    /// The text in UTF-16, all parts one after another.
    pub(super) text: Vec<u16>,
    /// Where each unit of the text lies in the main stream.
    places: Vec<u32>,
    /// Which piece each unit is of.
    pieces: Vec<u16>,
    /// Changes that lie on whole pieces.
    changes: Vec<Vec<u8>>,
    lengths: [usize; 7],
    runs: Vec<Stretch>,
    paragraphs: Vec<Stretch>,
    pub(super) is_fast_saved: bool,
}

pub(super) fn broken(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("doc: {what}"))
}

impl File {
    pub(super) fn read(
        compound: &Compound<'_>,
        main: Vec<u8>,
        ctx: &mut Context<'_>,
    ) -> Result<Self, Refusal> {
        let flags = u16_at(&main, 10).ok_or_else(|| broken("header"))?;
        if flags & 0x0100 != 0 {
            return Err(Refusal::new(RefusalCode::Encrypted, "doc"));
        }
        let name = if flags & 0x0200 != 0 { "1Table" } else { "0Table" };
        let tables = compound.stream(name, ctx)?.ok_or_else(|| broken(name))?;
        // A broken data stream costs pictures, not the text.
        let data = compound.stream("Data", ctx).ok().flatten().unwrap_or_default();
        let length = |at: usize| place_at(&main, at).filter(|length| *length < 0x7FFF_FFFF).unwrap_or(0);
        let lengths = [0x4C, 0x50, 0x54, 0x5C, 0x60, 0x64, 0x68].map(length);
        let mut file = Self {
            main,
            tables,
            data,
            text: Vec::new(),
            places: Vec::new(),
            pieces: Vec::new(),
            changes: Vec::new(),
            lengths,
            runs: Vec::new(),
            paragraphs: Vec::new(),
            is_fast_saved: flags & 4 != 0,
        };
        file.read_text(ctx)?;
        file.runs = file.read_stretches(table::RUNS, false, ctx)?;
        file.paragraphs = file.read_stretches(table::PARAGRAPHS, true, ctx)?;
        Ok(file)
    }

    /// A table of the list in the header.
    pub(super) fn table(&self, index: usize) -> &[u8] {
        let at = 0x9A + index * 8;
        let found = || slice(&self.tables, place_at(&self.main, at)?, place_at(&self.main, at + 4)?);
        found().unwrap_or_default()
    }

    /// Begin and end of a part of the text.
    pub(super) fn part(&self, part: Part) -> (usize, usize) {
        let index = part as usize;
        let start: usize =
            self.lengths.iter().take(index).fold(0, |sum: usize, length| sum.saturating_add(*length));
        let end = start.saturating_add(self.lengths.get(index).copied().unwrap_or(0));
        (start.min(self.text.len()), end.min(self.text.len()))
    }

    fn read_text(&mut self, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let clx = self.table(table::TEXT).to_vec();
        let mut at = 0;
        while u8_at(&clx, at) == Some(1) {
            let size = usize::from(u16_at(&clx, at + 1).ok_or_else(|| broken("piece table"))?);
            self.changes.push(slice(&clx, at + 3, size).ok_or_else(|| broken("piece table"))?.to_vec());
            at += 3 + size;
        }
        if u8_at(&clx, at) != Some(2) {
            return Err(broken("piece table"));
        }
        let (starts, pieces) = plc(clx.get(at + 5..).unwrap_or_default(), 8);
        let mut changes = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let (Some(start), Some(end)) = (starts.get(index), starts.get(index + 1)) else { break };
            let count = end.checked_sub(*start).ok_or_else(|| broken("piece table"))?;
            let number = u16::try_from(index).unwrap_or(u16::MAX);
            changes.push(self.piece_change(u16_at(piece, 6).unwrap_or(0)));
            ctx.charge_expanded(u64::from(count).saturating_mul(8))?;
            self.read_piece(u32_at(piece, 2).unwrap_or(0), count, number)?;
        }
        self.changes = changes;
        if self.text.is_empty() { Err(broken("no text")) } else { Ok(()) }
    }

    fn read_piece(&mut self, place: u32, count: u32, piece: u16) -> Result<(), Refusal> {
        let is_narrow = place & 0x4000_0000 != 0;
        let start = if is_narrow { (place & 0x3FFF_FFFF) / 2 } else { place & 0x3FFF_FFFF };
        let width = if is_narrow { 1 } else { 2 };
        let size = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(width);
        let from = usize::try_from(start).unwrap_or(usize::MAX);
        // The last piece of some files says more than there is.
        let bytes = self.main.get(from..from.saturating_add(size).min(self.main.len()));
        let bytes = bytes.ok_or_else(|| broken("text"))?;
        if is_narrow {
            let text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0;
            self.text.extend(text.encode_utf16());
        } else {
            self.text.extend(bytes.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two)));
        }
        let step = if is_narrow { 1 } else { 2 };
        let mut place = start;
        while self.places.len() < self.text.len() {
            self.places.push(place);
            self.pieces.push(piece);
            place = place.saturating_add(step);
        }
        Ok(())
    }

    /// What is changed on a whole piece: one property in short form, or a list from before.
    fn piece_change(&self, change: u16) -> Vec<u8> {
        if change & 1 != 0 {
            return self.changes.get(usize::from(change >> 1)).cloned().unwrap_or_default();
        }
        let value = change.to_be_bytes().first().copied().unwrap_or(0);
        let code: u16 = match change >> 1 & 0x7F {
            0x05 => 0x2403,
            0x41 => 0x0800,
            0x55..=0x5C => 0x0835 + ((change >> 1 & 0x7F) - 0x55),
            0x5E => 0x2A3E,
            0x62 => 0x2A42,
            0x68 => 0x2A48,
            _ => return Vec::new(),
        };
        let [low, high] = code.to_le_bytes();
        vec![low, high, value]
    }

    /// The pages of properties of runs or paragraphs, by place.
    fn read_stretches(
        &self,
        index: usize,
        of_paragraphs: bool,
        ctx: &mut Context<'_>,
    ) -> Result<Vec<Stretch>, Refusal> {
        let (_, pages) = plc(self.table(index), 4);
        let mut found: Vec<Stretch> = Vec::new();
        for page in pages {
            let number = u32_at(page, 0).unwrap_or(0) & 0x003F_FFFF;
            let at = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(512);
            let Some(page) = slice(&self.main, at, 512) else { continue };
            let count = usize::from(u8_at(page, 511).unwrap_or(0));
            for row in 0..count {
                let (Some(start), Some(end)) = (u32_at(page, row * 4), u32_at(page, row * 4 + 4)) else {
                    break;
                };
                let offset_at = (count + 1) * 4 + if of_paragraphs { row * 13 } else { row };
                let offset = usize::from(u8_at(page, offset_at).unwrap_or(0)) * 2;
                let (style, props) = self.properties(page, offset, of_paragraphs).unwrap_or_default();
                ctx.charge_expanded(48 + props.len() as u64)?;
                found.push(Stretch { start, end, style, props });
            }
        }
        found.sort_by_key(|stretch| stretch.start);
        Ok(found)
    }

    fn properties(&self, page: &[u8], offset: usize, of_paragraphs: bool) -> Option<(u16, Vec<u8>)> {
        if offset == 0 {
            return None;
        }
        let first = usize::from(u8_at(page, offset)?);
        if !of_paragraphs {
            return Some((0, slice(page, offset + 1, first)?.to_vec()));
        }
        let (at, size) = if first == 0 {
            (offset + 2, usize::from(u8_at(page, offset + 1)?) * 2)
        } else {
            (offset + 1, first * 2 - 1)
        };
        let all = page.get(at..at.checked_add(size)?.min(511))?;
        let style = u16_at(all, 0)?;
        let props = all.get(2..)?;
        // Properties too long for a page lie in the data stream.
        if matches!(u16_at(props, 0), Some(0x6646 | 0x6645))
            && let Some(place) = place_at(props, 2)
            && let Some(size) = u16_at(&self.data, place)
            && let Some(huge) = slice(&self.data, place + 2, usize::from(size))
        {
            return Some((style, huge.to_vec()));
        }
        Some((style, props.to_vec()))
    }

    fn stretch(stretches: &[Stretch], place: u32) -> Option<&Stretch> {
        let after = stretches.partition_point(|stretch| stretch.start <= place);
        stretches.get(after.checked_sub(1)?).filter(|stretch| place < stretch.end)
    }

    /// The properties of a run, and the place where they were found: the same place has the same ones.
    pub(super) fn run_at(&self, at: usize) -> (u32, &[u8]) {
        let place = self.places.get(at).copied().unwrap_or(u32::MAX);
        Self::stretch(&self.runs, place).map_or((u32::MAX, &[]), |found| (found.start, &found.props))
    }

    pub(super) fn paragraph_at(&self, at: usize) -> Option<&Stretch> {
        Self::stretch(&self.paragraphs, self.places.get(at).copied()?)
    }

    /// The changes that lie on the piece of a place.
    pub(super) fn change_at(&self, at: usize) -> (u16, &[u8]) {
        let piece = self.pieces.get(at).copied().unwrap_or(u16::MAX);
        (piece, self.changes.get(usize::from(piece)).map_or(&[], Vec::as_slice))
    }
}
