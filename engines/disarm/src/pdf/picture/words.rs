//! The words of a page where they stand, as invisible text (text rendering mode 3).
//!
//! The interpreter that draws the page also tells each glyph's text and place, so the layer lies where the pixels
//! are. Characters that steer a reader's display are left out; text that no character map explains has no word here.

use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Context as Interpreter, Device, DrawMode, DrawProps, Image, ImageDrawProps,
        InterpreterCache, InterpreterSettings, SoftMask,
        font::{Glyph, GlyphRun, PositionedGlyph},
        hayro_cmap::{BfString, WritingMode},
        interpret_page,
        util::TransformExt,
    },
    hayro_syntax::page::Page,
    kurbo::{Affine, BezPath, Point, Rect, Vec2},
};

use super::{
    super::write::{write_number, write_string},
    glyphless::{ACROSS, DOWN, Font},
};

/// Widths are kept to this many thousandths, so that one letter needs few codes.
const WIDTH_STEP: f64 = 5.0;

/// Shown glyphs of one page; the densest real pages have some twenty thousand.
const MOST_GLYPHS: usize = 400_000;

/// What pages share while their words are read.
#[derive(Default)]
pub(super) struct Words<'a> {
    cache: InterpreterCache<'a>,
}

/// The drawing operators of a page's words, in the space of the page as it is seen.
pub(super) fn read_words<'a>(
    page: &'a Page<'a>,
    words: &mut Words<'a>,
    settings: &InterpreterSettings,
    font: &mut Font,
) -> Vec<u8> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let upright = Affine::new([1.0, 0.0, 0.0, -1.0, 0.0, height]);
    let seen = Rect::new(0.0, 0.0, width, height);
    let mut context = Interpreter::new(
        upright * page.initial_transform(true).to_kurbo(),
        seen,
        &words.cache,
        page.xref(),
        settings.clone(),
    );
    let mut scribe = Scribe { font, seen, runs: Vec::new(), last: None, glyphs: 0 };
    interpret_page(page, &mut context, &mut scribe);
    if scribe.runs.is_empty() {
        return Vec::new();
    }
    [b"BT\n3 Tr\n".as_slice(), &scribe.runs, b"ET\n"].concat()
}

struct Scribe<'f> {
    font: &'f mut Font,
    seen: Rect,
    runs: Vec<u8>,
    /// Where the run before began, and how many glyphs it had: filled and stroked text comes twice.
    last: Option<([f64; 6], usize)>,
    glyphs: usize,
}

/// A glyph's text, place and width along its line.
struct Letter {
    text: String,
    origin: Point,
    width: Option<f64>,
}

impl<'a> Device<'a> for Scribe<'_> {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        let glyphs = run.glyphs();
        let Some(first) = glyphs.first() else { return };
        let whole = props.transform * first.transform();
        let key = (whole.as_coeffs(), glyphs.len());
        if self.last.replace(key) == Some(key) {
            return;
        }
        self.glyphs = self.glyphs.saturating_add(glyphs.len());
        if self.glyphs > MOST_GLYPHS {
            return;
        }
        let down = run.writing_mode() == WritingMode::Vertical;
        let Some(frame) = Frame::of(whole) else { return };
        let letters: Vec<Letter> =
            glyphs.iter().map(|glyph| letter(glyph, props.transform, &frame)).collect();
        self.write(&frame, &letters, down);
    }
}

/// The size of a run's letters and the directions of its line.
struct Frame {
    size: f64,
    along: Vec2,
    up: Vec2,
    stretch: f64,
}

impl Frame {
    fn of(glyph: Affine) -> Option<Self> {
        let [a, b, c, d, e, f] = glyph.as_coeffs();
        if ![a, b, c, d, e, f].iter().all(|number| number.is_finite() && number.abs() < 1e6) {
            return None;
        }
        let (along, up) = (Vec2::new(a, b) * 1000.0, Vec2::new(c, d) * 1000.0);
        let size = up.hypot();
        if size < 0.05 || along.hypot() < 0.05 || size > 20_000.0 {
            return None;
        }
        Some(Self { size, along: along / along.hypot(), up: up / size, stretch: along.hypot() / size })
    }
}

