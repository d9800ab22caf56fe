//! The pixels of a page as one image object: a colour table under Deflate for text and drawings, JPEG for
//! photographs, whichever is smaller.

use std::collections::HashMap;

use hayro::vello_cpu::Pixmap;
use jpeg_encoder::{ColorType, Encoder};

use super::super::write::{Dict, Val, Writer, deflate};

/// Photographs at the size of paper: text beside them must stay sharp.
const QUALITY: u8 = 85;

/// Deflated pages of text take far less than this share of a byte for each pixel; above it JPEG is tried too.
const DENSE: usize = 8;

/// Writes the pixels and gives the number of the image object.
pub(super) fn put(out: &mut Writer, pixels: &Pixmap, noise: Option<u64>) -> u32 {
    let (width, height) = (usize::from(pixels.width()), usize::from(pixels.height()));
    let mut rgb: Vec<u8> = Vec::with_capacity(width * height * 3);
    for pixel in pixels.data_as_u8_slice().chunks_exact(4) {
        if let [red, green, blue, _] = pixel {
            rgb.extend_from_slice(&[*red, *green, *blue]);
        }
    }
    if let Some(seed) = noise {
        lay_noise(&mut rgb, seed);
    }
    let dict = Dict::typed("XObject")
        .with("Subtype", Val::name("Image"))
        .with("Width", Val::int(width))
        .with("Height", Val::int(height));
    let id = out.reserve();
    let table = if noise.is_none() { Table::of(&rgb) } else { None };
    let flat = table.map(|table| table.pack(&rgb, width));
    let dense = flat.as_ref().is_none_or(|(_, packed)| packed.len() > width * height / DENSE);
    let photo = if dense { jpeg(&rgb, width, height) } else { None };
    match (flat, photo) {
        (Some((colours, packed)), photo)
            if photo.as_ref().is_none_or(|(_, photo)| packed.len() <= photo.len()) =>
        {
            let bits = if colours.len() <= 2 {
                1
            } else if colours.len() <= 16 {
                4
            } else {
                8
            };
            let dict = dict
                .with("BitsPerComponent", Val::int(bits))
                .with("ColorSpace", space(&colours))
                .with("Filter", Val::name("FlateDecode"));
            out.put_encoded(id, dict, packed);
        }
        (_, Some((grey, photo))) => {
            let space = if grey { "DeviceGray" } else { "DeviceRGB" };
            let dict = dict
                .with("BitsPerComponent", Val::int(8))
                .with("ColorSpace", Val::name(space))
                .with("Filter", Val::name("DCTDecode"));
            out.put_encoded(id, dict, photo);
        }
        _ => {
            let dict = dict.with("BitsPerComponent", Val::int(8)).with("ColorSpace", Val::name("DeviceRGB"));
            out.put_stream(id, dict, &rgb);
        }
    }
    id
}

fn space(colours: &[[u8; 3]]) -> Val {
    Val::Arr(vec![
        Val::name("Indexed"),
        Val::name("DeviceRGB"),
        Val::int(colours.len().saturating_sub(1)),
        Val::Str(colours.concat()),
    ])
}

/// Up to 256 colours. Neighbours within a sixteenth of the scale share the one that most pixels have, so that flat
/// areas keep their exact colour and the soft edges of letters need few.
struct Table {
    /// The index of each bucket of colours, by the upper four bits of red, green and blue.
    index: Vec<u8>,
    colours: Vec<[u8; 3]>,
}

impl Table {
    fn of(rgb: &[u8]) -> Option<Self> {
        // The majority vote of Boyer and Moore, one in each bucket.
        let mut buckets: Vec<([u8; 3], u32)> = vec![([0; 3], 0); 4096];
        let mut seen = vec![false; 4096];
        let mut distinct = 0;
        let mut last = None;
        for pixel in rgb.as_chunks::<3>().0 {
            // Paper is mostly paper.
            if last == Some(pixel) {
                continue;
            }
            last = Some(pixel);
            let bucket = bucket(*pixel);
            if let Some(seen) = seen.get_mut(bucket)
                && !std::mem::replace(seen, true)
            {
                distinct += 1;
                if distinct > 256 {
                    return None;
                }
            }
            if let Some((colour, votes)) = buckets.get_mut(bucket) {
                if *votes == 0 {
                    (*colour, *votes) = (*pixel, 1);
                } else if colour == pixel {
                    *votes = votes.saturating_add(1);
                } else {
                    *votes -= 1;
                }
            }
        }
        let mut colours = Vec::new();
        let mut index = vec![0; 4096];
        let mut known: HashMap<[u8; 3], u8> = HashMap::new();
        for ((slot, seen), (colour, _)) in index.iter_mut().zip(seen).zip(buckets) {
            if seen {
                let next = u8::try_from(colours.len()).ok()?;
                *slot = *known.entry(colour).or_insert_with(|| {
                    colours.push(colour);
                    next
                });
            }
        }
        Some(Self { index, colours })
    }

    /// The colours and the deflated rows of indices.
    fn pack(self, rgb: &[u8], width: usize) -> (Vec<[u8; 3]>, Vec<u8>) {
        let indices: Vec<u8> = rgb
            .as_chunks::<3>()
            .0
            .iter()
            .map(|pixel| self.index.get(bucket(*pixel)).copied().unwrap_or(0))
            .collect();
        let rows = match self.colours.len() {
            0..=2 => join(&indices, width, 1),
            3..=16 => join(&indices, width, 4),
            _ => indices,
        };
        (self.colours, deflate(&rows))
    }
}

fn bucket(pixel: [u8; 3]) -> usize {
    let [red, green, blue] = pixel.map(|sample| usize::from(sample >> 4));
    red << 8 | green << 4 | blue
}

/// Several indices to a byte, each row on a byte's border.
fn join(indices: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let each = 8 / bits;
    let mut rows = Vec::with_capacity(indices.len() / each + 1);
    for row in indices.chunks(width.max(1)) {
        for group in row.chunks(each) {
            let mut byte = 0_u8;
            for place in 0..each {
                byte = (byte << bits) | group.get(place).copied().unwrap_or(0);
            }
            rows.push(byte);
        }
    }
    rows
}

/// A JPEG, grey where the page is grey.
fn jpeg(rgb: &[u8], width: usize, height: usize) -> Option<(bool, Vec<u8>)> {
    let (width, height) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    let mut out = Vec::with_capacity(rgb.len() / 16);
    let grey = rgb.as_chunks::<3>().0.iter().all(|[red, green, blue]| red == green && green == blue);
    let encoder = Encoder::new(&mut out, QUALITY);
    if grey {
        let samples: Vec<u8> = rgb.as_chunks::<3>().0.iter().map(|[grey, ..]| *grey).collect();
        encoder.encode(&samples, width, height, ColorType::Luma).ok()?;
    } else {
        encoder.encode(rgb, width, height, ColorType::Rgb).ok()?;
    }
    Some((grey, out))
}

/// Moves each sample by at most one step, so that messages in the lowest bits don't survive (a xorshift generator:
/// it needs no secrecy, only to be unrelated to the picture).
fn lay_noise(samples: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for sample in samples {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *sample = match state >> 62 {
            0 => sample.saturating_sub(1),
            1 => sample.saturating_add(1),
            _ => *sample,
        };
    }
}
