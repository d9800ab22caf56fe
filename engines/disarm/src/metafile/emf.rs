//! Enhanced metafiles ([MS-EMF]): the header's frame becomes the picture, each record a drawing operation. Records of
//! EMF+ (in comments), OpenGL, colour management, spooling and escapes are never acted upon.

use std::rc::Rc;

use resvg::tiny_skia::{Pixmap, Transform};

use super::{
    Sheet,
    canvas::Canvas,
    player::{Arc, Player, Text},
    reader::Reader,
    state::{Brush, Font, Object, Pen},
};
use crate::raster::{Budget, dib};

/// What the header says about the size.
pub(super) struct Header {
    bounds: [f32; 4],
    frame: [f32; 4],
    device: (f32, f32),
    millimetres: (f32, f32),
}

/// Reads the header record; nothing when this is no enhanced metafile.
pub(super) fn header(input: &[u8]) -> Option<Header> {
    let mut reader = Reader::new(input);
    if reader.u32()? != 1 {
        return None;
    }
    reader.skip(4)?;
    let (bounds, frame) = (reader.rect()?, reader.rect()?);
    if reader.take(4)? != b" EMF" {
        return None;
    }
    reader.skip(28)?;
    let device = reader.point(true)?;
    let millimetres = reader.point(true)?;
    Some(Header { bounds, frame, device, millimetres })
}

impl Header {
    /// Device units a millimetre.
    fn per_mm(&self) -> (f32, f32) {
        let ratio = |units: f32, mm: f32| if units > 0.0 && mm > 0.0 { units / mm } else { 96.0 / 25.4 };
        (ratio(self.device.0, self.millimetres.0), ratio(self.device.1, self.millimetres.1))
    }

    /// The part of the device's plane that is shown: left, top, width, height; and its size in millimetres.
    fn shown(&self) -> ([f32; 4], (f32, f32)) {
        let (px, py) = self.per_mm();
        let [left, top, right, bottom] = self.frame;
        if right > left && bottom > top {
            let (width, height) = ((right - left) / 100.0, (bottom - top) / 100.0);
            return ([left / 100.0 * px, top / 100.0 * py, width * px, height * py], (width, height));
        }
        let [left, top, right, bottom] = self.bounds;
        let (width, height) = ((right - left + 1.0).max(1.0), (bottom - top + 1.0).max(1.0));
        ([left, top, width, height], (width / px, height / py))
    }
}

/// A player with the page for this header, and the page's size.
pub(super) fn open<'b>(header: &Header, budget: &'b mut Budget) -> Option<(Player<'b>, Sheet)> {
    let ([left, top, across, down], (width_mm, height_mm)) = header.shown();
    let sheet = Sheet::new(width_mm, height_mm, across, down);
    let canvas = Canvas::new(sheet.width, sheet.height)?;
    let (sx, sy) = (sheet.width as f32 / across, sheet.height as f32 / down);
    let to_pixels = Transform::from_row(sx, 0.0, 0.0, sy, -left * sx, -top * sy);
    Some((Player::new(canvas, to_pixels, header.per_mm(), budget), sheet))
}

/// Plays the records up to the end, or to where they break. A record that is cut short draws nothing.
pub(super) fn play(input: &[u8], player: &mut Player<'_>, most: usize) {
    let mut at = 0_usize;
    for _ in 0..most {
        let Some(head) = input.get(at..) else { return };
        let mut reader = Reader::new(head);
        let (Some(kind), Some(size)) = (reader.u32(), reader.count()) else { return };
        if kind == 14 || size < 8 || player.canvas.exhausted() {
            return;
        }
        let Some(record) = head.get(..size) else { return };
        let body = Reader::new(record.get(8..).unwrap_or_default());
        let _ = shape(kind, body, player)
            .or_else(|| state(kind, body, player))
            .or_else(|| object(kind, body, record, player))
            .or_else(|| raster(kind, body, record, player))
            .or_else(|| text(kind, body, record, player))
            .or_else(|| ignored(kind, player));
        at = at.saturating_add(size);
    }
}

/// Each of these functions answers `Some` when the record was its own and whole.
type Done = Option<()>;

