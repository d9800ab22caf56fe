//! Image XObjects and inline images (ISO 32000-1 §8.9): samples are decoded and written anew.
//!
//! Photographs (JPEG, JPEG 2000 in colour) are decoded and compressed as JPEG again, everything else is written under
//! Deflate. What can't be decoded is replaced by one blank sample and reported; where it covers most of a page, the
//! page refuses the file ([`Lost`]).

use std::io::Cursor;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use lopdf::{Dictionary, Object};
use zune_jpeg::{
    JpegDecoder, SampleRatios,
    zune_core::{colorspace::ColorSpace, options::DecoderOptions},
};

use super::{
    codecs::{self, FaxParms},
    color::Space,
    content::INTENTS,
    graph::{Graph, Kind, Lost},
    matrix::IDENTITY,
    source::{Codec, Decoded, is_external},
    write::{Dict, Val},
};
use crate::{Refusal, RefusalCode, RemovalCode};

/// Compression of rewritten photographs: high enough that a copy of a copy still looks the same.
const QUALITY: u8 = 90;

/// How an image's samples are to be read.
struct Layout {
    width: usize,
    height: usize,
    bits: usize,
    mask: bool,
    space: Option<Space>,
    /// Nothing else gives the samples a meaning of its own.
    literal: bool,
}

impl Layout {
    fn row(&self) -> usize {
        let components = self.space.as_ref().map_or(1, |space| space.components);
        (self.width * self.bits * components).div_ceil(8)
    }

    /// The samples as plain RGB where a profile gives them other colours.
    fn without_profile(&mut self, samples: Vec<u8>) -> Vec<u8> {
        let profile = self.space.as_ref().and_then(|space| space.profile.as_ref());
        let Some(profile) = profile.filter(|_| self.literal && self.bits == 8) else { return samples };
        let Some(rgb) = profile.to_rgb(&samples) else { return samples };
        self.space = Space::device(3);
        rgb
    }
}

/// Rewritten samples.
enum Samples {
    Raw(Vec<u8>),
    Jpeg(Vec<u8>),
}

/// One sample a pixel, where the picture carries its own opacity.
type Opacity = Option<Vec<u8>>;

