//! What lies over the cells: pictures, boxes with text, comments; controls and embedded objects are named and stay behind.

use std::collections::HashMap;

use super::globals::Globals;
use super::records::{Continued, Record};
use crate::officeart::{self, Properties};
use crate::workbook::cursor::Cursor;
use crate::workbook::{Comment, Content, Corner, Drawing, Picture, Sheet};
use crate::{Refusal, RemovalCode, context::Context};

/// Shapes nest in groups; deeper ones are not looked at.
const MAX_DEPTH: u32 = 32;

/// An object of a sheet as its record tells.
#[derive(Debug, Clone, Default)]
struct Object {
    kind: u16,
    id: u16,
    text: Option<String>,
}

/// The drawing of a sheet in reading.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    drawing: Vec<u8>,
    objects: Vec<Object>,
    notes: Vec<(u32, u32, u16, String)>,
}

impl Shapes {
    pub(super) fn push_drawing(&mut self, bytes: &[u8]) {
        self.drawing.extend_from_slice(bytes);
    }

    pub(super) fn note(&mut self, row: u32, column: u32, id: u16, author: String) {
        self.notes.push((row, column, id, author));
    }

    /// An object ([MS-XLS] 2.4.181): its first part tells kind and number, others what it is bound to.
    pub(super) fn object(&mut self, bytes: &[u8], sheet: &str, ctx: &mut Context<'_>) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        let mut object = Object::default();
        let mut embedded = false;
        let mut control = false;
        while let (Some(part), Some(size)) = (cursor.u16(), cursor.u16()) {
            let mut data = Cursor::new(cursor.take_at_most(usize::from(size)));
            match part {
                0x15 => {
                    object.kind = data.u16()?;
                    object.id = data.u16()?;
                }
                // What a picture stands for: a control (bit 4) or an object.
                0x08 => control |= data.u16().is_some_and(|flags| flags & 0x10 != 0),
                0x09 => embedded = true,
                0x04 => ctx.removed(RemovalCode::Vba, format!("{sheet}: 図形に割り当てられたマクロ")),
                _ => {}
            }
        }
        if control || matches!(object.kind, 0x07 | 0x0B..=0x14) && object.kind != 0x14 {
            ctx.removed(RemovalCode::ActiveX, format!("{sheet}: コントロール {}", object.id));
        } else if embedded {
            ctx.removed(RemovalCode::EmbeddedObject, format!("{sheet}: オブジェクト {}", object.id));
        }
        self.objects.push(object);
        Some(())
    }

    /// The text of the object before ([MS-XLS] 2.4.329): it follows in the next record.
    pub(super) fn text(&mut self, record: &Record<'_>) -> Option<()> {
        let mut cursor = Cursor::at(record.data, 10);
        let count = usize::from(cursor.u16()?);
        let object = self.objects.last_mut()?;
        let mut pieces = record.more.iter();
        let whole = Record { id: 0, data: pieces.next()?, more: pieces.copied().collect() };
        let mut bytes = Continued::new(&whole);
        let wide = bytes.u8()? & 1 != 0;
        object.text = Some(bytes.characters(count, wide)?);
        Some(())
    }

    /// Hands comments and drawings over to the sheet.
    pub(super) fn settle(
        self,
        globals: &mut Globals,
        sheet: &mut Sheet,
        ctx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let texts: HashMap<u16, &String> =
            self.objects.iter().filter_map(|o| Some((o.id, o.text.as_ref()?))).collect();
        for (row, column, id, author) in &self.notes {
            let text = texts.get(id).map(|text| (*text).clone()).unwrap_or_default();
            let known = sheet.comments.iter().any(|c| (c.row, c.column) == (*row, *column));
            if !known && *row <= 0xFFFF && *column <= 0xFF {
                sheet.comments.push(Comment { row: *row, column: *column, author: author.clone(), text });
            }
        }
        if !globals.art.is_empty() && !globals.pictures_read {
            globals.pictures_read = true;
            let group = std::mem::take(&mut globals.art);
            for blip in officeart::pictures(&group, &[], ctx)? {
                globals.picture_numbers.push(blip.map(|(bytes, extension)| {
                    globals.book.pictures.push(Picture { bytes, extension });
                    globals.book.pictures.len() - 1
                }));
            }
        }
        let mut objects = self.objects.iter();
        for record in officeart::Records::new(&self.drawing) {
            walk(record, 0, None, &mut |shape, anchor| {
                // Each shape with data of its own has the next object.
                let object = shape.children().any(|r| r.kind == 0xF011).then(|| objects.next()).flatten();
                if let (Some(object), Some(anchor)) = (object, anchor) {
                    draw(shape, object, anchor, globals, sheet, ctx);
                }
            });
        }
        Ok(())
    }
}

