//! A workbook as both binary readers (XLS, XLSB) understand it, and the plain XLSX package that is made of it.
//!
//! The model holds values, texts and numbers only; nothing in it is a piece of the input. The package is not an output
//! yet: it goes through the same positive list as any other workbook.

pub(crate) mod cursor;
mod functions;
mod package;
mod sheet;
mod styles;
pub(crate) mod tokens;

use std::collections::BTreeMap;

pub(crate) use package::{escaped, relationships, write};

/// Everything that is carried over.
#[derive(Debug, Default)]
pub(crate) struct Workbook {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) names: Vec<Name>,
    pub(crate) strings: Vec<Rich>,
    pub(crate) styles: Styles,
    pub(crate) from_1904: bool,
    /// The index of the sheet in front.
    pub(crate) active: usize,
    /// Pictures as found; the rebuild writes them anew.
    pub(crate) pictures: Vec<Picture>,
    /// The theme part of an XLSB package as found; the rebuild reads it like any other.
    pub(crate) theme: Option<Vec<u8>>,
    /// Further parts of an XLSB package, for the rebuild to read or to name.
    pub(crate) parts: Vec<(String, Vec<u8>)>,
}

/// A picture's bytes and the extension for its kind.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) extension: &'static str,
}

/// A defined name.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) formula: String,
    /// The index of the sheet that it belongs to.
    pub(crate) sheet: Option<usize>,
    pub(crate) hidden: bool,
}

/// Text with parts in other fonts, and its reading.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rich {
    pub(crate) text: String,
    /// From which UTF-16 unit on which font of the workbook holds.
    pub(crate) runs: Vec<(u32, u16)>,
    /// ふりがな: from and to in UTF-16 units of the text.
    pub(crate) readings: Vec<(u32, u32, String)>,
}

impl From<String> for Rich {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// A cell's value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Value {
    #[default]
    Blank,
    Number(f64),
    /// An index into the workbook's strings.
    Shared(u32),
    Text(String),
    Bool(bool),
    Error(u8),
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Cell {
    pub(crate) style: u32,
    pub(crate) value: Value,
    pub(crate) formula: Option<String>,
    /// The area of an array formula that is kept here.
    pub(crate) array: Option<Area>,
}

/// A row's own settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// In points.
    pub(crate) height: Option<f64>,
    pub(crate) custom: bool,
    pub(crate) hidden: bool,
    pub(crate) level: u8,
    pub(crate) collapsed: bool,
    pub(crate) style: Option<u32>,
}

/// Settings of columns.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// In characters.
    pub(crate) width: f64,
    pub(crate) hidden: bool,
    pub(crate) level: u8,
    pub(crate) collapsed: bool,
    pub(crate) style: u32,
}

/// Rows and columns from 0, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Area {
    pub(crate) first_row: u32,
    pub(crate) last_row: u32,
    pub(crate) first_column: u32,
    pub(crate) last_column: u32,
}

/// A link of cells.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) area: Area,
    /// Outside; empty for a place in the workbook.
    pub(crate) address: String,
    pub(crate) location: String,
    pub(crate) tooltip: String,
}

/// A comment.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) row: u32,
    pub(crate) column: u32,
    pub(crate) author: String,
    pub(crate) text: String,
}

/// A corner of a drawing: a cell and the offset in it in English metric units.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Corner {
    pub(crate) column: u32,
    pub(crate) x: i64,
    pub(crate) row: u32,
    pub(crate) y: i64,
}

/// Something that lies over the cells.
#[derive(Debug, Clone)]
pub(crate) struct Drawing {
    pub(crate) from: Corner,
    pub(crate) to: Corner,
    pub(crate) content: Content,
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// An index into the workbook's pictures.
    Picture(usize),
    /// A box with text and the colours of its ground and its border.
    Text { text: String, fill: Option<u32>, line: Option<u32> },
}

