//! Names of members: decoding, and what a name may look like.

use encoding_rs::SHIFT_JIS;
use unicode_normalization::UnicodeNormalization;

/// A name as text. Archives made by Japanese Windows carry CP932 without saying so; macOS carries UTF-8 without
/// saying so. Bytes that are neither are shown with the replacement character rather than guessed.
pub(crate) fn decode(raw: &[u8], declared_utf8: bool) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return Some(with_slashes(text));
    }
    if declared_utf8 {
        return None;
    }
    let (text, _, failed) = SHIFT_JIS.decode(raw);
    Some(if failed { with_slashes(&String::from_utf8_lossy(raw)) } else { with_slashes(&text) })
}

/// .NET Framework wrote backslashes between segments; on Windows they mean the same. Names are compared after this.
fn with_slashes(text: &str) -> String {
    text.nfc().map(|c| if c == '\\' { '/' } else { c }).collect()
}

/// Why this name must not be used, if so.
pub(crate) fn objection(name: &str) -> Option<&'static str> {
    let body = name.strip_suffix('/').unwrap_or(name);
    if body.is_empty() {
        return Some("empty name");
    }
    if name.starts_with('/') {
        return Some("absolute name");
    }
    if name.chars().any(char::is_control) {
        return Some("control character in a name");
    }
    let mut head = name.chars();
    if matches!((head.next(), head.next()), (Some(letter), Some(':')) if letter.is_ascii_alphabetic()) {
        return Some("drive in a name");
    }
    if body.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Some("empty, `.` or `..` segment in a name");
    }
    None
}

/// Two names with one key are the same file on Windows.
pub(super) fn folded(name: &str) -> String {
    name.strip_suffix('/').unwrap_or(name).nfkc().flat_map(char::to_lowercase).collect()
}
