//! From bytes to Unicode: UTF-8, UTF-16 with a mark, ISO-2022-JP, Shift_JIS (CP932) and EUC-JP. Whatever does not
//! decode whole is not text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// Decoded text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// The name of the encoding (WHATWG).
    pub(crate) encoding: &'static str,
}

/// A control character in this many others is an accident; more is not text.
const CONTROL_SHARE: usize = 64;

/// The text, when the bytes are text without doubt.
pub(crate) fn decode(bytes: &[u8]) -> Option<Decoded> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return strict(bytes.get(mark..)?, encoding);
    }
    if !looks_like_text(bytes) {
        return None;
    }
    let escapes = [&b"\x1b$B"[..], b"\x1b$@", b"\x1b(J", b"\x1b(I", b"\x1b$(D"];
    if bytes.is_ascii() && bytes.windows(3).any(|w| escapes.iter().any(|e| e.starts_with(w))) {
        return strict(bytes, ISO_2022_JP).or_else(|| strict(bytes, UTF_8));
    }
    strict(bytes, UTF_8).or_else(|| japanese(bytes))
}

fn japanese(bytes: &[u8]) -> Option<Decoded> {
    match (strict(bytes, SHIFT_JIS), strict(bytes, EUC_JP)) {
        (Some(sjis), Some(euc)) => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(bytes, true);
            let guess = detector.guess(Some(b"jp"), Utf8Detection::Deny);
            Some(if guess == EUC_JP { euc } else { sjis })
        }
        (sjis, euc) => sjis.or(euc),
    }
}

fn strict(bytes: &[u8], encoding: &'static Encoding) -> Option<Decoded> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    if (encoding == UTF_16LE || encoding == UTF_16BE) && text.contains('\0') {
        return None;
    }
    Some(Decoded { text: text.into_owned(), encoding: encoding.name() })
}

fn looks_like_text(bytes: &[u8]) -> bool {
    let mut controls = 0_usize;
    for byte in bytes {
        match byte {
            0 => return false,
            b'\t' | b'\n' | b'\r' | 0x0C | 0x1B => {}
            0x01..=0x1F | 0x7F => controls += 1,
            _ => {}
        }
    }
    controls.saturating_mul(CONTROL_SHARE) <= bytes.len()
}
