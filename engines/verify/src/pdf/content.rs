//! What may stand inside streams: drawing operators, character maps, calculator programs.

use super::file::fail;
use crate::VerifyFailure;

/// Operators and how many operands they take; `None` is a colour, with one to 33.
const OPERATORS: &[(&[u8], Option<usize>)] = &[
    (b"w", Some(1)),
    (b"J", Some(1)),
    (b"j", Some(1)),
    (b"M", Some(1)),
    (b"d", Some(2)),
    (b"ri", Some(1)),
    (b"i", Some(1)),
    (b"gs", Some(1)),
    (b"q", Some(0)),
    (b"Q", Some(0)),
    (b"cm", Some(6)),
    (b"m", Some(2)),
    (b"l", Some(2)),
    (b"c", Some(6)),
    (b"v", Some(4)),
    (b"y", Some(4)),
    (b"h", Some(0)),
    (b"re", Some(4)),
    (b"S", Some(0)),
    (b"s", Some(0)),
    (b"f", Some(0)),
    (b"F", Some(0)),
    (b"f*", Some(0)),
    (b"B", Some(0)),
    (b"B*", Some(0)),
    (b"b", Some(0)),
    (b"b*", Some(0)),
    (b"n", Some(0)),
    (b"W", Some(0)),
    (b"W*", Some(0)),
    (b"BT", Some(0)),
    (b"ET", Some(0)),
    (b"Tc", Some(1)),
    (b"Tw", Some(1)),
    (b"Tz", Some(1)),
    (b"TL", Some(1)),
    (b"Tf", Some(2)),
    (b"Tr", Some(1)),
    (b"Ts", Some(1)),
    (b"Td", Some(2)),
    (b"TD", Some(2)),
    (b"Tm", Some(6)),
    (b"T*", Some(0)),
    (b"Tj", Some(1)),
    (b"TJ", Some(1)),
    (b"'", Some(1)),
    (b"\"", Some(3)),
    (b"CS", Some(1)),
    (b"cs", Some(1)),
    (b"SC", None),
    (b"SCN", None),
    (b"sc", None),
    (b"scn", None),
    (b"G", Some(1)),
    (b"g", Some(1)),
    (b"RG", Some(3)),
    (b"rg", Some(3)),
    (b"K", Some(4)),
    (b"k", Some(4)),
    (b"sh", Some(1)),
    (b"Do", Some(1)),
];

/// Which resource category an operator's name operand belongs to.
fn category(operator: &[u8]) -> Option<&'static str> {
    Some(match operator {
        b"gs" => "ExtGState",
        b"Tf" => "Font",
        b"CS" | b"cs" => "ColorSpace",
        b"SCN" | b"scn" => "Pattern",
        b"sh" => "Shading",
        b"Do" => "XObject",
        _ => return None,
    })
}

/// Checks a content stream. `known` tells whether a name stands in a category of the stream's resources.
pub(super) fn drawing(
    place: &str,
    data: &[u8],
    glyph: bool,
    known: impl Fn(&str, &[u8]) -> bool,
) -> Result<(), VerifyFailure> {
    let mut open = 0_usize;
    for line in data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let cut = line.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1);
        let (operands, operator) = line.split_at(cut);
        let count = operands_of(operands).ok_or_else(|| fail(place, "operand in a content stream"))?;
        let arity = match operator {
            b"d0" if glyph => Some(2),
            b"d1" if glyph => Some(6),
            _ => match OPERATORS.iter().find(|(name, _)| *name == operator) {
                Some((_, arity)) => *arity,
                None => {
                    return Err(fail(place, format!("operator {}", String::from_utf8_lossy(operator))));
                }
            },
        };
        let fits = arity.map_or((1..=33).contains(&count), |arity| arity == count);
        if !fits {
            return Err(fail(place, format!("operands of {}", String::from_utf8_lossy(operator))));
        }
        let name = operands.split(|byte| *byte == b' ').find_map(|word| word.strip_prefix(b"/"));
        if let (Some(name), Some(category)) = (name, category(operator)) {
            let device = category == "ColorSpace"
                && matches!(name, b"DeviceGray" | b"DeviceRGB" | b"DeviceCMYK" | b"Pattern");
            if !device && !known(category, name) {
                return Err(fail(place, format!("{category} {}", String::from_utf8_lossy(name))));
            }
        }
        match operator {
            b"q" => open += 1,
            b"Q" => open = open.checked_sub(1).ok_or_else(|| fail(place, "Q without q"))?,
            _ => {}
        }
    }
    if open == 0 { Ok(()) } else { Err(fail(place, "q without Q")) }
}

/// Counts operands: numbers, names, hexadecimal strings, arrays of numbers and strings.
fn operands_of(operands: &[u8]) -> Option<usize> {
    let mut count = 0;
    let mut in_array = false;
    for word in operands.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        if let Some(rest) = word.strip_prefix(b"[") {
            if std::mem::replace(&mut in_array, true) {
                return None;
            }
            count += 1;
            word = rest;
        }
        let closes = word.ends_with(b"]");
        let word = word.strip_suffix(b"]").unwrap_or(word);
        let fine = match word {
            [] => true,
            [b'<', inner @ .., b'>'] => inner.iter().all(u8::is_ascii_hexdigit),
            [b'/', name @ ..] => !in_array && name.iter().all(u8::is_ascii_alphanumeric),
            number => number.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.')),
        };
        if !fine {
            return None;
        }
        if closes {
            if !in_array {
                return None;
            }
            in_array = false;
        } else if !in_array && !word.is_empty() {
            count += 1;
        }
    }
    (!in_array).then_some(count)
}

/// A character map may hold table words, numbers, names and hexadecimal strings.
pub(super) fn character_map(place: &str, data: &[u8]) -> Result<(), VerifyFailure> {
    const WORDS: &[&str] = &[
        "/CIDInit",
        "/ProcSet",
        "findresource",
        "begin",
        "dict",
        "begincmap",
        "/CMapName",
        "/Rebuilt",
        "def",
        "/CMapType",
        "/WMode",
        "usecmap",
        "begincodespacerange",
        "endcodespacerange",
        "beginbfrange",
        "endbfrange",
        "begincidrange",
        "endcidrange",
        "endcmap",
        "CMapName",
        "currentdict",
        "/CMap",
        "defineresource",
        "pop",
        "end",
    ];
    let text = std::str::from_utf8(data).map_err(|_| fail(place, "character map"))?;
    for line in text.lines() {
        for word in line.split(' ') {
            let plain = word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'<' || byte == b'>');
            let base = line.ends_with(" usecmap")
                && word.starts_with('/')
                && word.bytes().skip(1).all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !plain && !base && !WORDS.contains(&word) {
                return Err(fail(place, format!("word {word} in a character map")));
            }
        }
    }
    Ok(())
}

/// A calculator program may hold numbers, braces and arithmetic.
pub(super) fn calculator(place: &str, data: &[u8]) -> Result<(), VerifyFailure> {
    const WORDS: &str = " abs add atan ceiling cos cvi cvr div exp floor idiv ln log mod mul neg round sin sqrt sub \
        truncate and bitshift eq false ge gt le lt ne not or true xor if ifelse copy dup exch index pop roll { } ";
    let text = std::str::from_utf8(data).map_err(|_| fail(place, "calculator"))?;
    for word in text.split_ascii_whitespace() {
        let number = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.'));
        if !number && !WORDS.contains(&format!(" {word} ")) {
            return Err(fail(place, format!("word {word} in a function")));
        }
    }
    Ok(())
}
