//! Pictures: decoded to pixels under a budget, written anew by encoders that know nothing of the input.
//!
//! Nothing but pixels, frame timing and the printed density crosses; every other byte (EXIF, XMP, colour profiles,
//! comments, thumbnails, what follows the end marker) stays behind and is named in the report. Decoders are pure
//! Rust. Dimensions are read and charged before pixels are allocated.

mod animation;
mod bmp;
mod colour;
pub(crate) mod dib;
mod heic;
mod inspect;
mod jpeg;
mod noise;
mod picture;
mod png;
mod tiff;
mod webp;

#[cfg(test)]
mod tests;

use std::fmt::Display;

pub(crate) use colour::samples_to_rgb;
use picture::{Channels, Picture};

use crate::{
    Format, Refusal, RefusalCode, RemovalCode,
    context::Context,
    metafile::{self, Drawn},
    svg, text,
};

/// Writes the picture anew in its own format.
pub(crate) fn rebuild(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<(Vec<u8>, Format), Refusal> {
    let found = inspect::inspect(input, format);
    found.report(ctx, "");
    let seed = ctx.options().noise;
    let noisy = |picture| noise::over_picture(picture, seed);
    let mut budget = Budget::new(ctx.limits().pixels);
    let bytes = match format {
        Format::Jpeg => {
            jpeg::encode(&noisy(jpeg::decode(input, &found, &mut budget)?), jpeg::Manner::of(&found))?
        }
        Format::Png => match png::decode(input, &mut budget)? {
            png::Decoded::Still(picture) => png::encode(&noisy(picture.upright(found.orientation)))?,
            png::Decoded::Animated(animation) => png::encode_animation(&animation.noisy(seed))?,
        },
        Format::Gif => animation::rebuild_gif(input, seed, &mut budget)?,
        Format::Bmp => bmp::encode(&noisy(bmp::decode(input, &mut budget)?))?,
        Format::Tiff => {
            let pages = tiff::decode_pages(input, usize::MAX, &mut budget)?.pages;
            tiff::encode(&pages.into_iter().map(noisy).collect::<Vec<_>>())?
        }
        Format::Webp => webp::rebuild(input, found.orientation, seed, &mut budget)?,
        other => return Err(Refusal::new(RefusalCode::UnsupportedFormat, other.extension())),
    };
    Ok((bytes, format))
}

/// A picture inside another document (OOXML media, PDF image): decoded and written anew as JPEG when it was JPEG,
/// else as PNG. The first frame or page stands for the whole.
pub(crate) fn reencode(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    if metafile::sniff(input).is_some() {
        let drawn = metafile::draw(input, "埋め込み画像の ", &mut Budget::new(ctx.limits().pixels), ctx)?;
        return Ok((png::encode(&picture_of(drawn)?)?, Format::Png));
    }
    if heic::sniff(input) {
        return heic_as_jpeg(input, "埋め込み画像の ", ctx);
    }
    if input.first() == Some(&b'<') && text::decode(input).is_some_and(|text| svg::is_svg(&text.text)) {
        let rendered = svg::render(input, &mut Budget::new(ctx.limits().pixels), ctx)?;
        let picture = Picture::new(rendered.width, rendered.height, Channels::Rgba, rendered.rgba)?;
        return Ok((png::encode(&picture)?, Format::Png));
    }
    let Some(format) = sniff(input) else {
        return Err(Refusal::new(
            RefusalCode::UnsupportedFormat,
            "画像（JPEG・PNG・GIF・BMP・TIFF・WebP 以外）",
        ));
    };
    let found = inspect::inspect(input, format);
    found.report(ctx, "埋め込み画像の ");
    let seed = ctx.options().noise;
    let noisy = |picture| noise::over_picture(picture, seed);
    let mut budget = Budget::new(ctx.limits().pixels);
    let (picture, dropped) = match format {
        Format::Jpeg => {
            let picture = noisy(jpeg::decode(input, &found, &mut budget)?);
            return Ok((jpeg::encode(&picture, jpeg::Manner::of(&found))?, Format::Jpeg));
        }
        Format::Png => match png::decode(input, &mut budget)? {
            png::Decoded::Still(picture) => (picture.upright(found.orientation), 0),
            png::Decoded::Animated(animation) => {
                let rest = animation.frames();
                (animation.into_first(), rest.saturating_sub(1))
            }
        },
        Format::Gif => animation::first_of_gif(input, &mut budget)?,
        Format::Bmp => (bmp::decode(input, &mut budget)?, 0),
        Format::Tiff => {
            let decoded = tiff::decode_pages(input, 1, &mut budget)?;
            let first = decoded.pages.into_iter().next();
            (first.ok_or_else(|| broken("TIFF", "ページがありません"))?, decoded.left)
        }
        Format::Webp => {
            let (picture, dropped) = webp::first(input, &mut budget)?;
            (picture.upright(found.orientation), dropped)
        }
        other => return Err(Refusal::new(RefusalCode::UnsupportedFormat, other.extension())),
    };
    if dropped > 0 {
        ctx.removed(RemovalCode::Frame, format!("埋め込み画像の2コマ目以降（{dropped} コマ）"));
    }
    Ok((png::encode(&noisy(picture))?, Format::Png))
}

/// A HEIC photograph as JPEG.
pub(crate) fn from_heic(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    heic_as_jpeg(input, "", ctx)
}

fn heic_as_jpeg(input: &[u8], place: &str, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let picture = heic::decode(input, place, &mut Budget::new(ctx.limits().pixels), ctx)?;
    let picture = noise::over_picture(picture, ctx.options().noise);
    Ok((jpeg::encode(&picture, jpeg::Manner::photograph())?, Format::Jpeg))
}

pub(crate) fn is_heic(input: &[u8]) -> bool {
    heic::sniff(input)
}

/// A metafile as a picture of its own, on white paper.
pub(crate) fn draw_metafile(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let mut drawn = metafile::draw(input, "", &mut Budget::new(ctx.limits().pixels), ctx)?;
    on_white(&mut drawn.rgba);
    Ok((png::encode(&picture_of(drawn)?)?, Format::Png))
}

/// A drawing as a picture, on white paper.
pub(crate) fn draw_svg(input: &[u8], ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let mut rendered = svg::render(input, &mut Budget::new(ctx.limits().pixels), ctx)?;
    on_white(&mut rendered.rgba);
    let picture = Picture::new(rendered.width, rendered.height, Channels::Rgba, rendered.rgba)?;
    Ok((png::encode(&picture)?, Format::Png))
}

fn on_white(rgba: &mut [u8]) {
    for [r, g, b, a] in rgba.as_chunks_mut::<4>().0 {
        let alpha = u32::from(*a);
        for value in [r, g, b] {
            *value = u8::try_from((u32::from(*value) * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255);
        }
        *a = 255;
    }
}

fn picture_of(drawn: Drawn) -> Result<Picture, Refusal> {
    let mut picture = Picture::new(drawn.width, drawn.height, Channels::Rgba, drawn.rgba)?;
    picture.density = Some(drawn.density);
    Ok(picture)
}

/// The raster format whose magic number the bytes begin with.
pub(crate) fn sniff(input: &[u8]) -> Option<Format> {
    if input.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Some(Format::Jpeg)
    } else if input.starts_with(b"\x89PNG\r\n\x1A\n") {
        Some(Format::Png)
    } else if input.starts_with(b"GIF87a") || input.starts_with(b"GIF89a") {
        Some(Format::Gif)
    } else if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| input.starts_with(magic)) {
        Some(Format::Tiff)
    } else if input.starts_with(b"RIFF") && input.get(8..12) == Some(b"WEBP") {
        Some(Format::Webp)
    } else if input.starts_with(b"BM") && input.get(14..18).is_some_and(is_bmp_header_size) {
        Some(Format::Bmp)
    } else {
        None
    }
}