/// Paper and margins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// Left, right, top, bottom, header, footer in inches.
    pub(crate) margins: Option<[f64; 6]>,
    pub(crate) paper: u16,
    pub(crate) scale: u16,
    pub(crate) first_page: Option<u16>,
    pub(crate) fit: bool,
    pub(crate) fit_width: u16,
    pub(crate) fit_height: u16,
    pub(crate) landscape: bool,
    pub(crate) over_then_down: bool,
    pub(crate) grey: bool,
    /// Is there anything set at all?
    pub(crate) set: bool,
    pub(crate) header: String,
    pub(crate) footer: String,
    pub(crate) centred_across: bool,
    pub(crate) centred_down: bool,
    pub(crate) grid: bool,
    pub(crate) headings: bool,
    pub(crate) row_breaks: Vec<u32>,
    pub(crate) column_breaks: Vec<u32>,
}

/// How the sheet is looked at.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) formulas: bool,
    pub(crate) grid: bool,
    pub(crate) headings: bool,
    pub(crate) zeros: bool,
    pub(crate) right_to_left: bool,
    pub(crate) zoom: u16,
    pub(crate) page_breaks: bool,
    /// Columns and rows that stay where they are.
    pub(crate) frozen: Option<(u32, u32)>,
    pub(crate) top_left: (u32, u32),
}

impl Default for View {
    fn default() -> Self {
        Self {
            formulas: false,
            grid: true,
            headings: true,
            zeros: true,
            right_to_left: false,
            zoom: 100,
            page_breaks: false,
            frozen: None,
            top_left: (0, 0),
        }
    }
}

/// A rule for what may be entered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Validation {
    pub(crate) areas: Vec<Area>,
    pub(crate) kind: u8,
    pub(crate) style: u8,
    pub(crate) operator: u8,
    pub(crate) ime: u8,
    pub(crate) allow_blank: bool,
    pub(crate) no_list: bool,
    pub(crate) show_input: bool,
    pub(crate) show_error: bool,
    pub(crate) prompt_title: String,
    pub(crate) prompt: String,
    pub(crate) error_title: String,
    pub(crate) error: String,
    pub(crate) formulas: [Option<String>; 2],
}

/// A rule for how cells look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    pub(crate) areas: Vec<Area>,
    /// A comparison's number, none for an expression.
    pub(crate) operator: Option<u8>,
    pub(crate) formulas: Vec<String>,
    pub(crate) format: Difference,
    pub(crate) stop: bool,
}

/// What a rule changes about cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Difference {
    pub(crate) bold: Option<bool>,
    pub(crate) italic: Option<bool>,
    pub(crate) strike: Option<bool>,
    pub(crate) colour: Option<Colour>,
    pub(crate) fill: Option<Fill>,
    pub(crate) border: Option<Border>,
}

/// A worksheet.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) hidden: bool,
    pub(crate) very_hidden: bool,
    pub(crate) rows: BTreeMap<u32, Row>,
    pub(crate) cells: BTreeMap<(u32, u32), Cell>,
    pub(crate) columns: Vec<Column>,
    pub(crate) default_width: Option<f64>,
    /// In points, and whether rows without cells are hidden.
    pub(crate) default_height: Option<(f64, bool)>,
    pub(crate) merges: Vec<Area>,
    pub(crate) links: Vec<Link>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) drawings: Vec<Drawing>,
    /// The drawing that an XLSB package has already.
    pub(crate) drawing_part: Option<String>,
    pub(crate) page: Page,
    pub(crate) view: View,
    pub(crate) validations: Vec<Validation>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) filter: Option<Area>,
    pub(crate) tab: Option<Colour>,
    pub(crate) summary_above: bool,
    pub(crate) summary_left: bool,
}

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Colour {
    #[default]
    Automatic,
    Rgb(u32),
    /// Of the theme, with its tint in 32767ths.
    Theme(u8, i16),
}

/// A font.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Font {
    pub(crate) name: String,
    /// In twentieths of a point.
    pub(crate) height: u16,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) strike: bool,
    pub(crate) outline: bool,
    pub(crate) shadow: bool,
    /// 1 above, 2 below the line.
    pub(crate) script: u16,
    pub(crate) underline: u8,
    pub(crate) family: u8,
    pub(crate) charset: u8,
    pub(crate) colour: Colour,
}

/// A cell's ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Fill {
    pub(crate) pattern: u8,
    pub(crate) front: Colour,
    pub(crate) back: Colour,
}

