//! The pixels that a metafile is drawn on: paths and bitmaps in pixel coordinates, under a budget of work.

use std::rc::Rc;

use resvg::tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, LineCap, LineJoin, Mask, Paint, Path, Pattern, Pixmap,
    PixmapPaint, PixmapRef, Rect, Shader, SpreadMode, Stroke, StrokeDash, Transform,
};

use super::state::{Brush, Pen};

/// Pixels that all records together may touch. A full page is 9 million at most; a busy drawing touches ten of them.
const WORK: u64 = 1_500_000_000;

/// Beyond this a coordinate is an error or an attack.
pub(super) const FAR: f32 = 100_000.0;

pub(super) struct Canvas {
    pixmap: Pixmap,
    work: u64,
    /// Something was painted.
    pub(super) drawn: bool,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        Some(Self { pixmap: Pixmap::new(width, height)?, work: WORK, drawn: false })
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (self.pixmap.width(), self.pixmap.height())
    }

    /// The work is used up; the rest of the records is not drawn.
    pub(super) fn exhausted(&self) -> bool {
        self.work == 0
    }

    /// Straight (not premultiplied) RGBA.
    pub(super) fn into_rgba(self) -> Vec<u8> {
        self.pixmap.take_demultiplied()
    }

    fn charge(&mut self, bounds: Rect, complexity: usize) -> bool {
        let (width, height) = (self.pixmap.width() as f32, self.pixmap.height() as f32);
        let across = bounds.right().min(width) - bounds.left().max(0.0);
        let down = bounds.bottom().min(height) - bounds.top().max(0.0);
        let area = if across > 0.0 && down > 0.0 { (across * down) as u64 } else { 0 };
        let cost = area.saturating_add(complexity as u64 * 64).saturating_add(256);
        self.work = self.work.saturating_sub(cost);
        self.work > 0
    }

    pub(super) fn fill(
        &mut self,
        path: &Path,
        brush: &Brush,
        back: Option<[u8; 3]>,
        winding: bool,
        clip: Clip<'_>,
    ) {
        if !self.charge(path.bounds(), path.len()) {
            return;
        }
        let rule = if winding { FillRule::Winding } else { FillRule::EvenOdd };
        let tile;
        let shader = match brush {
            Brush::None => return,
            Brush::Solid(colour) => Shader::SolidColor(color(*colour, 255)),
            Brush::Hatch(style, colour) => match hatch(*style, *colour, back) {
                Some(pixmap) => {
                    tile = pixmap;
                    repeated(tile.as_ref())
                }
                None => Shader::SolidColor(color(*colour, 255)),
            },
            Brush::Pattern(pixmap) => repeated(pixmap.as_ref().as_ref()),
        };
        let paint = Paint { shader, anti_alias: true, ..Paint::default() };
        self.pixmap.fill_path(path, &paint, rule, Transform::identity(), clip.map(Rc::as_ref));
        self.drawn = true;
    }

    /// `scale` is pixels a logical unit.
    pub(super) fn stroke(&mut self, path: &Path, pen: &Pen, scale: f32, miter: f32, clip: Clip<'_>) {
        if !pen.visible {
            return;
        }
        let width = (pen.width * scale).clamp(1.0, 10_000.0);
        let bounds = path.bounds().outset(width, width).unwrap_or_else(|| path.bounds());
        if !self.charge(bounds, path.len().saturating_mul(8)) {
            return;
        }
        let lengths: Vec<f32> = pen.dashes.iter().map(|dash| (dash * width).max(0.5)).collect();
        let period: f32 = lengths.iter().sum();
        let many = (bounds.width() + bounds.height()) * path.len() as f32 > period * 100_000.0;
        let stroke = Stroke {
            width,
            miter_limit: miter.clamp(1.0, 100.0),
            line_cap: match pen.cap {
                1 => LineCap::Square,
                2 => LineCap::Butt,
                // Round ends would close the gaps of a dashed line.
                _ if !pen.dashes.is_empty() => LineCap::Butt,
                _ => LineCap::Round,
            },
            line_join: match pen.join {
                1 => LineJoin::Bevel,
                2 => LineJoin::Miter,
                _ => LineJoin::Round,
            },
            dash: if many { None } else { StrokeDash::new(lengths, 0.0) },
        };
        let paint = Paint { shader: Shader::SolidColor(color(pen.colour, 255)), ..Paint::default() };
        self.pixmap.stroke_path(path, &paint, &stroke, Transform::identity(), clip.map(Rc::as_ref));
        self.drawn = true;
    }

    /// Draws a bitmap; `place` maps its pixels to the canvas.
    pub(super) fn image(&mut self, image: Pixmap, place: Transform, multiply: bool, clip: Clip<'_>) {
        let whole = Rect::from_xywh(0.0, 0.0, image.width() as f32, image.height() as f32);
        let Some(bounds) = whole.and_then(|rect| rect.transform(place)) else { return };
        if bounds.left().abs() > FAR
            || bounds.right().abs() > FAR
            || bounds.top().abs() > FAR
            || bounds.bottom().abs() > FAR
        {
            return;
        }
        if !self.charge(bounds, 0) {
            return;
        }
        let (image, place) = reduced(image, place);
        let (across, down) = place.get_scale();
        let exact = (across - 1.0).abs() < 0.001 && (down - 1.0).abs() < 0.001;
        let large = across > 3.0 && down > 3.0;
        let paint = PixmapPaint {
            opacity: 1.0,
            blend_mode: if multiply { BlendMode::Multiply } else { BlendMode::SourceOver },
            quality: if exact || large { FilterQuality::Nearest } else { FilterQuality::Bilinear },
        };
        self.pixmap.draw_pixmap(0, 0, image.as_ref(), &paint, place, clip.map(Rc::as_ref));
        self.drawn = true;
    }

    /// The clip that `path` makes of the one that is (`exclude`: what lies outside the path).
    pub(super) fn clip(
        &mut self,
        path: &Path,
        winding: bool,
        old: Clip<'_>,
        exclude: bool,
    ) -> Option<Rc<Mask>> {
        let (width, height) = self.size();
        // A mask costs its bytes once, a quarter of a painted pixel.
        self.work = self.work.saturating_sub(u64::from(width) * u64::from(height) / 4 + 256);
        if self.work == 0 {
            return old.cloned();
        }
        let bounds = path.bounds();
        let covers = bounds.left() <= 0.0
            && bounds.top() <= 0.0
            && bounds.right() >= width as f32
            && bounds.bottom() >= height as f32;
        if covers && path.len() <= 6 && !exclude {
            return old.cloned();
        }
        let rule = if winding { FillRule::Winding } else { FillRule::EvenOdd };
        let mut mask = Mask::new(width, height)?;
        mask.fill_path(path, rule, true, Transform::identity());
        if exclude {
            mask.invert();
        }
        if let Some(old) = old {
            for (new, old) in mask.data_mut().iter_mut().zip(old.data()) {
                *new = (*new).min(*old);
            }
        }
        Some(Rc::new(mask))
    }

    /// The clip that lets nothing through.
    pub(super) fn closed(&mut self) -> Option<Rc<Mask>> {
        let (width, height) = self.size();
        Mask::new(width, height).map(Rc::new)
    }
}