fn shape(kind: u32, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match kind {
        2..=6 | 85..=89 => {
            let wide = kind < 85;
            r.skip(16)?;
            let count = r.count()?;
            let points = r.points(count, wide)?;
            match kind {
                2 | 85 => p.beziers(&points, false),
                3 | 86 => p.polygons(&[points]),
                4 | 87 => p.polyline(&points),
                5 | 88 => p.beziers(&points, true),
                _ => p.polyline_to(&points),
            }
        }
        7 | 8 | 90 | 91 => {
            r.skip(16)?;
            let (groups, _total) = (r.count()?, r.u32()?);
            if groups.checked_mul(4)? > r.left() {
                return None;
            }
            let counts: Vec<usize> = (0..groups).map(|_| r.count()).collect::<Option<_>>()?;
            let polygons: Vec<_> =
                counts.into_iter().map(|count| r.points(count, kind < 90)).collect::<Option<_>>()?;
            if matches!(kind, 8 | 91) {
                p.polygons(&polygons);
            } else {
                for line in &polygons {
                    p.polyline(line);
                }
            }
        }
        56 | 92 => {
            r.skip(16)?;
            let count = r.count()?;
            let points = r.points(count, kind == 56)?;
            p.poly_draw(&points, r.take(count)?);
        }
        15 => {
            let (x, y) = r.point(true)?;
            let brush = Brush::Solid(r.colour()?);
            p.fill_rects(&[[x, y, x + 1.0, y + 1.0]], brush);
        }
        27 => p.move_to(r.point(true)?),
        54 => p.polyline_to(&[r.point(true)?]),
        41 => {
            let ((x, y), radius) = (r.point(true)?, r.long()?.abs());
            let (start, sweep) = (r.float()?.to_radians(), r.float()?.to_radians());
            let bounds = [x - radius, y - radius, x + radius, y + radius];
            p.sweep(bounds, -start, -sweep.clamp(-6.3, 6.3), Arc::To);
        }
        42 => p.ellipse(r.rect()?),
        43 => p.rectangle(r.rect()?),
        44 => {
            let (bounds, (width, height)) = (r.rect()?, r.point(true)?);
            p.round_rectangle(bounds, width, height);
        }
        45 | 46 | 47 | 55 => {
            let (bounds, from, to) = (r.rect()?, r.point(true)?, r.point(true)?);
            let part = match kind {
                45 => Arc::Open,
                46 => Arc::Chord,
                47 => Arc::Pie,
                _ => Arc::To,
            };
            p.arc(bounds, from, to, part);
        }
        59 => p.begin_path(),
        60 => p.end_path(),
        61 => p.close_figure(),
        62 => p.paint_path(true, false),
        63 => p.paint_path(true, true),
        64 => p.paint_path(false, true),
        65 | 66 => {}
        67 => p.clip_to_path(r.u32()?),
        68 => p.abort_path(),
        71 | 74 => {
            r.skip(16)?;
            let length = r.count()?;
            let brush = if kind == 71 {
                match p.objects.get(&r.u32()?) {
                    Some(Object::Brush(brush)) => brush.clone(),
                    _ => return Some(()),
                }
            } else {
                p.dc.brush.clone()
            };
            let rects = region(r.take(length)?)?;
            p.fill_rects(&rects, brush);
        }
        118 => gradient(r, p)?,
        _ => return None,
    }
    Some(())
}

fn state(kind: u32, mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    match kind {
        9 => p.dc.window = r.point(true)?,
        10 => p.dc.window_origin = r.point(true)?,
        11 => p.dc.viewport = r.point(true)?,
        12 => p.dc.viewport_origin = r.point(true)?,
        17 => p.dc.map_mode = r.u32()?,
        18 => p.dc.opaque = r.u32()? == 2,
        19 => p.dc.winding = r.u32()? == 2,
        20 => p.dc.nothing = r.u32()? == 11,
        22 => p.dc.align = r.u32()?,
        24 => p.dc.text_colour = r.colour()?,
        25 => p.dc.back_colour = r.colour()?,
        29 | 30 => {
            let rect = r.rect()?;
            p.clip_rects(&[rect], if kind == 29 { 4 } else { 1 }, false);
        }
        31 | 32 => {
            let (xn, xd, yn, yd) = (r.long()?, r.long()?, r.long()?, r.long()?);
            if xd != 0.0 && yd != 0.0 {
                let extent = if kind == 31 { &mut p.dc.viewport } else { &mut p.dc.window };
                *extent = (extent.0 * xn / xd, extent.1 * yn / yd);
            }
        }
        33 => p.save(),
        34 => p.restore(r.i32()?),
        35 => p.dc.world = transform(&mut r)?,
        36 => {
            let change = transform(&mut r)?;
            p.dc.world = match r.u32()? {
                1 => Transform::identity(),
                2 => p.dc.world.pre_concat(change),
                3 => p.dc.world.post_concat(change),
                _ => change,
            };
        }
        57 => p.dc.clockwise = r.u32()? == 2,
        58 => p.dc.miter = r.u32()? as f32,
        75 => {
            let (length, mode) = (r.count()?, r.u32()?);
            let rects = if length == 0 { Vec::new() } else { region(r.take(length)?)? };
            p.clip_rects(&rects, mode, true);
        }
        _ => return None,
    }
    Some(())
}

