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

/// The bytes of a text in the encoding that it came in, when they mean exactly this text again: CP932 and EUC-JP. JIS,
/// UTF-16 and whatever does not come back whole become UTF-8.
pub(crate) fn encode_kept(text: &str, encoding: &str) -> Option<Vec<u8>> {
    let encoding = [SHIFT_JIS, EUC_JP].into_iter().find(|known| known.name() == encoding)?;
    let (bytes, failed) = encoded(text, encoding);
    let again = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
    // A reader that has only the bytes must come to the same encoding.
    let told = !failed
        && again.is_some_and(|again| again == text)
        && std::str::from_utf8(&bytes).is_err()
        && decode(&bytes).is_some_and(|decoded| decoded.encoding == encoding.name());
    told.then_some(bytes)
}

/// Encodes with the user-defined characters of CP932 (0xF040 to 0xF9FC), which the standard's encoder leaves out.
fn encoded(text: &str, encoding: &'static Encoding) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(text.len());
    let mut failed = false;
    let is_own = |c: char| encoding == SHIFT_JIS && ('\u{e000}'..='\u{e757}').contains(&c);
    for run in text.split_inclusive(is_own) {
        let own = run.chars().next_back().filter(|c| is_own(*c));
        let plain = own.map_or(run, |c| run.strip_suffix(c).unwrap_or(run));
        let (bytes, _, broken) = encoding.encode(plain);
        failed |= broken;
        out.extend_from_slice(&bytes);
        if let Some(c) = own {
            let index = u32::from(c).saturating_sub(0xE000);
            let trail = index % 188;
            let trail = if trail < 63 { trail + 0x40 } else { trail + 0x41 };
            out.extend([index / 188 + 0xF0, trail].map(|byte| u8::try_from(byte).unwrap_or(b'?')));
        }
    }
    (out, failed)
}

/// A control character in this many others is an accident; more is not text.
const CONTROL_SHARE: usize = 64;

/// As many may stand in a short text too (a bell, a backspace of a terminal's log), if a quarter of it at most.
const CONTROLS_OF_A_LOG: usize = 8;

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
    controls.saturating_sub(CONTROLS_OF_A_LOG).saturating_mul(CONTROL_SHARE) <= bytes.len()
        && controls.saturating_mul(4) <= bytes.len()
}

/// The text of a document that may name its encoding itself (HTML, XML); what it names counts only where the bytes do
/// not speak for themselves.
pub(crate) fn decode_declared(bytes: &[u8]) -> Option<String> {
    if let Some(decoded) = decode(bytes) {
        return Some(decoded.text);
    }
    let head = bytes.get(..bytes.len().min(2048)).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if !head.trim_start().starts_with('<') || !looks_like_text(bytes) {
        return None;
    }
    let after = head.split_once("charset=").or_else(|| head.split_once("encoding="))?.1;
    let label = after.trim_start_matches(['"', '\'', ' ']);
    let label = label.split(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).next()?;
    let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return None;
    }
    let (text, _, failed) = encoding.decode(bytes);
    // Old pages hold a broken character here and there; browsers show them all the same.
    let broken = text.matches('\u{fffd}').count();
    (!failed || broken.saturating_mul(1000) <= text.len()).then(|| text.into_owned())
}
