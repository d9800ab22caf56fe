//! PNG and APNG (W3C PNG, third edition). Samples of 16 bits become 8; a picture of at most 256 colours is written
//! with a palette.

use std::io::Cursor;

use png::{
    BitDepth, ColorType, Compression, DecodeOptions, Decoder, DeflateCompression, Encoder, Filter,
    FrameControl, Limits, PixelDimensions, Transformations, Unit,
};

use super::{
    Budget, broken, colour, noise,
    picture::{Channels, Picture},
};
use crate::Refusal;

/// What a file holds.
pub(super) enum Decoded {
    Still(Picture),
    Animated(Animation),
}

/// The frames as the file has them: rectangles with their rules, not composed.
pub(super) struct Animation {
    canvas: Picture,
    /// The first picture is shown by readers without animation only.
    separate_default: bool,
    plays: u32,
    timed: Vec<(FrameControl, Vec<u8>)>,
}

impl Animation {
    pub(super) fn frames(&self) -> usize {
        self.timed.len()
    }

    /// With noise over all frames.
    pub(super) fn noisy(mut self, seed: Option<u64>) -> Self {
        let Some(value) = seed else { return self };
        let step = self.canvas.channels().count();
        let colours = if step.is_multiple_of(2) { step - 1 } else { step };
        for (index, (_, data)) in (0_u64..).zip(&mut self.timed) {
            noise::over(data, step, colours, value.wrapping_add(index));
        }
        self.canvas = noise::over_picture(self.canvas, seed);
        self
    }

    /// What a reader without animation shows.
    pub(super) fn into_first(self) -> Picture {
        self.canvas
    }
}

/// Decodes all frames; a still picture is one that has no second.
pub(super) fn decode(input: &[u8], budget: &mut Budget) -> Result<Decoded, Refusal> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(input), options);
    decoder.set_limits(Limits { bytes: budget.decoder_bytes() });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(|e| broken("PNG", e))?;
    budget.take(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(|e| broken("PNG", e))?;
    let (width, height) = reader.info().size();
    let channels = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Channels::Gray,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Channels::GrayAlpha,
        (ColorType::Rgb, BitDepth::Eight) => Channels::Rgb,
        (ColorType::Rgba, BitDepth::Eight) => Channels::Rgba,
        _ => return Err(broken("PNG", "色の形式が分かりません")),
    };
    let size = reader.output_buffer_size().ok_or_else(|| broken("PNG", "大きすぎます"))?;
    let animation = reader.info().animation_control().copied();
    let density = density(reader.info().pixel_dims);
    // A profile in an animation is left aside: frames that are partly transparent would have to be joined first.
    let profile = reader.info().icc_profile.as_deref().filter(|_| animation.is_none()).map(<[u8]>::to_vec);

    let mut buffer = vec![0; size];
    reader.next_frame(&mut buffer).map_err(|e| broken("PNG", e))?;
    let first_control = reader.info().frame_control().copied();
    let mut picture = Picture::new(width, height, channels, buffer)?;
    picture.density = density;
    picture = colour::to_srgb(picture, &profile.unwrap_or_default()).0;

    let Some(animation) = animation else {
        // The pixels are whole; what else follows, or an end marker that is missing, is of no matter.
        return Ok(Decoded::Still(picture));
    };
    let separate_default = first_control.is_none();
    let mut timed: Vec<(FrameControl, Vec<u8>)> =
        first_control.map(|control| (control, picture.data().to_vec())).into_iter().collect();
    while timed.len() < animation.num_frames as usize {
        budget.take(width, height)?;
        let mut buffer = vec![0; size];
        let info = reader.next_frame(&mut buffer).map_err(|e| broken("PNG", e))?;
        buffer.truncate(info.buffer_size());
        let control = reader.info().frame_control().copied();
        timed.push((control.ok_or_else(|| broken("PNG", "コマの情報がありません"))?, buffer));
    }
    reader.finish().map_err(|e| broken("PNG", e))?;
    if timed.is_empty() {
        return Ok(Decoded::Still(picture));
    }
    Ok(Decoded::Animated(Animation { canvas: picture, separate_default, plays: animation.num_plays, timed }))
}