impl<'d> Graph<'_, 'd, '_> {
    /// Rebuilds an image from its dictionary and its encoded bytes.
    pub(super) fn image(
        &mut self,
        dict: &Dictionary,
        content: &[u8],
        resources: Option<&'d Dictionary>,
        inline: bool,
    ) -> Result<Option<Val>, Refusal> {
        let src = self.src;
        if !inline && is_external(dict) {
            self.note(RemovalCode::ExternalLink, "外部ストリーム");
            return Ok(None);
        }
        let side =
            |key| src.integer(dict, key).and_then(|side| usize::try_from(side).ok()).filter(|side| *side > 0);
        let (Some(width), Some(height)) = (side("Width"), side("Height")) else {
            self.note(RemovalCode::DrawingReplaced, "大きさのない画像");
            return Ok(None);
        };
        if (width as u64).saturating_mul(height as u64) > self.ctx.limits().pixels {
            return Err(Refusal::new(RefusalCode::Bomb, format!("pixels {}", self.ctx.limits().pixels)));
        }
        self.note_private(dict);
        let mask = src.boolean(dict, "ImageMask") == Some(true);
        let space = match dict.get(b"ColorSpace") {
            Ok(space) if !mask => self.color_space(space, resources, 4)?,
            _ => None,
        };
        let bits = match src.integer(dict, "BitsPerComponent") {
            _ if mask => 1,
            Some(bits @ (1 | 2 | 4 | 8 | 16)) => usize::try_from(bits).unwrap_or(8),
            _ => 8,
        };
        let literal = ["Decode", "Matte"].iter().all(|key| !dict.has(key.as_bytes()))
            && !matches!(src.value(dict, "Mask"), Object::Array(_));
        let mut layout = Layout { width, height, bits, mask, space, literal };
        let decoded = src.decode_parts(dict, content, self.ctx)?;
        let mut alpha = None;
        let samples = match &decoded.codec {
            None => self.raw(decoded, &mut layout)?,
            Some((Codec::Dct, parms)) => {
                let plain = parms.and_then(|parms| src.integer(parms, "ColorTransform")) == Some(0);
                self.jpeg(&decoded.data, plain, &mut layout)?
            }
            Some((Codec::Ccitt, parms)) => self.fax(&decoded.data, *parms, &mut layout)?,
            Some((Codec::Jbig2, parms)) => self.jbig2(&decoded.data, *parms, &mut layout)?,
            Some((Codec::Jpx, _)) => {
                let wants_alpha = src.integer(dict, "SMaskInData").is_some_and(|kind| kind > 0);
                match self.jpx(&decoded.data, &mut layout)? {
                    Some((samples, opacity)) => {
                        alpha = opacity.filter(|_| wants_alpha);
                        Some(samples)
                    }
                    None => None,
                }
            }
        };
        let Some(samples) = samples else {
            let what = codec_name(src.value(dict, "Filter"));
            self.note(RemovalCode::DrawingReplaced, what);
            let blank = self.blank(layout.mask);
            self.lost.insert(blank, vec![Lost { at: IDENTITY, what }]);
            return Ok(Some(Val::Ref(blank)));
        };
        let mut out = self.image_dict(dict, &layout, resources)?;
        if let Some(alpha) = alpha {
            out.set("SMask", Val::Ref(self.opacity(&alpha, &layout)));
        }
        let hidden = self.lost_mask(&out);
        let id = self.out.reserve();
        if let Some(what) = hidden {
            self.lost.insert(id, vec![Lost { at: IDENTITY, what }]);
        }
        match samples {
            Samples::Raw(data) => self.out.put_stream(id, out, &data),
            Samples::Jpeg(data) => {
                self.out.put_encoded(id, out.with("Filter", Val::name("DCTDecode")), data);
            }
        }
        Ok(Some(Val::Ref(id)))
    }

    /// The dictionary apart from the filter: what the samples mean and what masks them.
    fn image_dict(
        &mut self,
        dict: &Dictionary,
        layout: &Layout,
        resources: Option<&'d Dictionary>,
    ) -> Result<Dict, Refusal> {
        let src = self.src;
        let mut out = Dict::typed("XObject")
            .with("Subtype", Val::name("Image"))
            .with("Width", Val::int(layout.width))
            .with("Height", Val::int(layout.height))
            .with("BitsPerComponent", Val::int(layout.bits));
        if layout.mask {
            out.set("ImageMask", Val::Bool(true));
        }
        out.set_some("ColorSpace", layout.space.as_ref().map(|space| space.value.clone()));
        let components = layout.space.as_ref().map_or(1, |space| space.components);
        let decode = src.numbers_of(dict, "Decode").filter(|decode| decode.len() == components * 2);
        out.set_some("Decode", decode.map(Val::nums));
        out.set_some("Interpolate", src.boolean(dict, "Interpolate").map(Val::Bool));
        if let Some(intent) = src.name(dict, "Intent").filter(|intent| INTENTS.contains(intent)) {
            out.set("Intent", Val::Name(intent.to_vec()));
        }
        if let Some(matte) = src.numbers_of(dict, "Matte").filter(|matte| matte.len() <= 32) {
            out.set("Matte", Val::nums(matte));
        }
        if layout.mask {
            return Ok(out);
        }
        match src.value(dict, "Mask") {
            Object::Array(_) => {
                let ranges = src.numbers_of(dict, "Mask").filter(|ranges| ranges.len() == components * 2);
                out.set_some("Mask", ranges.map(Val::nums));
            }
            Object::Stream(mask) if src.boolean(&mask.dict, "ImageMask") == Some(true) => {
                let mask = self.linked_image(dict, "Mask", resources)?;
                out.set_some("Mask", mask);
            }
            _ => {}
        }
        if let Object::Stream(_) = src.value(dict, "SMask") {
            let mask = self.linked_image(dict, "SMask", resources)?;
            out.set_some("SMask", mask);
        }
        Ok(out)
    }

