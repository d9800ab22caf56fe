//! GIF (89a): the same indexed frames, delays, disposal and loop count, written anew.

use std::{borrow::Cow, num::NonZeroU64};

use gif::{ColorOutput, DecodeOptions, Decoder, Encoder, Frame, MemoryLimit};

use super::{
    Budget, broken, noise,
    picture::{Channels, Picture},
};
use crate::Refusal;

/// Decodes every frame and writes a fresh file.
pub(super) fn rebuild_gif(input: &[u8], seed: Option<u64>, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let mut decoder = open(input, budget, ColorOutput::Indexed)?;
    let (width, height) = (decoder.width(), decoder.height());
    let global = decoder.global_palette().map(<[u8]>::to_vec).unwrap_or_default();
    let mut frames = Vec::new();
    while let Some(frame) = next_frame(&mut decoder, budget)? {
        if let Some(frame) = cropped(frame, width, height) {
            let colours = frame.palette.as_ref().map_or(global.len(), Vec::len) / 3;
            if colours == 0 {
                return Err(broken("GIF", "パレットがありません"));
            }
            if frame.buffer.iter().any(|index| usize::from(*index) >= colours) {
                return Err(broken("GIF", "パレットにない色があります"));
            }
            frames.push(frame);
        }
    }
    if frames.is_empty() {
        return Err(broken("GIF", "画像がありません"));
    }
    let mut global = global;
    if let Some(seed) = seed {
        // The samples of this format are its colours; indices mean nothing by themselves.
        noise::over(&mut global, 3, 3, seed);
        for palette in frames.iter_mut().filter_map(|frame| frame.palette.as_mut()) {
            noise::over(palette, 3, 3, seed);
        }
    }
    let repeat = decoder.repeat();
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height, &global).map_err(|e| broken("GIF", e))?;
    if frames.len() > 1 {
        encoder.set_repeat(repeat).map_err(|e| broken("GIF", e))?;
    }
    for frame in &frames {
        encoder.write_frame(frame).map_err(|e| broken("GIF", e))?;
    }
    drop(encoder);
    Ok(out)
}

/// The first frame on its canvas, and how many others there are.
pub(super) fn first_of_gif(input: &[u8], budget: &mut Budget) -> Result<(Picture, usize), Refusal> {
    let mut decoder = open(input, budget, ColorOutput::RGBA)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    budget.take(u32::from(decoder.width()), u32::from(decoder.height()))?;
    let frame = next_frame(&mut decoder, budget)?.ok_or_else(|| broken("GIF", "画像がありません"))?;
    let mut canvas = vec![0; width.saturating_mul(height).saturating_mul(4)];
    let (left, row) = (usize::from(frame.left) * 4, usize::from(frame.width) * 4);
    if row > 0 {
        for (y, source) in frame.buffer.chunks_exact(row).enumerate() {
            let Some(target) = canvas
                .chunks_exact_mut((width * 4).max(4))
                .nth(usize::from(frame.top) + y)
                .and_then(|line| line.get_mut(left..))
            else {
                break;
            };
            for (to, from) in target.iter_mut().zip(source) {
                *to = *from;
            }
        }
    }
    let mut others = 0;
    while decoder.next_frame_info().map_err(|e| broken("GIF", e))?.is_some() {
        others += 1;
    }
    Ok((Picture::new(width as u32, height as u32, Channels::Rgba, canvas)?, others))
}

fn open<'a>(input: &'a [u8], budget: &Budget, colors: ColorOutput) -> Result<Decoder<&'a [u8]>, Refusal> {
    let mut options = DecodeOptions::new();
    options.set_color_output(colors);
    if let Some(bytes) = NonZeroU64::new(budget.decoder_bytes() as u64) {
        options.set_memory_limit(MemoryLimit::Bytes(bytes));
    }
    options.read_info(input).map_err(|e| broken("GIF", e))
}

fn next_frame(decoder: &mut Decoder<&[u8]>, budget: &mut Budget) -> Result<Option<Frame<'static>>, Refusal> {
    let Some(info) = decoder.next_frame_info().map_err(|e| broken("GIF", e))? else {
        return Ok(None);
    };
    budget.take(u32::from(info.width), u32::from(info.height))?;
    let mut frame = info.clone();
    let mut buffer = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut buffer).map_err(|e| broken("GIF", e))?;
    frame.buffer = Cow::Owned(buffer);
    frame.interlaced = false;
    frame.needs_user_input = false;
    Ok(Some(frame))
}

/// The part of the frame that lies on the canvas; a frame beyond it is a classic way to overrun a reader.
fn cropped(mut frame: Frame<'static>, width: u16, height: u16) -> Option<Frame<'static>> {
    let keep_width = frame.width.min(width.saturating_sub(frame.left));
    let keep_height = frame.height.min(height.saturating_sub(frame.top));
    if keep_width == 0 || keep_height == 0 {
        return None;
    }
    if (keep_width, keep_height) != (frame.width, frame.height) {
        let rows = frame.buffer.chunks_exact(usize::from(frame.width)).take(usize::from(keep_height));
        let kept: Vec<u8> = rows.flat_map(|row| row.iter().take(usize::from(keep_width))).copied().collect();
        frame.buffer = Cow::Owned(kept);
        frame.width = keep_width;
        frame.height = keep_height;
    }
    Some(frame)
}
