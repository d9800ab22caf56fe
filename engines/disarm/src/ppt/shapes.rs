//! Shapes of a slide: places, geometry, colours, pictures, texts, and where a click leads ([MS-PPT] 2.7).

use std::collections::HashMap;

use super::deck::{Link, Role, Shape};
use super::text::{Raw, Surroundings};
use crate::officeart::{Properties, Record, Records};
use crate::workbook::cursor::{Cursor, utf16};
use crate::{RemovalCode, context::Context, ooxml};

/// Groups nest; deeper ones are not looked at.
const MAX_DEPTH: u32 = 32;
/// No slide has more shapes.
const MAX_SHAPES: usize = 20_000;

/// What shapes of a slide refer to.
pub(super) struct Reader<'a> {
    pub(super) around: Surroundings<'a>,
    /// Texts that the document keeps for the slide, in order.
    pub(super) outline: &'a [Raw],
    pub(super) links: &'a HashMap<u32, String>,
    /// Numbers of pictures in the deck.
    pub(super) pictures: &'a [Option<usize>],
    /// On a master, placeholders only show what slides will hold.
    pub(super) is_master: bool,
    pub(super) place: String,
    pub(super) shapes: Vec<Shape>,
    pub(super) background: Option<u32>,
    /// A picture that covers the ground.
    pub(super) ground_picture: Option<usize>,
}

/// From the coordinates of a group to those of the slide.
#[derive(Debug, Clone, Copy)]
struct Scale {
    from: (f64, f64, f64, f64),
    to: (f64, f64, f64, f64),
}

type Edges = (f64, f64, f64, f64);

impl Scale {
    fn of(self, edges: Edges) -> Edges {
        let across = |x: f64| {
            let width = self.from.2 - self.from.0;
            if width == 0.0 {
                self.to.0
            } else {
                self.to.0 + (x - self.from.0) / width * (self.to.2 - self.to.0)
            }
        };
        let down = |y: f64| {
            let height = self.from.3 - self.from.1;
            if height == 0.0 {
                self.to.1
            } else {
                self.to.1 + (y - self.from.1) / height * (self.to.3 - self.to.1)
            }
        };
        (across(edges.0), down(edges.1), across(edges.2), down(edges.3))
    }
}

