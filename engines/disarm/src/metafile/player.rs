//! The drawing operations that both kinds of metafile have, on one device context: what a record means is decided by
//! its reader (`emf`, `wmf`), what it looks like here.

use std::collections::{BTreeMap, BTreeSet};

use resvg::tiny_skia::{Path, PathBuilder, Pixmap, Point, Transform};

use super::{
    canvas::{Canvas, FAR},
    state::{Brush, Dc, Object, stock},
    text::{Anchor, EM, Typeface, byte_lengths, decode, from_symbol},
};
use crate::raster::{Budget, dib::Dib};

/// Saved contexts and handles beyond these are errors or attacks.
const MAX_SAVED: usize = 1_000;
const MAX_OBJECTS: usize = 20_000;
const MAX_TEXTS: usize = 20_000;

/// What could not be done, for the report.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) unknown: BTreeSet<u32>,
    pub(super) escapes: BTreeSet<u32>,
    pub(super) lost_text: bool,
    pub(super) lost_bitmaps: u32,
}

pub(super) struct Player<'b> {
    pub(super) dc: Dc,
    saved: Vec<Dc>,
    pub(super) objects: BTreeMap<u32, Object>,
    pub(super) canvas: Canvas,
    /// From device units to pixels.
    to_pixels: Transform,
    /// Device units a millimetre.
    per_mm: (f32, f32),
    /// The path bracket that is open, and the path that was closed last.
    bracket: Option<PathBuilder>,
    path: Option<Path>,
    typeface: Option<Typeface>,
    texts: usize,
    pub(super) budget: &'b mut Budget,
    pub(super) findings: Findings,
}

/// Which part of an ellipse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arc {
    Open,
    Chord,
    Pie,
    /// Continues from the current position.
    To,
}

/// A string to draw.
pub(super) struct Text<'a> {
    pub(super) at: (f32, f32),
    pub(super) text: &'a str,
    /// Widths of the characters in logical units.
    pub(super) widths: Option<Vec<f32>>,
    /// Rectangle to fill with the background first.
    pub(super) opaque: Option<[f32; 4]>,
}

impl<'b> Player<'b> {
    pub(super) fn new(
        canvas: Canvas,
        to_pixels: Transform,
        per_mm: (f32, f32),
        budget: &'b mut Budget,
    ) -> Self {
        Self {
            dc: Dc::default(),
            saved: Vec::new(),
            objects: BTreeMap::new(),
            canvas,
            to_pixels,
            per_mm,
            bracket: None,
            path: None,
            typeface: Typeface::fallback(),
            texts: 0,
            budget,
            findings: Findings::default(),
        }
    }

    /// From logical units to pixels.
    pub(super) fn ctm(&self) -> Transform {
        self.dc.to_device(self.per_mm).post_concat(self.to_pixels)
    }

    fn scale(&self) -> f32 {
        let ctm = self.ctm();
        (ctm.sx * ctm.sy - ctm.kx * ctm.ky).abs().sqrt()
    }

    fn pixel(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let mut point = Point::from_xy(x, y);
        self.ctm().map_point(&mut point);
        let bounded = |value: f32| if value.is_finite() { value.clamp(-FAR, FAR) } else { 0.0 };
        (bounded(point.x), bounded(point.y))
    }

    // Objects.

    pub(super) fn create(&mut self, handle: u32, object: Object) {
        if self.objects.len() < MAX_OBJECTS {
            self.objects.insert(handle, object);
        }
    }

    pub(super) fn select(&mut self, handle: u32) {
        let object = match handle & 0x8000_0000 {
            0 => self.objects.get(&handle).cloned(),
            _ => stock(handle & 0x7FFF_FFFF),
        };
        match object {
            Some(Object::Pen(pen)) => self.dc.pen = pen,
            Some(Object::Brush(brush)) => self.dc.brush = brush,
            Some(Object::Font(font)) => self.dc.font = font,
            Some(Object::Other) | None => {}
        }
    }

