//! Little-endian numbers at places that may not be there.

pub(super) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

pub(super) fn i16_at(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(i16::from_le_bytes).map(i32::from)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

pub(super) fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    u32_at(bytes, at).map(u32::cast_signed)
}

/// A place as an index.
pub(super) fn place_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

pub(super) fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// UTF-16 text.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

/// A table of places and data of one size ([MS-DOC] 2.2.2): `n + 1` numbers, then `n` records.
pub(super) fn plc(bytes: &[u8], size: usize) -> (Vec<u32>, Vec<&[u8]>) {
    let count = bytes.len().saturating_sub(4) / (4 + size);
    let places = (0..=count).filter_map(|index| u32_at(bytes, index * 4)).collect();
    let start = (count + 1) * 4;
    let data = (0..count).filter_map(|index| slice(bytes, start + index * size, size)).collect();
    (places, data)
}