/// XForm: finite numbers only.
fn transform(r: &mut Reader<'_>) -> Option<Transform> {
    let row = [r.float()?, r.float()?, r.float()?, r.float()?, r.float()?, r.float()?];
    let [sx, ky, kx, sy, tx, ty] = row.map(|value| value.clamp(-1e6, 1e6));
    Some(Transform::from_row(sx, ky, kx, sy, tx, ty))
}

/// RegionData: rectangles.
fn region(data: &[u8]) -> Option<Vec<[f32; 4]>> {
    let mut r = Reader::new(data);
    r.skip(8)?;
    let count = r.count()?;
    r.skip(20)?;
    if count.checked_mul(16)? > r.left() {
        return None;
    }
    (0..count).map(|_| r.rect()).collect()
}

/// Gradients as strips of plain colour, triangles in their mean.
fn gradient(mut r: Reader<'_>, p: &mut Player<'_>) -> Done {
    const STRIPS: u16 = 64;
    r.skip(16)?;
    let (vertices, shapes, mode) = (r.count()?, r.count()?, r.u32()?);
    if vertices.checked_mul(16)? > r.left() {
        return None;
    }
    let mut known = Vec::with_capacity(vertices);
    for _ in 0..vertices {
        let at = r.point(true)?;
        let colour = [r.u16()?, r.u16()?, r.u16()?].map(|value| value >> 8);
        r.skip(2)?;
        known.push((at, colour));
    }
    for _ in 0..shapes.min(20_000) {
        if mode == 2 {
            let (a, b, c) = (*known.get(r.count()?)?, *known.get(r.count()?)?, *known.get(r.count()?)?);
            let mean = |i: usize| {
                let part = |vertex: &((f32, f32), [u16; 3])| vertex.1.get(i).copied().unwrap_or(0);
                u8::try_from((part(&a) + part(&b) + part(&c)) / 3).unwrap_or(255)
            };
            let (brush, pen) = (Brush::Solid([mean(0), mean(1), mean(2)]), Pen::new(5, 0.0, [0; 3]));
            let old = (std::mem::replace(&mut p.dc.brush, brush), std::mem::replace(&mut p.dc.pen, pen));
            p.polygons(&[vec![a.0, b.0, c.0]]);
            (p.dc.brush, p.dc.pen) = old;
            continue;
        }
        let ((x0, y0), from) = *known.get(r.count()?)?;
        let ((x1, y1), to) = *known.get(r.count()?)?;
        for strip in 0..STRIPS {
            let share = |at: u16| f32::from(at) / f32::from(STRIPS);
            let (begin, end) = (share(strip), share(strip + 1));
            let mid = (begin + end) / 2.0;
            let mut colour = [0; 3];
            for ((target, from), to) in colour.iter_mut().zip(from).zip(to) {
                *target = (f32::from(from) + (f32::from(to) - f32::from(from)) * mid) as u8;
            }
            let along = |a: f32, b: f32, share: f32| a + (b - a) * share;
            let rect = if mode == 0 {
                [along(x0, x1, begin), y0, along(x0, x1, end), y1]
            } else {
                [x0, along(y0, y1, begin), x1, along(y0, y1, end)]
            };
            p.fill_rects(&[rect], Brush::Solid(colour));
        }
    }
    Some(())
}

