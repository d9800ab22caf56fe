//! TIFF (6.0): all pages, whatever their compression, as grey, RGB or RGBA of eight bits under Deflate.

use std::{borrow::Cow, io::Cursor};

use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, DecodingResult, Limits},
    encoder::{Compression, DeflateLevel, TiffEncoder, TiffValue, colortype},
    tags::{PlanarConfiguration, Predictor, Tag},
};

use super::{
    Budget, broken, colour,
    inspect::Ifds,
    picture::{Channels, Picture},
};
use crate::{Refusal, RefusalCode};

/// Pages beyond this are not read; a document scanner's file has hundreds at most.
const MAX_PAGES: usize = 5_000;

/// The pages that were decoded, and how many were not wanted.
pub(super) struct Pages {
    pub(super) pages: Vec<Picture>,
    pub(super) left: usize,
}

/// Decodes up to `wanted` pages.
pub(super) fn decode_pages(input: &[u8], wanted: usize, budget: &mut Budget) -> Result<Pages, Refusal> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = budget.decoder_bytes();
    limits.intermediate_buffer_size = budget.decoder_bytes();
    limits.ifd_value_size = 16 << 20;
    let (readable, mapped) = as_grey(input);
    let mut decoder = Decoder::new(Cursor::new(readable.as_ref())).map_err(refused)?.with_limits(limits);
    let mut pages = Vec::new();
    let mut left = 0_usize;
    loop {
        if pages.len() < wanted {
            pages.push(page(&mut decoder, mapped.contains(&(pages.len() + left)), budget)?);
        } else {
            left += 1;
        }
        if !decoder.more_images() {
            return Ok(Pages { pages, left });
        }
        if pages.len() + left >= MAX_PAGES {
            return Err(Refusal::new(RefusalCode::Bomb, format!("TIFF {MAX_PAGES} pages")));
        }
        decoder.next_image().map_err(refused)?;
    }
}

/// The decoder does not read pictures with a colour map, but greys of the same depth: a copy in which they say so,
/// and the numbers of their pages.
fn as_grey(input: &[u8]) -> (Cow<'_, [u8]>, Vec<usize>) {
    const PHOTOMETRIC: u16 = 262;
    const MAPPED: u16 = 3;
    let mut copy = Cow::Borrowed(input);
    let mut mapped = Vec::new();
    if let Some(ifds) = Ifds::new(input) {
        for (page, ifd) in ifds.chain(MAX_PAGES).into_iter().enumerate() {
            let field = ifds.entries(ifd).find(|(tag, _, _)| *tag == PHOTOMETRIC).map(|(_, _, field)| field);
            if let Some(field) = field.filter(|field| ifds.u16(*field) == Some(MAPPED)) {
                let grey = if input.starts_with(b"II") { [1, 0] } else { [0, 1] };
                if let Some(value) = copy.to_mut().get_mut(field..field + 2) {
                    value.copy_from_slice(&grey);
                    mapped.push(page);
                }
            }
        }
    }
    (copy, mapped)
}

/// A fresh file with one directory a page.
pub(super) fn encode(pages: &[Picture]) -> Result<Vec<u8>, Refusal> {
    let mut out = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut out)
        .map_err(refused)?
        .with_compression(Compression::Deflate(DeflateLevel::Balanced))
        .with_predictor(predictor(pages));
    for page in pages {
        match page.channels() {
            Channels::Gray => write::<colortype::Gray8>(&mut encoder, page, page.data())?,
            Channels::Rgb => write::<colortype::RGB8>(&mut encoder, page, page.data())?,
            Channels::Rgba => write::<colortype::RGBA8>(&mut encoder, page, page.data())?,
            Channels::GrayAlpha => {
                let wide: Vec<u8> = page
                    .data()
                    .chunks_exact(2)
                    .flat_map(|pair| match *pair {
                        [grey, alpha] => [grey, grey, grey, alpha],
                        _ => [0; 4],
                    })
                    .collect();
                write::<colortype::RGBA8>(&mut encoder, page, &wide)?;
            }
        }
    }
    let mut out = out.into_inner();
    set_densities(&mut out, pages);
    Ok(out)
}

/// Photographs shrink by a third when each sample is written as the difference from its neighbour; drawings and
/// letters on white grow.
fn predictor(pages: &[Picture]) -> Predictor {
    let smooth = pages.iter().filter(|page| page.flatness() < 50).count();
    if smooth > pages.len() / 2 { Predictor::Horizontal } else { Predictor::None }
}

