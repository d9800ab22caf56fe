//! Reads base64 (RFC 4648) back, and pictures that stand in an address.

use crate::{Format, Limits, raster};

/// The bytes; padding stands at the end only, and nothing else but the 64 signs.
pub(crate) fn decode(line: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len() / 4 * 3);
    let (groups, rest) = line.as_bytes().as_chunks::<4>();
    let count = groups.len();
    for (index, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 != count) {
            return None;
        }
        let mut bits = 0_u32;
        for byte in group.iter().take(4 - padding) {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * padding;
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c].iter().take(3 - padding));
    }
    rest.is_empty().then_some(out)
}

/// Checks a `data:` address of a picture.
pub(crate) fn picture(address: &str, limits: &Limits) -> Result<(), String> {
    let rest = address.strip_prefix("data:image/").ok_or("an image that is not in the file")?;
    let (format, body) = match (rest.strip_prefix("png;base64,"), rest.strip_prefix("jpeg;base64,")) {
        (Some(body), _) => (Format::Png, body),
        (_, Some(body)) => (Format::Jpeg, body),
        _ => return Err("kind of picture".to_owned()),
    };
    let bytes = decode(body).ok_or("base64")?;
    raster::verify(&bytes, format, limits).map_err(|failure| failure.to_string())
}
