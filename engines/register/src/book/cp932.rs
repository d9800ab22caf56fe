//! CP932, Microsoft's Shift JIS, both ways and exact.
//!
//! Reading follows the WHATWG table, in which NEC's and IBM's extensions (髙, 﨑, ①, ㈱) and the user's own area
//! (外字, U+E000 to U+E757) are ordinary characters. Writing only makes bytes that read back as the same character:
//! the table's one-way folds (¥ to \, ‾ to ~, − to －) would change a text without a word.

use encoding_rs::SHIFT_JIS;

/// The text of bytes in CP932; `Err` is the position of the first byte that is none.
///
/// # Errors
/// The position in bytes.
pub fn decode_cp932(bytes: &[u8]) -> Result<String, usize> {
    let mut decoder = SHIFT_JIS.new_decoder_without_bom_handling();
    let capacity = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0);
    let mut text = String::with_capacity(capacity);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        encoding_rs::DecoderResult::InputEmpty => Ok(text),
        _ => Err(read.saturating_sub(1)),
    }
}

/// The bytes of a text in CP932; `Err` is the first character that has none.
///
/// # Errors
/// The character.
pub fn encode_cp932(text: &str) -> Result<Vec<u8>, char> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut plain = [0; 4];
    for c in text.chars() {
        match c {
            '\0'..='\x7f' => bytes.push(u8::try_from(u32::from(c)).unwrap_or(b'?')),
            '\u{e000}'..='\u{e757}' => bytes.extend_from_slice(&own_area(c)),
            '¥' | '‾' | '−' => return Err(c),
            c => {
                let (coded, _, lossy) = SHIFT_JIS.encode(c.encode_utf8(&mut plain));
                if lossy {
                    return Err(c);
                }
                bytes.extend_from_slice(&coded);
            }
        }
    }
    Ok(bytes)
}

/// The user's own characters: 1880 places, 188 for each lead byte from F0.
fn own_area(c: char) -> [u8; 2] {
    let place = u32::from(c).saturating_sub(0xe000);
    let (lead, trail) = (place.div_euclid(188), place.rem_euclid(188));
    let trail = if trail < 0x3f { trail.saturating_add(0x40) } else { trail.saturating_add(0x41) };
    [u8::try_from(lead.saturating_add(0xf0)).unwrap_or(0xf0), u8::try_from(trail).unwrap_or(0x40)]
}
