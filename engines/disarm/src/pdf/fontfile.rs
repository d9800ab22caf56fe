//! Embedded font programs: taken apart, checked, and put together from the parts that drawing needs.
//!
//! TrueType loses its instructions (`fpgm`, `prep`, `cvt`, and those of each glyph), which run in an interpreter
//! and only sharpen small sizes. CFF and Type 1 are kept when their structure is sound. A program that is not
//! sound is left out; readers then substitute a font.

use super::lexer::{Lexer, Operand, Token};

/// A program that may go into the new file.
pub(super) struct Program {
    pub(super) key: &'static str,
    pub(super) subtype: Option<&'static str>,
    pub(super) numbers: Vec<(&'static str, usize)>,
    pub(super) data: Vec<u8>,
}

/// Rebuilds the program under `FontFile`, `FontFile2` or `FontFile3`; what it is follows from its bytes.
pub(super) fn rebuild(key: &str, subtype: Option<&[u8]>, data: &[u8]) -> Option<Program> {
    match data {
        [0, 1, 0, 0, ..] | [b't', b'r', b'u', b'e', ..] => {
            let data = sfnt(data)?;
            Some(Program { key: "FontFile2", subtype: None, numbers: vec![("Length1", data.len())], data })
        }
        [b'O', b'T', b'T', b'O', ..] => {
            let data = sfnt(data)?;
            Some(Program { key: "FontFile3", subtype: Some("OpenType"), numbers: Vec::new(), data })
        }
        [1, _, ..] if key == "FontFile3" => {
            let cid = subtype == Some(b"CIDFontType0C");
            let data = cff(data)?;
            let subtype = if cid { "CIDFontType0C" } else { "Type1C" };
            Some(Program { key: "FontFile3", subtype: Some(subtype), numbers: Vec::new(), data })
        }
        _ if key == "FontFile" => type1(data),
        _ => None,
    }
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    match data.get(at..at.checked_add(2)?)? {
        [a, b] => Some(u16::from_be_bytes([*a, *b])),
        _ => None,
    }
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    match data.get(at..at.checked_add(4)?)? {
        [a, b, c, d] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

/// The tables that a reader needs to draw glyphs (OpenType 1.9).
const TABLES: &[&[u8; 4]] = &[
    b"CFF ", b"OS/2", b"VORG", b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"post",
    b"vhea", b"vmtx",
];

fn sfnt(data: &[u8]) -> Option<Vec<u8>> {
    let version = u32_at(data, 0)?;
    let count = usize::from(u16_at(data, 4)?);
    let mut tables: Vec<(&'static [u8; 4], Vec<u8>)> = Vec::new();
    for tag in TABLES {
        for record in 0..count.min(64) {
            let at = 12 + record * 16;
            if data.get(at..at + 4)? != tag.as_slice() || tables.iter().any(|(known, _)| known == tag) {
                continue;
            }
            let start = u32_at(data, at + 8)? as usize;
            let length = u32_at(data, at + 12)? as usize;
            // Subsetters leave last tables a few bytes short; what is there is what readers use.
            let table = data.get(start..start.checked_add(length)?.min(data.len()))?;
            tables.push((tag, table.to_vec()));
        }
    }
    let find =
        |wanted: &[u8; 4]| tables.iter().find(|(tag, _)| *tag == wanted).map(|(_, table)| table.as_slice());
    if let Some(outlines) = find(b"CFF ") {
        cff(outlines)?;
    } else {
        let head = find(b"head")?;
        let glyphs = usize::from(u16_at(find(b"maxp")?, 4)?);
        let (glyf, loca) =
            glyphs_without_programs(find(b"glyf")?, find(b"loca")?, u16_at(head, 50)? != 0, glyphs)?;
        for (tag, table) in &mut tables {
            match *tag {
                b"glyf" => table.clone_from(&glyf),
                b"loca" => table.clone_from(&loca),
                b"head" => set(table, 50, &[0, 1]),
                // maxZones 1; no twilight points, storage, functions, stack or instructions.
                b"maxp" if table.len() >= 32 => set(table, 14, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
                _ => {}
            }
        }
    }
    Some(assemble(version, tables))
}

fn set(table: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(slot) = table.get_mut(at..at + bytes.len()) {
        slot.copy_from_slice(bytes);
    }
}

fn assemble(version: u32, mut tables: Vec<(&'static [u8; 4], Vec<u8>)>) -> Vec<u8> {
    tables.sort_by_key(|(tag, _)| *tag);
    let count = u16::try_from(tables.len()).unwrap_or(0);
    let power = 1_u16 << (15 - count.max(1).leading_zeros().min(15));
    let mut out = version.to_be_bytes().to_vec();
    for value in [count, power * 16, power.trailing_zeros() as u16, (count - power.min(count)) * 16] {
        out.extend_from_slice(&value.to_be_bytes());
    }
    let mut offset = 12 + tables.len() * 16;
    let mut body = Vec::new();
    for (tag, table) in &tables {
        out.extend_from_slice(tag.as_slice());
        out.extend_from_slice(&checksum(table).to_be_bytes());
        out.extend_from_slice(&(offset as u32).to_be_bytes());
        out.extend_from_slice(&(table.len() as u32).to_be_bytes());
        body.extend_from_slice(table);
        body.resize(body.len().next_multiple_of(4), 0);
        offset += table.len().next_multiple_of(4);
    }
    out.extend_from_slice(&body);
    out
}

fn checksum(table: &[u8]) -> u32 {
    table.chunks(4).fold(0_u32, |sum, word| {
        let value =
            (0..4).fold(0_u32, |value, at| value << 8 | u32::from(word.get(at).copied().unwrap_or(0)));
        sum.wrapping_add(value)
    })
}

/// Rewrites each glyph without its instructions. A glyph that does not follow the format becomes empty.
fn glyphs_without_programs(
    glyf: &[u8],
    loca: &[u8],
    long: bool,
    glyphs: usize,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let offset = |index: usize| {
        if long {
            u32_at(loca, index * 4).map(|value| value as usize)
        } else {
            u16_at(loca, index * 2).map(|value| usize::from(value) * 2)
        }
    };
    let mut out = Vec::with_capacity(glyf.len());
    let mut places = Vec::with_capacity(glyphs * 4 + 4);
    for index in 0..glyphs {
        places.extend_from_slice(&u32::try_from(out.len()).ok()?.to_be_bytes());
        let range = offset(index).zip(offset(index + 1));
        let glyph = range.and_then(|(start, end)| glyf.get(start..end.min(glyf.len()))).unwrap_or_default();
        if let Some(bare) = bare_glyph(glyph, glyphs) {
            out.extend_from_slice(&bare);
            out.resize(out.len().next_multiple_of(4), 0);
        }
    }
    places.extend_from_slice(&u32::try_from(out.len()).ok()?.to_be_bytes());
    Some((out, places))
}

fn bare_glyph(glyph: &[u8], glyphs: usize) -> Option<Vec<u8>> {
    let contours = u16_at(glyph, 0)? as i16;
    if contours < 0 {
        return composite(glyph, glyphs);
    }
    let contours = usize::try_from(contours).ok()?;
    let ends = 10 + contours * 2;
    let points = match contours {
        0 => return None,
        _ => usize::from(u16_at(glyph, ends - 2)?) + 1,
    };
    let mut last = None;
    for contour in 0..contours {
        let end = u16_at(glyph, 10 + contour * 2)?;
        if last.is_some_and(|last| end < last) {
            return None;
        }
        last = Some(end);
    }
    let body = ends + 2 + usize::from(u16_at(glyph, ends)?);
    let length = outline_length(glyph.get(body..)?, points)?;
    let mut out = glyph.get(..ends)?.to_vec();
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(glyph.get(body..body + length)?);
    Some(out)
}

/// Bytes of flags and coordinates for this many points.
fn outline_length(body: &[u8], points: usize) -> Option<usize> {
    let (mut at, mut seen, mut coordinates) = (0, 0, 0);
    while seen < points {
        let flag = *body.get(at)?;
        at += 1;
        let mut times = 1;
        if flag & 8 != 0 {
            times += usize::from(*body.get(at)?);
            at += 1;
        }
        let axis = |short: u8, same: u8| match (flag & short != 0, flag & same != 0) {
            (true, _) => 1,
            (false, true) => 0,
            (false, false) => 2,
        };
        let times = times.min(points - seen);
        coordinates += times * (axis(2, 16) + axis(4, 32));
        seen += times;
    }
    (at + coordinates <= body.len()).then_some(at + coordinates)
}

/// Components only, their instruction flag cleared.
fn composite(glyph: &[u8], glyphs: usize) -> Option<Vec<u8>> {
    let mut out = glyph.get(..10)?.to_vec();
    let mut at = 10;
    for _ in 0..256 {
        let flags = u16_at(glyph, at)?;
        if usize::from(u16_at(glyph, at + 2)?) >= glyphs {
            return None;
        }
        let arguments = if flags & 1 != 0 { 4 } else { 2 };
        let scale = match flags {
            flags if flags & 0x08 != 0 => 2,
            flags if flags & 0x40 != 0 => 4,
            flags if flags & 0x80 != 0 => 8,
            _ => 0,
        };
        out.extend_from_slice(&(flags & !0x0100).to_be_bytes());
        out.extend_from_slice(glyph.get(at + 2..at + 4 + arguments + scale)?);
        at += 4 + arguments + scale;
        if flags & 0x20 == 0 {
            return Some(out);
        }
    }
    None
}

/// CFF (Adobe Technical Note 5176): header and the four leading INDEX structures must be sound, and every top
/// dictionary must hold nothing but numbers and operators, its matrix six numbers.
fn cff(data: &[u8]) -> Option<Vec<u8>> {
    let header = usize::from(*data.get(2)?);
    let (names, at) = index(data, header)?;
    let (tops, at) = index(data, at)?;
    let (_, at) = index(data, at)?;
    let (_, _) = index(data, at)?;
    if names.len() != 1 || tops.len() != 1 {
        return None;
    }
    let top = data.get(tops.first()?.clone())?;
    let mut charstrings = None;
    for (operator, operands) in dictionary(top)? {
        match operator {
            17 => charstrings = operands.first().copied(),
            0x0C07 if operands.len() != 6 => return None,
            _ => {}
        }
    }
    let (glyphs, _) = index(data, usize::try_from(charstrings?).ok()?)?;
    (!glyphs.is_empty()).then(|| data.to_vec())
}

/// The entries of an INDEX and the offset behind it.
fn index(data: &[u8], at: usize) -> Option<(Vec<std::ops::Range<usize>>, usize)> {
    let count = usize::from(u16_at(data, at)?);
    if count == 0 {
        return Some((Vec::new(), at + 2));
    }
    let width = usize::from(*data.get(at + 2)?);
    if !(1..=4).contains(&width) {
        return None;
    }
    let offset = |entry: usize| {
        let start = at + 3 + entry * width;
        let bytes = data.get(start..start + width)?;
        Some(bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let base = at + 2 + (count + 1) * width;
    let mut entries = Vec::with_capacity(count);
    for entry in 0..count {
        let (start, end) = (base + offset(entry)?, base + offset(entry + 1)?);
        if start > end || end > data.len() {
            return None;
        }
        entries.push(start..end);
    }
    Some((entries, base + offset(count)?))
}

/// Operators with their operands; integers only as numbers, reals as zero.
fn dictionary(data: &[u8]) -> Option<Vec<(u16, Vec<i64>)>> {
    let mut out = Vec::new();
    let mut operands = Vec::new();
    let mut bytes = data.iter().map(|byte| i64::from(*byte));
    while let Some(byte) = bytes.next() {
        match byte {
            0..=21 => {
                let operator = if byte == 12 { 0x0C00 | bytes.next()? } else { byte };
                out.push((u16::try_from(operator).ok()?, std::mem::take(&mut operands)));
            }
            28 => {
                let value = bytes.next()? << 8 | bytes.next()?;
                operands.push(i64::from(value as i16));
            }
            29 => {
                let mut value = 0_i64;
                for _ in 0..4 {
                    value = value << 8 | bytes.next()?;
                }
                operands.push(i64::from(value as i32));
            }
            30 => {
                while bytes.next()? & 0x0F != 0x0F {}
                operands.push(0);
            }
            32..=246 => operands.push(byte - 139),
            247..=250 => operands.push((byte - 247) * 256 + bytes.next()? + 108),
            251..=254 => operands.push(-(byte - 251) * 256 - bytes.next()? - 108),
            _ => return None,
        }
        if operands.len() > 48 {
            return None;
        }
    }
    Some(out)
}

/// Type 1 (Adobe Type 1 Font Format): the clear part may hold only the words of an ordinary font.
fn type1(data: &[u8]) -> Option<Program> {
    let data = without_segments(data);
    let mark = b"eexec";
    let clear = data.windows(mark.len()).position(|window| window == mark)? + mark.len();
    let head = data.get(..clear)?;
    if !head.starts_with(b"%!") || !ordinary(head) {
        return None;
    }
    let rest = data.get(clear..)?;
    let blank = rest.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t')).count();
    let clear = clear + blank.max(1);
    let body = data.get(clear..)?;
    // The trailer of zeros is not needed by anybody; cutting it also cuts what may follow it.
    let end = zeros(body).unwrap_or(body.len());
    let body = body.get(..end)?;
    if body.len() < 64 {
        return None;
    }
    let mut out = data.get(..clear)?.to_vec();
    out.extend_from_slice(body);
    let mut trailer = b"\n".to_vec();
    for _ in 0..8 {
        trailer.extend_from_slice(&[b'0'; 64]);
        trailer.push(b'\n');
    }
    trailer.extend_from_slice(b"cleartomark\n");
    out.extend_from_slice(&trailer);
    let numbers = vec![("Length1", clear), ("Length2", body.len()), ("Length3", trailer.len())];
    Some(Program { key: "FontFile", subtype: None, numbers, data: out })
}

/// Removes the segment headers of a PFB file.
fn without_segments(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let [0x80, 1 | 2, a, b, c, d, tail @ ..] = rest {
        let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        let (segment, tail) = tail.split_at(length.min(tail.len()));
        out.extend_from_slice(segment);
        rest = tail;
    }
    if out.is_empty() { data.to_vec() } else { out }
}

/// Where the trailer of 512 zeros begins.
fn zeros(body: &[u8]) -> Option<usize> {
    let mark = body.windows(11).rposition(|window| window == b"cleartomark")?;
    let before = body.get(..mark)?;
    let tail = before.iter().rev().take_while(|byte| matches!(byte, b'0' | b'\n' | b'\r' | b' ')).count();
    (tail >= 256).then_some(mark - tail)
}

/// Whether the clear part uses only the words of the format's chapter 2.
fn ordinary(head: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "dict",
        "begin",
        "end",
        "def",
        "readonly",
        "noaccess",
        "executeonly",
        "array",
        "for",
        "put",
        "dup",
        "index",
        "exch",
        "pop",
        "currentdict",
        "currentfile",
        "eexec",
        "StandardEncoding",
        "ISOLatin1Encoding",
        "true",
        "false",
        "FontDirectory",
        "known",
        "get",
        "if",
        "ifelse",
        "eq",
        "not",
        "and",
        "or",
        "save",
        "restore",
        "string",
        "findfont",
        "definefont",
        "systemdict",
        "userdict",
        "1183615869",
        "internaldict",
        "cvi",
        "cvx",
        "exec",
        "ND",
        "NP",
        "RD",
        "|-",
        "|",
        "-|",
        "mark",
        "cleartomark",
        "bind",
        "roll",
        "copy",
        "null",
        "product",
        "cvn",
        "packedarray",
        "setpacking",
        "currentpacking",
        "xor",
        "add",
        "sub",
        "mul",
        "div",
        "neg",
        "FontName",
        "Encoding",
        "where",
        "version",
        "revision",
        "load",
        "length",
        "ne",
        "gt",
        "lt",
        "ge",
        "le",
    ];
    let mut lexer = Lexer::new(head);
    let mut matrix_next = false;
    while let Some(token) = lexer.token() {
        // The matrix must be six numbers: readers have compiled what stood there (CVE-2024-4367).
        let matrix = std::mem::replace(
            &mut matrix_next,
            matches!(&token, Token::Operand(Operand::Name(name)) if name == b"FontMatrix"),
        );
        if matrix {
            let six = matches!(&token, Token::Operand(Operand::Arr(items))
                if items.len() == 6 && items.iter().all(|item| item.number().is_some()));
            if !six {
                return false;
            }
        }
        if let Token::Operator(word) = token {
            let known = WORDS.iter().any(|known| known.as_bytes() == word);
            let radix =
                word.contains(&b'#') && word.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#');
            if !known && !radix {
                return false;
            }
        }
    }
    true
}
