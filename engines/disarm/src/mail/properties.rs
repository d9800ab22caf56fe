//! MAPI properties ([MS-OXPROPS], [MS-OXCDATA]) as far as a letter needs them, and the compressed RTF that Outlook
//! keeps bodies in ([MS-OXRTFCP]).

use std::collections::HashMap;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, WINDOWS_1252};

/// Identifiers of properties.
pub(super) mod id {
    pub(crate) const SUBJECT: u16 = 0x0037;
    pub(crate) const CLIENT_SUBMIT_TIME: u16 = 0x0039;
    pub(crate) const RECIPIENT_TYPE: u16 = 0x0C15;
    pub(crate) const SENDER_NAME: u16 = 0x0C1A;
    pub(crate) const SENDER_EMAIL: u16 = 0x0C1F;
    pub(crate) const DELIVERY_TIME: u16 = 0x0E06;
    pub(crate) const BODY: u16 = 0x1000;
    pub(crate) const RTF_COMPRESSED: u16 = 0x1009;
    pub(crate) const BODY_HTML: u16 = 0x1013;
    pub(crate) const INTERNET_MESSAGE_ID: u16 = 0x1035;
    pub(crate) const INTERNET_REFERENCES: u16 = 0x1039;
    pub(crate) const IN_REPLY_TO: u16 = 0x1042;
    pub(crate) const DISPLAY_NAME: u16 = 0x3001;
    pub(crate) const EMAIL_ADDRESS: u16 = 0x3003;
    pub(crate) const ATTACH_DATA: u16 = 0x3701;
    pub(crate) const ATTACH_FILENAME: u16 = 0x3704;
    pub(crate) const ATTACH_LONG_FILENAME: u16 = 0x3707;
    pub(crate) const ATTACH_CONTENT_ID: u16 = 0x3712;
    pub(crate) const SMTP_ADDRESS: u16 = 0x39FE;
    pub(crate) const INTERNET_CODEPAGE: u16 = 0x3FDE;
    pub(crate) const MESSAGE_CODEPAGE: u16 = 0x3FFD;
    pub(crate) const SENDER_SMTP_ADDRESS: u16 = 0x5D01;
    /// A reminder sound; a path to a foreign server made Outlook send credentials (CVE-2023-23397).
    pub(crate) const REMINDER_FILE: u16 = 0x851F;
}

/// Types of properties.
pub(super) mod kind {
    pub(crate) const INTEGER: u16 = 0x0003;
    pub(crate) const OBJECT: u16 = 0x000D;
    pub(crate) const STRING8: u16 = 0x001E;
    pub(crate) const UNICODE: u16 = 0x001F;
    pub(crate) const TIME: u16 = 0x0040;
    pub(crate) const BINARY: u16 = 0x0102;
}

/// The properties of one object: identifier → type and raw value.
#[derive(Debug, Default)]
pub(super) struct Properties {
    values: HashMap<u16, (u16, Vec<u8>)>,
    /// How 8-bit strings are encoded.
    pub(super) code_page: u32,
}

impl Properties {
    /// None yet; 8-bit strings are in this code page.
    pub(super) fn in_page(code_page: u32) -> Self {
        Self { code_page, ..Self::default() }
    }

    pub(super) fn insert(&mut self, id: u16, kind: u16, value: Vec<u8>) {
        self.values.entry(id).or_insert((kind, value));
    }

    pub(super) fn has(&self, id: u16) -> bool {
        self.values.contains_key(&id)
    }

    /// A string; empty when there is none.
    pub(super) fn text(&self, id: u16) -> String {
        let Some((kind, value)) = self.values.get(&id) else { return String::new() };
        let text = match *kind {
            kind::UNICODE => utf16(value),
            kind::STRING8 | kind::BINARY => decoded(value, self.code_page),
            _ => String::new(),
        };
        text.trim_end_matches('\0').to_owned()
    }

    pub(super) fn bytes(&self, id: u16) -> Option<&[u8]> {
        self.values.get(&id).map(|(_, value)| value.as_slice())
    }

    pub(super) fn kind(&self, id: u16) -> Option<u16> {
        self.values.get(&id).map(|(kind, _)| *kind)
    }

    pub(super) fn integer(&self, id: u16) -> Option<u32> {
        let value = self.bytes(id)?;
        value.get(..4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// A moment as RFC 5322 writes it, in UTC.
    pub(super) fn time(&self, id: u16) -> Option<String> {
        let ticks = u64::from_le_bytes(self.bytes(id)?.get(..8)?.try_into().ok()?);
        // FILETIME counts 100 ns from 1601.
        let seconds = i64::try_from(ticks / 10_000_000).ok()?.checked_sub(11_644_473_600)?;
        let date = mail_parser::DateTime::from_timestamp(seconds);
        (seconds > 0 && date.is_valid()).then(|| date.to_rfc822())
    }
}

/// UTF-16LE; what is no character becomes U+FFFD.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

/// 8-bit text by a Windows code page; unknown ones are taken for Japanese, else Western.
pub(super) fn decoded(bytes: &[u8], code_page: u32) -> String {
    let encoding: &'static Encoding = match code_page {
        65001 => UTF_8,
        932 => SHIFT_JIS,
        50220..=50222 => encoding_rs::ISO_2022_JP,
        51932 | 20932 => encoding_rs::EUC_JP,
        1252 => WINDOWS_1252,
        _ => match crate::text::decode(bytes) {
            Some(found) => return found.text,
            None => WINDOWS_1252,
        },
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// What the dictionary of compressed RTF holds at the start ([MS-OXRTFCP] 2.1.2.1).
const RTF_SEED: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Decompresses an RTF body; `None` when it is broken or larger than `most` bytes.
pub(super) fn decompressed_rtf(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let raw_size = word(4)? as usize;
    if raw_size > most {
        return None;
    }
    let body = bytes.get(16..)?;
    match word(8)? {
        0x414C_454D => return body.get(..raw_size.min(body.len())).map(<[u8]>::to_vec),
        0x7546_5A4C => {}
        _ => return None,
    }
    let mut window = [b' '; 4096];
    for (slot, byte) in window.iter_mut().zip(RTF_SEED) {
        *slot = *byte;
    }
    let mut at = RTF_SEED.len();
    let mut out = Vec::with_capacity(raw_size);
    let mut input = body.iter().copied();
    let mut put = |byte: u8, at: &mut usize, window: &mut [u8; 4096]| {
        if let Some(slot) = window.get_mut(*at) {
            *slot = byte;
        }
        *at = (*at + 1) % 4096;
        out.push(byte);
        out.len() >= raw_size
    };
    'tokens: while let Some(control) = input.next() {
        for bit in 0..8 {
            let Some(first) = input.next() else { break 'tokens };
            if control & (1 << bit) == 0 {
                if put(first, &mut at, &mut window) {
                    break 'tokens;
                }
                continue;
            }
            let Some(second) = input.next() else { break 'tokens };
            let reference = u16::from_be_bytes([first, second]);
            let from = usize::from(reference >> 4);
            if from == at {
                break 'tokens;
            }
            for step in 0..usize::from(reference & 15) + 2 {
                let byte = window.get((from + step) % 4096).copied().unwrap_or(b' ');
                if put(byte, &mut at, &mut window) {
                    break 'tokens;
                }
            }
        }
    }
    Some(out)
}
