//! Character maps (Adobe Technical Note 5014, ISO 32000-1 §9.7.5, §9.10.3): read as tables, written anew as tables.
//!
//! A map is a PostScript program by form. Only its tables are read; nothing in it is run or copied.

use std::collections::BTreeMap;

use super::{
    lexer::{Lexer, Operand, Token},
    write::{write_name, write_string},
};

/// Entries of one map; the largest real ones list some 30,000 codes.
const MAX_ENTRIES: usize = 200_000;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CMap {
    /// Code spaces: first and last code.
    pub(super) spaces: Vec<(Vec<u8>, Vec<u8>)>,
    /// First code, last code, UTF-16BE of the first; the last unit counts up.
    unicode: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    /// First code, last code, CID of the first.
    cids: Vec<(Vec<u8>, Vec<u8>, u32)>,
    /// The predefined map that this one extends.
    base: Option<Vec<u8>>,
    vertical: bool,
}

impl CMap {
    pub(super) fn read(data: &[u8]) -> Self {
        let mut map = Self::default();
        let mut lexer = Lexer::new(data);
        let mut args: Vec<Operand> = Vec::new();
        while let Some(token) = lexer.token() {
            match token {
                Token::Operand(operand) => {
                    if args.len() < MAX_ENTRIES {
                        args.push(operand);
                    }
                }
                Token::Operator(operator) => {
                    map.apply(operator, &args);
                    args.clear();
                }
            }
        }
        map
    }

