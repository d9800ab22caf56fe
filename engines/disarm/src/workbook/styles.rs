//! `styles.xml` of the plain package: fonts, fills, borders and number formats, each once.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::hash::Hash;

use super::package::escaped;
use super::{Alignment, Border, Colour, Difference, Fill, Font, Format, Styles};

/// A list whose entries are there once.
struct Once<T> {
    known: HashMap<T, usize>,
    list: Vec<T>,
}

impl<T: Copy + Eq + Hash> Once<T> {
    fn new(first: &[T]) -> Self {
        let known = first.iter().enumerate().map(|(at, entry)| (*entry, at)).collect();
        Self { known, list: first.to_vec() }
    }

    fn index(&mut self, entry: T) -> usize {
        *self.known.entry(entry).or_insert_with(|| {
            self.list.push(entry);
            self.list.len() - 1
        })
    }
}

/// The part.
pub(super) fn write(styles: &Styles, differences: &[&Difference]) -> String {
    // The first two fills are fixed (ISO/IEC 29500-1, 18.8.20): none, and dots.
    let dots = Fill { pattern: 17, ..Fill::default() };
    let mut fills = Once::new(&[Fill::default(), dots]);
    let mut borders = Once::new(&[Border::default()]);
    let default = [Format::default()];
    let formats = if styles.formats.is_empty() { &default[..] } else { &styles.formats };
    let font_count = styles.fonts.len().max(1);
    let mut cells = String::new();
    for format in formats {
        let (fill, border) = (fills.index(plain(format.fill)), borders.index(format.border));
        push_format(&mut cells, format, font_count, fill, border);
    }
    let mut out =
        String::from("<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">");
    push_numbers(&mut out, &styles.numbers, formats);
    let _ = write!(out, "<fonts count=\"{font_count}\">");
    if styles.fonts.is_empty() {
        out.push_str("<font><sz val=\"11\"/><name val=\"ＭＳ Ｐゴシック\"/></font>");
    }
    for font in &styles.fonts {
        out.push_str("<font>");
        font_parts(&mut out, font, "name");
        out.push_str("</font>");
    }
    let _ = write!(out, "</fonts><fills count=\"{}\">", fills.list.len());
    for fill in &fills.list {
        push_fill(&mut out, *fill, false);
    }
    let _ = write!(out, "</fills><borders count=\"{}\">", borders.list.len());
    for border in &borders.list {
        push_border(&mut out, border);
    }
    out.push_str("</borders><cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>");
    let _ = write!(out, "<cellXfs count=\"{}\">{cells}</cellXfs>", formats.len());
    out.push_str(
        "<cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>",
    );
    let _ = write!(out, "<dxfs count=\"{}\">", differences.len());
    for difference in differences {
        push_difference(&mut out, difference);
    }
    out.push_str("</dxfs></styleSheet>");
    out
}

/// A fill without a pattern is the fill without colours.
fn plain(fill: Fill) -> Fill {
    if fill.pattern == 0 { Fill::default() } else { fill }
}

fn push_numbers(out: &mut String, numbers: &BTreeMap<u16, String>, formats: &[Format]) {
    let used: Vec<(&u16, &String)> =
        numbers.iter().filter(|(id, _)| formats.iter().any(|format| format.number == **id)).collect();
    if used.is_empty() {
        return;
    }
    let _ = write!(out, "<numFmts count=\"{}\">", used.len());
    for (id, code) in used {
        let _ = write!(out, "<numFmt numFmtId=\"{id}\" formatCode=\"{}\"/>", escaped(code));
    }
    out.push_str("</numFmts>");
}

/// What a font is made of, in the order of the schema.
pub(super) fn font_parts(out: &mut String, font: &Font, name: &str) {
    for (holds, tag) in [
        (font.bold, "<b/>"),
        (font.italic, "<i/>"),
        (font.strike, "<strike/>"),
        (font.outline, "<outline/>"),
        (font.shadow, "<shadow/>"),
    ] {
        if holds {
            out.push_str(tag);
        }
    }
    match font.underline {
        1 => out.push_str("<u/>"),
        2 => out.push_str("<u val=\"double\"/>"),
        0x21 => out.push_str("<u val=\"singleAccounting\"/>"),
        0x22 => out.push_str("<u val=\"doubleAccounting\"/>"),
        _ => {}
    }
    match font.script {
        1 => out.push_str("<vertAlign val=\"superscript\"/>"),
        2 => out.push_str("<vertAlign val=\"subscript\"/>"),
        _ => {}
    }
    let _ = write!(out, "<sz val=\"{}\"/>", f64::from(font.height.clamp(20, 8_180)) / 20.0);
    if font.colour != Colour::Automatic {
        push_colour(out, "color", font.colour);
    }
    let _ = write!(out, "<{name} val=\"{}\"/>", escaped(&font.name));
    if font.family > 0 && font.family < 6 {
        let _ = write!(out, "<family val=\"{}\"/>", font.family);
    }
    if font.charset > 1 {
        let _ = write!(out, "<charset val=\"{}\"/>", font.charset);
    }
}

pub(super) fn push_colour(out: &mut String, tag: &str, colour: Colour) {
    let _ = match colour {
        Colour::Automatic => write!(out, "<{tag} auto=\"1\"/>"),
        Colour::Rgb(rgb) => write!(out, "<{tag} rgb=\"FF{rgb:06X}\"/>"),
        Colour::Theme(theme, 0) => write!(out, "<{tag} theme=\"{theme}\"/>"),
        Colour::Theme(theme, tint) => {
            write!(out, "<{tag} theme=\"{theme}\" tint=\"{:.4}\"/>", f64::from(tint) / 32767.0)
        }
    };
}

const PATTERNS: [&str; 19] = [
    "none",
    "solid",
    "mediumGray",
    "darkGray",
    "lightGray",
    "darkHorizontal",
    "darkVertical",
    "darkDown",
    "darkUp",
    "darkGrid",
    "darkTrellis",
    "lightHorizontal",
    "lightVertical",
    "lightDown",
    "lightUp",
    "lightGrid",
    "lightTrellis",
    "gray125",
    "gray0625",
];

/// In rules, a solid fill's colour is that of the ground.
fn push_fill(out: &mut String, fill: Fill, in_rule: bool) {
    let pattern = PATTERNS.get(usize::from(fill.pattern)).copied().unwrap_or("none");
    let _ = write!(out, "<fill><patternFill patternType=\"{pattern}\">");
    if fill.pattern > 0 {
        if fill.front != Colour::Automatic {
            push_colour(out, "fgColor", fill.front);
        } else if fill.pattern == 1 && !in_rule {
            out.push_str("<fgColor indexed=\"64\"/>");
        }
        if fill.back != Colour::Automatic {
            push_colour(out, "bgColor", fill.back);
        }
    }
    out.push_str("</patternFill></fill>");
}

const LINES: [&str; 14] = [
    "none",
    "thin",
    "medium",
    "dashed",
    "dotted",
    "thick",
    "double",
    "hair",
    "mediumDashed",
    "dashDot",
    "mediumDashDot",
    "dashDotDot",
    "mediumDashDotDot",
    "slantDashDot",
];

fn push_border(out: &mut String, border: &Border) {
    out.push_str("<border");
    if border.up {
        out.push_str(" diagonalUp=\"1\"");
    }
    if border.down {
        out.push_str(" diagonalDown=\"1\"");
    }
    out.push('>');
    for (side, (style, colour)) in ["left", "right", "top", "bottom", "diagonal"].iter().zip(border.sides) {
        match LINES.get(usize::from(style)) {
            Some(line) if style > 0 => {
                let _ = write!(out, "<{side} style=\"{line}\">");
                push_colour(out, "color", colour);
                let _ = write!(out, "</{side}>");
            }
            _ => {
                let _ = write!(out, "<{side}/>");
            }
        }
    }
    out.push_str("</border>");
}

fn push_format(out: &mut String, format: &Format, fonts: usize, fill: usize, border: usize) {
    let font = if format.font < fonts { format.font } else { 0 };
    let _ = write!(
        out,
        "<xf numFmtId=\"{}\" fontId=\"{font}\" fillId=\"{fill}\" borderId=\"{border}\" xfId=\"0\"",
        format.number
    );
    for (name, holds) in [
        ("applyNumberFormat", format.number > 0),
        ("applyFont", font > 0),
        ("applyFill", fill > 0),
        ("applyBorder", border > 0),
        ("applyAlignment", format.alignment != Alignment::default()),
        ("applyProtection", format.unlocked || format.formula_hidden),
        ("quotePrefix", format.text_prefix),
    ] {
        if holds {
            let _ = write!(out, " {name}=\"1\"");
        }
    }
    out.push('>');
    push_alignment(out, &format.alignment);
    if format.unlocked || format.formula_hidden {
        out.push_str("<protection");
        if format.unlocked {
            out.push_str(" locked=\"0\"");
        }
        if format.formula_hidden {
            out.push_str(" hidden=\"1\"");
        }
        out.push_str("/>");
    }
    out.push_str("</xf>");
}

fn push_alignment(out: &mut String, alignment: &Alignment) {
    const ACROSS: [&str; 8] =
        ["general", "left", "center", "right", "fill", "justify", "centerContinuous", "distributed"];
    const DOWN: [&str; 5] = ["top", "center", "bottom", "justify", "distributed"];
    if *alignment == Alignment::default() {
        return;
    }
    out.push_str("<alignment");
    if let Some(across) = ACROSS.get(usize::from(alignment.across)).filter(|_| alignment.across > 0) {
        let _ = write!(out, " horizontal=\"{across}\"");
    }
    if let Some(down) = DOWN.get(usize::from(alignment.down)) {
        let _ = write!(out, " vertical=\"{down}\"");
    }
    if alignment.rotation > 0 && (alignment.rotation <= 180 || alignment.rotation == 255) {
        let _ = write!(out, " textRotation=\"{}\"", alignment.rotation);
    }
    for (name, holds) in [
        ("wrapText", alignment.wrap),
        ("shrinkToFit", alignment.shrink),
        ("justifyLastLine", alignment.last_line),
    ] {
        if holds {
            let _ = write!(out, " {name}=\"1\"");
        }
    }
    if alignment.indent > 0 {
        let _ = write!(out, " indent=\"{}\"", alignment.indent);
    }
    if alignment.reading > 0 && alignment.reading < 3 {
        let _ = write!(out, " readingOrder=\"{}\"", alignment.reading);
    }
    out.push_str("/>");
}

fn push_difference(out: &mut String, difference: &Difference) {
    out.push_str("<dxf>");
    let flags = [(difference.bold, "b"), (difference.italic, "i"), (difference.strike, "strike")];
    if flags.iter().any(|(flag, _)| flag.is_some()) || difference.colour.is_some() {
        out.push_str("<font>");
        for (flag, tag) in flags {
            match flag {
                Some(true) => {
                    let _ = write!(out, "<{tag}/>");
                }
                Some(false) => {
                    let _ = write!(out, "<{tag} val=\"0\"/>");
                }
                None => {}
            }
        }
        if let Some(colour) = difference.colour {
            push_colour(out, "color", colour);
        }
        out.push_str("</font>");
    }
    if let Some(fill) = difference.fill {
        push_fill(out, fill, true);
    }
    if let Some(border) = &difference.border {
        push_border(out, border);
    }
    out.push_str("</dxf>");
}