    pub(super) fn save(&mut self) {
        if self.saved.len() < MAX_SAVED {
            self.saved.push(self.dc.clone());
        }
    }

    /// Negative: so many levels up; positive: that level.
    pub(super) fn restore(&mut self, level: i32) {
        let keep = if level < 0 {
            self.saved.len().saturating_sub(level.unsigned_abs() as usize)
        } else {
            (level as usize).saturating_sub(1)
        };
        if keep < self.saved.len() {
            self.saved.truncate(keep.saturating_add(1));
            if let Some(dc) = self.saved.pop() {
                self.dc = dc;
            }
        }
    }

    // Paths.

    pub(super) fn begin_path(&mut self) {
        let mut builder = PathBuilder::new();
        let (x, y) = self.pixel(self.dc.position);
        builder.move_to(x, y);
        self.bracket = Some(builder);
        self.path = None;
    }

    pub(super) fn end_path(&mut self) {
        self.path = self.bracket.take().and_then(PathBuilder::finish);
    }

    pub(super) fn abort_path(&mut self) {
        self.bracket = None;
        self.path = None;
    }

    pub(super) fn close_figure(&mut self) {
        if let Some(builder) = &mut self.bracket {
            builder.close();
        }
    }

    pub(super) fn paint_path(&mut self, fill: bool, stroke: bool) {
        if let Some(path) = self.path.take() {
            self.paint(&path, fill, stroke);
        }
    }

    /// RegionMode: 1 and, 2 or, 3 xor, 4 difference, 5 copy.
    pub(super) fn clip_to_path(&mut self, mode: u32) {
        if let Some(path) = self.path.take() {
            self.clip_with(&path, mode);
        }
    }

    fn clip_with(&mut self, path: &Path, mode: u32) {
        let winding = self.dc.winding;
        self.dc.clip = match mode {
            5 => self.canvas.clip(path, winding, None, false),
            4 => self.canvas.clip(path, winding, self.dc.clip.as_ref(), true),
            1 => self.canvas.clip(path, winding, self.dc.clip.as_ref(), false),
            // A union or symmetric difference shows more, never less: without a clip.
            _ => None,
        };
    }

    pub(super) fn clip_rects(&mut self, rects: &[[f32; 4]], mode: u32, device: bool) {
        if rects.is_empty() {
            if mode == 5 {
                self.dc.clip = None;
            } else if mode == 1 {
                self.dc.clip = self.canvas.closed();
            }
            return;
        }
        let mut builder = PathBuilder::new();
        for [left, top, right, bottom] in rects {
            let corners = [(*left, *top), (*right, *top), (*right, *bottom), (*left, *bottom)];
            let corners =
                corners.map(|corner| if device { self.device_pixel(corner) } else { self.pixel(corner) });
            polygon(&mut builder, &corners);
        }
        if let Some(path) = builder.finish() {
            let winding = std::mem::replace(&mut self.dc.winding, true);
            self.clip_with(&path, mode);
            self.dc.winding = winding;
        }
    }

    fn device_pixel(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let mut point = Point::from_xy(x, y);
        self.to_pixels.map_point(&mut point);
        (point.x.clamp(-FAR, FAR), point.y.clamp(-FAR, FAR))
    }

    pub(super) fn fill_rects(&mut self, rects: &[[f32; 4]], brush: Brush) {
        let old = std::mem::replace(&mut self.dc.brush, brush);
        let mut builder = PathBuilder::new();
        for [left, top, right, bottom] in rects {
            let corners = [(*left, *top), (*right, *top), (*right, *bottom), (*left, *bottom)];
            polygon(&mut builder, &corners.map(|corner| self.pixel(corner)));
        }
        if let Some(path) = builder.finish() {
            self.paint(&path, true, false);
        }
        self.dc.brush = old;
    }

    fn paint(&mut self, path: &Path, fill: bool, stroke: bool) {
        if self.dc.nothing {
            return;
        }
        let scale = self.scale();
        let Self { canvas, dc, .. } = self;
        let clip = dc.clip.as_ref();
        if fill {
            let back = dc.opaque.then_some(dc.back_colour);
            canvas.fill(path, &dc.brush, back, dc.winding, clip);
        }
        if stroke {
            canvas.stroke(path, &dc.pen, scale, dc.miter, clip);
        }
    }

