//! Reads pictures back by their structure alone: which chunks, markers, blocks and tags there are, and that nothing
//! follows. The pixels themselves were written by an encoder from plain samples and are not decoded again.

use crate::{Format, Limits, VerifyFailure};

pub(super) fn verify(output: &[u8], format: Format, limits: &Limits) -> Result<(), VerifyFailure> {
    let mut bytes = Bytes { all: output, at: 0, format: format.extension() };
    match format {
        Format::Png => png(&mut bytes, limits),
        Format::Jpeg => jpeg(&mut bytes, limits),
        Format::Gif => gif(&mut bytes, limits),
        Format::Bmp => bmp(&mut bytes, limits),
        Format::Tiff => tiff(&mut bytes, limits),
        Format::Webp => webp(&mut bytes, limits),
        _ => Err(bytes.fail("not a picture")),
    }
}

/// A position in the output.
struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
    format: &'static str,
}

impl<'a> Bytes<'a> {
    fn fail(&self, message: impl Into<String>) -> VerifyFailure {
        VerifyFailure::new(format!("{} @{}", self.format, self.at), message)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], VerifyFailure> {
        let end = self.at.checked_add(count).ok_or_else(|| self.fail("length out of range"))?;
        let taken = self.all.get(self.at..end).ok_or_else(|| self.fail("ends too early"))?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, VerifyFailure> {
        self.take(1)?.first().copied().ok_or_else(|| self.fail("ends too early"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], VerifyFailure> {
        self.take(N)?.try_into().map_err(|_| self.fail("ends too early"))
    }

    fn be32(&mut self) -> Result<u32, VerifyFailure> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn le32(&mut self) -> Result<u32, VerifyFailure> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn le24(&mut self) -> Result<u32, VerifyFailure> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_le_bytes([a, b, c, 0]))
    }

    fn le16(&mut self) -> Result<u16, VerifyFailure> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn literal(&mut self, expected: &[u8]) -> Result<(), VerifyFailure> {
        if self.take(expected.len())? == expected { Ok(()) } else { Err(self.fail("wrong signature")) }
    }

    fn end(&self) -> Result<(), VerifyFailure> {
        if self.at == self.all.len() { Ok(()) } else { Err(self.fail("bytes after the end")) }
    }

    fn size(&self, width: u32, height: u32, limits: &Limits) -> Result<(), VerifyFailure> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > limits.pixels {
            return Err(self.fail(format!("{width}x{height} pixels")));
        }
        Ok(())
    }
}

fn png(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    bytes.literal(b"\x89PNG\r\n\x1a\n")?;
    let mut first = true;
    loop {
        let length = bytes.be32()? as usize;
        let start = bytes.at;
        let kind: [u8; 4] = bytes.array()?;
        let body = bytes.take(length)?;
        let crc = crc32fast::hash(bytes.all.get(start..bytes.at).unwrap_or_default());
        if bytes.be32()? != crc {
            return Err(bytes.fail("wrong CRC"));
        }
        if first != (&kind == b"IHDR") {
            return Err(bytes.fail("IHDR is not the first chunk, or not the only one"));
        }
        match &kind {
            b"IHDR" => {
                let mut header = Bytes { all: body, at: 0, format: "png IHDR" };
                let (width, height) = (header.be32()?, header.be32()?);
                header.size(width, height, limits)?;
                if !matches!(header.take(5)?, [8, 0 | 2 | 3 | 4 | 6, 0, 0, 0] | [1 | 2 | 4, 3, 0, 0, 0]) {
                    return Err(bytes.fail("unexpected IHDR"));
                }
                header.end()?;
            }
            b"PLTE" if length <= 768 && length.is_multiple_of(3) => {}
            b"tRNS" if length <= 256 => {}
            b"pHYs" if length == 9 => {}
            b"acTL" if length == 8 => {}
            b"fcTL" if length == 26 => {}
            b"IDAT" | b"fdAT" => {}
            b"IEND" if length == 0 => return bytes.end(),
            other => {
                return Err(bytes.fail(format!("chunk {}", String::from_utf8_lossy(other).escape_default())));
            }
        }
        first = false;
    }
}

fn jpeg(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    bytes.literal(&[0xFF, 0xD8])?;
    let mut scans = 0;
    loop {
        let [0xFF, marker] = bytes.array()? else { return Err(bytes.fail("no marker")) };
        if marker == 0xD9 {
            return if scans > 0 { bytes.end() } else { Err(bytes.fail("no scan")) };
        }
        let length = usize::from(u16::from_be_bytes(bytes.array()?));
        let body = bytes.take(length.checked_sub(2).ok_or_else(|| bytes.fail("segment length"))?)?;
        match marker {
            0xE0 if body.starts_with(b"JFIF\0") && body.len() == 14 && body.ends_with(&[0, 0]) => {}
            0xC0..=0xC2 => {
                let mut frame = Bytes { all: body, at: 1, format: "jpg SOF" };
                let height = u32::from(u16::from_be_bytes(frame.array()?));
                let width = u32::from(u16::from_be_bytes(frame.array()?));
                frame.size(width, height, limits)?;
                if !matches!(frame.byte()?, 1 | 3) {
                    return Err(bytes.fail("components other than 1 or 3"));
                }
            }
            0xDB | 0xC4 | 0xDD => {}
            0xDA => {
                scans += 1;
                skip_entropy(bytes)?;
            }
            other => return Err(bytes.fail(format!("marker {other:02X}"))),
        }
    }
}

