//! Properties ([MS-DOC] 2.6) as those of the model.

use super::bytes::{i16_at, i32_at, slice, u8_at, u16_at, u32_at};
use crate::flow::{
    Align, Border, Cell, CellState, LineRule, Merge, Page, ParagraphProps, RowState, RunProps, Shade, Tab,
    Underline, Vertical,
};

/// One property: its code and its operand.
pub(super) struct Sprms<'a> {
    rest: &'a [u8],
}

impl<'a> Sprms<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Sprms<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let code = u16_at(self.rest, 0)?;
        let body = self.rest.get(2..)?;
        let (skip, size) = match code >> 13 {
            0 | 1 => (0, 1),
            2 | 4 | 5 => (0, 2),
            3 => (0, 4),
            7 => (0, 3),
            _ if code == 0xD608 => (2, usize::from(u16_at(body, 0)?).saturating_sub(1)),
            _ if code == 0xC615 && u8_at(body, 0)? == 255 => (1, tabs_size(body)?),
            _ => (1, usize::from(u8_at(body, 0)?)),
        };
        let operand = body.get(skip..body.len().min(skip + size))?;
        self.rest = body.get(skip + size..).unwrap_or_default();
        Some((code, operand))
    }
}

fn tabs_size(body: &[u8]) -> Option<usize> {
    let deleted = usize::from(u8_at(body, 1)?);
    let added = usize::from(u8_at(body, 2 + deleted * 4)?);
    Some(2 + deleted * 4 + added * 3)
}

/// The palette of sixteen colours; 0 is automatic.
pub(super) fn palette(index: u8) -> Option<[u8; 3]> {
    const COLORS: [[u8; 3]; 16] = [
        [0, 0, 0],
        [0, 0, 255],
        [0, 255, 255],
        [0, 255, 0],
        [255, 0, 255],
        [255, 0, 0],
        [255, 255, 0],
        [255, 255, 255],
        [0, 0, 128],
        [0, 128, 128],
        [0, 128, 0],
        [128, 0, 128],
        [128, 0, 0],
        [128, 128, 0],
        [128, 128, 128],
        [192, 192, 192],
    ];
    COLORS.get(usize::from(index).checked_sub(1)?).copied()
}

/// A colour of four bytes; automatic when the last one is not zero.
fn color(bytes: &[u8], at: usize) -> Option<[u8; 3]> {
    match slice(bytes, at, 4)? {
        [red, green, blue, 0] => Some([*red, *green, *blue]),
        _ => None,
    }
}

fn line_style(code: u8) -> &'static str {
    match code {
        0 | 255 => "nil",
        2 => "thick",
        3 => "double",
        6 => "dotted",
        7 => "dashed",
        8 => "dotDash",
        9 => "dotDotDash",
        10 => "triple",
        11 => "thinThickSmallGap",
        12 => "thickThinSmallGap",
        14 => "thinThickMediumGap",
        15 => "thickThinMediumGap",
        20 => "wave",
        21 => "doubleWave",
        22 => "dashSmallGap",
        _ => "single",
    }
}

/// A border of four bytes.
fn old_border(bytes: &[u8], at: usize) -> Option<Border> {
    let [width, style, index, space] = *slice(bytes, at, 4)?.first_chunk()?;
    if [width, style, index, space] == [255; 4] || (style == 0 && width == 0) {
        return None;
    }
    let space = i32::from(space & 0x1F);
    Some(Border { style: line_style(style), width: i32::from(width), color: palette(index), space })
}

/// A border of eight bytes.
fn border(bytes: &[u8], at: usize) -> Option<Border> {
    let style = u8_at(bytes, at + 5)?;
    let space = i32::from(u8_at(bytes, at + 6)? & 0x1F);
    let width = i32::from(u8_at(bytes, at + 4)?);
    (style != 0).then(|| Border { style: line_style(style), width, color: color(bytes, at), space })
}

fn pattern(code: u16) -> &'static str {
    match code {
        1 => "solid",
        2 => "pct5",
        3 => "pct10",
        4 => "pct20",
        5 => "pct25",
        6 => "pct30",
        7 => "pct40",
        8 => "pct50",
        9 => "pct60",
        10 => "pct70",
        11 => "pct75",
        12 => "pct80",
        13 => "pct90",
        _ => "clear",
    }
}

