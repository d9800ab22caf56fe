//! Image XObjects and inline images (ISO 32000-1 §8.9): samples are decoded and written anew.
//!
//! JPEG data is decoded and compressed again. Data whose codec has no decoder here (JPEG 2000, JBIG2, CCITT fax) is
//! replaced by one blank sample, and the report says so.

use std::io::Cursor;

use jpeg_encoder::{ColorType, Encoder, JfifWrite};
use lopdf::{Dictionary, Object};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{colorspace::ColorSpace, options::DecoderOptions},
};

use super::{
    color::Space,
    content::INTENTS,
    graph::{Graph, Kind},
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
}

impl Layout {
    fn row(&self) -> usize {
        let components = self.space.as_ref().map_or(1, |space| space.components);
        (self.width * self.bits * components).div_ceil(8)
    }
}

/// Rewritten samples.
enum Samples {
    Raw(Vec<u8>),
    Jpeg(Vec<u8>),
}

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
        let mut layout = Layout { width, height, bits, mask, space };
        let decoded = src.decode_parts(dict, content, self.ctx)?;
        let samples = match &decoded.codec {
            None => self.raw(decoded, &mut layout)?,
            Some((Codec::Dct, parms)) => {
                let plain = parms.and_then(|parms| src.integer(parms, "ColorTransform")) == Some(0);
                self.jpeg(&decoded.data, plain, &mut layout)?
            }
            Some(_) => None,
        };
        let Some(samples) = samples else {
            self.note(RemovalCode::DrawingReplaced, codec_name(src.value(dict, "Filter")));
            return Ok(Some(self.blank(layout.mask)));
        };
        let out = self.image_dict(dict, &layout, resources)?;
        let id = self.out.reserve();
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
        let size = layout.row().saturating_mul(layout.height);
        let mut data = decoded.data;
        if size as u64 > self.ctx.expandable().saturating_add(data.len() as u64) {
            return Err(Refusal::new(RefusalCode::Bomb, format!("{} picture", self.place)));
        }
        self.ctx.charge_expanded((size as u64).saturating_sub(data.len() as u64))?;
        data.resize(size, 0);
        Ok(Some(Samples::Raw(data)))
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
        *layout = Layout { width, height, bits: 8, mask: false, space: Some(space) };
        let kind = match components {
            1 => ColorType::Luma,
            3 => ColorType::Rgb,
            _ => return Ok(Some(Samples::Raw(samples))),
        };
        let mut out = Vec::with_capacity(data.len());
        match encode(&mut out, &samples, info.width, info.height, kind) {
            true => Ok(Some(Samples::Jpeg(out))),
            false => Ok(None),
        }
    }

    /// One sample: paper white, or nothing at all for a mask.
    fn blank(&mut self, mask: bool) -> Val {
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
        Val::Ref(id)
    }
}

fn encode(out: &mut Vec<u8>, samples: &[u8], width: u16, height: u16, kind: ColorType) -> bool {
    fn run(writer: impl JfifWrite, samples: &[u8], width: u16, height: u16, kind: ColorType) -> bool {
        Encoder::new(writer, QUALITY).encode(samples, width, height, kind).is_ok()
    }
    run(out, samples, width, height, kind)
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