/// Puts the densities into the fields that the encoder fills with 1/1: its own setters would leave the first values
/// behind as bytes that nothing refers to.
fn set_densities(out: &mut [u8], pages: &[Picture]) {
    let mut patches: Vec<(usize, Vec<u8>)> = Vec::new();
    if let Some(ifds) = Ifds::new(out) {
        for (ifd, page) in ifds.chain(pages.len()).into_iter().zip(pages) {
            let Some((x, y)) = page.density else { continue };
            for (tag, _, field) in ifds.entries(ifd) {
                let per_centimetre = |value: u32| [value.to_le_bytes(), 100_u32.to_le_bytes()].concat();
                match tag {
                    282 => patches.extend(ifds.u32(field).map(|at| (at, per_centimetre(x)))),
                    283 => patches.extend(ifds.u32(field).map(|at| (at, per_centimetre(y)))),
                    296 => patches.push((field, vec![3, 0])),
                    _ => {}
                }
            }
        }
    }
    for (at, patch) in patches {
        for (to, from) in out.iter_mut().skip(at).zip(patch) {
            *to = from;
        }
    }
}

fn write<C>(
    encoder: &mut TiffEncoder<&mut Cursor<Vec<u8>>>,
    page: &Picture,
    data: &[u8],
) -> Result<(), Refusal>
where
    C: colortype::ColorType<Inner = u8>,
    [C::Inner]: TiffValue,
{
    let image = encoder.new_image::<C>(page.width(), page.height()).map_err(refused)?;
    image.write_data(data).map_err(refused)
}

fn page(decoder: &mut Decoder<Cursor<&[u8]>>, mapped: bool, budget: &mut Budget) -> Result<Picture, Refusal> {
    let (width, height) = decoder.dimensions().map_err(refused)?;
    budget.take(width, height)?;
    let color = match decoder.colortype().map_err(refused)? {
        ColorType::Gray(bits) if mapped => ColorType::Palette(bits),
        other => other,
    };
    let planar = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).map_err(refused)?;
    let planes = decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel).map_err(refused)?.unwrap_or(1);
    let planar = planar == Some(PlanarConfiguration::Planar.to_u16()) && planes > 1;
    let profile = decoder.get_tag_u8_vec(Tag::IccProfile).unwrap_or_default();
    let orientation = decoder.find_tag_unsigned::<u16>(Tag::Orientation).map_err(refused)?.unwrap_or(1);
    let density = density(decoder);
    let palette = match color {
        ColorType::Palette(_) => decoder.get_tag_u16_vec(Tag::ColorMap).map_err(refused)?,
        _ => Vec::new(),
    };
    let mut decoded = DecodingResult::U8(Vec::new());
    if planar {
        decoder.read_image_to_buffer(&mut decoded).map_err(refused)?;
    } else {
        decoded = decoder.read_image().map_err(refused)?;
    }
    let mut samples = eight_bits(decoded);
    if planar {
        samples = interleaved(&samples, usize::from(planes));
    }
    let (channels, data) = to_eight_bits(color, width, samples, &palette)?;
    let mut picture = Picture::new(width, height, channels, data)?;
    picture.density = density;
    let (picture, _) = colour::to_srgb(picture, &profile);
    Ok(picture.upright(u8::try_from(orientation).unwrap_or(1)))
}

/// Samples of any type as bytes. Floating point counts from 0 to 1, or from the least to the largest where it goes
/// beyond; signed integers are moved up.
fn eight_bits(decoded: DecodingResult) -> Vec<u8> {
    fn floats(samples: &[f64]) -> Vec<u8> {
        let finite = samples.iter().copied().filter(|value| value.is_finite());
        let (least, most) = finite.fold((0.0_f64, 1.0_f64), |(least, most), v| (least.min(v), most.max(v)));
        let byte = |value: &f64| ((value - least) / (most - least) * 255.0).round().clamp(0.0, 255.0) as u8;
        samples.iter().map(byte).collect()
    }
    fn top<const N: usize>(bytes: [u8; N]) -> u8 {
        bytes.first().copied().unwrap_or(0)
    }
    match decoded {
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => samples.into_iter().map(|v| top(v.to_be_bytes())).collect(),
        DecodingResult::U32(samples) => samples.into_iter().map(|v| top(v.to_be_bytes())).collect(),
        DecodingResult::U64(samples) => samples.into_iter().map(|v| top(v.to_be_bytes())).collect(),
        DecodingResult::I8(samples) => samples.into_iter().map(|v| v.cast_unsigned() ^ 0x80).collect(),
        DecodingResult::I16(samples) => samples.into_iter().map(|v| top(v.to_be_bytes()) ^ 0x80).collect(),
        DecodingResult::I32(samples) => samples.into_iter().map(|v| top(v.to_be_bytes()) ^ 0x80).collect(),
        DecodingResult::I64(samples) => samples.into_iter().map(|v| top(v.to_be_bytes()) ^ 0x80).collect(),
        DecodingResult::F16(samples) => floats(&samples.into_iter().map(|v| v.to_f64()).collect::<Vec<_>>()),
        DecodingResult::F32(samples) => floats(&samples.into_iter().map(f64::from).collect::<Vec<_>>()),
        DecodingResult::F64(samples) => floats(&samples),
    }
}

