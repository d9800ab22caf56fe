//! The picture that stands where another could not be kept: one light grey pixel, stretched by its frame.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};

/// A PNG of one grey pixel.
pub(super) fn png() -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Filter type none, one 8-bit grey sample. Writing to memory does not fail.
    let _ = packed.write_all(&[0, 0xd9]);
    let packed = packed.finish().unwrap_or_default();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    chunk(&mut out, b"IDAT", &packed);
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(0);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(body);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(kind);
    hasher.update(body);
    out.extend_from_slice(&hasher.finalize().to_be_bytes());
}