    /// Draws a figure, or adds it to the open bracket.
    fn figure(&mut self, fill: bool, build: impl FnOnce(&mut PathBuilder)) {
        if let Some(builder) = &mut self.bracket {
            build(builder);
            return;
        }
        let mut builder = PathBuilder::new();
        build(&mut builder);
        if let Some(path) = builder.finish() {
            self.paint(&path, fill, true);
        }
    }

    // Lines and shapes, in logical units.

    pub(super) fn move_to(&mut self, point: (f32, f32)) {
        self.dc.position = point;
        let (x, y) = self.pixel(point);
        if let Some(builder) = &mut self.bracket {
            builder.move_to(x, y);
        }
    }

    pub(super) fn polyline(&mut self, points: &[(f32, f32)]) {
        let pixels: Vec<_> = points.iter().map(|point| self.pixel(*point)).collect();
        self.figure(false, |builder| lines(builder, &pixels));
    }

    pub(super) fn polyline_to(&mut self, points: &[(f32, f32)]) {
        let start = (self.bracket.is_none()).then_some(self.dc.position);
        let all: Vec<_> =
            start.into_iter().chain(points.iter().copied()).map(|point| self.pixel(point)).collect();
        let continues = self.bracket.is_some();
        self.figure(false, |builder| {
            if continues {
                for (x, y) in all {
                    builder.line_to(x, y);
                }
            } else {
                lines(builder, &all);
            }
        });
        self.dc.position = points.last().copied().unwrap_or(self.dc.position);
    }

    pub(super) fn polygons(&mut self, polygons: &[Vec<(f32, f32)>]) {
        let pixels: Vec<Vec<_>> =
            polygons.iter().map(|points| points.iter().map(|point| self.pixel(*point)).collect()).collect();
        self.figure(true, |builder| {
            for points in &pixels {
                polygon(builder, points);
            }
        });
    }

    /// `to`: continues from the current position.
    pub(super) fn beziers(&mut self, points: &[(f32, f32)], to: bool) {
        let start = if to { Some(self.dc.position) } else { None };
        let all: Vec<_> =
            start.into_iter().chain(points.iter().copied()).map(|point| self.pixel(point)).collect();
        let continues = to && self.bracket.is_some();
        self.figure(false, |builder| {
            let Some(((x, y), rest)) = all.split_first() else { return };
            if !continues {
                builder.move_to(*x, *y);
            }
            curves(builder, rest);
        });
        if to {
            self.dc.position = points.last().copied().unwrap_or(self.dc.position);
        }
    }

    /// PolyDraw: points with their kinds (2 line, 4 curve, 6 move; 1 closes).
    pub(super) fn poly_draw(&mut self, points: &[(f32, f32)], kinds: &[u8]) {
        let pixels: Vec<_> = points.iter().map(|point| self.pixel(*point)).collect();
        let (sx, sy) = self.pixel(self.dc.position);
        let continues = self.bracket.is_some();
        self.figure(false, |builder| {
            if !continues {
                builder.move_to(sx, sy);
            }
            let mut pending: Vec<(f32, f32)> = Vec::new();
            for ((x, y), kind) in pixels.iter().zip(kinds) {
                match kind & 6 {
                    6 => builder.move_to(*x, *y),
                    2 => builder.line_to(*x, *y),
                    _ => {
                        pending.push((*x, *y));
                        if pending.len() == 3 {
                            curves(builder, &pending);
                            pending.clear();
                        }
                    }
                }
                if kind & 1 == 1 {
                    builder.close();
                }
            }
        });
        self.dc.position = points.last().copied().unwrap_or(self.dc.position);
    }

    pub(super) fn rectangle(&mut self, [left, top, right, bottom]: [f32; 4]) {
        self.polygons(&[vec![(left, top), (right, top), (right, bottom), (left, bottom)]]);
    }

