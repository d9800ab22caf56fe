//! From text and properties to the model: paragraphs, tables, fields, notes, headers, pictures.

use std::collections::HashMap;
use std::rc::Rc;

use super::bytes::{i16_at, i32_at, place_at, plc, slice, u8_at, u16_at, u32_at, utf16};
use super::file::{File, Part, table};
use super::sheets::{self, Styles};
use super::sprm::{self, ParagraphExtras, RunExtras};
use crate::flow::story::{Kind, RowState, Story};
use crate::flow::{
    Block, Document, Inline, ParagraphProps, Picture, Piece, Place, RunProps, Section, TextBox, Wrap,
};
use crate::officeart::{self, Properties, Record, Records};
use crate::{Refusal, RemovalCode, context::Context};

const PIECE_COST: u64 = 96;
/// Boxes in boxes.
const MAX_BOXES: u8 = 4;

/// The look of a stretch of text: where its properties are, its piece, the paragraph's style.
type LookKey = (u32, u16, u16);

pub(super) struct Reader<'f, 'c, 'o> {
    file: &'f File,
    ctx: &'c mut Context<'o>,
    document: Document,
    fonts: Vec<String>,
    styles: Styles,
    look: Option<(LookKey, Rc<RunProps>, RunExtras)>,
    /// Places in the body at which notes stand, and the number of the note.
    notes: HashMap<usize, (usize, bool)>,
    bookmarks: HashMap<usize, Vec<Piece>>,
    shapes: [HashMap<usize, Shape>; 2],
    pictures: Vec<Option<Rc<Vec<u8>>>>,
    boxes: u8,
}

/// A drawn thing that hangs on a place in the text.
#[derive(Debug, Clone, Default)]
struct Shape {
    place: Place,
    width: i32,
    height: i32,
    picture: Option<usize>,
    /// Number of its text.
    text: Option<usize>,
}

/// Reads the whole document.
pub(super) fn read(file: &File, ctx: &mut Context<'_>) -> Result<Document, Refusal> {
    let mut document = Document::default();
    let fonts = sheets::fonts(file);
    let styles = Styles::read(file, &fonts, &mut document);
    sheets::lists(file, &fonts, &mut document);
    let settings = file.table(table::DOCUMENT);
    document.even_and_odd = u8_at(settings, 0).unwrap_or(0) & 1 != 0;
    document.default_tab = i16_at(settings, 10).filter(|tab| *tab > 0);
    let mut reader = Reader {
        file,
        ctx,
        document,
        fonts,
        styles,
        look: None,
        notes: HashMap::new(),
        bookmarks: HashMap::new(),
        shapes: [HashMap::new(), HashMap::new()],
        pictures: Vec::new(),
        boxes: 0,
    };
    reader.read_drawings()?;
    reader.read_bookmarks();
    for (index, is_endnote) in [(table::FOOTNOTE_REFS, false), (table::ENDNOTE_REFS, true)] {
        for (number, place) in plc(file.table(index), 2).0.iter().enumerate() {
            reader.notes.entry(usize::try_from(*place).unwrap_or(usize::MAX)).or_insert((number, is_endnote));
        }
    }
    reader.document.footnotes = reader.read_notes(Part::Footnotes, table::FOOTNOTE_TEXTS, Kind::Footnote)?;
    reader.document.endnotes = reader.read_notes(Part::Endnotes, table::ENDNOTE_TEXTS, Kind::Endnote)?;
    reader.read_body()?;
    Ok(reader.document)
}

