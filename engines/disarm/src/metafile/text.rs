//! Text of metafiles as outlines of the one fallback typeface. The shapes differ from the author's typeface; the
//! places of the characters are the author's, where the record gives them.

use std::fmt::Write as _;

use resvg::tiny_skia::{Path, Transform};

/// The size of the em in which outlines are asked for.
pub(super) const EM: f32 = 100.0;

/// How the text stands to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The typeface, opened once a metafile.
pub(super) struct Typeface {
    options: usvg::Options<'static>,
}

impl Typeface {
    /// The process-wide fallback, if one was set.
    pub(super) fn fallback() -> Option<Self> {
        let (fontdb, font_family) = crate::font::database()?;
        let options = usvg::Options { fontdb, font_family, ..usvg::Options::default() };
        Some(Self { options })
    }

    /// Outlines in units of [`EM`], the baseline at zero. `offsets` are the characters' places along it.
    pub(super) fn outlines(
        &self,
        text: &str,
        offsets: Option<&[f32]>,
        anchor: Anchor,
        (bold, italic): (bool, bool),
    ) -> Vec<(Path, Transform)> {
        let mut svg = String::from(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"100\"><text xml:space=\"preserve\"",
        );
        let _ = write!(svg, " font-size=\"{EM}\"");
        if bold {
            svg.push_str(" font-weight=\"bold\" stroke=\"#000\" stroke-width=\"2\"");
        }
        if italic {
            svg.push_str(" font-style=\"italic\"");
        }
        match (offsets, anchor) {
            (Some(offsets), _) => {
                svg.push_str(" x=\"");
                for offset in offsets {
                    let _ = write!(svg, "{offset:.2} ");
                }
                svg.push('"');
            }
            (None, Anchor::Middle) => svg.push_str(" text-anchor=\"middle\""),
            (None, Anchor::End) => svg.push_str(" text-anchor=\"end\""),
            (None, Anchor::Start) => {}
        }
        svg.push('>');
        for c in text.chars() {
            match c {
                '<' => svg.push_str("&lt;"),
                '&' => svg.push_str("&amp;"),
                '\t' | '\n' | '\r' => svg.push(' '),
                c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => svg.push(' '),
                c => svg.push(c),
            }
        }
        svg.push_str("</text></svg>");
        let mut paths = Vec::new();
        if let Ok(tree) = usvg::Tree::from_str(&svg, &self.options) {
            collect(tree.root(), &mut paths, 0);
        }
        paths
    }
}

fn collect(group: &usvg::Group, paths: &mut Vec<(Path, Transform)>, depth: u32) {
    if depth > 16 {
        return;
    }
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => collect(inner, paths, depth + 1),
            usvg::Node::Text(text) => collect(text.flattened(), paths, depth + 1),
            usvg::Node::Path(path) => {
                let outline = match path.stroke() {
                    // The heavier weight of a typeface that has one weight only.
                    Some(stroke) => path.data().stroke(&stroke.to_tiny_skia(), 1.0).into_iter().collect(),
                    None => Vec::new(),
                };
                for data in outline.into_iter().chain([path.data().clone()]) {
                    paths.push((data, path.abs_transform()));
                }
            }
            usvg::Node::Image(_) => {}
        }
    }
}

/// The character set of a font as an encoding.
pub(super) fn decode(bytes: &[u8], charset: u8) -> String {
    let encoding = match charset {
        128 => encoding_rs::SHIFT_JIS,
        129 => encoding_rs::EUC_KR,
        134 => encoding_rs::GBK,
        136 => encoding_rs::BIG5,
        161 => encoding_rs::WINDOWS_1253,
        162 => encoding_rs::WINDOWS_1254,
        177 => encoding_rs::WINDOWS_1255,
        178 => encoding_rs::WINDOWS_1256,
        186 => encoding_rs::WINDOWS_1257,
        204 => encoding_rs::WINDOWS_1251,
        222 => encoding_rs::WINDOWS_874,
        238 => encoding_rs::WINDOWS_1250,
        // The default of the author's machine: that of a Japanese one, where the bytes can be read so.
        1 if !encoding_rs::SHIFT_JIS.decode_without_bom_handling(bytes).1 => encoding_rs::SHIFT_JIS,
        _ => encoding_rs::WINDOWS_1252,
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// How many bytes each character took, so that the byte-wise widths of a record can be joined.
pub(super) fn byte_lengths(text: &str, total: usize) -> Vec<usize> {
    let wide = total.saturating_sub(text.chars().count());
    let mut left = wide;
    text.chars()
        .map(|c| {
            let two = !c.is_ascii() && !('\u{FF61}'..='\u{FF9F}').contains(&c) && left > 0;
            left -= usize::from(two);
            1 + usize::from(two)
        })
        .collect()
}

/// The Symbol typeface's characters as Unicode; formulas of old documents are full of them.
pub(super) fn from_symbol(text: &str) -> String {
    const UPPER: &str = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ";
    const LOWER: &str = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ";
    const HIGH: &str = "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪";
    text.chars()
        .map(|c| {
            let code = u32::from(c) & 0xFF;
            let nth = |table: &str, from: u32| table.chars().nth((code - from) as usize).unwrap_or(c);
            match code {
                0x41..=0x5A => nth(UPPER, 0x41),
                0x61..=0x7A => nth(LOWER, 0x61),
                0xA1..=0xEF => nth(HIGH, 0xA1),
                0x22 => '∀',
                0x24 => '∃',
                0x27 => '∋',
                0x2A => '∗',
                0x2D => '−',
                0x40 => '≅',
                0x5C => '∴',
                0x5E => '⊥',
                0x7E => '∼',
                0xF1 => '〉',
                0xF2 => '∫',
                _ => char::from_u32(code).unwrap_or(c),
            }
        })
        .collect()
}