fn object(kind: u32, mut r: Reader<'_>, record: &[u8], p: &mut Player<'_>) -> Done {
    match kind {
        37 => p.select(r.u32()?),
        38 => {
            let (handle, style, (width, _)) = (r.u32()?, r.u32()?, r.point(true)?);
            let pen = Pen::new(style, width, r.colour()?);
            p.create(handle, Object::Pen(pen));
        }
        39 => {
            let (handle, style, colour) = (r.u32()?, r.u32()?, r.colour()?);
            p.create(handle, Object::Brush(Brush::new(style, colour, r.u32()?)));
        }
        40 => {
            p.objects.remove(&r.u32()?);
        }
        49 | 99 | 122 => p.create(r.u32()?, Object::Other),
        82 => {
            let handle = r.u32()?;
            let font = font(r)?;
            p.create(handle, Object::Font(font));
        }
        93 | 94 => {
            let (handle, _usage) = (r.u32()?, r.u32()?);
            let brush = match bitmap(&mut r, record, false, p).and_then(|dib| tile(&dib)) {
                Some(pixmap) => Brush::Pattern(Rc::new(pixmap)),
                None => Brush::Solid([128; 3]),
            };
            p.create(handle, Object::Brush(brush));
        }
        95 => {
            let handle = r.u32()?;
            r.skip(16)?;
            let (style, width, brush, colour) = (r.u32()?, r.long()?, r.u32()?, r.colour()?);
            r.skip(4)?;
            let entries = r.count()?.min(64);
            let geometric = style & 0xF_0000 == 0x1_0000;
            let mut pen = Pen::new(style, if geometric { width } else { 0.0 }, colour);
            pen.visible &= brush != 1;
            if style & 0xF == 7 {
                let lengths: Vec<f32> = (0..entries).map_while(|_| r.long()).collect();
                let unit = if geometric { pen.width.max(1.0) } else { 1.0 };
                pen.dashes = lengths.into_iter().map(|length| (length / unit).abs()).collect();
            }
            p.create(handle, Object::Pen(pen));
        }
        _ => return None,
    }
    Some(())
}

fn font(mut r: Reader<'_>) -> Option<Font> {
    let height = r.long()?;
    r.skip(4)?;
    let escapement = r.long()?;
    r.skip(4)?;
    let weight = r.long()?;
    let (italic, underline, strike, charset) = (r.u8()?, r.u8()?, r.u8()?, r.u8()?);
    r.skip(4)?;
    let face = utf16(r.take(64.min(r.left()))?);
    Some(Font {
        height,
        escapement,
        bold: weight >= 600.0,
        italic: italic != 0,
        underline: underline != 0,
        strike: strike != 0,
        charset,
        face: face.split('\0').next().unwrap_or_default().to_owned(),
    })
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect()
}

/// The bitmap whose header and pixels four numbers point at, from the start of the record.
fn bitmap(r: &mut Reader<'_>, record: &[u8], alpha: bool, p: &mut Player<'_>) -> Option<dib::Dib> {
    let (info_at, info_size, bits_at, bits_size) = (r.count()?, r.count()?, r.count()?, r.count()?);
    if info_size == 0 {
        return None;
    }
    let part = |at: usize, size: usize| record.get(at..at.checked_add(size)?);
    let decoded = match (part(info_at, info_size), part(bits_at, bits_size)) {
        (Some(info), Some(bits)) => dib::decode(info, bits, alpha, p.budget).ok(),
        _ => None,
    };
    if decoded.is_none() {
        p.findings.lost_bitmaps = p.findings.lost_bitmaps.saturating_add(1);
    }
    decoded
}

/// A bitmap as the tile of a brush.
pub(super) fn tile(dib: &dib::Dib) -> Option<Pixmap> {
    if dib.width > 512 || dib.height > 512 {
        return None;
    }
    let mut pixmap = Pixmap::new(dib.width, dib.height)?;
    for (target, [r, g, b, _]) in
        pixmap.data_mut().as_chunks_mut::<4>().0.iter_mut().zip(dib.rgba.as_chunks::<4>().0)
    {
        *target = [*r, *g, *b, 255];
    }
    Some(pixmap)
}

fn raster(kind: u32, mut r: Reader<'_>, record: &[u8], p: &mut Player<'_>) -> Done {
    r.skip(if matches!(kind, 76..=81 | 114 | 116) { 16 } else { return None })?;
    let (x, y) = r.point(true)?;
    match kind {
        80 | 81 => {
            let (sx, sy, sw, sh) = (r.long()?, r.long()?, r.long()?, r.long()?);
            let dib = bitmap(&mut r, record, false, p);
            r.skip(4)?;
            let (rop, width, height) =
                if kind == 81 { (r.u32()?, r.long()?, r.long()?) } else { (0x00CC_0020, sw, sh) };
            if let Some(dib) = dib {
                // These two count the source's rows from below.
                let top = dib.height as f32 - sy - sh;
                p.bitmap(&dib, [sx, top, sw, sh], [x, y, width, height], rop);
            }
        }
        76..=78 | 114 | 116 => {
            let ((width, height), rop) = (r.point(true)?, r.u32()?);
            let (sx, sy) = r.point(true)?;
            r.skip(32)?;
            let blend = kind == 114 && rop >> 24 & 1 == 1;
            let constant = if kind == 114 { (rop >> 16 & 0xFF) as u8 } else { 255 };
            let mut pointers = r;
            r.skip(16)?;
            if matches!(kind, 114 | 116) || kind == 77 {
                let (sw, sh) = r.point(true)?;
                if let Some(mut dib) = bitmap(&mut pointers, record, blend, p) {
                    dib.premultiplied = blend;
                    match kind {
                        114 => dib.fade(constant),
                        116 => dib.key_out(rop.to_le_bytes()),
                        _ => {}
                    }
                    let rop = if kind == 77 { rop } else { 0x00CC_0020 };
                    p.bitmap(&dib, [sx, sy, sw, sh], [x, y, width, height], rop);
                    return Some(());
                }
            } else if let Some(dib) = bitmap(&mut pointers, record, false, p) {
                p.bitmap(&dib, [sx, sy, width, height], [x, y, width, height], rop);
                return Some(());
            }
            if matches!(kind, 76..=78) {
                p.pattern_block([x, y, x + width, y + height], rop);
            }
        }
        _ => return None,
    }
    Some(())
}

