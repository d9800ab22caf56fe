//! The font of the invisible text: no outlines, only codes, widths and what they mean.
//!
//! Each pair of a text and a width that a page needs gets a code of its own, so that viewers place, search and copy
//! words exactly, in any script and across ligatures. The font program is an empty TrueType font written here.

use std::collections::HashMap;

use super::super::{
    cmap::CMap,
    write::{Dict, Val, Writer},
};

/// The names in the resources of a page.
pub(super) const ACROSS: &str = "F0";
pub(super) const DOWN: &str = "F1";

const NAME: &str = "SekishoGlyphless";

/// Codes have two bytes; 0 stays unused.
const MOST_CODES: usize = 65_535;

pub(super) struct Font {
    across: u32,
    down: u32,
    codes: HashMap<(String, u16), u16>,
    /// The texts and widths by code, from 1.
    table: Vec<(String, u16)>,
}

impl Font {
    pub(super) fn new(out: &mut Writer) -> Self {
        let (across, down) = (out.reserve(), out.reserve());
        Self { across, down, codes: HashMap::new(), table: Vec::new() }
    }

    /// The code of a text that is this wide, in thousandths of the size.
    pub(super) fn code(&mut self, text: &str, width: u16) -> Option<u16> {
        if let Some(code) = self.codes.get(&(text.to_owned(), width)) {
            return Some(*code);
        }
        if self.table.len() >= MOST_CODES {
            return None;
        }
        self.table.push((text.to_owned(), width));
        let code = u16::try_from(self.table.len()).ok()?;
        self.codes.insert((text.to_owned(), width), code);
        Some(code)
    }

    pub(super) fn resources(&self) -> Dict {
        Dict::new().with(ACROSS, Val::Ref(self.across)).with(DOWN, Val::Ref(self.down))
    }

    /// Writes the font objects; nothing that no page refers to comes into the file.
    pub(super) fn put(&self, out: &mut Writer) {
        let program = out.reserve();
        let data = program_bytes();
        out.put_stream(program, Dict::new().with("Length1", Val::int(data.len())), &data);
        let descriptor = Dict::typed("FontDescriptor")
            .with("FontName", Val::name(NAME))
            .with("Flags", Val::Num(4.0))
            .with("FontBBox", Val::nums([0.0, -120.0, 1000.0, 880.0]))
            .with("ItalicAngle", Val::Num(0.0))
            .with("Ascent", Val::Num(880.0))
            .with("Descent", Val::Num(-120.0))
            .with("CapHeight", Val::Num(880.0))
            .with("StemV", Val::Num(80.0))
            .with("FontFile2", Val::Ref(program));
        let descriptor = out.add(Val::Dict(descriptor));
        let glyphs = out.reserve();
        // Every code shows the font's one empty glyph.
        out.put_stream(glyphs, Dict::new(), &[0, 1].repeat(self.table.len() + 1));
        let system = Dict::new()
            .with("Registry", Val::Str(b"Adobe".to_vec()))
            .with("Ordering", Val::Str(b"Identity".to_vec()))
            .with("Supplement", Val::Num(0.0));
        let widths = self.table.iter().map(|(_, width)| Val::Num(f64::from(*width))).collect();
        let cid = Dict::typed("Font")
            .with("Subtype", Val::name("CIDFontType2"))
            .with("BaseFont", Val::name(NAME))
            .with("CIDSystemInfo", Val::Dict(system))
            .with("FontDescriptor", Val::Ref(descriptor))
            .with("DW", Val::Num(1000.0))
            .with("W", Val::Arr(vec![Val::Num(1.0), Val::Arr(widths)]))
            .with("CIDToGIDMap", Val::Ref(glyphs));
        let cid = out.add(Val::Dict(cid));
        let map = out.reserve();
        let texts = self.table.iter().map(|(text, _)| text.as_str());
        out.put_stream(map, Dict::new(), &CMap::of_texts(texts).write(true));
        for (id, encoding) in [(self.across, "Identity-H"), (self.down, "Identity-V")] {
            let font = Dict::typed("Font")
                .with("Subtype", Val::name("Type0"))
                .with("BaseFont", Val::name(NAME))
                .with("Encoding", Val::name(encoding))
                .with("DescendantFonts", Val::Arr(vec![Val::Ref(cid)]))
                .with("ToUnicode", Val::Ref(map));
            out.put(id, Val::Dict(font));
        }
    }
}

/// A TrueType font (ISO/IEC 14496-22) of two empty glyphs.
fn program_bytes() -> Vec<u8> {
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let head = [
        words(&[1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 3, 1000]),
        vec![0; 16],
        words(&[0, 0, 0, 0, 0, 8, 2, 0, 0]),
    ]
    .concat();
    let hhea = words(&[1, 0, 880, 0xFF88, 0, 1000, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    let maxp = words(&[1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let tables: [(&[u8; 4], Vec<u8>); 6] = [
        // One byte of padding keeps readers content that find an empty table odd.
        (b"glyf", vec![0]),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", words(&[1000, 0, 0])),
        (b"loca", words(&[0, 0, 0])),
        (b"maxp", maxp),
    ];
    let mut out = words(&[1, 0, 6, 64, 2, 32]);
    let mut at = 12 + 16 * tables.len();
    let mut body = Vec::new();
    for (tag, table) in &tables {
        let mut padded = table.clone();
        padded.resize(table.len().next_multiple_of(4), 0);
        out.extend_from_slice(*tag);
        out.extend_from_slice(&checksum(&padded).to_be_bytes());
        out.extend_from_slice(&u32::try_from(at).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(&u32::try_from(table.len()).unwrap_or(0).to_be_bytes());
        at += padded.len();
        body.extend_from_slice(&padded);
    }
    out.extend_from_slice(&body);
    // The adjustment in `head` makes the sum of the whole file the same in all fonts.
    let adjustment = 0xB1B0_AFBA_u32.wrapping_sub(checksum(&out)).to_be_bytes();
    let head = 12 + 16 * tables.len() + 4 + 8;
    for (to, from) in out.iter_mut().skip(head).zip(adjustment) {
        *to = from;
    }
    out
}

fn checksum(padded: &[u8]) -> u32 {
    padded.as_chunks::<4>().0.iter().fold(0, |sum, word| sum.wrapping_add(u32::from_be_bytes(*word)))
}
