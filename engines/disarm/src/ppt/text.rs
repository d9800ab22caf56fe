//! Texts of presentations: characters, and beside them how paragraphs and characters look ([MS-PPT] 2.9).

use std::collections::HashMap;

use super::deck::{Link, Paragraph, Run};
use crate::workbook::cursor::Cursor;

/// Texts of one slide are shorter; a count beyond this is a lie.
const MAX_RUNS: usize = 100_000;
/// English metric units in a master unit (576 an inch), times two.
const UNIT_TWICE: i64 = 3_175;

/// What is said about a paragraph; what is not said comes from the master.
#[derive(Debug, Clone, Default)]
pub(super) struct ParagraphLook {
    has_bullet: Option<bool>,
    bullet: Option<u16>,
    align: Option<u16>,
    line_spacing: Option<i16>,
    space_before: Option<i16>,
    left: Option<i16>,
    indent: Option<i16>,
}

/// What is said about characters.
#[derive(Debug, Clone, Default)]
pub(super) struct RunLook {
    bold: Option<bool>,
    italic: Option<bool>,
    underline: Option<bool>,
    font: Option<u16>,
    asian_font: Option<u16>,
    size: Option<i16>,
    colour: Option<u32>,
    raised: Option<i16>,
}

/// Looks of a master by kind of text and level.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks {
    levels: HashMap<u32, Vec<(ParagraphLook, RunLook)>>,
}

/// A text with its looks, before the master's are mixed in.
#[derive(Debug, Clone, Default)]
pub(super) struct Raw {
    /// 0 title, 1 body, 2 notes, 4 other, 5 centred body, 6 centred title, 7 and 8 parts of a body.
    pub(super) kind: u32,
    pub(super) text: String,
    pub(super) paragraphs: Vec<(usize, u16, ParagraphLook)>,
    pub(super) runs: Vec<(usize, RunLook)>,
    pub(super) links: Vec<(usize, usize, Link)>,
}

/// Colours and fonts that looks name by number.
pub(super) struct Surroundings<'a> {
    pub(super) looks: &'a Looks,
    pub(super) scheme: &'a [u32; 8],
    pub(super) fonts: &'a [String],
}

impl Raw {
    /// Reads the looks that follow the characters ([MS-PPT] 2.9.44).
    pub(super) fn style(&mut self, bytes: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        let length = self.text.encode_utf16().count() + 1;
        let mut covered = 0_usize;
        while covered < length && self.paragraphs.len() < MAX_RUNS {
            let count = cursor.u32()? as usize;
            let level = cursor.u16()?;
            self.paragraphs.push((count, level.min(8), paragraph_look(&mut cursor)?));
            covered = covered.saturating_add(count.max(1));
        }
        covered = 0;
        while covered < length && self.runs.len() < MAX_RUNS {
            let count = cursor.u32()? as usize;
            self.runs.push((count, run_look(&mut cursor)?));
            covered = covered.saturating_add(count.max(1));
        }
        Some(())
    }

    /// Paragraphs with all that holds for them.
    pub(super) fn paragraphs(&self, around: &Surroundings<'_>) -> Vec<Paragraph> {
        let units: Vec<u16> = self.text.encode_utf16().collect();
        let mut paragraphs = Vec::new();
        let (mut start, mut runs) = (0, Walk::new(self.runs.iter().map(|(count, look)| (*count, look))));
        let mut looks =
            Walk::new(self.paragraphs.iter().map(|(count, level, look)| (*count, (*level, look))));
        while start <= units.len() {
            let rest = units.get(start..).unwrap_or_default();
            let length = rest.iter().position(|unit| *unit == 0x0D).unwrap_or(rest.len());
            let end = start + length;
            let (level, look) = looks.at(start).map_or((0, None), |(level, look)| (level, Some(look)));
            let mut paragraph = around.paragraph(self.kind, level, look);
            let mut at = start;
            while at < end {
                let stop = runs.end(at).min(end).min(self.link_edge(at)).max(at + 1);
                let text = String::from_utf16_lossy(units.get(at..stop).unwrap_or_default());
                let mut run = around.run(self.kind, level, runs.at(at));
                run.text = text;
                run.link = self.link_at(at);
                paragraph.runs.push(run);
                at = stop;
            }
            if paragraph.runs.is_empty() {
                paragraph.runs.push(around.run(self.kind, level, runs.at(start)));
            }
            paragraphs.push(paragraph);
            start = end + 1;
        }
        // A text ends with the end of a paragraph, which opens none.
        if paragraphs.len() > 1 && units.last() == Some(&0x0D) {
            paragraphs.pop();
        }
        paragraphs
    }