    fn apply(&mut self, operator: &[u8], args: &[Operand]) {
        if self.unicode.len() + self.cids.len() > MAX_ENTRIES {
            return;
        }
        match operator {
            b"endcodespacerange" => {
                for pair in args.chunks_exact(2) {
                    if let [Operand::Str(low), Operand::Str(high)] = pair
                        && code_fits(low)
                        && low.len() == high.len()
                        && self.spaces.len() < 256
                    {
                        self.spaces.push((low.clone(), high.clone()));
                    }
                }
            }
            b"endbfchar" => {
                for pair in args.chunks_exact(2) {
                    if let [Operand::Str(code), Operand::Str(text)] = pair {
                        self.add_unicode(code, code, text);
                    }
                }
            }
            b"endbfrange" => {
                for triple in args.chunks_exact(3) {
                    match triple {
                        [Operand::Str(low), Operand::Str(high), Operand::Str(text)] => {
                            self.add_unicode(low, high, text);
                        }
                        [Operand::Str(low), Operand::Str(_), Operand::Arr(texts)] => {
                            let start = number(low);
                            for (code, text) in (start..).zip(texts.iter().take(65_536)) {
                                if let Operand::Str(text) = text {
                                    let code = spell(code, low.len());
                                    self.add_unicode(&code, &code, text);
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            b"endcidchar" => {
                for pair in args.chunks_exact(2) {
                    if let [Operand::Str(code), Operand::Num(cid)] = pair {
                        self.add_cid(code, code, *cid);
                    }
                }
            }
            b"endcidrange" => {
                for triple in args.chunks_exact(3) {
                    if let [Operand::Str(low), Operand::Str(high), Operand::Num(cid)] = triple {
                        self.add_cid(low, high, *cid);
                    }
                }
            }
            b"usecmap" => {
                if let Some(Operand::Name(name)) = args.last()
                    && predefined(name)
                {
                    self.base = Some(name.clone());
                }
            }
            b"def" => {
                if let [.., Operand::Name(key), Operand::Num(value)] = args
                    && key == b"WMode"
                {
                    self.vertical = *value == 1.0;
                }
            }
            _ => {}
        }
    }

    /// A map of two-byte codes, counted from 1, to these texts.
    pub(super) fn of_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut map = Self { spaces: vec![(vec![0, 0], vec![0xFF, 0xFF])], ..Self::default() };
        for (code, text) in (1_u16..).zip(texts) {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let code = code.to_be_bytes();
            map.add_unicode(&code, &code, &units);
        }
        map
    }

    fn add_unicode(&mut self, low: &[u8], high: &[u8], text: &[u8]) {
        if code_fits(low) && low.len() == high.len() && !text.is_empty() && text.len() <= 64 {
            // One-byte destinations occur; they mean Latin-1.
            let text = if text.len() == 1 { [&[0], text].concat() } else { text.to_vec() };
            self.unicode.push((low.to_vec(), high.to_vec(), text));
        }
    }

    fn add_cid(&mut self, low: &[u8], high: &[u8], cid: f64) {
        if code_fits(low) && low.len() == high.len() && (0.0..=65_535.0).contains(&cid) {
            self.cids.push((low.to_vec(), high.to_vec(), cid as u32));
        }
    }

    pub(super) fn maps_unicode(&self) -> bool {
        !self.unicode.is_empty()
    }

    pub(super) fn maps_cids(&self) -> bool {
        !self.cids.is_empty() || self.base.is_some()
    }

    pub(super) fn vertical(&self) -> bool {
        self.vertical
    }

    pub(super) fn base(&self) -> Option<&[u8]> {
        self.base.as_deref()
    }

    /// The map in the standard form (Technical Note 5014 §7.1) under a name of our own.
    pub(super) fn write(&self, unicode: bool) -> Vec<u8> {
        let mut out = b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n".to_vec();
        if let (Some(base), false) = (&self.base, unicode) {
            write_name(&mut out, base);
            out.extend_from_slice(b" usecmap\n");
        }
        out.extend_from_slice(b"/CMapName /Rebuilt def\n/CMapType ");
        out.extend_from_slice(if unicode { b"2 def\n" } else { b"1 def\n" });
        if self.vertical {
            out.extend_from_slice(b"/WMode 1 def\n");
        }
        for chunk in self.spaces.chunks(100) {
            section(&mut out, chunk.len(), "codespacerange", |out| {
                for (low, high) in chunk {
                    codes(out, low, high);
                    out.push(b'\n');
                }
            });
        }
        if unicode {
            for chunk in self.unicode.chunks(100) {
                section(&mut out, chunk.len(), "bfrange", |out| {
                    for (low, high, text) in chunk {
                        codes(out, low, high);
                        write_string(out, text);
                        out.push(b'\n');
                    }
                });
            }
        } else {
            for chunk in self.cids.chunks(100) {
                section(&mut out, chunk.len(), "cidrange", |out| {
                    for (low, high, cid) in chunk {
                        codes(out, low, high);
                        out.extend_from_slice(cid.to_string().as_bytes());
                        out.push(b'\n');
                    }
                });
            }
        }
        out.extend_from_slice(b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        out
    }

    /// Lookup tables for reading text.
    pub(super) fn lookup(&self) -> Lookup {
        let mut ranges = BTreeMap::new();
        for (low, high, text) in &self.unicode {
            ranges.insert((low.len(), number(low)), (number(high), text.clone()));
        }
        Lookup { ranges }
    }
}

pub(super) struct Lookup {
    ranges: BTreeMap<(usize, u32), (u32, Vec<u8>)>,
}

impl Lookup {
    /// The text of a code, if the map has it.
    pub(super) fn text(&self, code: &[u8]) -> Option<String> {
        let value = number(code);
        let (start, (end, text)) = self.ranges.range(..=(code.len(), value)).next_back()?;
        if start.0 != code.len() || value > *end {
            return None;
        }
        let mut units: Vec<u16> = text
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte)))
            .collect();
        if let Some(last) = units.last_mut() {
            *last = last.wrapping_add((value - start.1) as u16);
        }
        Some(String::from_utf16_lossy(&units))
    }
}

fn section(out: &mut Vec<u8>, count: usize, name: &str, body: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(format!("{count} begin{name}\n").as_bytes());
    body(out);
    out.extend_from_slice(format!("end{name}\n").as_bytes());
}

fn codes(out: &mut Vec<u8>, low: &[u8], high: &[u8]) {
    write_string(out, low);
    write_string(out, high);
}

fn code_fits(code: &[u8]) -> bool {
    (1..=4).contains(&code.len())
}

fn number(code: &[u8]) -> u32 {
    code.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn spell(code: u32, length: usize) -> Vec<u8> {
    let bytes = code.to_be_bytes();
    bytes.get(4_usize.saturating_sub(length)..).unwrap_or_default().to_vec()
}

/// The predefined maps of ISO 32000-1 table 118.
pub(super) fn predefined(name: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "Identity-H",
        "Identity-V",
        "83pv-RKSJ-H",
        "90ms-RKSJ-H",
        "90ms-RKSJ-V",
        "90msp-RKSJ-H",
        "90msp-RKSJ-V",
        "90pv-RKSJ-H",
        "Add-RKSJ-H",
        "Add-RKSJ-V",
        "EUC-H",
        "EUC-V",
        "Ext-RKSJ-H",
        "Ext-RKSJ-V",
        "H",
        "V",
        "UniJIS-UCS2-H",
        "UniJIS-UCS2-V",
        "UniJIS-UCS2-HW-H",
        "UniJIS-UCS2-HW-V",
        "UniJIS-UTF16-H",
        "UniJIS-UTF16-V",
        "UniJIS2004-UTF16-H",
        "UniJIS2004-UTF16-V",
        "UniJIS-UTF8-H",
        "UniJIS-UTF32-H",
        "GB-EUC-H",
        "GB-EUC-V",
        "GBpc-EUC-H",
        "GBpc-EUC-V",
        "GBK-EUC-H",
        "GBK-EUC-V",
        "GBKp-EUC-H",
        "GBKp-EUC-V",
        "GBK2K-H",
        "GBK2K-V",
        "UniGB-UCS2-H",
        "UniGB-UCS2-V",
        "UniGB-UTF16-H",
        "UniGB-UTF16-V",
        "B5pc-H",
        "B5pc-V",
        "HKscs-B5-H",
        "HKscs-B5-V",
        "ETen-B5-H",
        "ETen-B5-V",
        "ETenms-B5-H",
        "ETenms-B5-V",
        "CNS-EUC-H",
        "CNS-EUC-V",
        "UniCNS-UCS2-H",
        "UniCNS-UCS2-V",
        "UniCNS-UTF16-H",
        "UniCNS-UTF16-V",
        "KSC-EUC-H",
        "KSC-EUC-V",
        "KSCms-UHC-H",
        "KSCms-UHC-V",
        "KSCms-UHC-HW-H",
        "KSCms-UHC-HW-V",
        "KSCpc-EUC-H",
        "UniKS-UCS2-H",
        "UniKS-UCS2-V",
        "UniKS-UTF16-H",
        "UniKS-UTF16-V",
    ];
    NAMES.iter().any(|known| known.as_bytes() == name)
}

impl CMap {
    /// Takes the predefined map that the stream's dictionary names.
    pub(super) fn extend_from(&mut self, base: &[u8]) {
        self.base.get_or_insert_with(|| base.to_vec());
    }
}