/// To the marker that ends the scan.
fn skip_entropy(bytes: &mut Bytes<'_>) -> Result<(), VerifyFailure> {
    loop {
        match bytes.all.get(bytes.at..bytes.at.saturating_add(2)) {
            Some([0xFF, 0x00 | 0xD0..=0xD7]) => bytes.at += 2,
            Some([0xFF, _]) => return Ok(()),
            Some(_) => bytes.at += 1,
            None => return Err(bytes.fail("scan without end")),
        }
    }
}

fn gif(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    bytes.literal(b"GIF89a")?;
    let (width, height) = (bytes.le16()?, bytes.le16()?);
    bytes.size(u32::from(width), u32::from(height), limits)?;
    let flags = bytes.byte()?;
    bytes.take(2 + color_table(flags))?;
    loop {
        match bytes.byte()? {
            0x3B => return bytes.end(),
            0x2C => {
                let [left, top, across, down] = [bytes.le16()?, bytes.le16()?, bytes.le16()?, bytes.le16()?];
                let fits = |from: u16, size: u16, canvas: u16| {
                    u32::from(from) + u32::from(size) <= u32::from(canvas)
                };
                if !fits(left, across, width) || !fits(top, down, height) {
                    return Err(bytes.fail("frame beyond the canvas"));
                }
                let flags = bytes.byte()?;
                bytes.take(color_table(flags))?;
                bytes.byte()?;
                while let length @ 1.. = bytes.byte()? {
                    bytes.take(usize::from(length))?;
                }
            }
            0x21 => match bytes.byte()? {
                0xF9 => {
                    bytes.literal(&[4])?;
                    bytes.take(4)?;
                    bytes.literal(&[0])?;
                }
                0xFF => {
                    bytes.literal(b"\x0bNETSCAPE2.0\x03\x01")?;
                    bytes.take(2)?;
                    bytes.literal(&[0])?;
                }
                other => return Err(bytes.fail(format!("extension {other:02X}"))),
            },
            other => return Err(bytes.fail(format!("block {other:02X}"))),
        }
    }
}

fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn bmp(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    bytes.literal(b"BM")?;
    let size = bytes.le32()? as usize;
    bytes.literal(&[0; 4])?;
    let pixels_at = bytes.le32()? as usize;
    let header = bytes.le32()?;
    if !matches!(header, 40 | 108) {
        return Err(bytes.fail(format!("header of {header} bytes")));
    }
    let (width, height) = (bytes.le32()?, bytes.le32()?.cast_signed().unsigned_abs());
    bytes.size(width, height, limits)?;
    bytes.le16()?;
    let bits = bytes.le16()?;
    let compression = bytes.le32()?;
    if !matches!((bits, compression), (8 | 24 | 32, 0) | (32, 3)) {
        return Err(bytes.fail(format!("{bits} bits, compression {compression}")));
    }
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    let expected = (row * u64::from(height)).checked_add(pixels_at as u64);
    let palette = if bits == 8 { 1024 } else { 0 };
    if size != bytes.all.len() || expected != Some(size as u64) || pixels_at != 14 + header as usize + palette
    {
        return Err(bytes.fail("the sizes don't add up"));
    }
    Ok(())
}

/// Tags that an output may have: geometry, sample layout, strips, resolution, extra samples, sample format.
const TIFF_TAGS: [u16; 16] = [256, 257, 258, 259, 262, 273, 277, 278, 279, 282, 283, 284, 296, 317, 338, 339];

