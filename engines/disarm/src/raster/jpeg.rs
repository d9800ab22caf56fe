//! JPEG (ITU-T T.81): baseline and progressive, grey, YCbCr, CMYK and YCCK in; baseline grey or YCbCr out.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, PixelDensityUnit};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::{
    Budget, broken,
    inspect::Found,
    picture::{Channels, Picture},
};
use crate::Refusal;

/// High enough that one more generation is not seen, low enough that photographs don't grow.
const QUALITY: u8 = 90;

/// The pixels, upright.
pub(super) fn decode(input: &[u8], found: &Found, budget: &mut Budget) -> Result<Picture, Refusal> {
    if !found.complete {
        return Err(broken("JPEG", "途中で切れています"));
    }
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(input), options);
    decoder.decode_headers().map_err(|e| broken("JPEG", format!("{e:?}")))?;
    let info = decoder.info().ok_or_else(|| broken("JPEG", "大きさがありません"))?;
    budget.take(u32::from(info.width), u32::from(info.height))?;
    let (space, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, Channels::Gray),
        _ => (ColorSpace::RGB, Channels::Rgb),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let data = decoder.decode().map_err(|e| broken("JPEG", format!("{e:?}")))?;
    let mut picture = Picture::new(u32::from(info.width), u32::from(info.height), channels, data)?;
    picture.density = found.density;
    Ok(picture.upright(found.orientation))
}

/// A fresh file: SOI, JFIF, tables, one scan a component set, EOI.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, Refusal> {
    let (Ok(width), Ok(height)) = (u16::try_from(picture.width()), u16::try_from(picture.height())) else {
        return Err(broken("JPEG", "65535 画素を超える辺があります"));
    };
    let color = match picture.channels() {
        Channels::Gray => ColorType::Luma,
        Channels::Rgb => ColorType::Rgb,
        Channels::GrayAlpha | Channels::Rgba => return Err(broken("JPEG", "透過は表せません")),
    };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, QUALITY);
    if let Some((x, y)) = picture.density.and_then(|(x, y)| Some((dots_per_inch(x)?, dots_per_inch(y)?))) {
        encoder.set_density(PixelDensity { density: (x, y), unit: PixelDensityUnit::Inches });
    }
    encoder.encode(picture.data(), width, height, color).map_err(|e| broken("JPEG", e))?;
    Ok(out)
}

/// From pixels per metre; JFIF holds 16 bits.
fn dots_per_inch(per_metre: u32) -> Option<u16> {
    let dots = (u64::from(per_metre) * 254 + 5_000) / 10_000;
    u16::try_from(dots).ok().filter(|dots| *dots > 0)
}