    fn link_at(&self, at: usize) -> Option<Link> {
        self.links.iter().find(|(from, to, _)| (*from..*to).contains(&at)).map(|(_, _, link)| link.clone())
    }

    /// Where the next link begins or ends behind a place.
    fn link_edge(&self, at: usize) -> usize {
        let edges = self.links.iter().flat_map(|(from, to, _)| [*from, *to]);
        edges.filter(|edge| *edge > at).min().unwrap_or(usize::MAX)
    }
}

/// Finds what holds at a place, for places that only grow.
struct Walk<I: Iterator> {
    rest: I,
    now: Option<I::Item>,
    end: usize,
}

impl<T: Copy, I: Iterator<Item = (usize, T)>> Walk<I> {
    fn new(rest: I) -> Self {
        Self { rest, now: None, end: 0 }
    }

    fn at(&mut self, place: usize) -> Option<T> {
        while self.end <= place {
            let Some(next) = self.rest.next() else { break };
            self.end = self.end.saturating_add(next.0);
            self.now = Some(next);
        }
        // What lies behind the last one looks like it.
        self.now.map(|(_, value)| value)
    }

    fn end(&mut self, place: usize) -> usize {
        self.at(place);
        if self.end > place { self.end } else { usize::MAX }
    }
}

impl Looks {
    /// Reads a master's looks for one kind of text ([MS-PPT] 2.9.36).
    pub(super) fn read(&mut self, kind: u32, bytes: &[u8]) {
        let mut cursor = Cursor::new(bytes);
        let mut levels = Vec::new();
        for _ in 0..cursor.u16().unwrap_or(0).min(5) {
            if kind >= 5 {
                cursor.u16();
            }
            let (Some(paragraph), Some(run)) = (paragraph_look(&mut cursor), run_look(&mut cursor)) else {
                break;
            };
            levels.push((paragraph, run));
        }
        self.levels.insert(kind, levels);
    }

    /// The looks that hold for a level, the nearest first.
    fn chain(&self, kind: u32, level: u16) -> impl Iterator<Item = &(ParagraphLook, RunLook)> {
        let base = match kind {
            5 | 7 | 8 => 1,
            6 => 0,
            other => other,
        };
        let kinds = if kind == base { [Some(kind), None] } else { [Some(kind), Some(base)] };
        let levels = kinds.into_iter().flatten().filter_map(|kind| self.levels.get(&kind));
        levels.flat_map(move |levels| levels.iter().take(usize::from(level) + 1).rev())
    }
}

impl Surroundings<'_> {
    fn paragraph(&self, kind: u32, level: u16, own: Option<&ParagraphLook>) -> Paragraph {
        let chain = || own.into_iter().chain(self.looks.chain(kind, level).map(|(paragraph, _)| paragraph));
        let has_bullet = chain().find_map(|look| look.has_bullet).unwrap_or(false);
        let bullet = chain().find_map(|look| look.bullet).and_then(|unit| char::from_u32(u32::from(unit)));
        let left = chain().find_map(|look| look.left);
        let indent = chain().find_map(|look| look.indent);
        let units = |value: i16| i64::from(value.max(0)) * UNIT_TWICE / 2;
        Paragraph {
            level,
            align: chain().find_map(|look| look.align).unwrap_or(0),
            bullet: if has_bullet { Some(shown_bullet(bullet)) } else { None },
            line_spacing: chain().find_map(|look| look.line_spacing),
            space_before: chain().find_map(|look| look.space_before),
            margin: left.map(|left| (units(left), units(indent.unwrap_or(left)))),
            runs: Vec::new(),
        }
    }

    fn run(&self, kind: u32, level: u16, own: Option<&RunLook>) -> Run {
        let chain = || own.into_iter().chain(self.looks.chain(kind, level).map(|(_, run)| run));
        let font = |number: Option<u16>| number.and_then(|n| self.fonts.get(usize::from(n))).cloned();
        let default = match kind {
            0 | 6 => 44,
            1 | 5 | 7 | 8 => 32,
            2 => 12,
            _ => 18,
        };
        let size = chain().find_map(|look| look.size).and_then(|size| u16::try_from(size).ok());
        Run {
            text: String::new(),
            size: size.filter(|size| (1..=4_000).contains(size)).unwrap_or(default),
            bold: chain().find_map(|look| look.bold).unwrap_or(false),
            italic: chain().find_map(|look| look.italic).unwrap_or(false),
            underline: chain().find_map(|look| look.underline).unwrap_or(false),
            colour: chain().find_map(|look| look.colour).and_then(|value| self.colour(value)),
            font: font(chain().find_map(|look| look.font)),
            asian_font: font(chain().find_map(|look| look.asian_font)),
            raised: chain().find_map(|look| look.raised).unwrap_or(0),
            link: None,
        }
    }

    /// A colour: its last byte names one of the scheme or says that it is itself.
    fn colour(&self, value: u32) -> Option<u32> {
        match value >> 24 {
            0xFE => Some((value & 0xFF_FFFF).swap_bytes() >> 8),
            index => self.scheme.get(index as usize).copied(),
        }
    }
}