impl Reader<'_> {
    /// Reads the drawing of a slide.
    pub(super) fn drawing(&mut self, slide: Record<'_>, ctx: &mut Context<'_>) {
        let drawing = slide.child(0x040C).and_then(|drawing| drawing.child(0xF002));
        let Some(drawing) = drawing else { return };
        for record in drawing.children() {
            match record.kind {
                // The outermost group is the slide itself.
                0xF003 => {
                    for child in record.children().skip(1) {
                        self.any(child, None, 0, ctx);
                    }
                }
                0xF004 => self.ground(record, ctx),
                _ => {}
            }
        }
    }

    /// The shape that is the slide's ground.
    fn ground(&mut self, shape: Record<'_>, ctx: &mut Context<'_>) {
        let properties = Properties::of(shape);
        if let Some(number) = properties.fill_picture() {
            match self.pictures.get(number - 1).copied().flatten() {
                Some(at) => self.ground_picture = Some(at),
                None => ctx.removed(RemovalCode::DrawingReplaced, format!("{}: 背景", self.place)),
            }
        } else if properties.flag(0x1BF, 4, true) {
            self.background = properties.get(0x181).and_then(|value| self.colour(value));
        }
    }

    fn any(&mut self, record: Record<'_>, scale: Option<Scale>, depth: u32, ctx: &mut Context<'_>) {
        if depth > MAX_DEPTH || self.shapes.len() >= MAX_SHAPES {
            return;
        }
        match record.kind {
            0xF003 => {
                let inner = record.child(0xF004).and_then(|head| group_scale(head, scale));
                for child in record.children().skip(1) {
                    self.any(child, inner.or(scale), depth + 1, ctx);
                }
            }
            0xF004 => {
                if let Some(mut shape) = self.shape(record, scale, ctx) {
                    self.shapes.extend(under(&mut shape));
                    self.shapes.push(shape);
                }
            }
            _ => {}
        }
    }

    fn shape(&mut self, record: Record<'_>, scale: Option<Scale>, ctx: &mut Context<'_>) -> Option<Shape> {
        let head = record.child(0xF00A)?;
        let flags = Cursor::at(head.data, 4).u32()?;
        // Deleted shapes stay in old files.
        if flags & 0x08 != 0 {
            return None;
        }
        let properties = Properties::of(record);
        let client = record.children().find(|r| r.kind == 0xF011);
        let link = client.and_then(|client| self.actions(client, ctx));
        let placeholder = client.and_then(placeholder);
        if self.is_master && placeholder.is_some() {
            return None;
        }
        let edges = edges(record)?;
        let edges = match scale {
            Some(scale) if record.child(0xF00F).is_some() => scale.of(edges),
            _ => edges,
        };
        let raw = self.text(record);
        let is_text_box = head.instance == 202;
        let is_line = matches!(head.instance, 20 | 32..=40);
        let role = raw.as_ref().filter(|_| placeholder.is_some()).and_then(|raw| match raw.kind {
            0 | 6 => Some(Role::Title),
            1 | 5 | 7 | 8 => Some(Role::Body),
            _ => None,
        });
        let picture = properties.picture();
        let filled = properties.fill_picture().filter(|_| picture.is_none());
        let shown = picture.or(filled).and_then(|number| self.pictures.get(number - 1).copied().flatten());
        if picture.or(filled).is_some() && shown.is_none() {
            ctx.removed(RemovalCode::DrawingReplaced, format!("{}: 画像", self.place));
        }
        let colour = |id: u16, default: usize| {
            let own = properties.get(id).and_then(|value| self.colour(value));
            own.or_else(|| self.around.scheme.get(default).copied())
        };
        // Lines, boxes for text and pictures have no ground unless they say so.
        let plain =
            is_text_box || is_line || picture.is_some() || placeholder.is_some() || head.instance == 0;
        let fill =
            (filled.is_none() && properties.flag(0x1BF, 4, !plain)).then(|| colour(0x181, 4)).flatten();
        let bare = (is_text_box || picture.is_some() || placeholder.is_some()) && !is_line;
        let width = properties.get(0x1CB).unwrap_or(9_525).min(1_584 * 12_700);
        let line = properties.flag(0x1FF, 3, !bare).then(|| colour(0x1C0, 1)).flatten();
        let paragraphs = raw.map(|raw| raw.paragraphs(&self.around)).unwrap_or_default();
        if paragraphs.is_empty() && fill.is_none() && line.is_none() && shown.is_none() {
            return None;
        }
        let turn = properties.get(4).map_or(0, |value| i64::from(value.cast_signed()) * 60_000 / 65_536);
        Some(Shape {
            frame: frame(edges),
            rotation: turn.rem_euclid(21_600_000),
            flip_across: flags & 0x40 != 0,
            flip_down: flags & 0x80 != 0,
            geometry: geometry(head.instance),
            fill,
            line: line.map(|colour| (colour, width)),
            picture: shown,
            role,
            link,
            paragraphs,
            vertical: matches!(properties.get(0x88), Some(1 | 3 | 5)),
            stand: properties.get(0x87).unwrap_or(0) % 3,
            no_wrap: properties.get(0x85) == Some(2),
        })
    }

    /// A colour of a drawing: one of the scheme when its last byte says so.
    fn colour(&self, value: u32) -> Option<u32> {
        match value >> 24 {
            0x08 => self.around.scheme.get((value & 0xFF) as usize).copied(),
            0 | 2 => Some((value & 0xFF_FFFF).swap_bytes() >> 8),
            _ => None,
        }
    }

    /// The text of a shape: its own, or one that the document keeps for the slide.
    fn text(&self, shape: Record<'_>) -> Option<Raw> {
        let boxed = shape.children().find(|record| record.kind == 0xF00D)?;
        let records = Records::new(boxed.data);
        if let Some(reference) = records.clone().find(|record| record.kind == 0x0F9E) {
            let at = Cursor::new(reference.data).u32()? as usize;
            let mut raw = self.outline.get(at).cloned()?;
            raw.links.extend(text_links(records, self.links));
            return Some(raw);
        }
        texts(records, self.links).into_iter().next()
    }

    /// What a click or the mouse over a shape does: links stay, everything that starts something goes.
    fn actions(&self, client: Record<'_>, ctx: &mut Context<'_>) -> Option<Link> {
        let mut found = None;
        for record in Records::new(client.data) {
            match record.kind {
                0x0FF2 => {
                    let (link, code) = interaction(record, self.links);
                    if let Some(code) = code {
                        ctx.removed(code, self.place.clone());
                    }
                    // What happens under the mouse without a click is left out.
                    if record.instance == 0 {
                        found = link;
                    } else if link.is_some() {
                        ctx.removed(RemovalCode::Action, format!("{}: マウスを重ねたときの動作", self.place));
                    }
                }
                0x0BC1 => ctx.removed(RemovalCode::EmbeddedObject, format!("{}: オブジェクト", self.place)),
                _ => {}
            }
        }
        found
    }
}

