//! Device-independent bitmaps ([MS-WMF] 2.2.2): the pixels of a BMP file and of bitmaps inside metafiles.
//!
//! All header versions, 1 to 32 bits, bit fields, RLE4, RLE8 and RLE24. The header's numbers are checked against the
//! bytes before anything is allocated; a run that leaves the picture is clipped, indices without a colour are black.

use super::{Budget, broken};
use crate::Refusal;

/// Decoded pixels, four bytes each (red, green, blue, alpha), top row first.
pub(crate) struct Dib {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgba: Vec<u8>,
    /// The alpha bytes mean something.
    pub(crate) alpha: bool,
    /// The colours are multiplied by alpha already (AlphaBlend).
    pub(crate) premultiplied: bool,
    /// One bit a pixel: metafiles use these as masks.
    pub(crate) mono: bool,
    /// Pixels per metre, as the header has them.
    pub(super) density: (u32, u32),
}

impl Dib {
    /// Makes the whole fainter.
    pub(crate) fn fade(&mut self, constant: u8) {
        if constant == 255 {
            return;
        }
        let scale = |value: u8| u8::try_from(u16::from(value) * u16::from(constant) / 255).unwrap_or(255);
        for [r, g, b, a] in self.rgba.as_chunks_mut::<4>().0 {
            *a = scale(*a);
            if self.premultiplied {
                (*r, *g, *b) = (scale(*r), scale(*g), scale(*b));
            }
        }
        self.alpha = true;
    }

    /// Makes one colour transparent.
    pub(crate) fn key_out(&mut self, [r, g, b, _]: [u8; 4]) {
        for pixel in self.rgba.as_chunks_mut::<4>().0 {
            if pixel.starts_with(&[r, g, b]) {
                *pixel = [0; 4];
            }
        }
        self.alpha = true;
    }
}

/// What a header says.
struct Header {
    size: usize,
    width: u32,
    height: u32,
    top_down: bool,
    bits: u16,
    compression: u32,
    colours: usize,
    masks: [u32; 4],
    density: (u32, u32),
}

const RGB: u32 = 0;
const RLE8: u32 = 1;
const RLE4: u32 = 2;
const BITFIELDS: u32 = 3;
/// In an OS/2 header of 64 bytes; elsewhere the number means JPEG.
const RLE24: u32 = 4;
const ALPHA_BITFIELDS: u32 = 6;

/// Decodes a bitmap whose header and colours are in `info` and whose pixels are in `bits`.
/// With `alpha`, the fourth byte of 32 bits counts even where the header does not say so.
pub(crate) fn decode(info: &[u8], bits: &[u8], alpha: bool, budget: &mut Budget) -> Result<Dib, Refusal> {
    let mut header = header(info)?;
    if let (true, 32, [_, _, _, mask @ 0]) = (alpha, header.bits, &mut header.masks) {
        *mask = 0xFF00_0000;
    }
    budget.take(header.width, header.height)?;
    let palette = palette(info, &header);
    let (width, height) = (header.width as usize, header.height as usize);
    let mut rows = Rows { width, height, rgba: vec![255; width * height * 4], alpha: false };
    match header.compression {
        RLE8 | RLE4 | RLE24 => {
            rows.rgba.fill(0);
            for pixel in rows.rgba.as_chunks_mut::<4>().0 {
                pixel[3] = 255;
            }
            run_lengths(bits, &header, &palette, &mut rows);
        }
        _ => plain(bits, &header, &palette, &mut rows)?,
    }
    if !header.top_down {
        rows.turn_over();
    }
    if rows.alpha && rows.rgba.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 0) {
        // Writers that leave the byte at zero mean an opaque picture.
        rows.alpha = false;
        for pixel in rows.rgba.as_chunks_mut::<4>().0 {
            pixel[3] = 255;
        }
    }
    Ok(Dib {
        width: header.width,
        height: header.height,
        rgba: rows.rgba,
        alpha: rows.alpha,
        premultiplied: false,
        mono: header.bits == 1,
        density: header.density,
    })
}

