//! A text document as a flow of paragraphs, tables and pictures: what readers of old word processor formats fill in
//! and one writer turns into a plain DOCX package.
//!
//! The model holds values only, never bytes of the input except those of pictures, and what it writes is no output
//! yet: [`rebuild`] passes the package through the room of Office Open XML, whose positive list decides on fields and
//! links and writes every picture anew. So a reader can pass on instructions of fields and encoded pictures as they
//! stand, and nothing that a reader overlooks can cross.

mod body;
mod charset;
mod package;
mod properties;
pub(crate) mod story;
#[cfg(test)]
mod tests;

use std::rc::Rc;

pub(crate) use charset::Charset;
pub(crate) use properties::{
    Align, Border, LineRule, ParagraphProps, RunProps, Shade, Sides, Tab, Underline, Vertical, color_name,
};
pub(crate) use story::{CellState, RowState};

use crate::{Format, Refusal, TextPiece, context::Context};

/// A whole document. Lengths are twentieths of a point (twips) unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Document {
    /// What holds where neither style nor text says anything.
    pub(crate) default_run: RunProps,
    /// The same for paragraphs.
    pub(crate) default_paragraph: ParagraphProps,
    pub(crate) styles: Vec<Style>,
    pub(crate) lists: Vec<List>,
    /// Uses of lists: paragraphs refer to these.
    pub(crate) numbers: Vec<Number>,
    pub(crate) sections: Vec<Section>,
    pub(crate) footnotes: Vec<Vec<Block>>,
    pub(crate) endnotes: Vec<Vec<Block>>,
    /// Left and right pages have headers of their own.
    pub(crate) even_and_odd: bool,
    pub(crate) mirror_margins: bool,
    pub(crate) default_tab: Option<i32>,
}

/// A named style.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Style {
    pub(crate) name: String,
    pub(crate) kind: StyleKind,
    /// Index of the style that this one builds on.
    pub(crate) based_on: Option<usize>,
    /// Index of the style of the paragraph that follows.
    pub(crate) next: Option<usize>,
    pub(crate) is_default: bool,
    pub(crate) run: RunProps,
    pub(crate) paragraph: ParagraphProps,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum StyleKind {
    #[default]
    Paragraph,
    Character,
}

/// A scheme of numbering.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct List {
    /// Up to nine.
    pub(crate) levels: Vec<Level>,
}

/// A level of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Level {
    pub(crate) start: i32,
    /// The number format by its code of the binary formats ([MS-OSHARED] 2.2.1.3).
    pub(crate) format: u8,
    /// The text, levels as `%1` to `%9`.
    pub(crate) text: String,
    /// 0 left, 1 centre, 2 right.
    pub(crate) align: u8,
    /// 0 tab, 1 space, 2 nothing.
    pub(crate) follow: u8,
    /// Numbers of the levels above are written as arabic ones.
    pub(crate) legal: bool,
    pub(crate) run: RunProps,
    pub(crate) paragraph: ParagraphProps,
}

/// A use of a list, with levels that start elsewhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Number {
    pub(crate) list: usize,
    /// Level and its start.
    pub(crate) starts: Vec<(u8, i32)>,
}

/// Pages of one shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    pub(crate) page: Page,
    /// Default, first page, even pages.
    pub(crate) headers: [Option<Vec<Block>>; 3],
    pub(crate) footers: [Option<Vec<Block>>; 3],
    pub(crate) blocks: Vec<Block>,
}

/// The shape of a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) landscape: bool,
    pub(crate) top: i32,
    pub(crate) bottom: i32,
    pub(crate) left: i32,
    pub(crate) right: i32,
    pub(crate) header: i32,
    pub(crate) footer: i32,
    pub(crate) gutter: i32,
    /// Columns of text run from right to left (縦書き).
    pub(crate) vertical: bool,
    pub(crate) columns: u16,
    pub(crate) column_space: i32,
    pub(crate) column_line: bool,
    pub(crate) title_page: bool,
    /// `nextPage`, `continuous`, `nextColumn`, `evenPage` or `oddPage`.
    pub(crate) start: &'static str,
    pub(crate) first_number: Option<i32>,
    /// The format of page numbers by its code; none is arabic.
    pub(crate) number_format: Option<u8>,
    /// Type of the character grid (1 lines and characters, 2 lines, 3 snapped characters) and its pitch.
    pub(crate) grid: Option<(u8, i32, i32)>,
    /// `top`, `center`, `both` or `bottom`.
    pub(crate) align: Option<&'static str>,
}

impl Default for Page {
    /// A4 upright.
    fn default() -> Self {
        Self {
            width: 11_906,
            height: 16_838,
            landscape: false,
            top: 1_440,
            bottom: 1_440,
            left: 1_440,
            right: 1_440,
            header: 720,
            footer: 720,
            gutter: 0,
            vertical: false,
            columns: 1,
            column_space: 720,
            column_line: false,
            title_page: false,
            start: "nextPage",
            first_number: None,
            number_format: None,
            grid: None,
            align: None,
        }
    }
}