/// The picture under a shape that has both a picture and a text.
fn under(shape: &mut Shape) -> Option<Shape> {
    if shape.picture.is_none() || shape.paragraphs.is_empty() {
        return None;
    }
    let picture = Shape { paragraphs: Vec::new(), link: None, ..shape.clone() };
    (shape.picture, shape.line) = (None, None);
    Some(picture)
}

/// Texts in a row of records, each with its looks and links.
pub(super) fn texts<'r>(records: impl Iterator<Item = Record<'r>>, links: &HashMap<u32, String>) -> Vec<Raw> {
    let mut found: Vec<Raw> = Vec::new();
    let mut all: Vec<Record<'r>> = Vec::new();
    for record in records {
        match record.kind {
            0x0F9F => {
                close(&mut found, &mut all, links);
                let kind = Cursor::new(record.data).u32().unwrap_or(4);
                found.push(Raw { kind, ..Raw::default() });
            }
            0x0FA0 | 0x0FA8 => {
                // A text without a head is one of its own.
                if found.is_empty() {
                    found.push(Raw { kind: 4, ..Raw::default() });
                }
                if let Some(raw) = found.last_mut() {
                    raw.text = if record.kind == 0x0FA0 {
                        utf16(record.data)
                    } else {
                        record.data.iter().map(|byte| char::from(*byte)).collect()
                    };
                }
            }
            0x0FA1 => {
                if let Some(raw) = found.last_mut() {
                    // Looks that are cut off count as far as they go.
                    let _ = raw.style(record.data);
                }
            }
            0x0FF2 | 0x0FDF => all.push(record),
            _ => {}
        }
    }
    close(&mut found, &mut all, links);
    found
}

fn close(found: &mut [Raw], all: &mut Vec<Record<'_>>, links: &HashMap<u32, String>) {
    if let Some(raw) = found.last_mut() {
        raw.links.extend(ranges(all.drain(..), links));
    }
    all.clear();
}

fn text_links(records: Records<'_>, links: &HashMap<u32, String>) -> Vec<(usize, usize, Link)> {
    ranges(records, links)
}

/// A link and then the characters that it is for.
fn ranges<'r>(
    records: impl Iterator<Item = Record<'r>>,
    links: &HashMap<u32, String>,
) -> Vec<(usize, usize, Link)> {
    let mut found = Vec::new();
    let mut link = None;
    for record in records {
        match record.kind {
            0x0FF2 if record.instance == 0 => link = interaction(record, links).0,
            0x0FF2 => link = None,
            0x0FDF => {
                let mut cursor = Cursor::new(record.data);
                if let (Some(link), Some(from), Some(to)) = (link.take(), cursor.u32(), cursor.u32()) {
                    found.push((from as usize, to as usize, link));
                }
            }
            _ => {}
        }
    }
    found
}