/// The sizes that BITMAPCOREHEADER, BITMAPINFOHEADER and its extensions have ([MS-WMF] 2.2.2); `BM` alone also
/// begins ordinary text.
fn is_bmp_header_size(field: &[u8]) -> bool {
    matches!(field, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])
}

/// The pixels of all frames together.
pub(crate) struct Budget {
    limit: u64,
    left: u64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    /// Takes one frame's pixels, before they are allocated.
    pub(crate) fn take(&mut self, width: u32, height: u32) -> Result<(), Refusal> {
        let pixels = u64::from(width) * u64::from(height);
        match self.left.checked_sub(pixels) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Refusal::new(RefusalCode::Bomb, format!("pixels {}", self.limit))),
        }
    }

    /// Bytes that a decoder may hold for a frame of what is allowed: eight a pixel (RGBA of 16 bits) and its tables.
    fn decoder_bytes(&self) -> usize {
        usize::try_from(self.limit.saturating_mul(8).saturating_add(16 << 20)).unwrap_or(usize::MAX)
    }
}

/// The refusal of a picture that a decoder can't read; the decoder's own words are kept short.
fn broken(what: &str, error: impl Display) -> Refusal {
    let words: String = error.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
    Refusal::new(RefusalCode::Malformed, format!("{what}: {words}"))
}
