//! WebP: stills and animations in; lossless pictures out, animations as frames that hold what changed.

use std::io::Cursor;

use image_webp::{LoopCount, WebPDecoder, WebPEncoder};

use super::{
    Budget, broken, colour, noise,
    picture::{Channels, Picture},
};
use crate::Refusal;

type Decoder<'a> = WebPDecoder<Cursor<&'a [u8]>>;

fn open<'a>(input: &'a [u8], budget: &Budget) -> Result<Decoder<'a>, Refusal> {
    let mut decoder = WebPDecoder::new(Cursor::new(input)).map_err(|e| broken("WebP", e))?;
    decoder.set_memory_limit(budget.decoder_bytes());
    Ok(decoder)
}

fn channels(decoder: &Decoder<'_>) -> Channels {
    if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb }
}

/// Writes the picture or animation anew.
pub(super) fn rebuild(
    input: &[u8],
    orientation: u8,
    seed: Option<u64>,
    budget: &mut Budget,
) -> Result<Vec<u8>, Refusal> {
    let mut decoder = open(input, budget)?;
    if decoder.is_animated() && decoder.num_frames() > 1 {
        return animation(&mut decoder, seed, budget);
    }
    let (picture, _) = first(input, budget)?;
    encode(&noise::over_picture(picture.upright(orientation), seed))
}

/// The picture, or an animation's first frame with the number of frames that are left out.
pub(super) fn first(input: &[u8], budget: &mut Budget) -> Result<(Picture, usize), Refusal> {
    let mut decoder = open(input, budget)?;
    let (width, height) = decoder.dimensions();
    budget.take(width, height)?;
    let size = decoder.output_buffer_size().ok_or_else(|| broken("WebP", "大きすぎます"))?;
    let mut data = vec![0; size];
    let mut left_out = 0;
    if decoder.is_animated() {
        left_out = (decoder.num_frames() as usize).saturating_sub(1);
        decoder.read_frame(&mut data).map_err(|e| broken("WebP", e))?;
    } else {
        decoder.read_image(&mut data).map_err(|e| broken("WebP", e))?;
    }
    let profile = decoder.icc_profile().ok().flatten().unwrap_or_default();
    let picture = Picture::new(width, height, channels(&decoder), data)?;
    Ok((colour::to_srgb(picture, &profile).0, left_out))
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

/// The container of the WebP specification: VP8X, ANIM, one ANMF a frame. Frames come composed from the decoder; the
/// rectangle that differs from the frame before is written, without blending.
fn animation(decoder: &mut Decoder<'_>, seed: Option<u64>, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let (width, height) = decoder.dimensions();
    let channels = channels(decoder);
    let size = decoder.output_buffer_size().ok_or_else(|| broken("WebP", "大きすぎます"))?;
    let loops = match decoder.loop_count() {
        LoopCount::Forever => 0,
        LoopCount::Times(times) => times.get(),
    };
    let mut body = b"WEBP".to_vec();
    let flags = if channels == Channels::Rgba { 0x12 } else { 0x02 };
    let mut extended = vec![flags, 0, 0, 0];
    extended.extend(u24(width - 1));
    extended.extend(u24(height - 1));
    chunk(&mut body, b"VP8X", &extended);
    let [low, high] = loops.to_le_bytes();
    chunk(&mut body, b"ANIM", &[0, 0, 0, 0, low, high]);
    let mut before: Option<Vec<u8>> = None;
    for index in 0..decoder.num_frames() {
        budget.take(width, height)?;
        let mut data = vec![0; size];
        let duration = decoder.read_frame(&mut data).map_err(|e| broken("WebP", e))?;
        if let Some(seed) = seed {
            // One seed for all frames: where nothing moves, nothing flickers.
            noise::over(&mut data, channels.count(), 3, seed);
        }
        let area = match &before {
            Some(before) if index > 0 => changed(before, &data, width as usize, channels.count()),
            _ => (0, 0, width as usize, height as usize),
        };
        body.extend(frame(&data, width as usize, channels, area, duration)?);
        before = Some(data);
    }
    let mut out = b"RIFF".to_vec();
    out.extend_from_slice(&u32::try_from(body.len()).map_err(|e| broken("WebP", e))?.to_le_bytes());
    out.extend_from_slice(&body);
    Ok(out)
}

/// Left, top, width and height of the part that differs; left and top are even, as the format wants them.
fn changed(before: &[u8], after: &[u8], width: usize, step: usize) -> (usize, usize, usize, usize) {
    let row = width * step;
    let (mut left, mut right, mut top, mut bottom) = (width, 0, usize::MAX, 0);
    for (y, (old, new)) in before.chunks_exact(row).zip(after.chunks_exact(row)).enumerate() {
        if old == new {
            continue;
        }
        let pixels = || old.chunks_exact(step).zip(new.chunks_exact(step));
        left = left.min(pixels().position(|(a, b)| a != b).unwrap_or(left));
        right = right.max(pixels().rposition(|(a, b)| a != b).map_or(0, |x| x + 1));
        top = top.min(y);
        bottom = y + 1;
    }
    if right == 0 {
        return (0, 0, 1, 1);
    }
    let (left, top) = (left & !1, top & !1);
    (left, top, right - left, bottom - top)
}

fn frame(
    data: &[u8],
    width: usize,
    channels: Channels,
    (left, top, across, down): (usize, usize, usize, usize),
    duration: u32,
) -> Result<Vec<u8>, Refusal> {
    let step = channels.count();
    let part: Vec<u8> = data
        .chunks_exact(width * step)
        .skip(top)
        .take(down)
        .flat_map(|row| row.get(left * step..(left + across) * step).unwrap_or_default())
        .copied()
        .collect();
    let still = encode(&Picture::new(across as u32, down as u32, channels, part)?)?;
    let mut body = Vec::new();
    for value in [left / 2, top / 2, across - 1, down - 1] {
        body.extend(u24(value as u32));
    }
    body.extend(u24(duration.min(0xFF_FFFF)));
    // Not blended, not disposed of.
    body.push(0x02);
    body.extend_from_slice(still.get(12..).unwrap_or_default());
    let mut out = Vec::new();
    chunk(&mut out, b"ANMF", &body);
    Ok(out)
}

fn u24(value: u32) -> impl Iterator<Item = u8> {
    value.to_le_bytes().into_iter().take(3)
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    out.extend_from_slice(kind);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}