    pub(super) fn round_rectangle(&mut self, [left, top, right, bottom]: [f32; 4], width: f32, height: f32) {
        let (rx, ry) = (width.abs() / 2.0, height.abs() / 2.0);
        let (left, right) = (left.min(right), left.max(right));
        let (top, bottom) = (top.min(bottom), top.max(bottom));
        let (rx, ry) = (rx.min((right - left) / 2.0), ry.min((bottom - top) / 2.0));
        let k = 0.447_715; // one minus the handle of a quarter circle
        let (kx, ky) = (rx * k, ry * k);
        let outline = [
            (left + rx, top),
            (right - rx, top),
            (right - kx, top),
            (right, top + ky),
            (right, top + ry),
            (right, bottom - ry),
            (right, bottom - ky),
            (right - kx, bottom),
            (right - rx, bottom),
            (left + rx, bottom),
            (left + kx, bottom),
            (left, bottom - ky),
            (left, bottom - ry),
            (left, top + ry),
            (left, top + ky),
            (left + kx, top),
            (left + rx, top),
        ]
        .map(|point| self.pixel(point));
        self.figure(true, |builder| {
            let Some(((x, y), rest)) = outline.split_first() else { return };
            builder.move_to(*x, *y);
            for side in rest.chunks(4) {
                if let Some(((x, y), curve)) = side.split_first() {
                    builder.line_to(*x, *y);
                    curves(builder, curve);
                }
            }
            builder.close();
        });
    }

    pub(super) fn ellipse(&mut self, bounds: [f32; 4]) {
        let pixels: Vec<_> =
            arc_points(bounds, 0.0, std::f32::consts::TAU).map(|point| self.pixel(point)).collect();
        self.figure(true, |builder| {
            let Some(((x, y), rest)) = pixels.split_first() else { return };
            builder.move_to(*x, *y);
            curves(builder, rest);
            builder.close();
        });
    }

    /// An arc of the ellipse in `bounds` between the rays through two points.
    pub(super) fn arc(&mut self, bounds: [f32; 4], from: (f32, f32), to: (f32, f32), kind: Arc) {
        let [left, top, right, bottom] = bounds;
        let centre = ((left + right) / 2.0, (top + bottom) / 2.0);
        let radii = (((right - left) / 2.0).abs().max(0.001), ((bottom - top) / 2.0).abs().max(0.001));
        let angle = |(x, y): (f32, f32)| ((y - centre.1) / radii.1).atan2((x - centre.0) / radii.0);
        let (start, end) = (angle(from), angle(to));
        let ctm = self.ctm();
        let mirrored = ctm.sx * ctm.sy - ctm.kx * ctm.ky < 0.0;
        let mut sweep = end - start;
        // Angles grow clockwise on the page as long as it is not mirrored.
        if self.dc.clockwise == mirrored {
            if sweep >= 0.0 {
                sweep -= std::f32::consts::TAU;
            }
        } else if sweep <= 0.0 {
            sweep += std::f32::consts::TAU;
        }
        self.sweep(bounds, start, sweep, kind);
    }

    /// An arc by its angles, in radians, clockwise on the page.
    pub(super) fn sweep(&mut self, bounds: [f32; 4], start: f32, sweep: f32, kind: Arc) {
        let [left, top, right, bottom] = bounds;
        let points: Vec<_> = arc_points(bounds, start, sweep).collect();
        let last = points.last().copied();
        let pixels: Vec<_> = points.into_iter().map(|point| self.pixel(point)).collect();
        let (cx, cy) = self.pixel(((left + right) / 2.0, (top + bottom) / 2.0));
        let (px, py) = self.pixel(self.dc.position);
        let in_bracket = self.bracket.is_some();
        self.figure(matches!(kind, Arc::Chord | Arc::Pie), |builder| {
            let Some(((x, y), rest)) = pixels.split_first() else { return };
            if kind == Arc::To {
                if !in_bracket {
                    builder.move_to(px, py);
                }
                builder.line_to(*x, *y);
            } else {
                builder.move_to(*x, *y);
            }
            curves(builder, rest);
            match kind {
                Arc::Pie => {
                    builder.line_to(cx, cy);
                    builder.close();
                }
                Arc::Chord => builder.close(),
                Arc::Open | Arc::To => {}
            }
        });
        if kind == Arc::To {
            self.dc.position = last.unwrap_or(self.dc.position);
        }
    }

