//! A presentation as it was understood, before it is written.

use crate::workbook::Picture;

/// Everything that is carried over.
#[derive(Debug, Default)]
pub(super) struct Deck {
    /// Width and height of slides in English metric units.
    pub(super) size: (i64, i64),
    pub(super) masters: Vec<Master>,
    pub(super) slides: Vec<Slide>,
    pub(super) pictures: Vec<Picture>,
}

/// What slides stand on.
#[derive(Debug, Default)]
pub(super) struct Master {
    pub(super) shapes: Vec<Shape>,
    pub(super) background: Option<u32>,
    pub(super) scheme: [u32; 8],
}

/// A slide.
#[derive(Debug, Default)]
pub(super) struct Slide {
    pub(super) master: usize,
    pub(super) shapes: Vec<Shape>,
    pub(super) background: Option<u32>,
    pub(super) shows_master: bool,
    pub(super) hidden: bool,
    pub(super) notes: Vec<Paragraph>,
}

/// What a placeholder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Body,
}

/// A shape with its place on the slide.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// Left, top, width, height in English metric units.
    pub(super) frame: (i64, i64, i64, i64),
    /// In 60000ths of a degree.
    pub(super) rotation: i64,
    pub(super) flip_across: bool,
    pub(super) flip_down: bool,
    pub(super) geometry: &'static str,
    pub(super) fill: Option<u32>,
    /// Colour and width.
    pub(super) line: Option<(u32, u32)>,
    pub(super) picture: Option<usize>,
    pub(super) role: Option<Role>,
    pub(super) link: Option<Link>,
    pub(super) paragraphs: Vec<Paragraph>,
    pub(super) vertical: bool,
    /// 0 top, 1 middle, 2 bottom.
    pub(super) stand: u32,
    pub(super) no_wrap: bool,
}

/// Where a click leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    Address(String),
    Jump(&'static str),
}

/// A paragraph.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Paragraph {
    pub(super) level: u16,
    /// 0 left, 1 middle, 2 right, 3 justified, 4 distributed.
    pub(super) align: u16,
    pub(super) bullet: Option<char>,
    /// Above zero per cent, below zero 576ths of an inch.
    pub(super) line_spacing: Option<i16>,
    pub(super) space_before: Option<i16>,
    /// Where lines begin, and where the first one does, in English metric units.
    pub(super) margin: Option<(i64, i64)>,
    pub(super) runs: Vec<Run>,
}

/// Characters that look alike.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Run {
    pub(super) text: String,
    /// In points.
    pub(super) size: u16,
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
    pub(super) colour: Option<u32>,
    pub(super) font: Option<String>,
    pub(super) asian_font: Option<String>,
    /// Per cent above or below the line.
    pub(super) raised: i16,
    pub(super) link: Option<Link>,
}
