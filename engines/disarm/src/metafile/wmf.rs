//! Windows metafiles ([MS-WMF]), with and without the placeable header. Escapes are never acted upon: SETABORTPROC,
//! through which a picture could once run code, is named in the report like any other.

use std::rc::Rc;

use resvg::tiny_skia::Transform;

use super::{
    DPI, Sheet,
    canvas::Canvas,
    emf::tile,
    player::{Arc, Player},
    reader::Reader,
    state::{Brush, Font, Object, Pen},
    text::decode,
};
use crate::raster::{Budget, dib};

const PLACEABLE: &[u8] = b"\xd7\xcd\xc6\x9a";
/// The escape that carries data of an application and shows nothing.
const COMMENT: u16 = 15;

/// Where the records begin and which part of the logical plane is the picture.
pub(super) struct Header {
    start: usize,
    origin: (f32, f32),
    extent: (f32, f32),
    /// Size in millimetres.
    size: (f32, f32),
}

/// Reads the headers; nothing when this is no metafile.
pub(super) fn header(input: &[u8], most: usize) -> Option<Header> {
    let mut reader = Reader::new(input);
    let mut placed = None;
    let mut start = 0;
    if input.starts_with(PLACEABLE) {
        reader.skip(6)?;
        let (left, top, right, bottom) = (reader.short()?, reader.short()?, reader.short()?, reader.short()?);
        let inch = f32::from(reader.u16()?);
        reader.skip(6)?;
        start = 22;
        let inch = if inch > 0.0 { inch } else { 1440.0 };
        if left != right && top != bottom {
            placed = Some(((left, top), (right - left, bottom - top), inch));
        }
    }
    let (kind, words) = (reader.u16()?, reader.u16()?);
    if !matches!(kind, 1 | 2) || words != 9 {
        return None;
    }
    start += 18;
    let body = input.get(start..)?;
    let window = window(body, most);
    let (origin, extent) = match (window, placed) {
        (Some(window), _) => window,
        (None, Some((origin, extent, _))) => (origin, extent),
        (None, None) => touched(body, most)?,
    };
    let (width, height) = match placed {
        Some((_, (width, height), inch)) => (width.abs() / inch * 25.4, height.abs() / inch * 25.4),
        None => {
            // Without a unit: as pixels of a screen where that gives a size that fits a page, else to that size.
            let longest = extent.0.abs().max(extent.1.abs());
            let unit = (25.4 / 96.0_f32).min(160.0 / longest.max(1.0));
            (extent.0.abs() * unit, extent.1.abs() * unit)
        }
    };
    Some(Header { start, origin, extent, size: (width, height) })
}

/// Function and parameters of each record.
fn records(body: &[u8], most: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body;
    (0..most).map_while(move |_| {
        let mut reader = Reader::new(rest);
        let size = reader.count()?.checked_mul(2)?;
        let function = reader.u16()?;
        if size < 6 || function == 0 {
            return None;
        }
        // The last record may say more than there is.
        let parameters = rest.get(6..size.min(rest.len()))?;
        rest = rest.get(size..).unwrap_or_default();
        Some((function, parameters))
    })
}

type Window = ((f32, f32), (f32, f32));

/// The first window that the records set.
fn window(body: &[u8], most: usize) -> Option<Window> {
    let mut origin = None;
    for (function, parameters) in records(body, most) {
        let mut r = Reader::new(parameters);
        let Some((y, x)) = r.point(false) else { continue };
        match function {
            0x020B if origin.is_none() => origin = Some((x, y)),
            0x020C if x != 0.0 && y != 0.0 => return Some((origin.unwrap_or_default(), (x, y))),
            _ => {}
        }
    }
    None
}