/// Where an interaction leads, or the code for what it would have started.
fn interaction(record: Record<'_>, links: &HashMap<u32, String>) -> (Option<Link>, Option<RemovalCode>) {
    let Some(atom) = record.child(0x0FF3) else { return (None, None) };
    let id = Cursor::at(atom.data, 4).u32().unwrap_or(0);
    let action = atom.data.get(8).copied().unwrap_or(0);
    let jump = atom.data.get(10).copied().unwrap_or(0);
    match action {
        3 => {
            let to = match jump {
                1 => "nextslide",
                2 => "previousslide",
                3 => "firstslide",
                4 => "lastslide",
                5 => "lastslideviewed",
                6 => "endshow",
                _ => return (None, None),
            };
            (Some(Link::Jump(to)), None)
        }
        4 => match links.get(&id) {
            Some(address) if ooxml::link_is_allowed(address) => (Some(Link::Address(address.clone())), None),
            Some(address) if !address.is_empty() => (None, Some(RemovalCode::Hyperlink)),
            _ => (None, None),
        },
        1 => (None, Some(RemovalCode::Vba)),
        2 | 5 => (None, Some(RemovalCode::Action)),
        6 => (None, Some(RemovalCode::Media)),
        _ => (None, None),
    }
}

fn placeholder(client: Record<'_>) -> Option<u8> {
    let atom = Records::new(client.data).find(|record| record.kind == 0x0BC3)?;
    atom.data.get(4).copied().filter(|id| *id != 0)
}

/// Left, top, right, bottom in master units.
fn edges(shape: Record<'_>) -> Option<Edges> {
    if let Some(child) = shape.child(0xF00F) {
        return four(child.data);
    }
    let anchor = shape.child(0xF010)?;
    let mut cursor = Cursor::new(anchor.data);
    let (top, left, right, bottom) = if anchor.data.len() >= 16 {
        (
            f64::from(cursor.i32()?),
            f64::from(cursor.i32()?),
            f64::from(cursor.i32()?),
            f64::from(cursor.i32()?),
        )
    } else {
        (
            f64::from(cursor.i16()?),
            f64::from(cursor.i16()?),
            f64::from(cursor.i16()?),
            f64::from(cursor.i16()?),
        )
    };
    Some((left, top, right, bottom))
}

fn four(bytes: &[u8]) -> Option<Edges> {
    let mut cursor = Cursor::new(bytes);
    Some((
        f64::from(cursor.i32()?),
        f64::from(cursor.i32()?),
        f64::from(cursor.i32()?),
        f64::from(cursor.i32()?),
    ))
}

fn group_scale(head: Record<'_>, outer: Option<Scale>) -> Option<Scale> {
    let from = four(head.child(0xF009)?.data)?;
    let to = edges(head)?;
    let to = match outer {
        Some(outer) if head.child(0xF00F).is_some() => outer.of(to),
        _ => to,
    };
    Some(Scale { from, to })
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to what a slide can hold")]
fn frame((left, top, right, bottom): Edges) -> (i64, i64, i64, i64) {
    let units = |value: f64| (value.clamp(-100_000.0, 100_000.0) * 1_587.5) as i64;
    let (x, y) = (units(left.min(right)), units(top.min(bottom)));
    (x, y, units((right - left).abs()), units((bottom - top).abs()))
}

/// The name of a geometry; what has none is a rectangle.
fn geometry(kind: u16) -> &'static str {
    match kind {
        2 => "roundRect",
        3 => "ellipse",
        4 => "diamond",
        5 => "triangle",
        6 => "rtTriangle",
        7 => "parallelogram",
        8 => "trapezoid",
        9 => "hexagon",
        10 => "octagon",
        11 => "plus",
        12 => "star5",
        13 => "rightArrow",
        15 => "homePlate",
        16 => "cube",
        19 => "arc",
        20 | 32 => "line",
        22 => "can",
        23 => "donut",
        33 => "bentConnector2",
        34 => "bentConnector3",
        37 => "curvedConnector2",
        38 => "curvedConnector3",
        55 => "chevron",
        56 => "pentagon",
        61 => "wedgeRectCallout",
        62 => "wedgeRoundRectCallout",
        63 => "wedgeEllipseCallout",
        66 => "leftArrow",
        67 => "downArrow",
        68 => "upArrow",
        69 => "leftRightArrow",
        70 => "upDownArrow",
        106 => "cloudCallout",
        109 => "flowChartProcess",
        110 => "flowChartDecision",
        114 => "flowChartDocument",
        116 => "flowChartTerminator",
        185 => "bracketPair",
        186 => "bracePair",
        _ => "rect",
    }
}
