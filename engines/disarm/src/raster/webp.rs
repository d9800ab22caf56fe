//! WebP: one picture in, one picture out.

use std::io::Cursor;

use image_webp::{WebPDecoder, WebPEncoder};

use super::{
    Budget, broken,
    picture::{Channels, Picture},
};
use crate::Refusal;

/// The picture, or an animation's first frame with the number of frames that are left out.
pub(super) fn decode(input: &[u8], budget: &mut Budget) -> Result<(Picture, usize), Refusal> {
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
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, Refusal> {
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