/// The clip in force; none is the whole canvas.
pub(super) type Clip<'a> = Option<&'a Rc<Mask>>;

fn color([r, g, b]: [u8; 3], alpha: u8) -> Color {
    Color::from_rgba8(r, g, b, alpha)
}

fn repeated(tile: PixmapRef<'_>) -> Shader<'_> {
    Pattern::new(tile, SpreadMode::Repeat, FilterQuality::Nearest, 1.0, Transform::identity())
}

/// HatchStyle ([MS-WMF] 2.1.1.12) as a tile of twelve pixels.
fn hatch(style: u32, colour: [u8; 3], back: Option<[u8; 3]>) -> Option<Pixmap> {
    const SIDE: u32 = 12;
    let mut tile = Pixmap::new(SIDE, SIDE)?;
    if let Some(back) = back {
        tile.fill(color(back, 255));
    }
    let ink = color(colour, 255).premultiply().to_color_u8();
    for (index, pixel) in (0_u32..).zip(tile.pixels_mut()) {
        let (x, y) = (index % SIDE, index / SIDE);
        let falling = x == y;
        let rising = x + y == SIDE - 1;
        let on = match style {
            0 => y == SIDE / 2,
            1 => x == SIDE / 2,
            2 => falling,
            3 => rising,
            4 => x == SIDE / 2 || y == SIDE / 2,
            5 => falling || rising,
            _ => return None,
        };
        if on {
            *pixel = ink;
        }
    }
    Some(tile)
}

/// A bitmap that is shown much smaller than it is, averaged down first so that its lines don't break up.
fn reduced(image: Pixmap, place: Transform) -> (Pixmap, Transform) {
    let (across, down) = place.get_scale();
    let factor = |scale: f32| if scale > 0.0 { ((1.0 / scale).floor() as u32).clamp(1, 64) } else { 1 };
    let (fx, fy) = (factor(across).min(image.width()), factor(down).min(image.height()));
    if fx < 2 && fy < 2 {
        return (image, place);
    }
    let (width, height) = (image.width().div_ceil(fx), image.height().div_ceil(fy));
    let Some(mut small) = Pixmap::new(width, height) else { return (image, place) };
    let row = image.width() as usize * 4;
    for (y, target) in small.data_mut().chunks_exact_mut(width as usize * 4).enumerate() {
        let top = y * fy as usize;
        for (x, pixel) in target.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let mut sums = [0_u32; 4];
            let mut count = 0_u32;
            for line in image.data().chunks_exact(row).skip(top).take(fy as usize) {
                for source in line.as_chunks::<4>().0.iter().skip(x * fx as usize).take(fx as usize) {
                    for (sum, value) in sums.iter_mut().zip(source) {
                        *sum += u32::from(*value);
                    }
                    count += 1;
                }
            }
            *pixel = sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(255));
        }
    }
    (small, place.pre_scale(fx as f32, fy as f32))
}
