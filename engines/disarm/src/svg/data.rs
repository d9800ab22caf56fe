//! `data:` addresses: pictures inside a drawing, in base64 or with per cent signs.

/// The bytes of a `data:` address.
pub(super) fn decode(address: &str) -> Option<Vec<u8>> {
    let rest = address.trim().get(5..)?;
    let (kind, body) = rest.split_once(',')?;
    if kind.to_ascii_lowercase().ends_with(";base64") { from_base64(body) } else { Some(from_percent(body)) }
}

/// RFC 4648; white space, padding and per cent signs are tolerated as browsers do.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = if text.contains('%') { from_percent(text) } else { text.as_bytes().to_vec() };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => return None,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xFF).unwrap_or(0));
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

fn from_percent(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
            if let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) {
                out.push(u8::try_from(high * 16 + low).unwrap_or(0));
            }
        } else {
            out.push(byte);
        }
    }
    out
}

pub(super) fn to_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let joined = at(0) << 16 | at(1) << 8 | at(2);
        for position in 0..4_usize {
            let six = (joined >> (18 - 6 * position) & 63) as usize;
            let digit = DIGITS.get(six).copied().unwrap_or(b'A');
            out.push(if position <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}