/// The rectangle that the points of lines and shapes fill, where nothing says the window.
fn touched(body: &[u8], most: usize) -> Option<Window> {
    let (mut least, mut largest) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    let mut see = |x: f32, y: f32| {
        least = (least.0.min(x), least.1.min(y));
        largest = (largest.0.max(x), largest.1.max(y));
    };
    for (function, parameters) in records(body, most) {
        let mut r = Reader::new(parameters);
        match function {
            0x0324 | 0x0325 => {
                let count = usize::from(r.u16().unwrap_or(0));
                for (x, y) in r.points(count, false).unwrap_or_default() {
                    see(x, y);
                }
            }
            0x0213 | 0x0214 | 0x0418 | 0x041B => {
                while let Some((y, x)) = r.point(false) {
                    see(x, y);
                }
            }
            _ => {}
        }
    }
    let extent = (largest.0 - least.0, largest.1 - least.1);
    (extent.0 >= 1.0 && extent.1 >= 1.0).then_some((least, extent))
}

/// A player with the page for this header, and the page's size.
pub(super) fn open<'b>(header: &Header, budget: &'b mut Budget) -> Option<(Player<'b>, Sheet)> {
    let (width_mm, height_mm) = header.size;
    let sheet = Sheet::new(width_mm, height_mm, 0.0, 0.0);
    let canvas = Canvas::new(sheet.width, sheet.height)?;
    let per_mm = (DPI / 25.4, DPI / 25.4);
    let mut player = Player::new(canvas, Transform::identity(), per_mm, budget);
    // Who plays a metafile decides where it goes: all of the page.
    player.dc.map_mode = 8;
    player.dc.window_origin = header.origin;
    player.dc.window = header.extent;
    player.dc.viewport = (sheet.width as f32, sheet.height as f32);
    Some((player, sheet))
}

/// Plays the records up to the end, or to where they break.
pub(super) fn play(input: &[u8], header: &Header, player: &mut Player<'_>, most: usize) {
    for (function, parameters) in records(input.get(header.start..).unwrap_or_default(), most) {
        if player.canvas.exhausted() {
            return;
        }
        let reader = Reader::new(parameters);
        let _ = state(function, reader, player)
            .or_else(|| object(function, reader, player))
            .or_else(|| shape(function, reader, player))
            .or_else(|| raster(function, reader, player))
            .or_else(|| text(function, reader, player))
            .or_else(|| ignored(function, reader, player));
    }
}

type Done = Option<()>;

/// Records give y before x.
fn yx(r: &mut Reader<'_>) -> Option<(f32, f32)> {
    r.point(false).map(|(y, x)| (x, y))
}

/// Bottom, right, top, left in the record; left, top, right, bottom here.
fn rect(r: &mut Reader<'_>) -> Option<[f32; 4]> {
    let (right, bottom) = yx(r)?;
    let (left, top) = yx(r)?;
    Some([left, top, right, bottom])
}

fn state(function: u16, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match function {
        0x001E => p.save(),
        0x0127 => p.restore(r.short()? as i32),
        0x0102 => p.dc.opaque = r.u16()? == 2,
        0x0104 => p.dc.nothing = r.u16()? == 11,
        0x0106 => p.dc.winding = r.u16()? == 2,
        0x012E => p.dc.align = u32::from(r.u16()?),
        0x0201 => p.dc.back_colour = r.colour()?,
        0x0209 => p.dc.text_colour = r.colour()?,
        0x020B => p.dc.window_origin = yx(&mut r)?,
        0x020C => p.dc.window = yx(&mut r)?,
        0x020F => {
            let (x, y) = yx(&mut r)?;
            p.dc.window_origin = (p.dc.window_origin.0 + x, p.dc.window_origin.1 + y);
        }
        0x0410 => {
            let (yd, yn, xd, xn) = (r.short()?, r.short()?, r.short()?, r.short()?);
            if xd != 0.0 && yd != 0.0 {
                p.dc.window = (p.dc.window.0 * xn / xd, p.dc.window.1 * yn / yd);
            }
        }
        0x0415 | 0x0416 => {
            let rect = rect(&mut r)?;
            p.clip_rects(&[rect], if function == 0x0415 { 4 } else { 1 }, false);
        }
        0x012C => p.dc.clip = None,
        _ => return None,
    }
    Some(())
}