/// How to pack samples. Drawings and screens shrink by repetition, which filters disturb; photographs shrink by
/// filters, and a search for repetitions takes five times as long for a tenth less. People wait for large pictures.
fn effort(picture: &Picture) -> (DeflateCompression, Filter) {
    const LARGE: u64 = 256 << 10;
    let pixels = u64::from(picture.width()).saturating_mul(u64::from(picture.height()));
    match picture.flatness() {
        75.. => DRAWING,
        _ if pixels <= LARGE => (DeflateCompression::Level(4), Filter::Adaptive),
        25.. => (DeflateCompression::Level(3), Filter::Paeth),
        _ => (DeflateCompression::FdeflateUltraFast, Filter::Paeth),
    }
}

/// Also for palettes, whose neighbouring numbers mean nothing.
const DRAWING: (DeflateCompression, Filter) = (DeflateCompression::Level(6), Filter::NoFilter);

/// A fresh file: IHDR, the palette where it helps, pHYs where the input had one, IDAT, IEND.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, picture.width(), picture.height());
    encoder.set_depth(BitDepth::Eight);
    encoder.set_pixel_dims(picture.density.map(|(xppu, yppu)| PixelDimensions {
        xppu,
        yppu,
        unit: Unit::Meter,
    }));
    let palette = picture.palette();
    let (compression, filter) = if palette.is_some() { DRAWING } else { effort(picture) };
    encoder.set_deflate_compression(compression);
    encoder.set_filter(filter);
    let data = match &palette {
        Some((colours, indices)) => {
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(colours.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect::<Vec<_>>());
            if colours.iter().any(|[_, _, _, a]| *a != 255) {
                encoder.set_trns(colours.iter().map(|[_, _, _, a]| *a).collect::<Vec<_>>());
            }
            indices.as_slice()
        }
        None => {
            encoder.set_color(color_type(picture.channels()));
            picture.data()
        }
    };
    let mut writer = encoder.write_header().map_err(|e| broken("PNG", e))?;
    writer.write_image_data(data).map_err(|e| broken("PNG", e))?;
    writer.finish().map_err(|e| broken("PNG", e))?;
    Ok(out)
}

/// A fresh animation with the same rectangles, delays and rules.
pub(super) fn encode_animation(animation: &Animation) -> Result<Vec<u8>, Refusal> {
    let canvas = &animation.canvas;
    let fail = |e: png::EncodingError| broken("APNG", e);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, canvas.width(), canvas.height());
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(color_type(canvas.channels()));
    encoder.set_compression(Compression::Balanced);
    let count = u32::try_from(animation.timed.len()).map_err(|e| broken("APNG", e))?;
    encoder.set_animated(count, animation.plays).map_err(fail)?;
    encoder.set_sep_def_img(animation.separate_default).map_err(fail)?;
    let mut writer = encoder.write_header().map_err(fail)?;
    if animation.separate_default {
        writer.write_image_data(canvas.data()).map_err(fail)?;
    }
    for (index, (control, data)) in animation.timed.iter().enumerate() {
        if index > 0 || animation.separate_default {
            writer.reset_frame_position().map_err(fail)?;
            writer.set_frame_dimension(control.width, control.height).map_err(fail)?;
            writer.set_frame_position(control.x_offset, control.y_offset).map_err(fail)?;
        }
        writer.set_frame_delay(control.delay_num, control.delay_den).map_err(fail)?;
        writer.set_dispose_op(control.dispose_op).map_err(fail)?;
        writer.set_blend_op(control.blend_op).map_err(fail)?;
        writer.write_image_data(data).map_err(fail)?;
    }
    writer.finish().map_err(fail)?;
    Ok(out)
}

fn color_type(channels: Channels) -> ColorType {
    match channels {
        Channels::Gray => ColorType::Grayscale,
        Channels::GrayAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    }
}

/// Densities that a printer could have; anything else is a disguise or an error.
fn density(dims: Option<PixelDimensions>) -> Option<(u32, u32)> {
    let dims = dims.filter(|dims| dims.unit == Unit::Meter)?;
    let sane = 100..=400_000;
    (sane.contains(&dims.xppu) && sane.contains(&dims.yppu)).then_some((dims.xppu, dims.yppu))
}