fn letter(glyph: &PositionedGlyph<'_>, outer: Affine, frame: &Frame) -> Letter {
    let text = match glyph.as_unicode() {
        Some(BfString::Char(character)) => character.to_string(),
        Some(BfString::String(text)) => text,
        None => String::new(),
    };
    let text: String = text.chars().filter(|character| shows(*character)).take(16).collect();
    let width = match &**glyph {
        Glyph::Outline(outline) => outline.advance_width().map(|width| f64::from(width) * frame.stretch),
        // The units of a Type 3 font are its own.
        Glyph::Type3(_) => None,
    };
    Letter { text, origin: outer * glyph.transform() * Point::ORIGIN, width }
}

/// Neither a control nor a mark that changes the direction of what follows.
fn shows(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFFD}' | '\u{FFFE}' | '\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}')
}

impl Scribe<'_> {
    fn write(&mut self, frame: &Frame, letters: &[Letter], down: bool) {
        let mut line = Vec::new();
        let mut codes = Vec::new();
        // The pen's way since the last letter, in thousandths of the size.
        let mut pen: Option<Point> = None;
        for (index, letter) in letters.iter().enumerate() {
            if letter.text.is_empty() || !self.seen.inflate(frame.size, frame.size).contains(letter.origin) {
                continue;
            }
            let next = letters.get(index + 1).map(|next| next.origin - letter.origin);
            let step = next.map(|way| way.dot(frame.along) / frame.size * 1000.0);
            let width = match (letter.width, step) {
                (Some(width), _) => width,
                (None, Some(step)) if !down && step > 0.0 => step,
                _ => 500.0,
            };
            let width = ((width / WIDTH_STEP).round() * WIDTH_STEP).clamp(0.0, 4000.0);
            let Some(code) = self.font.code(&letter.text, width as u16) else { continue };
            // Vertical writing places the middle of a letter's top, horizontal writing the start of its baseline.
            let origin = if down {
                letter.origin + frame.along * (frame.size * width / 2000.0) + frame.up * (frame.size * 0.88)
            } else {
                letter.origin
            };
            match pen {
                None => {
                    line = start(frame, origin, down);
                }
                Some(pen) => {
                    let way = origin - pen;
                    let gap = way.dot(if down { frame.up } else { frame.along }) / frame.size * 1000.0;
                    let aside = way.dot(if down { frame.along } else { frame.up }).abs() / frame.size;
                    if aside > 0.05 || gap.abs() > 30_000.0 {
                        self.flush(&mut line, &mut codes);
                        line = start(frame, origin, down);
                    } else if gap.abs() >= 3.0 {
                        if !codes.is_empty() {
                            write_string(&mut line, &codes);
                            line.push(b' ');
                            codes.clear();
                        }
                        write_number(&mut line, -gap.round());
                        line.push(b' ');
                    }
                }
            }
            codes.extend_from_slice(&code.to_be_bytes());
            let advance = if down { frame.up * -1000.0 } else { frame.along * width };
            pen = Some(origin + advance * (frame.size / 1000.0));
        }
        self.flush(&mut line, &mut codes);
    }

    fn flush(&mut self, line: &mut Vec<u8>, codes: &mut Vec<u8>) {
        if line.is_empty() {
            return;
        }
        self.runs.append(line);
        if !codes.is_empty() {
            write_string(&mut self.runs, codes);
            codes.clear();
        }
        self.runs.extend_from_slice(b"] TJ\n");
    }
}

/// The operators up to the first string of a run.
fn start(frame: &Frame, origin: Point, down: bool) -> Vec<u8> {
    let mut line = format!("/{} 1 Tf\n", if down { DOWN } else { ACROSS }).into_bytes();
    let (along, up) = (frame.along * frame.size, frame.up * frame.size);
    for number in [along.x, along.y, up.x, up.y, origin.x, origin.y] {
        write_number(&mut line, (number * 1000.0).round() / 1000.0);
        line.push(b' ');
    }
    line.extend_from_slice(b"Tm\n[");
    line
}
