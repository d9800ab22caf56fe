//! The only accepted spelling of numbers and bytes in the ledger's texts. Nothing here is lenient: a value that
//! can be written in two ways could be changed without a signature noticing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::MAX_SIZE;

/// Standard base64 with padding (RFC 4648 §4).
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes standard base64; `None` for missing padding, non-zero trailing bits, line breaks or other characters.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A decimal from 0 to [`MAX_SIZE`], digits only, no leading zero.
pub(crate) fn decode_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    let value = text.parse::<u64>().ok().filter(|_| canonical)?;
    (value <= MAX_SIZE).then_some(value)
}

/// A decimal over the whole range of `i64`, with `-` for negative values only.
pub(crate) fn decode_signed(text: &str) -> Option<i64> {
    let value = text.parse::<i64>().ok()?;
    (value.to_string() == text).then_some(value)
}