    // Bitmaps.

    /// Draws the part `source` (x, y, width, height) of a bitmap into `dest` by a raster operation.
    pub(super) fn bitmap(&mut self, dib: &Dib, source: [f32; 4], dest: [f32; 4], rop: u32) {
        let [sx, sy, sw, sh] = source;
        let [dx, dy, dw, dh] = dest;
        let Some(pixmap) = pixmap_of(dib, rop, &self.dc) else { return };
        if sw == 0.0 || sh == 0.0 || dw == 0.0 || dh == 0.0 || self.dc.nothing {
            return;
        }
        let whole = sx <= 0.0 && sy <= 0.0 && sw >= dib.width as f32 && sh >= dib.height as f32;
        let place = Transform::from_row(dw / sw, 0.0, 0.0, dh / sh, dx - sx * dw / sw, dy - sy * dh / sh);
        let ctm = self.ctm();
        let clip = if whole {
            None
        } else {
            // Only the wanted part shows.
            let before = self.dc.clip.clone();
            self.clip_rects(&[[dx, dy, dx + dw, dy + dh]], 1, false);
            Some(std::mem::replace(&mut self.dc.clip, before))
        };
        let clip = clip.unwrap_or_else(|| self.dc.clip.clone());
        self.canvas.image(pixmap, place.post_concat(ctm), is_and(rop), clip.as_ref());
    }

    /// A raster operation without a source. `rect` is left, top, right, bottom.
    pub(super) fn pattern_block(&mut self, rect: [f32; 4], rop: u32) {
        let brush = match rop >> 16 & 0xFF {
            0xF0 => self.dc.brush.clone(),
            0x00 => Brush::Solid([0; 3]),
            0xFF => Brush::Solid([255; 3]),
            // PATPAINT's kin and inversions: what they would show depends on what lies under them.
            _ => return,
        };
        self.fill_rects(&[rect], brush);
    }

    // Text.

    pub(super) fn text(&mut self, text: &Text<'_>) {
        if let Some([left, top, right, bottom]) = text.opaque {
            self.fill_rects(&[[left, top, right, bottom]], Brush::Solid(self.dc.back_colour));
        }
        self.texts += 1;
        if text.text.trim().is_empty() || self.dc.nothing {
            return;
        }
        if self.typeface.is_none() || self.texts > MAX_TEXTS {
            self.findings.lost_text = true;
            return;
        }
        let font = self.dc.font.clone();
        let em = match font.height {
            0.0 => 12.0,
            height if height < 0.0 => -height,
            height => height * 0.85,
        };
        let symbolic = font.face.eq_ignore_ascii_case("symbol");
        let translated = if symbolic { from_symbol(text.text) } else { dingbats(text.text, &font.face) };
        let total: f32 = text.widths.iter().flatten().sum();
        let (anchor, shift) = match self.dc.align & 6 {
            6 => (Anchor::Middle, -total / 2.0),
            2 => (Anchor::End, -total),
            _ => (Anchor::Start, 0.0),
        };
        let offsets: Option<Vec<f32>> = text.widths.as_ref().map(|widths| {
            let mut at = shift;
            let place = |width: &f32| {
                let here = at;
                at += width;
                here * EM / em
            };
            widths.iter().map(place).collect()
        });
        let at = if self.dc.align & 1 == 1 { self.dc.position } else { text.at };
        let down = match self.dc.align & 24 {
            24 => 0.0,
            8 => -0.15 * EM,
            _ => 0.86 * EM,
        };
        let place = self.text_place(at, em, font.escapement, down);
        let Some(typeface) = &self.typeface else { return };
        let mut outlines =
            typeface.outlines(&translated, offsets.as_deref(), anchor, (font.bold, font.italic));
        if let Some(line) = offsets.as_ref().and_then(|_| decoration(shift * EM / em, total * EM / em, &font))
        {
            outlines.push((line, Transform::identity()));
        }
        if outlines.is_empty() {
            self.findings.lost_text = true;
        }
        let background = (self.dc.opaque && text.opaque.is_none() && total > 0.0)
            .then(|| box_path(shift * EM / em, (shift + total) * EM / em, -0.86 * EM, 0.18 * EM));
        if let Some(path) = background.flatten().and_then(|path| path.transform(place)) {
            let brush = Brush::Solid(self.dc.back_colour);
            self.canvas.fill(&path, &brush, None, true, self.dc.clip.as_ref());
        }
        let ink = Brush::Solid(self.dc.text_colour);
        for (path, own) in outlines {
            if let Some(path) = path.transform(own.post_concat(place)) {
                match &mut self.bracket {
                    Some(builder) => builder.push_path(&path),
                    None => self.canvas.fill(&path, &ink, None, true, self.dc.clip.as_ref()),
                }
            }
        }
        if self.dc.align & 1 == 1 {
            self.dc.position = (self.dc.position.0 + total, self.dc.position.1);
        }
    }

