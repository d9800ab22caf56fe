//! The picture codecs of PDF that are neither general filters nor JPEG: fax (ITU-T T.4 and T.6), JBIG2 (T.88) and
//! JPEG 2000 (T.800). They give samples, never the bytes that came in.
//!
//! Sizes are held against the budget before a decoder allocates; a decoder that fails or panics gives nothing.

use std::panic::AssertUnwindSafe;

use hayro_ccitt::{DecodeSettings as FaxSettings, Decoder as FaxSink, DecoderContext as Fax, EncodingMode};
use hayro_jbig2::{DecodeSettings as Jbig2Settings, Decoder as Jbig2Sink, Globals, Page};
use hayro_jpeg2000::{DecodeSettings as JpxSettings, DecoderContext as Jpx, Image};

use crate::{Refusal, RefusalCode, context::Context};

/// The parameters of `CCITTFaxDecode` (ISO 32000-1 table 11).
#[derive(Debug, Clone, Copy)]
pub(super) struct FaxParms {
    pub(super) k: i64,
    pub(super) columns: u32,
    /// Rows to decode; never 0.
    pub(super) rows: u32,
    pub(super) end_of_block: bool,
    pub(super) end_of_line: bool,
    pub(super) byte_align: bool,
    pub(super) black_is_1: bool,
}

/// Packed one-bit rows, each padded to a byte.
pub(super) struct Bits {
    pub(super) data: Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Interleaved samples of eight bits.
pub(super) struct Pixels {
    pub(super) data: Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: usize,
    /// Opacity, one sample a pixel, where the picture has it.
    pub(super) alpha: Option<Vec<u8>>,
}

/// Decodes fax data. What is damaged near its end gives fewer rows than were asked for.
pub(super) fn fax(data: &[u8], parms: FaxParms, ctx: &mut Context<'_>) -> Result<Option<Bits>, Refusal> {
    let (width, rows) = (parms.columns as usize, parms.rows as usize);
    affordable(width as u64, rows as u64, ctx)?;
    let row = width.div_ceil(8);
    ctx.charge_expanded((row as u64).saturating_mul(rows as u64))?;
    let settings = FaxSettings {
        columns: parms.columns,
        rows: parms.rows,
        end_of_block: parms.end_of_block,
        end_of_line: parms.end_of_line,
        rows_are_byte_aligned: parms.byte_align,
        encoding: match parms.k {
            i64::MIN..=-1 => EncodingMode::Group4,
            0 => EncodingMode::Group3_1D,
            1.. => EncodingMode::Group3_2D,
        },
        strict: false,
    };
    let mut sink = Rows { data: Vec::new(), width, row, rows };
    // What was decoded before an error still counts, so only a panic is told apart.
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let _ = hayro_ccitt::decode(data, &mut sink, &mut Fax::new(settings));
    }));
    if ran.is_err() || sink.data.is_empty() || row == 0 {
        return Ok(None);
    }
    let height = sink.data.len() / row;
    // The rows hold ones where it is black; the filter gives zeros unless told otherwise.
    if !parms.black_is_1 {
        sink.data.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(Some(Bits { data: sink.data, width, height }))
}

struct Rows {
    data: Vec<u8>,
    width: usize,
    row: usize,
    rows: usize,
}

impl FaxSink for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.data.len();
        if start >= self.row * self.rows {
            return;
        }
        self.data.resize(start + self.row, 0);
        let Some(line) = self.data.get_mut(start..) else { return };
        for run in changes.chunks(2) {
            let from = run.first().map_or(0, |at| *at as usize);
            let to = run.get(1).map_or(self.width, |at| (*at as usize).min(self.width));
            for x in from..to {
                if let Some(byte) = line.get_mut(x / 8) {
                    *byte |= 0x80 >> (x % 8);
                }
            }
        }
    }
}

/// Decodes an embedded JBIG2 page (T.88 annex D.3), zeros where it is black (ISO 32000-1 §7.4.7).
pub(super) fn jbig2(
    data: &[u8],
    globals: Option<&[u8]>,
    ctx: &mut Context<'_>,
) -> Result<Option<Bits>, Refusal> {
    for stream in [Some(data), globals].into_iter().flatten() {
        affordable(region_pixels(stream), 1, ctx)?;
    }
    let settings = Jbig2Settings::default();
    let size = std::panic::catch_unwind(|| {
        Page::new_embedded(data, None, &settings).map(|page| (page.width(), page.height()))
    });
    let Ok(Ok((width, height))) = size else { return Ok(None) };
    affordable(u64::from(width), u64::from(height), ctx)?;
    let row = (width as usize).div_ceil(8);
    ctx.charge_expanded((row as u64).saturating_mul(u64::from(height)).saturating_mul(2))?;
    let decoded = std::panic::catch_unwind(|| {
        let globals = match globals {
            Some(globals) => Some(Globals::new(globals, &settings).ok()?),
            None => None,
        };
        let page = Page::new_embedded(data, globals.as_ref(), &settings).ok()?;
        let mut sink = Packed { data: Vec::new(), byte: 0, held: 0 };
        page.decode(&mut sink).ok()?;
        Some(sink.data)
    });
    let Ok(Some(data)) = decoded else { return Ok(None) };
    let fits = data.len() == row * height as usize;
    Ok(fits.then_some(Bits { data, width: width as usize, height: height as usize }))
}