type Visit<'v> = &'v mut dyn FnMut(officeart::Record<'_>, Option<&[u8]>);

/// Goes through shapes in order; a shape in a group lies where its group does.
fn walk(record: officeart::Record<'_>, depth: u32, group: Option<&[u8]>, visit: Visit<'_>) {
    if depth > MAX_DEPTH {
        return;
    }
    match record.kind {
        0xF004 => {
            let own = record.children().find(|r| r.kind == 0xF010).map(|r| r.data);
            visit(record, own.or(group));
        }
        0xF003 => {
            let first = record.child(0xF004).and_then(|shape| shape.child(0xF010)).map(|r| r.data);
            for child in record.children() {
                walk(child, depth + 1, first.or(group), visit);
            }
        }
        _ => {
            for child in record.children() {
                walk(child, depth + 1, group, visit);
            }
        }
    }
}

fn draw(
    shape: officeart::Record<'_>,
    object: &Object,
    anchor: &[u8],
    globals: &Globals,
    sheet: &mut Sheet,
    ctx: &mut Context<'_>,
) {
    let Some((from, to)) = corners(anchor, sheet) else { return };
    let properties = Properties::of(shape);
    let content = if let Some(number) = properties.picture() {
        match globals.picture_numbers.get(number - 1).copied().flatten() {
            Some(at) => Content::Picture(at),
            None => {
                ctx.removed(RemovalCode::DrawingReplaced, format!("{}: 画像 {}", sheet.name, object.id));
                return;
            }
        }
    } else {
        // Comments have their own place, lists of filters have none.
        let text = match (&object.text, object.kind) {
            (Some(text), kind) if kind != 0x19 && kind != 0x14 && !text.is_empty() => text.clone(),
            _ => return,
        };
        let tint = |id: u16| properties.get(id).and_then(|value| rgb(value, &globals.palette));
        let fill = properties.flag(0x1BF, 4, true).then(|| tint(0x181).unwrap_or(0xFF_FFFF));
        let line = properties.flag(0x1FF, 3, true).then(|| tint(0x1C0).unwrap_or(0));
        Content::Text { text, fill, line }
    };
    sheet.drawings.push(Drawing { from, to, content });
}

/// A colour of a drawing: of the palette when its last byte says so.
fn rgb(value: u32, palette: &[u32]) -> Option<u32> {
    if value & 0x0800_0000 != 0 {
        let at = usize::try_from(value & 0xFF).ok()?.checked_sub(8)?;
        return palette.get(at).copied();
    }
    (value >> 24 == 0).then(|| value.swap_bytes() >> 8)
}

/// Cells and parts of cells ([MS-XLS] 2.5.193): 1024ths of a column's width, 256ths of a row's height.
fn corners(anchor: &[u8], sheet: &Sheet) -> Option<(Corner, Corner)> {
    let mut cursor = Cursor::new(anchor);
    cursor.u16()?;
    let mut corner = || {
        let (column, x) = (u32::from(cursor.u16()?), i64::from(cursor.u16()?));
        let (row, y) = (u32::from(cursor.u16()?), i64::from(cursor.u16()?));
        Some(Corner {
            column: column.min(0xFF),
            x: width(sheet, column) * x.min(1024) / 1024,
            row,
            y: height(sheet, row) * y.min(256) / 256,
        })
    };
    Some((corner()?, corner()?))
}

/// A column's width in English metric units: 7 pixels a character.
#[expect(clippy::cast_possible_truncation, reason = "a width is at most a few hundred characters")]
fn width(sheet: &Sheet, column: u32) -> i64 {
    let set = sheet.columns.iter().find(|set| (set.first..=set.last).contains(&column));
    let characters = match set {
        Some(set) if set.hidden => return 0,
        Some(set) => set.width,
        None => sheet.default_width.unwrap_or(8.71),
    };
    (characters.clamp(0.0, 255.0) * 7.0) as i64 * 9_525
}

/// A row's height in English metric units.
#[expect(clippy::cast_possible_truncation, reason = "a height is at most a few thousand points")]
fn height(sheet: &Sheet, row: u32) -> i64 {
    let set = sheet.rows.get(&row);
    if set.is_some_and(|row| row.hidden) {
        return 0;
    }
    let points =
        set.and_then(|row| row.height).or(sheet.default_height.map(|(points, _)| points)).unwrap_or(13.5);
    (points.clamp(0.0, 2_000.0) * 12_700.0) as i64
}