    /// A mask that is another image. It is always an indirect object, which also ends any circle.
    fn linked_image(
        &mut self,
        dict: &Dictionary,
        key: &str,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        match dict.get(key.as_bytes()) {
            Ok(Object::Reference(id)) => match self.src.document().objects.get_key_value(id) {
                Some((_, object)) => self.copy_image(*id, object, resources),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn copy_image(
        &mut self,
        id: lopdf::ObjectId,
        object: &'d Object,
        resources: Option<&'d Dictionary>,
    ) -> Result<Option<Val>, Refusal> {
        self.copy_as(Kind::XObject, Some(id), object, resources)
    }

    /// Plain samples, cut or padded to what the dictionary announces.
    fn raw(&mut self, decoded: Decoded<'_>, layout: &mut Layout) -> Result<Option<Samples>, Refusal> {
        if !layout.mask && layout.space.is_none() {
            return Ok(None);
        }
        if decoded.data.is_empty() {
            return Ok(None);
        }
        let row = layout.row();
        let size = row.saturating_mul(layout.height);
        let mut data = decoded.data;
        // Half a picture is no picture; rows that are missing at the end are reported. Less is a writer's rounding.
        if data.len() < size / 2 {
            return Ok(None);
        }
        if data.len().saturating_add(row) <= size {
            self.note(RemovalCode::DrawingReplaced, "画像の欠けた行");
        }
        if size as u64 > self.ctx.expandable().saturating_add(data.len() as u64) {
            return Err(Refusal::new(RefusalCode::Bomb, format!("{} picture", self.place)));
        }
        self.ctx.charge_expanded((size as u64).saturating_sub(data.len() as u64))?;
        data.resize(size, 0);
        Ok(Some(Samples::Raw(layout.without_profile(data))))
    }

    /// JPEG: decoded, and compressed again. Four components stay uncompressed, as their polarity is a matter of the
    /// reader and must not change.
    fn jpeg(&mut self, data: &[u8], plain: bool, layout: &mut Layout) -> Result<Option<Samples>, Refusal> {
        let options = DecoderOptions::default().set_max_width(65_535).set_max_height(65_535);
        let mut decoder = JpegDecoder::new_with_options(Cursor::new(data), options);
        if decoder.decode_headers().is_err() {
            return Ok(None);
        }
        let (Some(info), Some(input)) = (decoder.info(), decoder.input_colorspace()) else { return Ok(None) };
        let (width, height) = (usize::from(info.width), usize::from(info.height));
        let pixels = (width as u64).saturating_mul(height as u64);
        if pixels > self.ctx.limits().pixels {
            return Err(Refusal::new(RefusalCode::Bomb, format!("pixels {}", self.ctx.limits().pixels)));
        }
        self.ctx.charge_expanded(pixels.saturating_mul(input.num_components() as u64))?;
        let output = match input {
            ColorSpace::Luma => ColorSpace::Luma,
            ColorSpace::YCbCr if plain => ColorSpace::YCbCr,
            ColorSpace::CMYK | ColorSpace::YCCK => input,
            _ => ColorSpace::RGB,
        };
        decoder.set_options(options.jpeg_set_out_colorspace(output));
        let Ok(mut samples) = decoder.decode() else { return Ok(None) };
        let components = output.num_components();
        if samples.len() != width * height * components {
            return Ok(None);
        }
        if output == ColorSpace::YCCK {
            samples.chunks_exact_mut(4).for_each(ycck_to_cmyk);
        }
        let space = match layout.space.take() {
            Some(space) if space.components == components => Some(space),
            _ => Space::device(components),
        };
        let (Some(space), false) = (space, layout.mask) else { return Ok(None) };
        *layout = Layout { width, height, bits: 8, mask: false, space: Some(space), literal: layout.literal };
        let samples = layout.without_profile(samples);
        let kind = match layout.space.as_ref().map_or(components, |space| space.components) {
            1 => ColorType::Luma,
            3 => ColorType::Rgb,
            _ => return Ok(Some(Samples::Raw(samples))),
        };
        let mut out = Vec::with_capacity(data.len());
        match encode(&mut out, &samples, info.width, info.height, kind, info.sample_ratio == SampleRatios::HV)
        {
            true => Ok(Some(Samples::Jpeg(out))),
            false => Ok(None),
        }
    }

    /// Fax data (ISO 32000-1 §7.4.6).
    fn fax(
        &mut self,
        data: &[u8],
        parms: Option<&Dictionary>,
        layout: &mut Layout,
    ) -> Result<Option<Samples>, Refusal> {
        let src = self.src;
        let integer = |key| parms.and_then(|parms| src.integer(parms, key));
        let flag = |key, default| parms.and_then(|parms| src.boolean(parms, key)).unwrap_or(default);
        let end_of_block = flag("EndOfBlock", true);
        let Ok(columns) = u32::try_from(integer("Columns").unwrap_or(1728)) else { return Ok(None) };
        let height = u32::try_from(layout.height).unwrap_or(u32::MAX);
        // With an end mark the number of rows is only a hint, and often a wrong one.
        let rows = integer("Rows").and_then(|rows| u32::try_from(rows).ok()).filter(|rows| *rows > 0);
        let rows = rows.filter(|_| !end_of_block).unwrap_or(height).min(height);
        let parms = FaxParms {
            k: integer("K").unwrap_or(0),
            columns,
            rows,
            end_of_block,
            end_of_line: flag("EndOfLine", false),
            byte_align: flag("EncodedByteAlign", false),
            black_is_1: flag("BlackIs1", false),
        };
        let Some(mut bits) = codecs::fax(data, parms, self.ctx)? else { return Ok(None) };
        if bits.height < layout.height {
            // Half a picture is no picture; a few rows less are filled with white and reported.
            if bits.height * 2 < layout.height {
                return Ok(None);
            }
            self.note(RemovalCode::DrawingReplaced, "FAX 形式の画像の欠けた行");
            let white = if parms.black_is_1 { 0x00 } else { 0xFF };
            let size = bits.width.div_ceil(8) * layout.height;
            self.ctx.charge_expanded((size - bits.data.len()) as u64)?;
            bits.data.resize(size, white);
        }
        one_bit(layout);
        let decoded = Decoded { data: bits.data, complete: true, codec: None };
        self.raw(decoded, layout)
    }

    fn jbig2(
        &mut self,
        data: &[u8],
        parms: Option<&Dictionary>,
        layout: &mut Layout,
    ) -> Result<Option<Samples>, Refusal> {
        let src = self.src;
        let globals = match parms.map(|parms| src.value(parms, "JBIG2Globals")) {
            Some(Object::Stream(stream)) if !is_external(&stream.dict) => {
                let globals = src.decode(stream, self.ctx)?;
                if !globals.complete || globals.codec.is_some() {
                    return Ok(None);
                }
                Some(globals.data)
            }
            _ => None,
        };
        let Some(bits) = codecs::jbig2(data, globals.as_deref(), self.ctx)? else { return Ok(None) };
        one_bit(layout);
        (layout.width, layout.height) = (bits.width, bits.height);
        Ok(Some(Samples::Raw(bits.data)))
    }

    /// JPEG 2000 and its opacity (ISO 32000-1 §7.4.9). The space of the dictionary wins over that of the data.
    fn jpx(&mut self, data: &[u8], layout: &mut Layout) -> Result<Option<(Samples, Opacity)>, Refusal> {
        if layout.mask {
            return Ok(None);
        }
        let indexed = layout.space.as_ref().is_some_and(|space| space.indexed);
        let Some(pixels) = codecs::jpx(data, indexed, self.ctx)? else { return Ok(None) };
        let space = match layout.space.take() {
            Some(space) if space.components == pixels.components => Some(space),
            _ => Space::device(pixels.components),
        };
        let Some(space) = space else { return Ok(None) };
        let (width, height) = (pixels.width, pixels.height);
        *layout = Layout { width, height, bits: 8, mask: false, space: Some(space), literal: layout.literal };
        let samples = layout.without_profile(pixels.data);
        let components = layout.space.as_ref().map_or(0, |space| space.components);
        if let (3, Ok(width), Ok(height)) = (components, u16::try_from(width), u16::try_from(height)) {
            let mut out = Vec::new();
            if encode(&mut out, &samples, width, height, ColorType::Rgb, false) {
                return Ok(Some((Samples::Jpeg(out), pixels.alpha)));
            }
        }
        Ok(Some((Samples::Raw(samples), pixels.alpha)))
    }

    /// A soft mask from the opacity that a JPEG 2000 picture carries.
    fn opacity(&mut self, alpha: &[u8], layout: &Layout) -> u32 {
        let dict = Dict::typed("XObject")
            .with("Subtype", Val::name("Image"))
            .with("Width", Val::int(layout.width))
            .with("Height", Val::int(layout.height))
            .with("BitsPerComponent", Val::int(8))
            .with("ColorSpace", Val::name("DeviceGray"));
        let id = self.out.reserve();
        self.out.put_stream(id, dict, alpha);
        id
    }

    /// Whether a picture's mask could not be decoded: the picture then doesn't show as it should either.
    fn lost_mask(&self, dict: &Dict) -> Option<&'static str> {
        ["Mask", "SMask"].into_iter().find_map(|key| match dict.get(key) {
            Some(Val::Ref(id)) => self.lost.get(id).and_then(|lost| lost.first()).map(|lost| lost.what),
            _ => None,
        })
    }

    /// One sample: paper white, or nothing at all for a mask.
    fn blank(&mut self, mask: bool) -> u32 {
        let dict = Dict::typed("XObject")
            .with("Subtype", Val::name("Image"))
            .with("Width", Val::int(1))
            .with("Height", Val::int(1));
        let id = self.out.reserve();
        if mask {
            let dict = dict.with("BitsPerComponent", Val::int(1)).with("ImageMask", Val::Bool(true));
            self.out.put_stream(id, dict, &[0x80]);
        } else {
            let dict = dict.with("BitsPerComponent", Val::int(8)).with("ColorSpace", Val::name("DeviceGray"));
            self.out.put_stream(id, dict, &[0xFF]);
        }
        id
    }
}

/// Fax and JBIG2 data have one bit and one component, whatever the dictionary says.
fn one_bit(layout: &mut Layout) {
    layout.bits = 1;
    if !layout.mask && layout.space.as_ref().is_none_or(|space| space.components != 1) {
        layout.space = Space::device(1);
    }
}

/// `halved`: colours at half the resolution, where the picture came so and finer ones would only be guessed.
fn encode(out: &mut Vec<u8>, samples: &[u8], width: u16, height: u16, kind: ColorType, halved: bool) -> bool {
    let mut encoder = Encoder::new(out, QUALITY);
    if halved {
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
    }
    encoder.encode(samples, width, height, kind).is_ok()
}

/// YCCK holds the complements of CMY as YCbCr.
fn ycck_to_cmyk(pixel: &mut [u8]) {
    if let [first, second, third, _] = pixel {
        let (y, cb, cr) = (f32::from(*first), f32::from(*second) - 128.0, f32::from(*third) - 128.0);
        let byte = |value: f32| 255 - value.round().clamp(0.0, 255.0) as u8;
        *first = byte(y + 1.402 * cr);
        *second = byte(y - 0.344_136 * cb - 0.714_136 * cr);
        *third = byte(y + 1.772 * cb);
    }
}

fn codec_name(filter: &Object) -> &'static str {
    let names = match filter {
        Object::Name(name) => vec![name.as_slice()],
        Object::Array(items) => items.iter().filter_map(|item| item.as_name().ok()).collect(),
        _ => Vec::new(),
    };
    match names.last().copied() {
        Some(b"JPXDecode") => "JPEG 2000 画像",
        Some(b"JBIG2Decode") => "JBIG2 画像",
        Some(b"CCITTFaxDecode" | b"CCF") => "FAX 形式の画像",
        Some(b"DCTDecode" | b"DCT") => "JPEG 画像",
        _ => "画像",
    }
}