fn text(kind: u32, mut r: Reader<'_>, record: &[u8], p: &mut Player<'_>) -> Done {
    const OPAQUE: u32 = 2;
    const GLYPH_INDEX: u32 = 0x10;
    match kind {
        83 | 84 | 96 | 97 => {
            r.skip(28)?;
            let count = if kind >= 96 { r.count()?.min(10_000) } else { 1 };
            for _ in 0..count {
                let (at, chars, offset, options) = (r.point(true)?, r.count()?, r.count()?, r.u32()?);
                let (rect, widths_at) = (r.rect()?, r.count()?);
                let wide = matches!(kind, 84 | 97);
                let length = if wide { chars.checked_mul(2)? } else { chars };
                let opaque = (options & OPAQUE != 0).then_some(rect);
                if options & GLYPH_INDEX != 0 {
                    // Numbers of glyphs in a typeface that is not here.
                    p.findings.lost_text |= chars > 0;
                    continue;
                }
                let bytes = record.get(offset..offset.checked_add(length)?)?;
                let widths = (widths_at > 0).then(|| widths(record, widths_at, chars, options)).flatten();
                if wide {
                    let (text, widths) = (utf16(bytes), widths.map(|widths| joined(bytes, widths)));
                    p.text(&Text { at, text: &text, widths, opaque });
                } else {
                    p.byte_text(at, bytes, widths, opaque);
                }
            }
        }
        108 => {
            let (at, chars, options) = (r.point(true)?, r.count()?, r.u32()?);
            r.skip(12)?;
            if options & 0x100 == 0 {
                r.skip(16)?;
            }
            if options & 0x200 != 0 {
                let text: String = r.take(chars)?.iter().map(|byte| char::from(*byte)).collect();
                p.text(&Text { at, text: &text, widths: None, opaque: None });
            } else {
                let text = utf16(r.take(chars.checked_mul(2)?)?);
                p.text(&Text { at, text: &text, widths: None, opaque: None });
            }
        }
        _ => return None,
    }
    Some(())
}

/// The widths of the characters; with ETO_PDY each is a pair.
fn widths(record: &[u8], at: usize, chars: usize, options: u32) -> Option<Vec<f32>> {
    let mut r = Reader::new(record.get(at..)?);
    let pair = options & 0x2000 != 0;
    if chars.checked_mul(4)? > r.left() {
        return None;
    }
    (0..chars)
        .map(|_| {
            let width = r.long()?;
            if pair {
                r.skip(4)?;
            }
            Some(width)
        })
        .collect()
}

/// One width a character, where a pair of surrogates had two.
fn joined(bytes: &[u8], widths: Vec<f32>) -> Vec<f32> {
    let mut out: Vec<f32> = Vec::with_capacity(widths.len());
    for (pair, width) in bytes.as_chunks::<2>().0.iter().zip(widths) {
        match out.last_mut() {
            Some(last) if (0xDC00..0xE000).contains(&u16::from_le_bytes(*pair)) => *last += width,
            _ => out.push(width),
        }
    }
    out
}

/// Records that change nothing that is seen here, and all others, which are named in the report.
fn ignored(kind: u32, p: &mut Player<'_>) -> Done {
    match kind {
        1
        | 13
        | 16
        | 21
        | 23
        | 28
        | 48
        | 50..=52
        | 70
        | 98
        | 100
        | 101
        | 109
        | 112
        | 113
        | 115
        | 119..=121 => {}
        // DRAWESCAPE, EXTESCAPE, NAMEDESCAPE: for a printer's driver.
        105 | 106 | 110 => {
            p.findings.escapes.insert(kind);
        }
        other => {
            p.findings.unknown.insert(other);
        }
    }
    Some(())
}