fn old_shade(bytes: &[u8]) -> Option<Shade> {
    let value = u16_at(bytes, 0)?;
    if value == 0xFFFF || value == 0 {
        return None;
    }
    let part = |shift: u16| palette(u8::try_from(value >> shift & 0x1F).unwrap_or(0));
    Some(Shade { color: part(0), fill: part(5), pattern: pattern(value >> 10) })
}

fn new_shade(bytes: &[u8], at: usize) -> Option<Shade> {
    let shade = Shade {
        color: color(bytes, at),
        fill: color(bytes, at + 4),
        pattern: pattern(u16_at(bytes, at + 8)?),
    };
    (shade.fill.is_some() || shade.pattern != "clear").then_some(shade)
}

fn underline(code: u8) -> &'static str {
    match code {
        0 => "none",
        2 => "words",
        3 => "double",
        4 => "dotted",
        6 => "thick",
        7 => "dash",
        9 => "dotDash",
        10 => "dotDotDash",
        11 => "wave",
        20 => "dottedHeavy",
        23 => "dashedHeavy",
        39 => "dashLong",
        43 => "wavyDouble",
        _ => "single",
    }
}

fn highlight(code: u8) -> &'static str {
    const NAMES: [&str; 17] = [
        "none",
        "black",
        "blue",
        "cyan",
        "green",
        "magenta",
        "red",
        "yellow",
        "white",
        "darkBlue",
        "darkCyan",
        "darkGreen",
        "darkMagenta",
        "darkRed",
        "darkYellow",
        "darkGray",
        "lightGray",
    ];
    NAMES.get(usize::from(code)).copied().unwrap_or("none")
}

fn align(code: u8) -> Align {
    match code {
        1 => Align::Center,
        2 => Align::Right,
        3 | 5 | 7 | 8 | 9 => Align::Justify,
        4 => Align::Distribute,
        _ => Align::Left,
    }
}

/// What a run has beyond its look.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RunExtras {
    pub(super) style: Option<u16>,
    pub(super) deleted: bool,
    pub(super) special: bool,
    pub(super) is_data: bool,
    pub(super) is_object: bool,
    pub(super) picture: Option<u32>,
    /// Font and character.
    pub(super) symbol: Option<(u16, u16)>,
}

/// Applies properties of text; `style` is the look without them, `fonts` the names.
pub(super) fn run(
    bytes: &[u8],
    props: &mut RunProps,
    extras: &mut RunExtras,
    style: &RunProps,
    fonts: &[String],
) {
    for (code, operand) in Sprms::new(bytes) {
        let first = u8_at(operand, 0).unwrap_or(0);
        let short = i16_at(operand, 0).unwrap_or(0);
        let unsigned = u16_at(operand, 0).unwrap_or(0);
        let font = || fonts.get(usize::from(unsigned)).cloned();
        let toggle = |known: Option<bool>| match first {
            0x80 => known,
            0x81 => Some(!known.unwrap_or(false)),
            value => Some(value != 0),
        };
        match code {
            0x0800 => extras.deleted = first != 0,
            0x0855 => extras.special = first != 0,
            0x0806 => extras.is_data = first != 0,
            0x080A | 0x0856 => extras.is_object = first != 0,
            0x6A03 => extras.picture = u32_at(operand, 0),
            0x6A09 => extras.symbol = Some((unsigned, u16_at(operand, 2).unwrap_or(0))),
            0x4A30 => extras.style = Some(unsigned),
            0x2A33 => *props = RunProps::default(),
            0x0835 => props.bold = toggle(style.bold),
            0x0836 => props.italic = toggle(style.italic),
            0x0837 => props.strike = toggle(style.strike),
            0x0838 => props.outline = toggle(style.outline),
            0x0839 => props.shadow = toggle(style.shadow),
            0x083A => props.small_caps = toggle(style.small_caps),
            0x083B => props.caps = toggle(style.caps),
            0x083C => props.hidden = toggle(style.hidden),
            0x0854 => props.imprint = toggle(style.imprint),
            0x0858 => props.emboss = toggle(style.emboss),
            0x2A53 => props.double_strike = toggle(style.double_strike),
            0x2A3E => {
                props.underline =
                    Some(Underline { style: underline(first), color: props.underline.and_then(|u| u.color) })
            }
            0x6877 => {
                props.underline = props.underline.map(|line| Underline { color: color(operand, 0), ..line })
            }
            0x4A43 => props.size = Some(i32::from(unsigned)),
            0x2A42 => props.color = Some(palette(first)),
            0x6870 => props.color = Some(color(operand, 0)),
            0x2A0C => props.highlight = Some(highlight(first)),
            0x8840 => props.spacing = Some(short),
            0x4845 => props.position = Some(short),
            0x4852 => props.scale = Some(i32::from(unsigned)),
            0x2A48 => {
                props.vertical = Some(match first {
                    1 => Vertical::Superscript,
                    2 => Vertical::Subscript,
                    _ => Vertical::Baseline,
                });
            }
            0x4A4F => props.font = font(),
            0x4A50 => props.east_font = font(),
            0x2A34 => {
                props.emphasis = Some(match first {
                    0 => "none",
                    2 => "comma",
                    3 => "circle",
                    4 => "underDot",
                    _ => "dot",
                });
            }
            0x6865 => props.border = old_border(operand, 0),
            0xCA72 => props.border = border(operand, 0),
            0x4866 => props.shade = old_shade(operand),
            0xCA71 => props.shade = new_shade(operand, 0),
            _ => {}
        }
    }
}

