//! JPEG (ITU-T T.81): baseline and progressive, grey, YCbCr, CMYK and YCCK in; baseline grey or YCbCr out.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, PixelDensityUnit, SamplingFactor};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use super::{
    Budget, broken, colour,
    inspect::Found,
    picture::{Channels, Picture},
};
use crate::Refusal;

/// For pictures that were no JPEG: high enough that it is not seen.
const QUALITY: u8 = 90;
/// Below, one more generation would be seen; above, files grow without a gain.
const QUALITIES: std::ops::RangeInclusive<u8> = 50..=95;

/// How the input was encoded, so that the output is neither larger nor worse.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    quality: Option<u8>,
    sampling: Option<(u8, u8)>,
    /// Codes made for this picture: smaller, for more memory and a second pass.
    own_codes: bool,
}

impl Manner {
    /// For a photograph from a camera's own format, whose colours are coarser than its brightness already.
    pub(super) fn photograph() -> Self {
        Self { quality: Some(QUALITY), sampling: Some((2, 2)), own_codes: false }
    }

    pub(super) fn of(found: &Found) -> Self {
        let turned = found.orientation >= 5;
        let sampling = found.sampling.map(|(x, y)| if turned { (y, x) } else { (x, y) });
        // Progressive files have their own codes, and would grow without.
        Self { quality: found.quality, sampling, own_codes: found.progressive }
    }
}

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
    let input_space = decoder.input_colorspace();
    let inks = matches!(input_space, Some(ColorSpace::CMYK)) && !found.profile.is_empty();
    let (space, channels) = match input_space {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, Channels::Gray),
        _ if inks => (ColorSpace::CMYK, Channels::Rgb),
        _ => (ColorSpace::RGB, Channels::Rgb),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let mut data = decoder.decode().map_err(|e| broken("JPEG", format!("{e:?}")))?;
    if inks {
        data = from_inks(&data, &found.profile);
    }
    let mut picture = Picture::new(u32::from(info.width), u32::from(info.height), channels, data)?;
    picture.density = found.density;
    let four = matches!(input_space, Some(ColorSpace::CMYK | ColorSpace::YCCK));
    if !four {
        picture = colour::to_srgb(picture, &found.profile).0;
    }
    Ok(picture.upright(found.orientation))
}

/// Adobe's four-colour files hold light, not ink: 255 is bare paper.
fn from_inks(samples: &[u8], profile: &[u8]) -> Vec<u8> {
    let inks: Vec<u8> = samples.iter().map(|light| 255 - light).collect();
    colour::inks_to_rgb(&inks, profile).unwrap_or_else(|| {
        let mix =
            |light: u8, black: u8| u8::try_from(u16::from(light) * u16::from(black) / 255).unwrap_or(255);
        let pixels = samples.as_chunks::<4>().0.iter();
        pixels.flat_map(|[c, m, y, k]| [mix(*c, *k), mix(*m, *k), mix(*y, *k)]).collect()
    })
}

/// A fresh file: SOI, JFIF, tables, one scan a component set, EOI.
pub(super) fn encode(picture: &Picture, manner: Manner) -> Result<Vec<u8>, Refusal> {
    let (Ok(width), Ok(height)) = (u16::try_from(picture.width()), u16::try_from(picture.height())) else {
        return Err(broken("JPEG", "65535 画素を超える辺があります"));
    };
    let color = match picture.channels() {
        Channels::Gray => ColorType::Luma,
        Channels::Rgb => ColorType::Rgb,
        Channels::GrayAlpha | Channels::Rgba => return Err(broken("JPEG", "透過は表せません")),
    };
    let mut out = Vec::new();
    let quality = manner.quality.map_or(QUALITY, |q| q.clamp(*QUALITIES.start(), *QUALITIES.end()));
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_optimized_huffman_tables(manner.own_codes);
    encoder.set_sampling_factor(match manner.sampling {
        Some((2, 2)) => SamplingFactor::F_2_2,
        Some((2, 1)) => SamplingFactor::F_2_1,
        Some((1, 2)) => SamplingFactor::F_1_2,
        Some(_) => SamplingFactor::F_1_1,
        None if quality < 90 => SamplingFactor::F_2_2,
        None => SamplingFactor::F_1_1,
    });
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