impl Section {
    pub(crate) fn new(page: Page, blocks: Vec<Block>) -> Self {
        Self { page, headers: [None, None, None], footers: [None, None, None], blocks }
    }
}

/// What stands below one another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    Paragraph(Paragraph),
    Table(Table),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Paragraph {
    pub(crate) props: Rc<ParagraphProps>,
    /// The look of the paragraph's end, which its number takes over.
    pub(crate) mark: Rc<RunProps>,
    pub(crate) inlines: Vec<Inline>,
}

/// A piece of a line and its look.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inline {
    pub(crate) props: Rc<RunProps>,
    pub(crate) piece: Piece,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Tab,
    LineBreak,
    PageBreak,
    ColumnBreak,
    NoBreakHyphen,
    SoftHyphen,
    FieldBegin,
    /// As the input has it; the writer of Office Open XML decides whether the field stays.
    Instruction(String),
    FieldSeparate,
    FieldEnd,
    Picture(Picture),
    TextBox(TextBox),
    /// Index of the note, and whether the text has a mark of its own.
    Footnote(usize, bool),
    Endnote(usize, bool),
    /// The number of the note, at its beginning.
    FootnoteMark,
    EndnoteMark,
    /// Text and its reading.
    #[allow(
        dead_code,
        reason = "for readers whose formats have ruby of their own; those of Word keep the field"
    )]
    Ruby(String, String),
    /// Number and name of a place.
    BookmarkStart(u32, String),
    BookmarkEnd(u32),
}

/// A picture as the input encodes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Picture {
    pub(crate) bytes: Rc<Vec<u8>>,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) place: Option<Place>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TextBox {
    pub(crate) blocks: Vec<Block>,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) place: Option<Place>,
}

/// Where something stands that is not in the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) x: i32,
    pub(crate) y: i32,
    /// 0 margin, 1 page, 2 column (text).
    pub(crate) from_x: u8,
    /// 0 margin, 1 page, 2 paragraph (text).
    pub(crate) from_y: u8,
    /// Text flows above and below only, around, or over it.
    pub(crate) wrap: Wrap,
    pub(crate) behind: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wrap {
    #[default]
    Around,
    Beside,
    None,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    /// Where its first cell begins.
    pub(crate) left: i32,
    pub(crate) cells: Vec<Cell>,
    /// At least so high; exactly so high when negative.
    pub(crate) height: i32,
    pub(crate) is_header: bool,
    pub(crate) keep: bool,
    pub(crate) align: Option<Align>,
    /// Space left and right of the text of each cell.
    pub(crate) gap: i32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cell {
    /// Zero in all cells of a table: columns share the width.
    pub(crate) width: i32,
    /// Columns that it covers, where widths don't tell; zero counts as one.
    pub(crate) columns: u16,
    pub(crate) merge: Merge,
    pub(crate) borders: Sides,
    pub(crate) shade: Option<Shade>,
    /// 0 top, 1 middle, 2 bottom.
    pub(crate) align: u8,
    /// `tbRl` or `btLr`.
    pub(crate) direction: Option<&'static str>,
    pub(crate) blocks: Vec<Block>,
}

/// A cell's part in a vertical merge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Merge {
    #[default]
    No,
    First,
    More,
}

/// Writes the document as DOCX through the positive list of Office Open XML.
pub(crate) fn rebuild(document: &Document, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let package = package::write(document)?;
    crate::ooxml::rebuild(&package, Format::Docx, ctx)
}

/// The document's text by the same way.
pub(crate) fn extract_text(document: &Document, ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let package = package::write(document)?;
    crate::ooxml::extract_text(&package, Format::Docx, ctx)
}

/// A bitmap without its file header (as metafiles, RTF and OLE keep it) as a BMP file.
pub(crate) fn bitmap_file(dib: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| dib.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let half = |at: usize| dib.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
    let header = word(0)?;
    let (bits, entry) = if header == 12 { (half(10)?, 3) } else { (half(14)?, 4) };
    let mut colors = if bits <= 8 { 1_u32 << bits } else { 0 };
    if header >= 40 {
        let (method, used) = (word(16)?, word(32)?);
        if used != 0 && used <= 256 {
            colors = used;
        }
        if method == 3 && header == 40 {
            colors = colors.checked_add(3)?;
        }
    }
    let pixels = header.checked_add(14)?.checked_add(colors.checked_mul(entry)?)?;
    let size = u32::try_from(dib.len()).ok()?.checked_add(14)?;
    let mut out = b"BM".to_vec();
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&pixels.to_le_bytes());
    out.extend_from_slice(dib);
    Some(out)
}

/// `length, characters with numbers of levels among them` to `%1.`.
pub(crate) fn level_text(raw: &str) -> String {
    let mut chars = raw.chars();
    let length = chars.next().map_or(0, |c| u32::from(c) as usize);
    let mut out = String::new();
    for c in chars.take(length.min(64)) {
        match u32::from(c) {
            level @ 0..=8 => out.push_str(&format!("%{}", level + 1)),
            _ => out.push(c),
        }
    }
    out
}
