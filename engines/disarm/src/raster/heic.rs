//! HEIC photographs (ISO/IEC 23008-12, HEVC intra pictures): decoded by a pure Rust decoder, written as JPEG. AVIF has
//! no decoder without unsafe code and stays refused.

use heic_rs::{DecodeOptions, PixelLayout};

use super::{
    Budget, broken, colour,
    picture::{Channels, Picture},
};
use crate::{Refusal, RemovalCode, context::Context};

/// Whether the file's brands are those of HEVC pictures.
pub(super) fn sniff(input: &[u8]) -> bool {
    if input.get(4..8) != Some(b"ftyp") {
        return false;
    }
    let size = input.get(..4).and_then(|f| f.try_into().ok()).map_or(0, u32::from_be_bytes) as usize;
    let brands = input.get(8..size.clamp(12, 256).min(input.len())).unwrap_or_default();
    let mut brands = brands.as_chunks::<4>().0.iter();
    match brands.next() {
        Some(b"heic" | b"heix" | b"heim" | b"heis") => true,
        Some(b"mif1" | b"msf1") => {
            let rest: Vec<_> = brands.collect();
            rest.iter().any(|brand| matches!(*brand, b"heic" | b"heix")) && !rest.contains(&b"avif")
        }
        _ => false,
    }
}

/// The primary picture, upright; the report names what was beside it.
pub(super) fn decode(
    input: &[u8],
    place: &str,
    budget: &mut Budget,
    ctx: &mut Context<'_>,
) -> Result<Picture, Refusal> {
    let info = heic_rs::probe(input).map_err(|e| broken("HEIC", e))?;
    budget.take(info.coded_width.max(info.width), info.coded_height.max(info.height))?;
    for (there, name) in [(info.has_exif, "EXIF"), (info.has_xmp, "XMP"), (info.has_icc, "ICC プロファイル")]
    {
        if there {
            ctx.removed(RemovalCode::Metadata, format!("{place}{name}"));
        }
    }
    let options = DecodeOptions {
        layout: PixelLayout::Rgb8,
        max_pixels: Some(ctx.limits().pixels),
        decode_alpha: false,
        threads: Some(1),
        ..DecodeOptions::default()
    };
    let image = heic_rs::decode(input, &options).map_err(|e| broken("HEIC", e))?;
    let picture = Picture::new(image.width, image.height, Channels::Rgb, image.data)?;
    Ok(colour::to_srgb(picture, profile(input).unwrap_or_default()).0)
}

/// Telephones photograph in a wider space than sRGB and say so.
fn profile(input: &[u8]) -> Option<&[u8]> {
    let file = heic_rs::context::Context::open(input).ok()?;
    file.props(file.meta.primary).ok()?.icc
}