/// A packed bitmap: header, colours and pixels in one run of bytes.
pub(crate) fn decode_packed(packed: &[u8], budget: &mut Budget) -> Result<Dib, Refusal> {
    let header = header(packed)?;
    let at = header.size + mask_bytes(&header) + header.colours * entry_size(&header);
    decode(packed, packed.get(at..).unwrap_or_default(), false, budget)
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn header(info: &[u8]) -> Result<Header, Refusal> {
    let parsed = read_header(info).ok_or_else(|| broken("BMP", "ヘッダーが途中で切れています"))?;
    let known = match parsed.compression {
        RGB => matches!(parsed.bits, 1 | 2 | 4 | 8 | 16 | 24 | 32),
        RLE8 => parsed.bits == 8,
        RLE4 => parsed.bits == 4,
        RLE24 => parsed.bits == 24 && parsed.size == 64,
        BITFIELDS | ALPHA_BITFIELDS => matches!(parsed.bits, 16 | 32) && parsed.size != 64,
        _ => false,
    };
    if !known {
        let (bits, compression) = (parsed.bits, parsed.compression);
        return Err(broken("BMP", format!("{bits} ビット、圧縮方式 {compression} には対応していません")));
    }
    if parsed.width == 0 || parsed.height == 0 {
        return Err(broken("BMP", "大きさがありません"));
    }
    Ok(parsed)
}

fn read_header(info: &[u8]) -> Option<Header> {
    let size = usize::try_from(le32(info, 0)?).ok()?;
    if size == 12 {
        let bits = le16(info, 10)?;
        return Some(Header {
            size,
            width: u32::from(le16(info, 4)?),
            height: u32::from(le16(info, 6)?),
            top_down: false,
            bits,
            compression: RGB,
            colours: if bits <= 8 { 1 << bits } else { 0 },
            masks: default_masks(bits),
            density: (0, 0),
        });
    }
    if !(16..=1024).contains(&size) {
        return None;
    }
    // The short forms of the OS/2 header end early; what they leave out is zero.
    let field = |at: usize| if at + 4 <= size { le32(info, at) } else { Some(0) };
    let height = le32(info, 8)?.cast_signed();
    let bits = le16(info, 14)?;
    let compression = field(16)?;
    let used = usize::try_from(field(32)?).ok()?;
    let most = if bits <= 8 { 1_usize << bits } else { 256 };
    let colours = if used == 0 && bits <= 8 { most } else { used.min(most) };
    let masks = if matches!(compression, BITFIELDS | ALPHA_BITFIELDS) && size != 64 {
        let alpha = if size >= 56 || compression == ALPHA_BITFIELDS { le32(info, 52)? } else { 0 };
        [le32(info, 40)?, le32(info, 44)?, le32(info, 48)?, alpha]
    } else {
        default_masks(bits)
    };
    Some(Header {
        size,
        width: u32::try_from(le32(info, 4)?.cast_signed()).ok()?,
        height: height.unsigned_abs(),
        top_down: height < 0,
        bits,
        compression,
        colours,
        masks,
        density: (field(24)?, field(28)?),
    })
}

const fn default_masks(bits: u16) -> [u32; 4] {
    if bits == 16 { [0x7C00, 0x3E0, 0x1F, 0] } else { [0xFF_0000, 0xFF00, 0xFF, 0] }
}

const fn entry_size(header: &Header) -> usize {
    if header.size == 12 { 3 } else { 4 }
}

/// Masks that stand behind a header of 40 bytes.
const fn mask_bytes(header: &Header) -> usize {
    match (header.size, header.compression) {
        (40, BITFIELDS) => 12,
        (40, ALPHA_BITFIELDS) => 16,
        _ => 0,
    }
}

fn palette(info: &[u8], header: &Header) -> Vec<[u8; 3]> {
    if header.bits > 8 {
        return Vec::new();
    }
    let at = header.size + mask_bytes(header);
    info.get(at..)
        .unwrap_or_default()
        .chunks_exact(entry_size(header))
        .take(header.colours)
        .map(|entry| match *entry {
            [b, g, r, ..] => [r, g, b],
            _ => [0; 3],
        })
        .collect()
}

/// The picture in the making.
struct Rows {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
    alpha: bool,
}

impl Rows {
    fn set(&mut self, x: usize, y: usize, [r, g, b]: [u8; 3]) {
        if x < self.width && y < self.height {
            let at = (y * self.width + x) * 4;
            if let Some(pixel) = self.rgba.get_mut(at..at + 4) {
                pixel.copy_from_slice(&[r, g, b, 255]);
            }
        }
    }

    fn turn_over(&mut self) {
        let row = self.width * 4;
        let half = self.height / 2;
        let (upper, lower) = self.rgba.split_at_mut(half * row);
        let skip = (self.height % 2) * row;
        let below = lower.get_mut(skip..).unwrap_or_default();
        for (up, down) in upper.chunks_exact_mut(row).zip(below.chunks_exact_mut(row).rev()) {
            up.swap_with_slice(down);
        }
    }
}

fn plain(bits: &[u8], header: &Header, palette: &[[u8; 3]], rows: &mut Rows) -> Result<(), Refusal> {
    let depth = usize::from(header.bits);
    let stride = rows.width.saturating_mul(depth).div_ceil(32) * 4;
    // The padding of the last row is often missing; more than a row may not be.
    if bits.len().saturating_add(stride) < stride.saturating_mul(rows.height) {
        return Err(broken("BMP", "画素が途中で切れています"));
    }
    let fields: Vec<Field> = header.masks.iter().map(|mask| Field::new(*mask)).collect();
    let [red, green, blue, alpha] = fields.as_slice() else { return Ok(()) };
    rows.alpha = alpha.mask != 0;
    let has_alpha = rows.alpha;
    for (line, target) in bits.chunks(stride).zip(rows.rgba.chunks_exact_mut(rows.width * 4)) {
        let pixels = target.as_chunks_mut::<4>().0.iter_mut();
        match depth {
            24 => {
                for (pixel, source) in pixels.zip(line.as_chunks::<3>().0) {
                    let [b, g, r] = *source;
                    *pixel = [r, g, b, 255];
                }
            }
            16 | 32 => {
                let step = depth / 8;
                for (pixel, source) in pixels.zip(line.chunks_exact(step)) {
                    let value = source.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
                    let a = if has_alpha { alpha.of(value) } else { 255 };
                    *pixel = [red.of(value), green.of(value), blue.of(value), a];
                }
            }
            _ => {
                let mask = (1_u16 << depth) - 1;
                for (x, pixel) in pixels.enumerate() {
                    let bit = x * depth;
                    let byte = u16::from(line.get(bit / 8).copied().unwrap_or(0));
                    let index = usize::from(byte >> (8 - depth - bit % 8) & mask);
                    let [r, g, b] = palette.get(index).copied().unwrap_or_default();
                    *pixel = [r, g, b, 255];
                }
            }
        }
    }
    Ok(())
}

/// A bit field and how it becomes eight bits.
struct Field {
    mask: u32,
    shift: u32,
    most: u32,
}

impl Field {
    fn new(mask: u32) -> Self {
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        Self { mask, shift, most: (mask >> shift).max(1) }
    }

    fn of(&self, value: u32) -> u8 {
        let raw = u64::from((value & self.mask) >> self.shift);
        let most = u64::from(self.most);
        u8::try_from((raw * 255 + most / 2) / most).unwrap_or(255)
    }
}

/// Run-length coding: pairs of count and value, and escapes for the end of a line, the end, a jump, literals.
fn run_lengths(bits: &[u8], header: &Header, palette: &[[u8; 3]], rows: &mut Rows) {
    let mut bytes = bits.iter().copied();
    let (mut x, mut y) = (0_usize, 0_usize);
    let colour = |index: u8| palette.get(usize::from(index)).copied().unwrap_or_default();
    while y < rows.height {
        let Some(count) = bytes.next() else { return };
        let Some(value) = bytes.next() else { return };
        match (count, value) {
            (0, 0) => (x, y) = (0, y + 1),
            (0, 1) => return,
            (0, 2) => {
                let (Some(right), Some(up)) = (bytes.next(), bytes.next()) else { return };
                x = x.saturating_add(usize::from(right));
                y = y.saturating_add(usize::from(up));
            }
            (0, literals) => {
                let literals = usize::from(literals);
                let taken = match header.compression {
                    RLE4 => literals.div_ceil(2),
                    RLE24 => literals * 3,
                    _ => literals,
                };
                let run: Vec<u8> = bytes.by_ref().take(taken).collect();
                if taken % 2 == 1 {
                    bytes.next();
                }
                for index in 0..literals {
                    let at = |offset: usize| run.get(offset).copied().unwrap_or(0);
                    let pixel = match header.compression {
                        RLE4 => colour(if index % 2 == 0 { at(index / 2) >> 4 } else { at(index / 2) & 15 }),
                        RLE24 => [at(index * 3 + 2), at(index * 3 + 1), at(index * 3)],
                        _ => colour(at(index)),
                    };
                    rows.set(x, y, pixel);
                    x = x.saturating_add(1);
                }
            }
            (count, value) => {
                let rest = match header.compression {
                    RLE24 => [bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)],
                    _ => [0; 2],
                };
                for index in 0..count {
                    let pixel = match header.compression {
                        RLE4 => colour(if index % 2 == 0 { value >> 4 } else { value & 15 }),
                        RLE24 => [rest[1], rest[0], value],
                        _ => colour(value),
                    };
                    rows.set(x, y, pixel);
                    x = x.saturating_add(1);
                }
            }
        }
    }
}