/// What a paragraph has beyond its look.
#[derive(Debug, Clone, Default)]
pub(super) struct ParagraphExtras {
    pub(super) in_table: bool,
    pub(super) row_end: bool,
    pub(super) depth: i32,
    pub(super) inner_cell: bool,
    pub(super) inner_row_end: bool,
    list: Option<i32>,
    level: u8,
}

/// Applies properties of paragraphs.
pub(super) fn paragraph(bytes: &[u8], props: &mut ParagraphProps, extras: &mut ParagraphExtras) {
    for (code, operand) in Sprms::new(bytes) {
        let first = u8_at(operand, 0).unwrap_or(0);
        let short = i16_at(operand, 0).unwrap_or(0);
        let mut side = |at: usize, line: Option<Border>| {
            if let Some(slot) = props.borders.get_or_insert([None; 5]).get_mut(at) {
                *slot = line;
            }
        };
        match code {
            0x2416 => extras.in_table = first != 0,
            0x2417 => extras.row_end = first != 0,
            0x6649 => extras.depth = i32_at(operand, 0).unwrap_or(0),
            0x664A => extras.depth = extras.depth.saturating_add(i32_at(operand, 0).unwrap_or(0)),
            0x244B => extras.inner_cell = first != 0,
            0x244C => extras.inner_row_end = first != 0,
            0x260A => extras.level = first.min(8),
            0x460B => extras.list = Some(short),
            0x2403 | 0x2461 => props.align = Some(align(first)),
            0x2405 => props.keep_lines = Some(first != 0),
            0x2406 => props.keep_next = Some(first != 0),
            0x2407 => props.page_break = Some(first != 0),
            0x2431 => props.widow_control = Some(first != 0),
            0x2441 => props.bidi = Some(first != 0),
            0x2447 => props.snap = Some(first != 0),
            0x246D => props.contextual = Some(first != 0),
            0x2640 => props.outline = Some(first.min(9)),
            0x840E | 0x845D => props.right = Some(short),
            0x840F | 0x845E => props.left = Some(short),
            0x8411 | 0x8460 => props.first = Some(short),
            0xA413 => props.before = Some(short),
            0xA414 => props.after = Some(short),
            0x245B => props.auto_before = Some(first != 0),
            0x245C => props.auto_after = Some(first != 0),
            0x6412 => props.line = line_spacing(operand),
            0x6424 => side(0, old_border(operand, 0)),
            0x6425 => side(1, old_border(operand, 0)),
            0x6426 => side(2, old_border(operand, 0)),
            0x6427 => side(3, old_border(operand, 0)),
            0x6428 => side(4, old_border(operand, 0)),
            0xC64E..=0xC652 => side(usize::from(code - 0xC64E), border(operand, 0)),
            0x442D => props.shade = old_shade(operand),
            0xC64D => props.shade = new_shade(operand, 0),
            0xC60D => tabs(operand, false, props),
            0xC615 => tabs(operand, true, props),
            _ => {}
        }
    }
    if let Some(list) = extras.list {
        // 2047 and the like stand for numbering of Word 6, which has no list.
        let list = usize::try_from(list).ok().filter(|list| *list < 2_000).unwrap_or(0);
        props.number = Some((list, extras.level));
    }
}