    /// Maps outlines in units of [`EM`] to pixels. Letters stay upright however the axes are mirrored.
    fn text_place(&self, at: (f32, f32), em: f32, escapement: f32, down: f32) -> Transform {
        let ctm = self.ctm();
        let (x, y) = self.pixel(at);
        let straight = ctm.kx.abs() < 1e-6 && ctm.ky.abs() < 1e-6;
        let linear = if straight {
            Transform::from_row(ctm.sx.abs(), 0.0, 0.0, ctm.sy.abs(), 0.0, 0.0)
        } else {
            Transform::from_row(ctm.sx, ctm.ky, ctm.kx, ctm.sy, 0.0, 0.0)
        };
        let factor = em / EM;
        Transform::from_translate(0.0, down)
            .post_concat(Transform::from_scale(factor, factor))
            .post_concat(Transform::from_rotate(-escapement / 10.0))
            .post_concat(linear)
            .post_translate(x, y)
    }

    /// Text of bytes: decoded by the font's character set, byte-wise widths joined.
    pub(super) fn byte_text(
        &mut self,
        at: (f32, f32),
        bytes: &[u8],
        widths: Option<Vec<f32>>,
        opaque: Option<[f32; 4]>,
    ) {
        let symbolic = self.dc.font.charset == 2;
        let text = if symbolic {
            bytes.iter().map(|byte| char::from(*byte)).collect()
        } else {
            decode(bytes, self.dc.font.charset)
        };
        let widths = widths.map(|widths| {
            let mut rest = widths.into_iter();
            byte_lengths(&text, bytes.len())
                .into_iter()
                .map(|count| rest.by_ref().take(count).sum())
                .collect()
        });
        self.text(&Text { at, text: &text, widths, opaque });
    }
}

/// Bullets of the pictorial typefaces, in characters that other typefaces have.
fn dingbats(text: &str, face: &str) -> String {
    let lower = face.to_ascii_lowercase();
    if !lower.starts_with("wingdings") && !lower.starts_with("webdings") {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match u32::from(c) & 0xFF {
            0x20 => ' ',
            0x6C => '●',
            0x6E | 0xA7 => '■',
            0x71 | 0x6F | 0xA8 => '□',
            0x75 => '◆',
            0xD8 => '➢',
            0xE0 => '→',
            0xFC => '✓',
            0xFB => '✗',
            _ => '•',
        })
        .collect()
}

fn box_path(left: f32, right: f32, top: f32, bottom: f32) -> Option<Path> {
    let mut builder = PathBuilder::new();
    polygon(&mut builder, &[(left, top), (right, top), (right, bottom), (left, bottom)]);
    builder.finish()
}

