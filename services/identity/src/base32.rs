//! RFC 4648 base32 without padding: upper case for authenticator apps, lower case for identifiers and recovery codes.

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Upper-case base32, no padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let mut held: u32 = 0;
    let mut bits: u32 = 0;
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(&mut out, held >> bits);
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        push(&mut out, held << (5 - bits));
    }
    out
}

fn push(out: &mut String, index: u32) {
    if let Some(letter) = usize::try_from(index).ok().and_then(|i| ALPHABET.get(i)) {
        out.push(char::from(*letter));
    }
}

/// Reads base32 in either case; `None` when a character is foreign or left-over bits are not zero.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let mut held: u32 = 0;
    let mut bits: u32 = 0;
    for byte in text.bytes() {
        let upper = byte.to_ascii_uppercase();
        let value = ALPHABET.iter().position(|letter| *letter == upper)?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (held == 0 && bits < 5).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_vectors_hold() {
        for (plain, coded) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded).as_deref(), Some(plain.as_bytes()));
        }
    }

    #[test]
    fn foreign_characters_and_loose_bits_are_refused() {
        for text in ["M1", "MZ", "M", "MZXW6=", "あ"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