/// A cell's lines: left, right, top, bottom, diagonal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Border {
    pub(crate) sides: [(u8, Colour); 5],
    pub(crate) down: bool,
    pub(crate) up: bool,
}

/// Where a cell's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Alignment {
    pub(crate) across: u8,
    pub(crate) down: u8,
    pub(crate) wrap: bool,
    pub(crate) rotation: u8,
    pub(crate) indent: u8,
    pub(crate) shrink: bool,
    pub(crate) last_line: bool,
    pub(crate) reading: u8,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Format {
    pub(crate) font: usize,
    pub(crate) number: u16,
    pub(crate) alignment: Alignment,
    pub(crate) border: Border,
    pub(crate) fill: Fill,
    pub(crate) unlocked: bool,
    pub(crate) formula_hidden: bool,
    pub(crate) text_prefix: bool,
}

/// All looks.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    pub(crate) fonts: Vec<Font>,
    pub(crate) numbers: BTreeMap<u16, String>,
    pub(crate) formats: Vec<Format>,
}

/// `A`, `Z`, `AA` for columns from 0.
pub(crate) fn column_name(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column.saturating_add(1);
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// `C14` for a row and a column from 0.
pub(crate) fn cell_name(row: u32, column: u32) -> String {
    format!("{}{}", column_name(column), row.saturating_add(1))
}

impl Area {
    /// `A1:B2`, or `A1` for one cell.
    pub(crate) fn text(self) -> String {
        let first = cell_name(self.first_row, self.first_column);
        if self.first_row == self.last_row && self.first_column == self.last_column {
            return first;
        }
        format!("{first}:{}", cell_name(self.last_row, self.last_column))
    }

    /// Does it lie within an XLSX sheet, the right way round?
    pub(crate) fn is_sound(self) -> bool {
        self.first_row <= self.last_row
            && self.first_column <= self.last_column
            && self.last_row <= 0xF_FFFF
            && self.last_column <= 0x3FFF
    }
}

/// The colours of a workbook without a palette ([MS-XLS] 2.5.161), numbers 8 to 63.
pub(crate) const PALETTE: [u32; 56] = [
    0x000000, 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00, 0xFF00FF, 0x00FFFF, 0x800000, 0x008000,
    0x000080, 0x808000, 0x800080, 0x008080, 0xC0C0C0, 0x808080, 0x9999FF, 0x993366, 0xFFFFCC, 0xCCFFFF,
    0x660066, 0xFF8080, 0x0066CC, 0xCCCCFF, 0x000080, 0xFF00FF, 0xFFFF00, 0x00FFFF, 0x800080, 0x800000,
    0x008080, 0x0000FF, 0x00CCFF, 0xCCFFFF, 0xCCFFCC, 0xFFFF99, 0x99CCFF, 0xFF99CC, 0xCC99FF, 0xFFCC99,
    0x3366FF, 0x33CCCC, 0x99CC00, 0xFFCC00, 0xFF9900, 0xFF6600, 0x666699, 0x969696, 0x003366, 0x339966,
    0x003300, 0x333300, 0x993300, 0x993366, 0x333399, 0x333333,
];

/// A colour by its number; system colours and the automatic one have no value of their own.
pub(crate) fn colour(palette: &[u32], number: u16) -> Colour {
    match number {
        0..=63 => {
            let at = usize::from(if number < 8 { number } else { number - 8 });
            palette.get(at).map_or(Colour::Automatic, |rgb| Colour::Rgb(*rgb))
        }
        _ => Colour::Automatic,
    }
}

/// A colour of the palette that workbooks have by default.
pub(crate) fn indexed_colour(number: u16) -> Colour {
    colour(&PALETTE, number)
}

/// A number in 30 bits: an integer or the upper part of a float, perhaps in hundredths ([MS-XLS] 2.5.217).
pub(crate) fn packed(bits: u32) -> f64 {
    let value = if bits & 2 != 0 {
        f64::from(bits.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(bits & 0xFFFF_FFFC) << 32)
    };
    if bits & 1 != 0 { value / 100.0 } else { value }
}
