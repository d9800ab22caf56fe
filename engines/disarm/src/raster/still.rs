//! BMP and WebP: one picture in, one picture out.

use std::io::Cursor;

use image::{ExtendedColorType, ImageDecoder, codecs::bmp};
use image_webp::{WebPDecoder, WebPEncoder};

use super::{
    Budget, broken,
    picture::{Channels, Picture},
};
use crate::Refusal;

/// Windows bitmaps of any header and compression that the decoder knows.
pub(super) fn decode_bmp(input: &[u8], budget: &mut Budget) -> Result<Picture, Refusal> {
    let decoder = bmp::BmpDecoder::new(Cursor::new(input)).map_err(|e| broken("BMP", e))?;
    let (width, height) = decoder.dimensions();
    budget.take(width, height)?;
    let channels = match decoder.color_type() {
        image::ColorType::L8 => Channels::Gray,
        image::ColorType::Rgb8 => Channels::Rgb,
        image::ColorType::Rgba8 => Channels::Rgba,
        _ => return Err(broken("BMP", "色の形式が分かりません")),
    };
    let size = usize::try_from(decoder.total_bytes()).map_err(|e| broken("BMP", e))?;
    let mut data = vec![0; size];
    decoder.read_image(&mut data).map_err(|e| broken("BMP", e))?;
    Picture::new(width, height, channels, data)
}

/// BITMAPFILEHEADER, one header, (a grey palette,) rows.
pub(super) fn encode_bmp(picture: &Picture) -> Result<Vec<u8>, Refusal> {
    let color = match picture.channels() {
        Channels::Gray => ExtendedColorType::L8,
        Channels::GrayAlpha => ExtendedColorType::La8,
        Channels::Rgb => ExtendedColorType::Rgb8,
        Channels::Rgba => ExtendedColorType::Rgba8,
    };
    let mut out = Vec::new();
    bmp::BmpEncoder::new(&mut out)
        .encode(picture.data(), picture.width(), picture.height(), color)
        .map_err(|e| broken("BMP", e))?;
    Ok(out)
}

/// The picture, or an animation's first frame with the number of frames that are left out.
pub(super) fn decode_webp(input: &[u8], budget: &mut Budget) -> Result<(Picture, usize), Refusal> {
    let mut decoder = WebPDecoder::new(Cursor::new(input)).map_err(|e| broken("WebP", e))?;
    decoder.set_memory_limit(budget.decoder_bytes());
    let (width, height) = decoder.dimensions();
    budget.take(width, height)?;
    let channels = if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    let size = decoder.output_buffer_size().ok_or_else(|| broken("WebP", "大きすぎます"))?;
    let mut data = vec![0; size];
    let mut left_out = 0;
    if decoder.is_animated() {
        left_out = (decoder.num_frames() as usize).saturating_sub(1);
        decoder.read_frame(&mut data).map_err(|e| broken("WebP", e))?;
    } else {
        decoder.read_image(&mut data).map_err(|e| broken("WebP", e))?;
    }
    Ok((Picture::new(width, height, channels, data)?, left_out))
}

/// RIFF with one lossless VP8L chunk.
pub(super) fn encode_webp(picture: &Picture) -> Result<Vec<u8>, Refusal> {
    let color = match picture.channels() {
        Channels::Gray => image_webp::ColorType::L8,
        Channels::GrayAlpha => image_webp::ColorType::La8,
        Channels::Rgb => image_webp::ColorType::Rgb8,
        Channels::Rgba => image_webp::ColorType::Rgba8,
    };
    let mut out = Vec::new();
    WebPEncoder::new(&mut out)
        .encode(picture.data(), picture.width(), picture.height(), color)
        .map_err(|e| broken("WebP", e))?;
    Ok(out)
}