impl Reader<'_, '_, '_> {
    fn read_body(&mut self) -> Result<(), Refusal> {
        let (start, end) = self.file.part(Part::Body);
        let (places, rows) = plc(self.file.table(table::SECTIONS), 12);
        let mut at = start;
        let mut sections = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let next = places
                .get(index + 1)
                .and_then(|place| usize::try_from(*place).ok())
                .unwrap_or(end)
                .clamp(at, end);
            let place = place_at(row, 2).unwrap_or(usize::MAX);
            let props = u16_at(&self.file.main, place)
                .and_then(|size| slice(&self.file.main, place + 2, usize::from(size)));
            self.ctx.charge_expanded(PIECE_COST * 8)?;
            if next == at && index > 0 {
                continue;
            }
            let mut section =
                Section::new(sprm::page(props.unwrap_or_default()), self.story(Kind::Body, at, next)?);
            self.headers(index, &mut section)?;
            sections.push(section);
            at = next;
        }
        if at < end || sections.is_empty() {
            let page = sprm::page(&[]);
            let section = Section::new(page, self.story(Kind::Body, at, end)?);
            sections.push(section);
        }
        self.document.sections = sections;
        Ok(())
    }

    /// Six stories a section, after six that separate notes.
    fn headers(&mut self, section: usize, into: &mut Section) -> Result<(), Refusal> {
        let (start, end) = self.file.part(Part::Headers);
        let (places, _) = plc(self.file.table(table::HEADERS), 0);
        const SLOTS: [(bool, usize); 6] =
            [(false, 2), (false, 0), (true, 2), (true, 0), (false, 1), (true, 1)];
        for (slot, (is_footer, place)) in SLOTS.into_iter().enumerate() {
            let index = 6 + section * 6 + slot;
            let (Some(from), Some(to)) = (places.get(index), places.get(index + 1)) else { break };
            let bound =
                |place: u32| start.saturating_add(usize::try_from(place).unwrap_or(usize::MAX)).min(end);
            let (from, to) = (bound(*from), bound(*to));
            if from >= to {
                continue;
            }
            let kind = if is_footer { Kind::Footer } else { Kind::Header };
            // The last paragraph mark only guards the end.
            let mut blocks = self.story(kind, from, to)?;
            drop_guard(&mut blocks);
            let margins = if is_footer { &mut into.footers } else { &mut into.headers };
            if let Some(margin) = margins.get_mut(place) {
                *margin = Some(blocks);
            }
        }
        Ok(())
    }

    fn read_notes(&mut self, part: Part, index: usize, kind: Kind) -> Result<Vec<Vec<Block>>, Refusal> {
        let (start, end) = self.file.part(part);
        let places = plc(self.file.table(index), 0).0;
        let mut notes = Vec::new();
        if start == end {
            return Ok(notes);
        }
        // The last place only guards the end.
        for pair in places.windows(2).take(places.len().saturating_sub(2)) {
            let &[from, to] = pair else { break };
            let bound =
                |place: u32| start.saturating_add(usize::try_from(place).unwrap_or(usize::MAX)).min(end);
            let blocks = self.story(kind, bound(from), bound(to))?;
            notes.push(blocks);
        }
        Ok(notes)
    }

    // --- A story --------------------------------------------------------------------------------------------

    fn story(&mut self, kind: Kind, start: usize, end: usize) -> Result<Vec<Block>, Refusal> {
        let mut walk = Walk {
            kind,
            story: Story::new(kind),
            text: Vec::new(),
            look: Rc::default(),
            fields: Vec::new(),
            row: None,
        };
        let mut at = start;
        while at < end {
            let Some(&unit) = self.file.text.get(at) else { break };
            let (look, extras) = self.look_at(at);
            if !Rc::ptr_eq(&look, &walk.look) {
                walk.flush(self.ctx)?;
                walk.look = look;
            }
            self.unit(&mut walk, at, unit, &extras, end)?;
            at += 1;
        }
        walk.flush(self.ctx)?;
        if !walk.story.inlines.is_empty() {
            walk.story.end_paragraph(Rc::default(), Rc::default(), 0);
        }
        Ok(walk.story.finish())
    }

    fn unit(
        &mut self,
        walk: &mut Walk,
        at: usize,
        unit: u16,
        extras: &RunExtras,
        end: usize,
    ) -> Result<(), Refusal> {
        if walk.kind == Kind::Body {
            for piece in self.bookmarks.remove(&at).unwrap_or_default() {
                walk.piece(piece, self.ctx)?;
            }
            if let Some((number, is_endnote)) = self.notes.get(&at).copied() {
                let own = unit != 2;
                let known =
                    if is_endnote { self.document.endnotes.len() } else { self.document.footnotes.len() };
                if number < known {
                    walk.piece(
                        if is_endnote { Piece::Endnote(number, own) } else { Piece::Footnote(number, own) },
                        self.ctx,
                    )?;
                }
                if !own {
                    return Ok(());
                }
            }
        }
        match unit {
            0x0D | 0x07 => return self.end_paragraph(walk, at, unit),
            // At the end of a section; elsewhere the end of a page.
            0x0C if at + 1 == end && walk.kind == Kind::Body => return self.end_paragraph(walk, at, unit),
            _ => {}
        }
        if extras.deleted && !matches!(unit, 0x13..=0x15) {
            let place = walk.kind.place();
            self.ctx.removed(RemovalCode::HiddenContent, format!("{place}: 変更履歴で削除された文字"));
            return Ok(());
        }
        match unit {
            0x13 => {
                walk.piece_anyway(Piece::FieldBegin, self.ctx)?;
                walk.fields.push(Some(String::new()));
            }
            0x14 | 0x15 => self.field(walk, unit)?,
            0x09 => walk.piece(Piece::Tab, self.ctx)?,
            0x0B => walk.piece(Piece::LineBreak, self.ctx)?,
            0x0C => walk.piece(Piece::PageBreak, self.ctx)?,
            0x0E => walk.piece(Piece::ColumnBreak, self.ctx)?,
            0x1E => walk.piece(Piece::NoBreakHyphen, self.ctx)?,
            0x1F => walk.piece(Piece::SoftHyphen, self.ctx)?,
            0x01 if extras.special || extras.picture.is_some() => self.inline_picture(walk, extras)?,
            0x02 if extras.special => match walk.kind {
                Kind::Footnote => walk.piece(Piece::FootnoteMark, self.ctx)?,
                Kind::Endnote => walk.piece(Piece::EndnoteMark, self.ctx)?,
                _ => {}
            },
            0x08 if extras.special => self.drawn(walk, at)?,
            0x28 if extras.symbol.is_some() => self.symbol(walk, extras)?,
            0x00..=0x1F => {}
            _ => walk.text.push(unit),
        }
        Ok(())
    }

    fn field(&mut self, walk: &mut Walk, unit: u16) -> Result<(), Refusal> {
        walk.flush(self.ctx)?;
        let Some(field) = walk.fields.last_mut() else { return Ok(()) };
        if let Some(instruction) = field.take() {
            walk.piece_anyway(Piece::Instruction(instruction), self.ctx)?;
        }
        if unit == 0x14 {
            return walk.piece_anyway(Piece::FieldSeparate, self.ctx);
        }
        walk.fields.pop();
        walk.piece_anyway(Piece::FieldEnd, self.ctx)
    }

    fn symbol(&mut self, walk: &mut Walk, extras: &RunExtras) -> Result<(), Refusal> {
        let Some((font, code)) = extras.symbol else { return Ok(()) };
        walk.flush(self.ctx)?;
        let mut props = (*walk.look).clone();
        props.font = self.fonts.get(usize::from(font)).cloned().or(props.font);
        let text = char::from_u32(u32::from(code)).unwrap_or('\u{fffd}').to_string();
        walk.push(Inline { props: Rc::new(props), piece: Piece::Text(text) }, self.ctx)
    }

    fn end_paragraph(&mut self, walk: &mut Walk, at: usize, unit: u16) -> Result<(), Refusal> {
        walk.flush(self.ctx)?;
        self.ctx.charge_expanded(PIECE_COST * 2)?;
        let mut props = ParagraphProps::default();
        let mut extras = ParagraphExtras::default();
        let (mut style, mut bytes): (u16, &[u8]) = (0, &[]);
        if let Some(found) = self.file.paragraph_at(at) {
            (style, bytes) = (found.style, &found.props);
        }
        sprm::paragraph(bytes, &mut props, &mut extras);
        let change = self.file.change_at(at).1;
        sprm::paragraph(change, &mut props, &mut extras);
        props.style = self.styles.look(style).0;
        let depth = match (extras.in_table, usize::try_from(extras.depth).unwrap_or(0)) {
            (true, 0) => 1,
            (true, depth) => depth,
            (false, _) => 0,
        };
        let is_row = (unit == 0x07 && extras.row_end) || extras.inner_row_end;
        if is_row && depth > 0 {
            let row = walk.row.insert(sprm::row(bytes));
            walk.story.inlines.clear();
            walk.story.end_row(depth, row);
            return Ok(());
        }
        let mark = Rc::clone(&walk.look);
        walk.story.end_paragraph(Rc::new(props), mark, depth);
        if depth > 0 && (unit == 0x07 || extras.inner_cell) {
            walk.story.end_cell(depth);
        }
        Ok(())
    }

    /// The look of a unit of text; neighbours share it.
    fn look_at(&mut self, at: usize) -> (Rc<RunProps>, RunExtras) {
        let (place, bytes) = self.file.run_at(at);
        let (piece, change) = self.file.change_at(at);
        let style = self.file.paragraph_at(at).map_or(0, |found| found.style);
        let key = (place, piece, style);
        if let Some((known, look, extras)) = &self.look
            && *known == key
        {
            return (Rc::clone(look), extras.clone());
        }
        let known = self.styles.look(style).1;
        let mut props = RunProps::default();
        let mut extras = RunExtras::default();
        sprm::run(bytes, &mut props, &mut extras, &known, &self.fonts);
        sprm::run(change, &mut props, &mut extras, &known, &self.fonts);
        props.style = extras.style.and_then(|style| self.styles.look(style).0);
        if props.hidden == Some(true) {
            self.ctx.removed(RemovalCode::HiddenContent, "本文: 隠し文字（残しています）");
        }
        let look = Rc::new(props);
        self.look = Some((key, Rc::clone(&look), extras.clone()));
        (look, extras)
    }

    // --- Pictures and drawings ------------------------------------------------------------------------------

    fn inline_picture(&mut self, walk: &mut Walk, extras: &RunExtras) -> Result<(), Refusal> {
        let Some(at) = extras.picture.and_then(|place| usize::try_from(place).ok()) else { return Ok(()) };
        if extras.is_data {
            return Ok(());
        }
        let found = || {
            let size = place_at(&self.file.data, at)?;
            let head = usize::from(u16_at(&self.file.data, at + 4)?);
            let all = self.file.data.get(at..at.checked_add(size)?.min(self.file.data.len()))?;
            Some((all, head))
        };
        let Some((all, head)) = found().filter(|_| !extras.is_object) else { return Ok(()) };
        let kind = u16_at(all, 6).unwrap_or(0);
        let skip = if kind == 0x66 { 1 + usize::from(u8_at(all, head).unwrap_or(0)) } else { 0 };
        let body = all.get(head + skip..).unwrap_or_default();
        let bytes = if kind == 8 { Some(body.to_vec()) } else { self.first_picture(body)? };
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        let scaled = |goal: usize, scale: usize| {
            let goal = i32::from(u16_at(all, goal).unwrap_or(0));
            let scale = i32::from(u16_at(all, scale).unwrap_or(1_000)).max(1);
            goal.saturating_mul(scale) / 1_000
        };
        let (width, height) = (scaled(0x1C, 0x20), scaled(0x1E, 0x22));
        walk.piece(Piece::Picture(Picture { bytes: Rc::new(bytes), width, height, place: None }), self.ctx)
    }

    /// The first picture among records.
    fn first_picture(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        for record in Records::new(bytes).take(64) {
            if record.kind == 0xF007 {
                let name = usize::from(u8_at(record.data, 33).unwrap_or(0));
                if let Some(inside) = record.data.get(36 + name..).and_then(|rest| Records::new(rest).next())
                    && let Some((bytes, _)) = officeart::blip(inside, self.ctx)?
                {
                    return Ok(Some(bytes));
                }
            } else if let Some((bytes, _)) = officeart::blip(record, self.ctx)? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    fn read_drawings(&mut self) -> Result<(), Refusal> {
        let bytes = self.file.table(table::DRAWINGS).to_vec();
        if bytes.is_empty() {
            return Ok(());
        }
        let pictures = officeart::pictures(&bytes, &self.file.main, self.ctx)?;
        self.pictures = pictures.into_iter().map(|blip| blip.map(|(bytes, _)| Rc::new(bytes))).collect();
        let mut known: HashMap<u32, (Option<usize>, Option<usize>)> = HashMap::new();
        // The group of all drawings, then a byte and a drawing for the body and one for the headers.
        let first = 8 + place_at(&bytes, 4).unwrap_or(0);
        let mut at = first;
        while let Some(rest) = bytes.get(at + 1..).filter(|rest| rest.len() > 8) {
            let Some(record) = Records::new(rest).next() else { break };
            survey(record, &mut known);
            at += 9 + record.data.len();
        }
        for (slot, index) in [table::SHAPES, table::HEADER_SHAPES].into_iter().enumerate() {
            let (places, rows) = plc(self.file.table(index), 26);
            for (place, row) in places.iter().zip(rows) {
                let shape = shape(row, &known);
                let place = usize::try_from(*place).unwrap_or(usize::MAX);
                if let Some(shapes) = self.shapes.get_mut(slot) {
                    shapes.insert(place, shape);
                }
            }
        }
        Ok(())
    }

    fn drawn(&mut self, walk: &mut Walk, at: usize) -> Result<(), Refusal> {
        let in_header = matches!(walk.kind, Kind::Header | Kind::Footer);
        let start = if in_header { self.file.part(Part::Headers).0 } else { 0 };
        let shapes = self.shapes.get(usize::from(in_header));
        let Some(shape) = at.checked_sub(start).and_then(|at| shapes?.get(&at)).cloned() else {
            return Ok(());
        };
        let place = Some(shape.place.clone());
        let (width, height) = (shape.width, shape.height);
        if let Some(bytes) = shape.picture.and_then(|n| self.pictures.get(n.checked_sub(1)?)?.clone()) {
            walk.piece(Piece::Picture(Picture { bytes, width, height, place: place.clone() }), self.ctx)?;
        }
        let Some(number) = shape.text.filter(|_| self.boxes < MAX_BOXES) else { return Ok(()) };
        let (part, index) = if in_header {
            (Part::HeaderBoxes, table::HEADER_BOX_TEXTS)
        } else {
            (Part::Boxes, table::BOX_TEXTS)
        };
        let (start, end) = self.file.part(part);
        let places = plc(self.file.table(index), 22).0;
        let bound = |index: usize| {
            let place = places.get(index).and_then(|place| usize::try_from(*place).ok())?;
            Some(start.saturating_add(place).min(end))
        };
        let (Some(from), Some(to)) = (number.checked_sub(1).and_then(bound), bound(number)) else {
            return Ok(());
        };
        self.boxes += 1;
        let blocks = self.story(Kind::TextBox, from, to);
        self.boxes -= 1;
        let mut blocks = blocks?;
        drop_guard(&mut blocks);
        walk.piece(Piece::TextBox(TextBox { blocks, width, height, place }), self.ctx)
    }

    // --- Bookmarks ------------------------------------------------------------------------------------------

    fn read_bookmarks(&mut self) {
        let names = self.file.table(table::BOOKMARK_NAMES);
        let (starts, rows) = plc(self.file.table(table::BOOKMARK_STARTS), 4);
        let ends = plc(self.file.table(table::BOOKMARK_ENDS), 0).0;
        let mut at = 6;
        for (number, (start, row)) in starts.iter().zip(rows).enumerate().take(10_000) {
            let Some(length) = u16_at(names, at).map(usize::from) else { break };
            let Some(name) = slice(names, at + 2, length * 2).map(utf16) else { break };
            at += 2 + length * 2;
            let id = u32::try_from(number).unwrap_or(u32::MAX);
            let end = u16_at(row, 0).and_then(|index| ends.get(usize::from(index)).copied());
            let Some(end) = end.filter(|end| end >= start && !name.is_empty()) else { continue };
            let index = |place: u32| usize::try_from(place).unwrap_or(usize::MAX);
            self.bookmarks.entry(index(*start)).or_default().push(Piece::BookmarkStart(id, name));
            self.bookmarks.entry(index(end)).or_default().push(Piece::BookmarkEnd(id));
        }
    }
}

/// The state of one story.
struct Walk {
    kind: Kind,
    story: Story,
    text: Vec<u16>,
    look: Rc<RunProps>,
    /// Fields that are open; with their instruction while it is read.
    fields: Vec<Option<String>>,
    row: Option<RowState>,
}

impl Walk {
    fn flush(&mut self, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        if self.text.is_empty() {
            return Ok(());
        }
        let text = String::from_utf16_lossy(&std::mem::take(&mut self.text));
        match self.fields.last_mut() {
            Some(Some(instruction)) => {
                instruction.push_str(&text);
                ctx.charge_expanded(text.len() as u64)
            }
            _ => self.push(Inline { props: Rc::clone(&self.look), piece: Piece::Text(text) }, ctx),
        }
    }

    /// A piece of the paragraph, unless an instruction is read.
    fn piece(&mut self, piece: Piece, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        self.flush(ctx)?;
        if matches!(self.fields.last(), Some(Some(_))) {
            return Ok(());
        }
        self.push(Inline { props: Rc::clone(&self.look), piece }, ctx)
    }

    /// Marks of fields stand inside instructions, too: so fields are known to be nested.
    fn piece_anyway(&mut self, piece: Piece, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        self.flush(ctx)?;
        self.push(Inline { props: Rc::clone(&self.look), piece }, ctx)
    }

    fn push(&mut self, inline: Inline, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        let length = if let Piece::Text(text) = &inline.piece { text.len() as u64 } else { 0 };
        ctx.charge_expanded(PIECE_COST.saturating_add(length))?;
        self.story.inlines.push(inline);
        Ok(())
    }
}

fn drop_guard(blocks: &mut Vec<Block>) {
    let is_empty = matches!(blocks.last(), Some(Block::Paragraph(last)) if last.inlines.is_empty());
    if blocks.len() > 1 && is_empty {
        blocks.pop();
    }
}

/// Pictures and texts of shapes by the shape's number; groups are opened down to a depth.
fn survey(top: Record<'_>, known: &mut HashMap<u32, (Option<usize>, Option<usize>)>) {
    let mut open = vec![(top, 0_u8)];
    while let Some((record, depth)) = open.pop() {
        if record.kind != 0xF004 {
            if depth < 32 {
                open.extend(record.children().map(|child| (child, depth + 1)));
            }
            continue;
        }
        let number = record.child(0xF00A).and_then(|shape| u32_at(shape.data, 0));
        let text = record.child(0xF00D).and_then(|text| u32_at(text.data, 0)).map(|text| text >> 16);
        let text = text.and_then(|text| usize::try_from(text).ok()).filter(|text| *text > 0);
        if let Some(number) = number {
            known.insert(number, (Properties::of(record).picture(), text));
        }
    }
}

fn shape(row: &[u8], known: &HashMap<u32, (Option<usize>, Option<usize>)>) -> Shape {
    let edge = |at: usize| i32_at(row, at).unwrap_or(0);
    let flags = u16_at(row, 20).unwrap_or(0);
    let part = |shift: u16, mask: u16| u8::try_from(flags >> shift & mask).unwrap_or(0);
    let (picture, text) = u32_at(row, 0).and_then(|number| known.get(&number).copied()).unwrap_or_default();
    Shape {
        place: Place {
            x: edge(4),
            y: edge(8),
            from_x: part(1, 3),
            from_y: part(3, 3),
            wrap: match part(5, 15) {
                1 => Wrap::Beside,
                3 => Wrap::None,
                _ => Wrap::Around,
            },
            behind: flags & 0x4000 != 0,
        },
        width: edge(12).saturating_sub(edge(4)),
        height: edge(16).saturating_sub(edge(8)),
        picture,
        text,
    }
}