/// A new object takes the lowest free handle.
fn create(p: &mut Player<'_>, object: Object) {
    let mut free = 0;
    for handle in p.objects.keys() {
        if *handle != free {
            break;
        }
        free += 1;
    }
    p.create(free, object);
}

fn object(function: u16, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match function {
        0x012D => p.select(u32::from(r.u16()?)),
        0x01F0 => {
            p.objects.remove(&u32::from(r.u16()?));
        }
        0x02FA => {
            let (style, width, _) = (u32::from(r.u16()?), r.short()?, r.short()?);
            let pen = Pen::new(style, width, r.colour()?);
            create(p, Object::Pen(pen));
        }
        0x02FB => {
            let font = font(r)?;
            create(p, Object::Font(font));
        }
        0x02FC => {
            let (style, colour) = (u32::from(r.u16()?), r.colour()?);
            let brush = Brush::new(style, colour, u32::from(r.u16()?));
            create(p, Object::Brush(brush));
        }
        0x0142 => {
            r.skip(4)?;
            let brush = match packed(&r, p).and_then(|dib| tile(&dib)) {
                Some(pixmap) => Brush::Pattern(Rc::new(pixmap)),
                None => Brush::Solid([128; 3]),
            };
            create(p, Object::Brush(brush));
        }
        0x01F9 => create(p, Object::Brush(Brush::Solid([128; 3]))),
        0x00F7 | 0x06FF => create(p, Object::Other),
        _ => return None,
    }
    Some(())
}

fn font(mut r: Reader<'_>) -> Option<Font> {
    let height = r.short()?;
    r.skip(2)?;
    let escapement = r.short()?;
    r.skip(2)?;
    let weight = r.short()?;
    let (italic, underline, strike, charset) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
    r.skip(4)?;
    let face = r.rest().split(|byte| *byte == 0).next().unwrap_or_default();
    Some(Font {
        height,
        escapement,
        bold: weight >= 600.0,
        italic: italic != 0,
        underline: underline != 0,
        strike: strike != 0,
        charset,
        face: decode(face, charset),
    })
}

fn shape(function: u16, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match function {
        0x0213 => p.polyline_to(&[yx(&mut r)?]),
        0x0214 => p.move_to(yx(&mut r)?),
        0x0324 | 0x0325 => {
            let count = usize::from(r.u16()?);
            let points = r.points(count, false)?;
            if function == 0x0324 { p.polygons(&[points]) } else { p.polyline(&points) }
        }
        0x0538 => {
            let groups = usize::from(r.u16()?);
            let counts: Vec<usize> = (0..groups).map(|_| r.u16().map(usize::from)).collect::<Option<_>>()?;
            let polygons: Vec<_> =
                counts.into_iter().map(|count| r.points(count, false)).collect::<Option<_>>()?;
            p.polygons(&polygons);
        }
        0x0418 => p.ellipse(rect(&mut r)?),
        0x041B => p.rectangle(rect(&mut r)?),
        0x041F => {
            let (colour, (x, y)) = (r.colour()?, yx(&mut r)?);
            p.fill_rects(&[[x, y, x + 1.0, y + 1.0]], Brush::Solid(colour));
        }
        0x061C => {
            let ((width, height), bounds) = (yx(&mut r)?, rect(&mut r)?);
            p.round_rectangle(bounds, width, height);
        }
        0x0817 | 0x081A | 0x0830 => {
            let (to, from, bounds) = (yx(&mut r)?, yx(&mut r)?, rect(&mut r)?);
            let part = match function {
                0x0817 => Arc::Open,
                0x081A => Arc::Pie,
                _ => Arc::Chord,
            };
            p.arc(bounds, from, to, part);
        }
        _ => return None,
    }
    Some(())
}

fn packed(r: &Reader<'_>, p: &mut Player<'_>) -> Option<dib::Dib> {
    let decoded = dib::decode_packed(r.rest(), p.budget).ok();
    if decoded.is_none() {
        p.findings.lost_bitmaps = p.findings.lost_bitmaps.saturating_add(1);
    }
    decoded
}