/// Pixels written zero where they are black.
struct Packed {
    data: Vec<u8>,
    byte: u8,
    held: u8,
}

impl Jbig2Sink for Packed {
    fn push_pixel(&mut self, black: bool) {
        self.byte = (self.byte << 1) | u8::from(!black);
        self.held += 1;
        if self.held == 8 {
            self.data.push(self.byte);
            (self.byte, self.held) = (0, 0);
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        let byte = if black { 0x00 } else { 0xFF };
        self.data.extend(std::iter::repeat_n(byte, chunk_count as usize));
    }

    fn next_line(&mut self) {
        while self.held != 0 {
            self.push_pixel(false);
        }
    }
}

/// The pixels that the region segments announce (T.88 §7.2, §7.4.1): a small page can order huge regions.
fn region_pixels(data: &[u8]) -> u64 {
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let mut rest = data;
    let mut take = |count: usize| {
        let (head, tail) = rest.split_at_checked(count)?;
        rest = tail;
        Some(head)
    };
    let mut total = 0_u64;
    let mut segment = || -> Option<u64> {
        let index = number(take(4)?);
        let flags = number(take(1)?);
        let first = number(take(1)?);
        let references = match first >> 5 {
            7 => {
                let count = ((first & 0x1F) << 24) | number(take(3)?);
                take(usize::try_from((count + 8) / 8).ok()?)?;
                count
            }
            short => short,
        };
        let width = match index {
            0..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        };
        take(usize::try_from(references.saturating_mul(width)).ok()?)?;
        take(if flags & 0x40 == 0 { 1 } else { 4 })?;
        let length = usize::try_from(number(take(4)?)).ok()?;
        let region = matches!(flags & 0x3F, 4 | 6 | 7 | 20 | 22 | 23 | 36 | 38 | 39 | 40 | 42 | 43);
        if !region {
            return take(length).map(|_| 0);
        }
        let size = number(take(4)?).saturating_mul(number(take(4)?));
        // A length that is not known yet ends the walk; the decoder itself stops at the same place or later.
        let _ = take(length.saturating_sub(8));
        Some(size)
    };
    while let Some(size) = segment() {
        total = total.saturating_add(size);
    }
    total
}

/// Decodes JPEG 2000. `indices` leaves the samples as they are, for a colour table of the PDF.
pub(super) fn jpx(data: &[u8], indices: bool, ctx: &mut Context<'_>) -> Result<Option<Pixels>, Refusal> {
    let settings = JpxSettings { resolve_palette_indices: !indices, strict: false, target_resolution: None };
    let image = std::panic::catch_unwind(|| Image::new(data, &settings));
    let Ok(Ok(image)) = image else { return Ok(None) };
    let (width, height) = (image.width(), image.height());
    affordable(u64::from(width), u64::from(height), ctx)?;
    let area = u64::from(width).saturating_mul(u64::from(height));
    let channels = u64::from(image.color_space().num_channels()) + u64::from(image.has_alpha());
    ctx.charge_expanded(area.saturating_mul(channels))?;
    let alpha = image.has_alpha();
    let decoded = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let mut decoder = Jpx::default();
        let decoded = image.decode(&mut decoder).ok()?;
        let planes: Vec<Vec<u8>> = decoded
            .components()
            .iter()
            .map(|plane| {
                let top = (1_u64 << plane.bit_depth().min(32)) as f32 - 1.0;
                let scale = if indices { 1.0 } else { 255.0 / top.max(1.0) };
                plane
                    .samples()
                    .iter()
                    .map(|sample| (sample * scale).round().clamp(0.0, 255.0) as u8)
                    .collect()
            })
            .collect();
        Some(planes)
    }));
    let Ok(Some(mut planes)) = decoded else { return Ok(None) };
    if planes.is_empty() || planes.iter().any(|plane| plane.len() as u64 != area) {
        return Ok(None);
    }
    let alpha = if alpha && planes.len() > 1 { planes.pop() } else { None };
    let components = planes.len();
    let mut data = vec![0; components.saturating_mul(usize::try_from(area).unwrap_or(0))];
    for (index, plane) in planes.iter().enumerate() {
        for (to, from) in data.iter_mut().skip(index).step_by(components).zip(plane) {
            *to = *from;
        }
    }
    Ok(Some(Pixels { data, width: width as usize, height: height as usize, components, alpha }))
}

fn affordable(width: u64, height: u64, ctx: &Context<'_>) -> Result<(), Refusal> {
    if width.saturating_mul(height) > ctx.limits().pixels {
        return Err(Refusal::new(RefusalCode::Bomb, format!("pixels {}", ctx.limits().pixels)));
    }
    Ok(())
}
