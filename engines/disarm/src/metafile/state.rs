//! What a record can change about the drawing: pens, brushes, fonts, colours, the coordinate systems, the clip.

use std::rc::Rc;

use resvg::tiny_skia::{Mask, Pixmap, Transform};

/// A logical pen.
#[derive(Clone)]
pub(super) struct Pen {
    pub(super) visible: bool,
    /// Logical units; zero is one pixel.
    pub(super) width: f32,
    pub(super) colour: [u8; 3],
    /// PS_ENDCAP: 0 round, 1 square, 2 flat.
    pub(super) cap: u32,
    /// PS_JOIN: 0 round, 1 bevel, 2 mitre.
    pub(super) join: u32,
    /// Lengths of dashes and gaps in widths of the pen; empty is a full line.
    pub(super) dashes: Vec<f32>,
}

impl Pen {
    /// From a PenStyle word, a width and a colour.
    pub(super) fn new(style: u32, width: f32, colour: [u8; 3]) -> Self {
        let dashes: &[f32] = match style & 0xF {
            1 => &[3.0, 1.0],
            2 => &[1.0, 1.0],
            3 => &[3.0, 1.0, 1.0, 1.0],
            4 => &[3.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            _ => &[],
        };
        Self {
            visible: style & 0xF != 5,
            width: width.abs(),
            colour,
            cap: style >> 8 & 0xF,
            join: style >> 12 & 0xF,
            dashes: dashes.to_vec(),
        }
    }
}

/// A logical brush.
#[derive(Clone)]
pub(super) enum Brush {
    None,
    Solid([u8; 3]),
    /// HatchStyle and its colour.
    Hatch(u32, [u8; 3]),
    Pattern(Rc<Pixmap>),
}

impl Brush {
    /// From a BrushStyle, a colour and a HatchStyle.
    pub(super) fn new(style: u32, colour: [u8; 3], hatch: u32) -> Self {
        match style {
            1 => Self::None,
            2 => Self::Hatch(hatch, colour),
            _ => Self::Solid(colour),
        }
    }
}

/// A logical font; only what changes the look with one typeface.
#[derive(Clone)]
pub(super) struct Font {
    /// Logical units; negative is the em, positive the cell.
    pub(super) height: f32,
    /// Tenths of a degree, counter-clockwise.
    pub(super) escapement: f32,
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
    pub(super) strike: bool,
    pub(super) charset: u8,
    pub(super) face: String,
}

impl Default for Font {
    fn default() -> Self {
        Self {
            height: 0.0,
            escapement: 0.0,
            bold: false,
            italic: false,
            underline: false,
            strike: false,
            charset: 1,
            face: String::new(),
        }
    }
}

/// What a handle can stand for.
#[derive(Clone)]
pub(super) enum Object {
    Pen(Pen),
    Brush(Brush),
    Font(Font),
    /// Palettes and regions: the handle is taken, nothing is drawn with it.
    Other,
}

/// A stock object ([MS-WMF] 2.1.1: StockObject).
pub(super) fn stock(index: u32) -> Option<Object> {
    let solid = |grey: u8| Object::Brush(Brush::Solid([grey; 3]));
    Some(match index {
        0 => solid(255),
        1 => solid(192),
        2 => solid(128),
        3 => solid(64),
        4 => solid(0),
        5 => Object::Brush(Brush::None),
        6 => Object::Pen(Pen::new(0, 0.0, [255; 3])),
        7 => Object::Pen(Pen::new(0, 0.0, [0; 3])),
        8 => Object::Pen(Pen::new(5, 0.0, [0; 3])),
        10..=17 => Object::Font(Font::default()),
        18 => solid(255),
        19 => Object::Pen(Pen::new(0, 0.0, [0; 3])),
        _ => return None,
    })
}

/// The device context.
#[derive(Clone)]
pub(super) struct Dc {
    pub(super) pen: Pen,
    pub(super) brush: Brush,
    pub(super) font: Font,
    pub(super) text_colour: [u8; 3],
    pub(super) back_colour: [u8; 3],
    pub(super) opaque: bool,
    pub(super) align: u32,
    pub(super) winding: bool,
    /// R2_NOP: nothing that is drawn shows.
    pub(super) nothing: bool,
    pub(super) miter: f32,
    pub(super) clockwise: bool,
    pub(super) position: (f32, f32),
    pub(super) world: Transform,
    pub(super) map_mode: u32,
    pub(super) window_origin: (f32, f32),
    pub(super) window: (f32, f32),
    pub(super) viewport_origin: (f32, f32),
    pub(super) viewport: (f32, f32),
    pub(super) clip: Option<Rc<Mask>>,
}

impl Default for Dc {
    fn default() -> Self {
        Self {
            pen: Pen::new(0, 0.0, [0; 3]),
            brush: Brush::Solid([255; 3]),
            font: Font::default(),
            text_colour: [0; 3],
            back_colour: [255; 3],
            opaque: true,
            align: 0,
            winding: false,
            nothing: false,
            miter: 10.0,
            clockwise: false,
            position: (0.0, 0.0),
            world: Transform::identity(),
            map_mode: 1,
            window_origin: (0.0, 0.0),
            window: (1.0, 1.0),
            viewport_origin: (0.0, 0.0),
            viewport: (1.0, 1.0),
            clip: None,
        }
    }
}

impl Dc {
    /// From logical units to the units of the device; `per_mm` are the device's.
    pub(super) fn to_device(&self, per_mm: (f32, f32)) -> Transform {
        let (sx, sy) = match self.map_mode {
            // Units of 0.1 mm, 0.01 mm, 0.01 inch, 0.001 inch, 1/1440 inch, upwards.
            2 => (per_mm.0 * 0.1, -per_mm.1 * 0.1),
            3 => (per_mm.0 * 0.01, -per_mm.1 * 0.01),
            4 => (per_mm.0 * 0.254, -per_mm.1 * 0.254),
            5 => (per_mm.0 * 0.0254, -per_mm.1 * 0.0254),
            6 => (per_mm.0 * 25.4 / 1440.0, -per_mm.1 * 25.4 / 1440.0),
            7 | 8 => {
                let ratio = |to: f32, from: f32| if from == 0.0 { 1.0 } else { to / from };
                let x = ratio(self.viewport.0, self.window.0);
                let y = ratio(self.viewport.1, self.window.1);
                if self.map_mode == 7 {
                    let least = x.abs().min(y.abs());
                    (least.copysign(x), least.copysign(y))
                } else {
                    (x, y)
                }
            }
            _ => (1.0, 1.0),
        };
        let page = Transform::from_row(
            sx,
            0.0,
            0.0,
            sy,
            self.viewport_origin.0 - self.window_origin.0 * sx,
            self.viewport_origin.1 - self.window_origin.1 * sy,
        );
        self.world.post_concat(page)
    }
}