fn raster(function: u16, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    // Without a bitmap a word stands for it.
    const FEW: usize = 28;
    match function {
        0x061D => {
            let (rop, (width, height), (x, y)) = (r.u32()?, yx(&mut r)?, yx(&mut r)?);
            p.pattern_block([x, y, x + width, y + height], rop);
        }
        0x0940 | 0x0B41 | 0x0922 | 0x0B23 => {
            let stretched = matches!(function, 0x0B41 | 0x0B23);
            let bare = r.left() < FEW;
            let rop = r.u32()?;
            let part = if stretched { Some(yx(&mut r)?) } else { None };
            let (sx, sy) = yx(&mut r)?;
            if bare {
                r.skip(2)?;
            }
            let ((width, height), (x, y)) = (yx(&mut r)?, yx(&mut r)?);
            if bare {
                p.pattern_block([x, y, x + width, y + height], rop);
            } else if matches!(function, 0x0922 | 0x0B23) {
                // Bitmaps in the form of one device.
                p.findings.lost_bitmaps += 1;
            } else if let Some(dib) = packed(&r, p) {
                let (sw, sh) = part.unwrap_or((width, height));
                p.bitmap(&dib, [sx, sy, sw, sh], [x, y, width, height], rop);
            }
        }
        0x0F43 => {
            let rop = r.u32()?;
            r.skip(2)?;
            let ((sw, sh), (sx, sy)) = (yx(&mut r)?, yx(&mut r)?);
            let ((width, height), (x, y)) = (yx(&mut r)?, yx(&mut r)?);
            if let Some(dib) = packed(&r, p) {
                let top = dib.height as f32 - sy - sh;
                p.bitmap(&dib, [sx, top, sw, sh], [x, y, width, height], rop);
            }
        }
        0x0D33 => {
            r.skip(6)?;
            let ((sx, sy), (width, height), (x, y)) = (yx(&mut r)?, yx(&mut r)?, yx(&mut r)?);
            if let Some(dib) = packed(&r, p) {
                let top = dib.height as f32 - sy - height;
                p.bitmap(&dib, [sx, top, width, height], [x, y, width, height], 0x00CC_0020);
            }
        }
        _ => return None,
    }
    Some(())
}

fn text(function: u16, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match function {
        0x0521 => {
            let length = usize::from(r.u16()?);
            let bytes = r.take(length)?;
            r.skip(length % 2)?;
            let at = yx(&mut r)?;
            p.byte_text(at, bytes, None, None);
        }
        0x0A32 => {
            let (at, length, options) = (yx(&mut r)?, usize::from(r.u16()?), r.u16()?);
            let rect =
                if options & 6 != 0 { Some([r.short()?, r.short()?, r.short()?, r.short()?]) } else { None };
            let bytes = r.take(length)?;
            if options & 0x10 != 0 {
                p.findings.lost_text |= length > 0;
                return Some(());
            }
            let _ = r.skip(length % 2);
            let widths: Vec<f32> = (0..length).map_while(|_| r.short()).collect();
            let widths = (length > 0 && widths.len() == length).then_some(widths);
            p.byte_text(at, bytes, widths, rect.filter(|_| options & 2 != 0));
        }
        _ => return None,
    }
    Some(())
}

/// Records that change nothing that is seen here, escapes, and all others, which are named in the report.
fn ignored(function: u16, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match function {
        // Map mode and viewport belong to who plays; palettes, justification and layout have no effect here.
        0x0103 | 0x0105 | 0x0107 | 0x0108 | 0x020A | 0x020D | 0x020E | 0x0211 | 0x0412 | 0x0231 | 0x0234
        | 0x0035 | 0x0037 | 0x0139 | 0x0149 | 0x0436 | 0x0220 => {}
        0x0626 => {
            let escape = r.u16()?;
            if escape != COMMENT {
                p.findings.escapes.insert(u32::from(escape));
            }
        }
        other => {
            p.findings.unknown.insert(u32::from(other));
        }
    }
    Some(())
}