fn line_spacing(operand: &[u8]) -> Option<(i32, LineRule)> {
    let line = i16_at(operand, 0)?;
    let rule = match (i16_at(operand, 2)?, line < 0) {
        (1, _) => LineRule::Auto,
        (_, true) => LineRule::Exact,
        _ => LineRule::AtLeast,
    };
    (line != 0).then_some((line.saturating_abs(), rule))
}

fn tabs(operand: &[u8], has_ranges: bool, props: &mut ParagraphProps) {
    let deleted = usize::from(u8_at(operand, 0).unwrap_or(0));
    let mut tabs = props.tabs.take().unwrap_or_default();
    for index in 0..deleted {
        let Some(at) = i16_at(operand, 1 + index * 2) else { break };
        tabs.retain(|tab: &Tab| tab.at != at);
        tabs.push(Tab { at, kind: "clear", leader: "none" });
    }
    let start = 1 + deleted * if has_ranges { 4 } else { 2 };
    let added = usize::from(u8_at(operand, start).unwrap_or(0));
    for index in 0..added {
        let (Some(at), Some(look)) =
            (i16_at(operand, start + 1 + index * 2), u8_at(operand, start + 1 + added * 2 + index))
        else {
            break;
        };
        let kind = ["left", "center", "right", "decimal", "bar"]
            .get(usize::from(look & 7))
            .copied()
            .unwrap_or("left");
        let leaders = ["none", "dot", "hyphen", "underscore", "heavy", "middleDot"];
        let leader = leaders.get(usize::from(look >> 3 & 7)).copied().unwrap_or("none");
        tabs.retain(|tab| tab.at != at);
        tabs.push(Tab { at, kind, leader });
    }
    tabs.truncate(64);
    props.tabs = Some(tabs);
}

/// The description of a row from the properties of its end.
pub(super) fn row(bytes: &[u8]) -> RowState {
    let mut state = RowState::default();
    let mut gap = 0;
    for (code, operand) in Sprms::new(bytes) {
        let first = u8_at(operand, 0).unwrap_or(0);
        let short = i16_at(operand, 0).unwrap_or(0);
        let one = usize::from(first);
        match code {
            0xD608 => definition(operand, &mut state),
            0x9602 => gap = short,
            0x9407 => state.row.height = short,
            0x3403 | 0x3466 => state.row.keep = first != 0,
            0x3404 => state.row.is_header = first != 0,
            0x5400 | 0x548A => state.row.align = Some(align(first)),
            0xD605 => (0..6)
                .zip(state.borders.iter_mut())
                .for_each(|(at, slot)| *slot = old_border(operand, at * 4)),
            0xD613 => {
                (0..6).zip(state.borders.iter_mut()).for_each(|(at, slot)| *slot = border(operand, at * 8))
            }
            0xD609 => state.cells.iter_mut().enumerate().for_each(|(at, cell)| {
                cell.1.cell.shade = operand.get(at * 2..).and_then(old_shade);
            }),
            0xD612 => state.cells.iter_mut().enumerate().for_each(|(at, cell)| {
                cell.1.cell.shade = new_shade(operand, at * 10).or(cell.1.cell.shade);
            }),
            0xD62B => {
                if let Some(cell) = state.cells.get_mut(one) {
                    cell.1.cell.merge = match u8_at(operand, 1) {
                        Some(1) => Merge::More,
                        Some(3) => Merge::First,
                        _ => Merge::No,
                    };
                }
            }
            0xD62C => {
                let last = usize::from(u8_at(operand, 1).unwrap_or(0));
                for cell in state.cells.iter_mut().take(last).skip(one) {
                    cell.1.cell.align = u8_at(operand, 2).unwrap_or(0);
                }
            }
            0xD620 | 0xD62F => cell_borders(code, operand, &mut state),
            0x5624 => {
                let last = usize::from(u8_at(operand, 1).unwrap_or(0));
                state.cells.iter_mut().take(last).skip(one + 1).for_each(|cell| cell.1.joined = true);
            }
            0x7623 => column_width(operand, &mut state),
            _ => {}
        }
    }
    state.row.gap = gap;
    state
}