/// Lines under and through the text.
fn decoration(from: f32, length: f32, font: &super::state::Font) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (wanted, at) in [(font.underline, 0.1 * EM), (font.strike, -0.3 * EM)] {
        if wanted {
            let (to, below) = (from + length, at + 0.05 * EM);
            polygon(&mut builder, &[(from, at), (to, at), (to, below), (from, below)]);
        }
    }
    builder.finish()
}

fn is_and(rop: u32) -> bool {
    rop >> 16 & 0xFF == 0x88
}

/// The bitmap as what its raster operation leaves of it: masks become transparency.
fn pixmap_of(dib: &Dib, rop: u32, dc: &Dc) -> Option<Pixmap> {
    let mut pixmap = Pixmap::new(dib.width, dib.height)?;
    let operation = rop >> 16 & 0xFF;
    if operation == 0xAA {
        return None;
    }
    for (target, source) in
        pixmap.data_mut().as_chunks_mut::<4>().0.iter_mut().zip(dib.rgba.as_chunks::<4>().0)
    {
        let [r, g, b, a] = *source;
        let (r, g, b) = if operation == 0x33 { (255 - r, 255 - g, 255 - b) } else { (r, g, b) };
        let colour = match operation {
            // SRCAND: white leaves what is there.
            0x88 if (r, g, b) == (255, 255, 255) => [0; 4],
            // SRCPAINT, SRCINVERT: black leaves what is there.
            0xEE | 0x66 if (r, g, b) == (0, 0, 0) => [0; 4],
            // A mask through which the brush is seen.
            0xB8 | 0xE2 if dib.mono => match (&dc.brush, (r == 0) == (operation == 0xB8)) {
                (Brush::Solid([r, g, b]), true) => [*r, *g, *b, 255],
                _ => [0; 4],
            },
            _ if dib.premultiplied && dib.alpha => [r.min(a), g.min(a), b.min(a), a],
            _ => {
                let alpha = if dib.alpha { a } else { 255 };
                let mix = |value: u8| u8::try_from(u16::from(value) * u16::from(alpha) / 255).unwrap_or(255);
                [mix(r), mix(g), mix(b), alpha]
            }
        };
        *target = colour;
    }
    Some(pixmap)
}

fn lines(builder: &mut PathBuilder, points: &[(f32, f32)]) {
    if let Some(((x, y), rest)) = points.split_first() {
        builder.move_to(*x, *y);
        for (x, y) in rest {
            builder.line_to(*x, *y);
        }
    }
}

fn polygon(builder: &mut PathBuilder, points: &[(f32, f32)]) {
    lines(builder, points);
    builder.close();
}

/// Cubic curves of three points each.
fn curves(builder: &mut PathBuilder, points: &[(f32, f32)]) {
    for curve in points.chunks_exact(3) {
        if let [(x1, y1), (x2, y2), (x, y)] = *curve {
            builder.cubic_to(x1, y1, x2, y2, x, y);
        }
    }
}

/// The start and the curves of an elliptic arc, a quarter at most each.
fn arc_points(
    [left, top, right, bottom]: [f32; 4],
    start: f32,
    sweep: f32,
) -> impl Iterator<Item = (f32, f32)> {
    let (cx, cy) = ((left + right) / 2.0, (top + bottom) / 2.0);
    let (rx, ry) = (((right - left) / 2.0).abs(), ((bottom - top) / 2.0).abs());
    let pieces = ((sweep.abs() / std::f32::consts::FRAC_PI_2).ceil() as u32).clamp(1, 4);
    let step = sweep / pieces as f32;
    let handle = 4.0 / 3.0 * (step / 4.0).tan();
    let at = move |angle: f32, out: f32| {
        let (sin, cos) = angle.sin_cos();
        (cx + rx * (cos - out * sin), cy + ry * (sin + out * cos))
    };
    std::iter::once(at(start, 0.0)).chain((0..pieces).flat_map(move |piece| {
        let from = start + step * piece as f32;
        let to = from + step;
        [at(from, handle), at(to, -handle), at(to, 0.0)]
    }))
}
