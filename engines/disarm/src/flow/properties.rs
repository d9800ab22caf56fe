//! The look of text and paragraphs, each property said or left to the style, and its XML.

use std::fmt::Write as _;

macro_rules! properties {
    ($(#[$about:meta])* $name:ident { $($field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub(crate) struct $name { $(pub(crate) $field: Option<$kind>,)* }

        impl $name {
            /// What `over` says replaces what is said here.
            pub(crate) fn merge(&mut self, over: &Self) {
                $(if over.$field.is_some() { self.$field.clone_from(&over.$field); })*
            }

            /// For sources in which a property that is not said has the value of `plain`, whatever the style says:
            /// leaves what differs from the style.
            pub(crate) fn settle(&mut self, style: &Self, plain: &Self) {
                $(
                    let value = self.$field.take().or_else(|| plain.$field.clone());
                    let known = style.$field.clone().or_else(|| plain.$field.clone());
                    if value != known { self.$field = value; }
                )*
            }
        }
    };
}

properties! {
    /// The look of text.
    RunProps {
        style: usize,
        font: String,
        east_font: String,
        bold: bool,
        italic: bool,
        caps: bool,
        small_caps: bool,
        strike: bool,
        double_strike: bool,
        outline: bool,
        shadow: bool,
        emboss: bool,
        imprint: bool,
        hidden: bool,
        color: Color,
        spacing: i32,
        scale: i32,
        position: i32,
        size: i32,
        highlight: &'static str,
        underline: Underline,
        shade: Shade,
        vertical: Vertical,
        emphasis: &'static str,
        border: Border,
    }
}

properties! {
    /// The look of a paragraph.
    ParagraphProps {
        style: usize,
        keep_next: bool,
        keep_lines: bool,
        page_break: bool,
        widow_control: bool,
        number: (usize, u8),
        borders: Sides,
        shade: Shade,
        tabs: Vec<Tab>,
        bidi: bool,
        snap: bool,
        before: i32,
        after: i32,
        auto_before: bool,
        auto_after: bool,
        line: (i32, LineRule),
        left: i32,
        right: i32,
        first: i32,
        contextual: bool,
        align: Align,
        outline: u8,
    }
}

/// Red, green, blue; none is automatic.
pub(crate) type Color = Option<[u8; 3]>;

/// Top, left, bottom, right, between.
pub(crate) type Sides = [Option<Border>; 5];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Border {
    /// A line style of ECMA-376 17.18.2.
    pub(crate) style: &'static str,
    /// In eighths of a point.
    pub(crate) width: i32,
    pub(crate) color: Color,
    pub(crate) space: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shade {
    pub(crate) fill: Color,
    pub(crate) color: Color,
    /// A pattern of ECMA-376 17.18.78.
    pub(crate) pattern: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Underline {
    /// A line style of ECMA-376 17.18.99.
    pub(crate) style: &'static str,
    pub(crate) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vertical {
    Baseline,
    Superscript,
    Subscript,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
    Justify,
    Distribute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineRule {
    Auto,
    AtLeast,
    Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tab {
    pub(crate) at: i32,
    /// `left`, `center`, `right`, `decimal`, `bar` or `clear`.
    pub(crate) kind: &'static str,
    /// `none`, `dot`, `hyphen`, `underscore`, `heavy` or `middleDot`.
    pub(crate) leader: &'static str,
}

impl Align {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Center => "center",
            Self::Right => "right",
            Self::Justify => "both",
            Self::Distribute => "distribute",
        }
    }
}

/// The sixteen colours that Word highlights with.
const HIGHLIGHTS: [(&str, [u8; 3]); 15] = [
    ("black", [0, 0, 0]),
    ("blue", [0, 0, 255]),
    ("cyan", [0, 255, 255]),
    ("green", [0, 255, 0]),
    ("magenta", [255, 0, 255]),
    ("red", [255, 0, 0]),
    ("yellow", [255, 255, 0]),
    ("white", [255, 255, 255]),
    ("darkBlue", [0, 0, 128]),
    ("darkCyan", [0, 128, 128]),
    ("darkGreen", [0, 128, 0]),
    ("darkMagenta", [128, 0, 128]),
    ("darkRed", [128, 0, 0]),
    ("darkYellow", [128, 128, 0]),
    ("darkGray", [128, 128, 128]),
];

/// The name of the colour of highlighting that is nearest.
pub(crate) fn color_name(color: [u8; 3]) -> &'static str {
    let distance = |other: [u8; 3]| -> i32 {
        color.iter().zip(other).map(|(a, b)| (i32::from(*a) - i32::from(b)).pow(2)).sum()
    };
    HIGHLIGHTS.iter().min_by_key(|row| distance(row.1)).map_or("yellow", |row| row.0)
}

pub(super) fn hex(color: Color) -> String {
    match color {
        Some([r, g, b]) => format!("{r:02X}{g:02X}{b:02X}"),
        None => "auto".to_owned(),
    }
}

/// Text between tags or in an attribute; what XML can't hold is left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
    out
}

fn toggle(out: &mut String, name: &str, value: Option<bool>) {
    match value {
        Some(true) => _ = write!(out, "<w:{name}/>"),
        Some(false) => _ = write!(out, "<w:{name} w:val=\"0\"/>"),
        None => {}
    }
}

fn border(out: &mut String, name: &str, border: &Border) {
    let (width, space) = (border.width.clamp(0, 96), border.space.clamp(0, 31));
    _ = write!(
        out,
        "<w:{name} w:val=\"{}\" w:sz=\"{width}\" w:space=\"{space}\" w:color=\"{}\"/>",
        border.style,
        hex(border.color)
    );
}

/// Borders under the name of their group, in the order of the schema.
pub(super) fn sides(out: &mut String, group: &str, sides: &Sides) {
    if sides.iter().all(Option::is_none) {
        return;
    }
    _ = write!(out, "<w:{group}>");
    for (name, side) in ["top", "left", "bottom", "right", "between"].iter().zip(sides) {
        if let Some(side) = side {
            border(out, name, side);
        }
    }
    _ = write!(out, "</w:{group}>");
}

pub(super) fn shade(out: &mut String, shade: &Shade) {
    let (color, fill) = (hex(shade.color), hex(shade.fill));
    _ = write!(out, "<w:shd w:val=\"{}\" w:color=\"{color}\" w:fill=\"{fill}\"/>", shade.pattern);
}

impl RunProps {
    /// The children of `w:rPr` in the order of the schema.
    pub(super) fn xml(&self) -> String {
        let mut out = String::new();
        if let Some(style) = self.style {
            _ = write!(out, "<w:rStyle w:val=\"s{style}\"/>");
        }
        self.fonts(&mut out);
        for (name, value) in [("b", self.bold), ("i", self.italic)] {
            toggle(&mut out, name, value);
            toggle(&mut out, &format!("{name}Cs"), value);
        }
        for (name, value) in [
            ("caps", self.caps),
            ("smallCaps", self.small_caps),
            ("strike", self.strike),
            ("dstrike", self.double_strike),
            ("outline", self.outline),
            ("shadow", self.shadow),
            ("emboss", self.emboss),
            ("imprint", self.imprint),
            ("vanish", self.hidden),
        ] {
            toggle(&mut out, name, value);
        }
        if let Some(color) = self.color {
            _ = write!(out, "<w:color w:val=\"{}\"/>", hex(color));
        }
        for (name, value, least, most) in [
            ("spacing", self.spacing, -31_680, 31_680),
            ("w", self.scale, 1, 600),
            ("position", self.position, -3_168, 3_168),
            ("sz", self.size, 2, 3_276),
            ("szCs", self.size, 2, 3_276),
        ] {
            if let Some(value) = value {
                _ = write!(out, "<w:{name} w:val=\"{}\"/>", value.clamp(least, most));
            }
        }
        if let Some(highlight) = self.highlight {
            _ = write!(out, "<w:highlight w:val=\"{highlight}\"/>");
        }
        if let Some(line) = self.underline {
            let color = line.color.map_or(String::new(), |c| format!(" w:color=\"{}\"", hex(Some(c))));
            _ = write!(out, "<w:u w:val=\"{}\"{color}/>", line.style);
        }
        if let Some(line) = &self.border {
            border(&mut out, "bdr", line);
        }
        if let Some(value) = &self.shade {
            shade(&mut out, value);
        }
        match self.vertical {
            Some(Vertical::Baseline) => out.push_str("<w:vertAlign w:val=\"baseline\"/>"),
            Some(Vertical::Superscript) => out.push_str("<w:vertAlign w:val=\"superscript\"/>"),
            Some(Vertical::Subscript) => out.push_str("<w:vertAlign w:val=\"subscript\"/>"),
            None => {}
        }
        if let Some(mark) = self.emphasis {
            _ = write!(out, "<w:em w:val=\"{mark}\"/>");
        }
        out
    }

    fn fonts(&self, out: &mut String) {
        if self.font.is_none() && self.east_font.is_none() {
            return;
        }
        out.push_str("<w:rFonts");
        if let Some(font) = self.font.as_deref().filter(|font| !font.is_empty()) {
            let font = escape(font);
            _ = write!(out, " w:ascii=\"{font}\" w:hAnsi=\"{font}\" w:cs=\"{font}\"");
        }
        if let Some(font) = self.east_font.as_deref().filter(|font| !font.is_empty()) {
            _ = write!(out, " w:eastAsia=\"{}\"", escape(font));
        }
        out.push_str("/>");
    }

    /// The same as an element, or nothing.
    pub(super) fn element(&self) -> String {
        let inner = self.xml();
        if inner.is_empty() { inner } else { format!("<w:rPr>{inner}</w:rPr>") }
    }
}

impl ParagraphProps {
    /// The children of `w:pPr` in the order of the schema, but for those of the mark and the section.
    pub(super) fn xml(&self) -> String {
        let mut out = String::new();
        if let Some(style) = self.style {
            _ = write!(out, "<w:pStyle w:val=\"s{style}\"/>");
        }
        toggle(&mut out, "keepNext", self.keep_next);
        toggle(&mut out, "keepLines", self.keep_lines);
        toggle(&mut out, "pageBreakBefore", self.page_break);
        toggle(&mut out, "widowControl", self.widow_control);
        if let Some((number, level)) = self.number {
            _ = write!(
                out,
                "<w:numPr><w:ilvl w:val=\"{}\"/><w:numId w:val=\"{number}\"/></w:numPr>",
                level.min(8)
            );
        }
        if let Some(borders) = &self.borders {
            sides(&mut out, "pBdr", borders);
        }
        if let Some(value) = &self.shade {
            shade(&mut out, value);
        }
        self.tab_stops(&mut out);
        toggle(&mut out, "bidi", self.bidi);
        toggle(&mut out, "snapToGrid", self.snap);
        self.spacing(&mut out);
        self.indents(&mut out);
        toggle(&mut out, "contextualSpacing", self.contextual);
        if let Some(align) = self.align {
            _ = write!(out, "<w:jc w:val=\"{}\"/>", align.name());
        }
        if let Some(level) = self.outline {
            _ = write!(out, "<w:outlineLvl w:val=\"{}\"/>", level.min(9));
        }
        out
    }

    fn tab_stops(&self, out: &mut String) {
        let Some(tabs) = self.tabs.as_deref().filter(|tabs| !tabs.is_empty()) else { return };
        out.push_str("<w:tabs>");
        for tab in tabs.iter().take(64) {
            let leader =
                if tab.leader == "none" { String::new() } else { format!(" w:leader=\"{}\"", tab.leader) };
            let at = tab.at.clamp(-31_680, 31_680);
            _ = write!(out, "<w:tab w:val=\"{}\"{leader} w:pos=\"{at}\"/>", tab.kind);
        }
        out.push_str("</w:tabs>");
    }

    fn spacing(&self, out: &mut String) {
        let mut inner = String::new();
        for (name, value) in [("before", self.before), ("after", self.after)] {
            if let Some(value) = value {
                _ = write!(inner, " w:{name}=\"{}\"", value.clamp(0, 31_680));
            }
        }
        for (name, value) in [("beforeAutospacing", self.auto_before), ("afterAutospacing", self.auto_after)]
        {
            if let Some(value) = value {
                _ = write!(inner, " w:{name}=\"{}\"", u8::from(value));
            }
        }
        if let Some((line, rule)) = self.line {
            let rule = match rule {
                LineRule::Auto => "auto",
                LineRule::AtLeast => "atLeast",
                LineRule::Exact => "exact",
            };
            _ = write!(inner, " w:line=\"{}\" w:lineRule=\"{rule}\"", line.clamp(0, 31_680));
        }
        if !inner.is_empty() {
            _ = write!(out, "<w:spacing{inner}/>");
        }
    }

    fn indents(&self, out: &mut String) {
        let mut inner = String::new();
        for (name, value) in [("left", self.left), ("right", self.right)] {
            if let Some(value) = value {
                _ = write!(inner, " w:{name}=\"{}\"", value.clamp(-31_680, 31_680));
            }
        }
        match self.first {
            Some(value) if value < 0 => {
                _ = write!(inner, " w:hanging=\"{}\"", value.saturating_neg().min(31_680))
            }
            Some(value) => _ = write!(inner, " w:firstLine=\"{}\"", value.min(31_680)),
            None => {}
        }
        if !inner.is_empty() {
            _ = write!(out, "<w:ind{inner}/>");
        }
    }
}
