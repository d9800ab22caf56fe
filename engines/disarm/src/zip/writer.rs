//! Writes fresh archives: names and contents, nothing else.

use std::collections::HashSet;
use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};
use unicode_normalization::UnicodeNormalization;

use super::names;
use crate::{Refusal, RefusalCode};

/// 1980-01-01, the first day that a DOS date can name: an output says nothing about when it was made.
const DATE: u16 = (1 << 5) | 1;
const UTF8: u16 = 1 << 11;

/// How a member is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// As it is; for contents that are compressed already.
    Store,
    /// Deflated, unless that makes it larger.
    Deflate,
}

/// Builds an archive in memory.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    output: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
    used: HashSet<String>,
}

impl Writer {
    /// An empty archive.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a file. The name is normalised to NFC.
    ///
    /// # Errors
    /// `Ambiguous` for a name that is unsafe or taken (in any letter case), `TooLarge` beyond what plain ZIP holds.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8], storage: Storage) -> Result<(), Refusal> {
        let name: String = name.nfc().collect();
        if let Some(objection) = names::objection(&name) {
            return Err(Refusal::new(
                RefusalCode::Ambiguous,
                format!("{objection}: {}", name.escape_debug()),
            ));
        }
        if name.ends_with('/') || !self.used.insert(names::folded(&name)) {
            return Err(Refusal::new(RefusalCode::Ambiguous, format!("name used twice: {name}")));
        }
        let crc = crc32fast::hash(bytes);
        let deflated = (storage == Storage::Deflate).then(|| deflate(bytes)).flatten();
        let (method, body): (u16, &[u8]) = match &deflated {
            Some(packed) if packed.len() < bytes.len() => (8, packed),
            _ => (0, bytes),
        };
        let too_large = |_| Refusal::new(RefusalCode::TooLarge, "zip");
        let offset = u32::try_from(self.output.len()).map_err(too_large)?;
        let (packed, size) =
            (u32::try_from(body.len()).map_err(too_large)?, u32::try_from(bytes.len()).map_err(too_large)?);
        let name_len = u16::try_from(name.len()).map_err(too_large)?;
        self.count = self.count.checked_add(1).filter(|&n| n < u16::MAX).ok_or_else(too_large_count)?;

        let mut shared = Vec::with_capacity(26);
        for field in [20, if name.is_ascii() { 0 } else { UTF8 }, method, 0, DATE] {
            shared.extend_from_slice(&u16::to_le_bytes(field));
        }
        for field in [crc, packed, size] {
            shared.extend_from_slice(&field.to_le_bytes());
        }
        shared.extend_from_slice(&name_len.to_le_bytes());
        shared.extend_from_slice(&[0, 0]);

        self.output.extend_from_slice(b"PK\x03\x04");
        self.output.extend_from_slice(&shared);
        self.output.extend_from_slice(name.as_bytes());
        self.output.extend_from_slice(body);

        // Made by: FAT, version 2.0. Comment length, disk, internal and external attributes are zero.
        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        self.directory.extend_from_slice(&shared);
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&offset.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        Ok(())
    }

    /// The bytes of the archive.
    ///
    /// # Errors
    /// `TooLarge` beyond 4 GiB.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        let too_large = |_| Refusal::new(RefusalCode::TooLarge, "zip");
        let offset = u32::try_from(self.output.len()).map_err(too_large)?;
        let size = u32::try_from(self.directory.len()).map_err(too_large)?;
        self.output.append(&mut self.directory);
        self.output.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        self.output.extend_from_slice(&self.count.to_le_bytes());
        self.output.extend_from_slice(&self.count.to_le_bytes());
        self.output.extend_from_slice(&size.to_le_bytes());
        self.output.extend_from_slice(&offset.to_le_bytes());
        self.output.extend_from_slice(&[0, 0]);
        Ok(self.output)
    }
}

fn too_large_count() -> Refusal {
    Refusal::new(RefusalCode::TooLarge, "zip: too many members")
}

fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::new(5));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