fn definition(operand: &[u8], state: &mut RowState) {
    let count = usize::from(u8_at(operand, 0).unwrap_or(0)).min(64);
    state.row.left = i16_at(operand, 1).unwrap_or(0);
    state.cells.clear();
    for index in 0..count {
        let Some(right) = i16_at(operand, 3 + index * 2) else { break };
        let at = 1 + (count + 1) * 2 + index * 20;
        let flags = u16_at(operand, at).unwrap_or(0);
        let mut cell = Cell::default();
        for (side, slot) in cell.borders.iter_mut().take(4).enumerate() {
            *slot = old_border(operand, at + 4 + side * 4);
        }
        cell.merge = match flags >> 5 & 3 {
            0 => Merge::No,
            1 => Merge::More,
            _ => Merge::First,
        };
        cell.align = u8::try_from(flags >> 7 & 3).unwrap_or(0);
        cell.direction = match flags >> 2 & 7 {
            1 | 5 => Some("tbRl"),
            3 => Some("btLr"),
            _ => None,
        };
        state.cells.push((right, CellState { cell, joined: flags & 2 != 0 && flags & 1 == 0 }));
    }
}

fn cell_borders(code: u16, operand: &[u8], state: &mut RowState) {
    let (first, last) = (u8_at(operand, 0).unwrap_or(0), u8_at(operand, 1).unwrap_or(0));
    let sides = u8_at(operand, 2).unwrap_or(0);
    let line = if code == 0xD620 { old_border(operand, 3) } else { border(operand, 3) };
    for cell in state.cells.iter_mut().take(usize::from(last)).skip(usize::from(first)) {
        for (side, slot) in cell.1.cell.borders.iter_mut().take(4).enumerate() {
            if sides >> side & 1 != 0 {
                *slot = line;
            }
        }
    }
}

fn column_width(operand: &[u8], state: &mut RowState) {
    let (first, last) =
        (usize::from(u8_at(operand, 0).unwrap_or(0)), usize::from(u8_at(operand, 1).unwrap_or(0)));
    let width = i16_at(operand, 2).unwrap_or(0);
    let (mut edge, mut shift) = (state.row.left, 0_i32);
    for (index, cell) in state.cells.iter_mut().enumerate() {
        let right = cell.0;
        if (first..last).contains(&index) {
            shift = shift.saturating_add(width.saturating_sub(right.saturating_sub(edge)));
        }
        edge = right;
        cell.0 = right.saturating_add(shift);
    }
}

/// The shape of a section's pages.
pub(super) fn page(bytes: &[u8]) -> Page {
    let mut page = Page { width: 12_240, height: 15_840, left: 1_800, right: 1_800, ..Page::default() };
    let mut restarts = false;
    for (code, operand) in Sprms::new(bytes) {
        let first = u8_at(operand, 0).unwrap_or(0);
        let short = i16_at(operand, 0).unwrap_or(0);
        let long = i32::from(u16_at(operand, 0).unwrap_or(0));
        match code {
            0x3009 => {
                page.start = ["continuous", "nextColumn", "nextPage", "evenPage", "oddPage"]
                    .get(usize::from(first))
                    .copied()
                    .unwrap_or("nextPage");
            }
            0x300A => page.title_page = first != 0,
            0x500B => page.columns = u16_at(operand, 0).unwrap_or(0).min(44) + 1,
            0x900C => page.column_space = long,
            0xB01F => page.width = long,
            0xB020 => page.height = long,
            0xB021 => page.left = long,
            0xB022 => page.right = long,
            0x9023 => page.top = short,
            0x9024 => page.bottom = short,
            0xB025 => page.gutter = long,
            0xB017 => page.header = long,
            0xB018 => page.footer = long,
            0x301D => page.landscape = first == 2,
            0x3019 => page.column_line = first != 0,
            0x300E => page.number_format = Some(first),
            0x3011 => restarts = first != 0,
            0x501C => page.first_number = Some(long),
            0x7044 => page.first_number = i32_at(operand, 0),
            0x5033 => page.vertical = matches!(long, 1 | 3 | 5),
            0x5032 => {
                page.grid =
                    Some((first, page.grid.map_or(360, |grid| grid.1), page.grid.map_or(0, |grid| grid.2)))
            }
            0x9031 => {
                page.grid = Some((
                    page.grid.map_or(0, |grid| grid.0),
                    long.max(1),
                    page.grid.map_or(0, |grid| grid.2),
                ))
            }
            0x7030 => page.grid = page.grid.map(|grid| (grid.0, grid.1, i32_at(operand, 0).unwrap_or(0))),
            0x301A => page.align = ["top", "center", "both", "bottom"].get(usize::from(first)).copied(),
            _ => {}
        }
    }
    if !restarts {
        page.first_number = None;
    }
    page
}