fn tiff(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    // Every byte must belong to the header, a directory, a value or a strip.
    let mut used: Vec<(u64, u64)> = vec![(0, 8)];
    bytes.literal(b"II*\0")?;
    let mut next = bytes.le32()?;
    let mut pages = 0_u32;
    while next != 0 {
        pages += 1;
        if pages > limits.members {
            return Err(bytes.fail("too many pages"));
        }
        let start = next;
        bytes.at = next as usize;
        let count = bytes.le16()?;
        let mut page = TiffPage::default();
        for _ in 0..count {
            page.entry(bytes, &mut used)?;
        }
        bytes.size(page.width, page.height, limits)?;
        if page.offsets.len() != page.lengths.len() || page.offsets.is_empty() {
            return Err(bytes.fail("strips without lengths"));
        }
        used.extend(
            page.offsets.into_iter().zip(page.lengths).map(|(at, length)| (u64::from(at), u64::from(length))),
        );
        next = bytes.le32()?;
        used.push((u64::from(start), 6 + 12 * u64::from(count)));
    }
    if pages == 0 {
        return Err(bytes.fail("no page"));
    }
    used.sort_unstable();
    let mut covered = 0_u64;
    for (at, length) in used {
        // Values are aligned to words, so a few zero bytes may stand between two of them.
        let gap =
            bytes.all.get(usize::try_from(covered).unwrap_or(usize::MAX)..usize::try_from(at).unwrap_or(0));
        if at < covered || at - covered > 8 || !gap.unwrap_or_default().iter().all(|byte| *byte == 0) {
            return Err(VerifyFailure::new(format!("tif @{covered}"), "overlapping or unaccounted bytes"));
        }
        covered = at + length;
    }
    bytes.at = usize::try_from(covered).unwrap_or(usize::MAX);
    bytes.end()
}

#[derive(Default)]
struct TiffPage {
    width: u32,
    height: u32,
    offsets: Vec<u32>,
    lengths: Vec<u32>,
}

impl TiffPage {
    fn entry(&mut self, bytes: &mut Bytes<'_>, used: &mut Vec<(u64, u64)>) -> Result<(), VerifyFailure> {
        let (tag, kind, count) = (bytes.le16()?, bytes.le16()?, bytes.le32()?);
        if !TIFF_TAGS.contains(&tag) {
            return Err(bytes.fail(format!("tag {tag}")));
        }
        let width = match kind {
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return Err(bytes.fail(format!("type {kind} of tag {tag}"))),
        };
        let length = (count as usize).checked_mul(width).ok_or_else(|| bytes.fail("count"))?;
        let field = bytes.at;
        if length > 4 {
            let at = bytes.le32()?;
            used.push((u64::from(at), length as u64));
            bytes.at = at as usize;
        }
        let mut values = Vec::new();
        if kind != 5 {
            for _ in 0..count {
                values.push(if kind == 3 { u32::from(bytes.le16()?) } else { bytes.le32()? });
            }
        } else {
            bytes.take(length)?;
        }
        bytes.at = field + 4;
        match (tag, values.as_slice()) {
            (256, [value]) => self.width = *value,
            (257, [value]) => self.height = *value,
            (259, [1 | 8 | 32_946]) => {}
            (256 | 257 | 259, _) => return Err(bytes.fail(format!("value of tag {tag}"))),
            (273, _) => self.offsets = values,
            (279, _) => self.lengths = values,
            _ => {}
        }
        Ok(())
    }
}

fn webp(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    bytes.literal(b"RIFF")?;
    let size = bytes.le32()? as usize;
    if size.checked_add(8) != Some(bytes.all.len()) || !size.is_multiple_of(2) {
        return Err(bytes.fail("the sizes don't add up"));
    }
    bytes.literal(b"WEBP")?;
    if bytes.all.get(bytes.at..bytes.at.saturating_add(4)) != Some(b"VP8X") {
        lossless(bytes, limits)?;
        return bytes.end();
    }
    bytes.literal(b"VP8X\x0a\0\0\0")?;
    if !matches!(bytes.array::<4>()?, [0x02 | 0x12, 0, 0, 0]) {
        return Err(bytes.fail("features other than animation and transparency"));
    }
    let (width, height) = (bytes.le24()? + 1, bytes.le24()? + 1);
    bytes.size(width, height, limits)?;
    bytes.literal(b"ANIM\x06\0\0\0\0\0\0\0")?;
    bytes.le16()?;
    while bytes.at < bytes.all.len() {
        bytes.literal(b"ANMF")?;
        let length = bytes.le32()? as usize;
        let end = bytes.at.checked_add(length);
        let (left, top) = (bytes.le24()? * 2, bytes.le24()? * 2);
        let (across, down) = (bytes.le24()? + 1, bytes.le24()? + 1);
        if left + across > width || top + down > height {
            return Err(bytes.fail("frame beyond the canvas"));
        }
        bytes.le24()?;
        bytes.literal(&[0x02])?;
        lossless(bytes, limits)?;
        if end != Some(bytes.at) {
            return Err(bytes.fail("frame with other parts"));
        }
    }
    bytes.end()
}

/// One VP8L chunk.
fn lossless(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(), VerifyFailure> {
    bytes.literal(b"VP8L")?;
    let length = bytes.le32()? as usize;
    let body = bytes.take(length)?;
    if length % 2 == 1 {
        bytes.literal(&[0])?;
    }
    let [0x2F, rest @ ..] = body else { return Err(bytes.fail("not a lossless picture")) };
    let mut header = Bytes { all: rest, at: 0, format: "webp VP8L" };
    let bits = header.le32()?;
    header.size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, limits)
}
