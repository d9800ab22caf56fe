//! What groups save and restore, and what destinations there are.

use std::rc::Rc;

use crate::flow::{ParagraphProps, RunProps};

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dest {
    /// Paragraphs of the innermost story.
    Text,
    /// Nowhere.
    Skip,
    Fonts,
    Colors,
    Styles,
    Lists,
    LevelText,
    Overrides,
    Picture,
    /// The instruction of the innermost field.
    Instruction,
    /// Inside an object but outside its result.
    Object,
    ObjectClass,
    /// Inside a shape but outside its text.
    Shape,
    /// The number of a paragraph as a reader without lists would show it.
    NumberText,
    BookmarkStart,
    BookmarkEnd,
    /// `\upr` gives a text twice; the second one counts.
    Twice,
}

/// Which font the next word `\f` or `\af` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mode {
    #[default]
    Plain,
    Low,
    High,
    Double,
}

/// The look of text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RunState {
    pub(super) props: RunProps,
    pub(super) font: Option<i32>,
    pub(super) high: Option<i32>,
    pub(super) double: Option<i32>,
    pub(super) mode: Mode,
    /// Number of the character style.
    pub(super) style: Option<i32>,
    /// Deleted, with changes recorded.
    pub(super) deleted: bool,
}

/// The look of a paragraph and its place in tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ParState {
    pub(super) props: ParagraphProps,
    /// Number of the style.
    pub(super) style: i32,
    pub(super) in_table: bool,
    pub(super) level: Option<i32>,
    pub(super) list: Option<i32>,
    pub(super) list_level: u8,
    pub(super) line: Option<i32>,
    pub(super) line_is_multiple: bool,
    pub(super) leader: Option<&'static str>,
    pub(super) tab_kind: Option<&'static str>,
    pub(super) pattern: i32,
    pub(super) has_pattern: bool,
}

/// What a group saves.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) dest: Dest,
    pub(super) run: Rc<RunState>,
    pub(super) par: Rc<ParState>,
    /// Characters that stand for a Unicode one in old readers.
    pub(super) uc: u16,
    /// Inside the description of a row of an inner table.
    pub(super) nested: bool,
}

/// What happens where a group ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    Nothing,
    Font,
    Style,
    Level,
    Picture {
        of_shape: bool,
    },
    Field,
    Instruction,
    Object,
    Shape,
    /// A header or footer: is it a footer, and its place.
    Margin(bool, usize),
    Note,
    TextBox,
    Bookmark,
}

/// A group that is open.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) saved: State,
    pub(super) close: Close,
    /// `\*` was read: the next word names a destination that may be skipped.
    pub(super) star: bool,
    /// The next word may name a destination.
    pub(super) fresh: bool,
}

/// What the words of borders are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    None,
    Text,
    Paragraph(usize),
    Box,
    Cell(usize),
    Row(usize),
}

/// A picture that is being read.
#[derive(Debug, Default)]
pub(super) struct PictureState {
    pub(super) data: Vec<u8>,
    pub(super) half: Option<u8>,
    /// A bitmap without its file header.
    pub(super) is_bitmap: bool,
    pub(super) size: (i32, i32),
    pub(super) goal: (i32, i32),
    pub(super) scale: (i32, i32),
    pub(super) crop: (i32, i32),
}