/// Bullets of symbol fonts have no character of their own.
fn shown_bullet(bullet: Option<char>) -> char {
    match bullet {
        Some(c) if !c.is_control() && !('\u{e000}'..='\u{f8ff}').contains(&c) => match c {
            'l' | 'n' | 'u' | 'v' | 'w' | '§' | 'Ø' | 'ü' => '•',
            other => other,
        },
        _ => '•',
    }
}

fn paragraph_look(cursor: &mut Cursor<'_>) -> Option<ParagraphLook> {
    let mask = cursor.u32()?;
    let mut look = ParagraphLook::default();
    if mask & 0x0F != 0 {
        let flags = cursor.u16()?;
        look.has_bullet = (mask & 1 != 0).then_some(flags & 1 != 0);
    }
    if mask & 0x80 != 0 {
        look.bullet = Some(cursor.u16()?);
    }
    skip(cursor, mask & 0x10 != 0, 2)?;
    skip(cursor, mask & 0x40 != 0, 2)?;
    skip(cursor, mask & 0x20 != 0, 4)?;
    if mask & 0x800 != 0 {
        look.align = Some(cursor.u16()?);
    }
    if mask & 0x1000 != 0 {
        look.line_spacing = Some(cursor.i16()?);
    }
    if mask & 0x2000 != 0 {
        look.space_before = Some(cursor.i16()?);
    }
    skip(cursor, mask & 0x4000 != 0, 2)?;
    if mask & 0x100 != 0 {
        look.left = Some(cursor.i16()?);
    }
    if mask & 0x400 != 0 {
        look.indent = Some(cursor.i16()?);
    }
    skip(cursor, mask & 0x8000 != 0, 2)?;
    if mask & 0x10_0000 != 0 {
        let count = usize::from(cursor.u16()?);
        cursor.take(count.checked_mul(4)?)?;
    }
    skip(cursor, mask & 0x1_0000 != 0, 2)?;
    skip(cursor, mask & 0xE_0000 != 0, 2)?;
    skip(cursor, mask & 0x20_0000 != 0, 2)?;
    Some(look)
}

fn run_look(cursor: &mut Cursor<'_>) -> Option<RunLook> {
    let mask = cursor.u32()?;
    let mut look = RunLook::default();
    if mask & 0xFFFF != 0 {
        let flags = cursor.u16()?;
        look.bold = (mask & 1 != 0).then_some(flags & 1 != 0);
        look.italic = (mask & 2 != 0).then_some(flags & 2 != 0);
        look.underline = (mask & 4 != 0).then_some(flags & 4 != 0);
    }
    if mask & 0x1_0000 != 0 {
        look.font = Some(cursor.u16()?);
    }
    if mask & 0x20_0000 != 0 {
        look.asian_font = Some(cursor.u16()?);
    }
    skip(cursor, mask & 0x40_0000 != 0, 2)?;
    skip(cursor, mask & 0x80_0000 != 0, 2)?;
    if mask & 0x2_0000 != 0 {
        look.size = Some(cursor.i16()?);
    }
    if mask & 0x4_0000 != 0 {
        look.colour = Some(cursor.u32()?);
    }
    if mask & 0x8_0000 != 0 {
        look.raised = Some(cursor.i16()?);
    }
    Some(look)
}

fn skip(cursor: &mut Cursor<'_>, present: bool, bytes: usize) -> Option<()> {
    if present {
        cursor.take(bytes)?;
    }
    Some(())
}