/// Planes one after another as pixels.
fn interleaved(samples: &[u8], planes: usize) -> Vec<u8> {
    let plane = samples.len() / planes.max(1);
    let mut out = vec![0; plane * planes];
    for (index, source) in samples.chunks_exact(plane.max(1)).take(planes).enumerate() {
        for (pixel, value) in out.chunks_exact_mut(planes).zip(source) {
            if let Some(sample) = pixel.get_mut(index) {
                *sample = *value;
            }
        }
    }
    out
}

fn to_eight_bits(
    color: ColorType,
    width: u32,
    samples: Vec<u8>,
    palette: &[u16],
) -> Result<(Channels, Vec<u8>), Refusal> {
    Ok(match color {
        ColorType::Gray(8 | 16 | 32 | 64) => (Channels::Gray, samples),
        ColorType::Gray(bits @ (1 | 2 | 4)) => {
            let scale = 255 / ((1_u8 << bits) - 1);
            let unpacked = unpack(&samples, width, bits);
            (Channels::Gray, unpacked.into_iter().map(|value| value.saturating_mul(scale)).collect())
        }
        ColorType::Palette(bits @ (1 | 2 | 4 | 8)) => {
            let indices = if bits == 8 { samples } else { unpack(&samples, width, bits) };
            let size = palette.len() / 3;
            let mut data = Vec::with_capacity(indices.len().saturating_mul(3));
            for index in indices {
                for plane in 0..3 {
                    let value = palette.get(plane * size + usize::from(index)).copied().unwrap_or(0);
                    data.push(value.to_be_bytes()[0]);
                }
            }
            (Channels::Rgb, data)
        }
        ColorType::GrayA(8 | 16 | 32) => (Channels::GrayAlpha, samples),
        ColorType::RGB(8 | 16 | 32 | 64) => (Channels::Rgb, samples),
        ColorType::RGBA(8 | 16 | 32 | 64) => (Channels::Rgba, samples),
        ColorType::CMYK(8 | 16) => (Channels::Rgb, per_pixel::<4>(&samples, from_cmyk)),
        ColorType::YCbCr(8) => (Channels::Rgb, per_pixel::<3>(&samples, from_ycbcr)),
        _ => return Err(unsupported("TIFF（対応していない色の形式）")),
    })
}

/// Rows of packed samples, each row beginning at a byte, as one byte a sample.
fn unpack(packed: &[u8], width: u32, bits: u8) -> Vec<u8> {
    let width = width as usize;
    let bits = usize::from(bits);
    let row_bytes = (width * bits).div_ceil(8).max(1);
    let mask = (1_u16 << bits) - 1;
    packed
        .chunks_exact(row_bytes)
        .flat_map(|row| {
            (0..width).map(move |x| {
                let bit = x * bits;
                let byte = u16::from(row.get(bit / 8).copied().unwrap_or(0));
                u8::try_from(byte >> (8 - bits - bit % 8) & mask).unwrap_or(0)
            })
        })
        .collect()
}

fn per_pixel<const N: usize>(samples: &[u8], convert: fn([u8; N]) -> [u8; 3]) -> Vec<u8> {
    samples.as_chunks::<N>().0.iter().flat_map(|pixel| convert(*pixel)).collect()
}

fn from_cmyk([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    let mix = |ink: u8| {
        let light = u16::from(255 - ink) * u16::from(255 - k);
        u8::try_from((light + 127) / 255).unwrap_or(255)
    };
    [mix(c), mix(m), mix(y)]
}

/// ITU-R BT.601, full range, as JFIF has it.
fn from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let clamp = |value: i32| u8::try_from(((value + 32_768) >> 16).clamp(0, 255)).unwrap_or(0);
    [clamp(y + 91_881 * cr), clamp(y - 22_554 * cb - 46_802 * cr), clamp(y + 116_130 * cb)]
}

/// Pixels per metre, when the page says so in inches or centimetres.
fn density(decoder: &mut Decoder<Cursor<&[u8]>>) -> Option<(u32, u32)> {
    let unit = decoder.find_tag_unsigned::<u16>(Tag::ResolutionUnit).ok()?.unwrap_or(2);
    let factor = match unit {
        2 => 39.370_08,
        3 => 100.0,
        _ => return None,
    };
    let mut side = |tag| {
        let value = decoder.get_tag(tag).ok()?;
        let per_unit = match value {
            tiff::decoder::ifd::Value::Rational(n, d) if d > 0 => f64::from(n) / f64::from(d),
            _ => return None,
        };
        let per_metre = (per_unit * factor).round();
        (100.0..=400_000.0).contains(&per_metre).then_some(per_metre as u32)
    };
    Some((side(Tag::XResolution)?, side(Tag::YResolution)?))
}

fn refused(error: TiffError) -> Refusal {
    match error {
        TiffError::UnsupportedError(what) => unsupported(&format!("TIFF: {what}")),
        other => broken("TIFF", other),
    }
}

fn unsupported(what: &str) -> Refusal {
    Refusal::new(RefusalCode::UnsupportedFormat, what.chars().take(120).collect::<String>())
}
