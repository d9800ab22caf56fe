//! BMP files: a file header in front of a device-independent bitmap in; one plain form out.

use super::{
    Budget, broken, dib,
    picture::{Channels, Picture},
};
use crate::Refusal;

const FILE_HEADER: usize = 14;

/// Windows and OS/2 bitmaps of any header, depth and run-length coding.
pub(super) fn decode(input: &[u8], budget: &mut Budget) -> Result<Picture, Refusal> {
    let info = input.get(FILE_HEADER..).unwrap_or_default();
    let stated = input.get(10..14).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
    let dib = match stated.map(|at| at as usize).filter(|at| *at > FILE_HEADER) {
        Some(at) => dib::decode(info, input.get(at..).unwrap_or_default(), false, budget)?,
        None => dib::decode_packed(info, budget)?,
    };
    let pixels = dib.rgba.as_chunks::<4>().0;
    let grey = pixels.iter().all(|[r, g, b, _]| r == g && g == b);
    let (channels, data) = match (dib.alpha, grey) {
        (true, _) => (Channels::Rgba, dib.rgba),
        (false, true) => (Channels::Gray, pixels.iter().map(|[r, ..]| *r).collect()),
        (false, false) => (Channels::Rgb, pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()),
    };
    let mut picture = Picture::new(dib.width, dib.height, channels, data)?;
    let sane = 100..=400_000;
    let (x, y) = dib.density;
    picture.density = (sane.contains(&x) && sane.contains(&y)).then_some((x, y));
    Ok(picture)
}

/// A fresh file: grey and up to 256 colours with a palette, others with 24 bits, with transparency 32 bits and their
/// masks.
pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>, Refusal> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (bits, palette, rows): (u16, Vec<u8>, Vec<u8>) = match picture.channels() {
        Channels::Gray => {
            let palette = (0..=255_u8).flat_map(|grey| [grey, grey, grey, 0]).collect();
            (8, palette, padded(picture.data().chunks_exact(width), width))
        }
        Channels::Rgb => match picture.palette() {
            Some((colours, indices)) => {
                let mut palette: Vec<u8> = colours.iter().flat_map(|[r, g, b, _]| [*b, *g, *r, 0]).collect();
                palette.resize(1024, 0);
                (8, palette, padded(indices.chunks_exact(width), width))
            }
            None => {
                let swapped: Vec<u8> =
                    picture.data().as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*b, *g, *r]).collect();
                (24, Vec::new(), padded(swapped.chunks_exact(width * 3), width * 3))
            }
        },
        Channels::GrayAlpha | Channels::Rgba => {
            let four = |pixel: &[u8]| match *pixel {
                [grey, alpha] => [grey, grey, grey, alpha],
                [r, g, b, a] => [b, g, r, a],
                _ => [0; 4],
            };
            let step = picture.channels().count();
            let swapped: Vec<u8> = picture.data().chunks_exact(step).flat_map(four).collect();
            (32, Vec::new(), padded(swapped.chunks_exact(width * 4), width * 4))
        }
    };
    let header: u32 = if bits == 32 { 108 } else { 40 };
    let offset = FILE_HEADER + header as usize + palette.len();
    let total = u32::try_from(offset + rows.len()).map_err(|e| broken("BMP", e))?;
    let (x, y) = picture.density.unwrap_or((0, 0));
    let mut out = b"BM".to_vec();
    for field in [total, 0, u32::try_from(offset).unwrap_or(0), header, width as u32, height as u32] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&bits.to_le_bytes());
    let compression = if bits == 32 { 3 } else { 0 };
    for field in [compression, u32::try_from(rows.len()).unwrap_or(0), x, y, 0, 0] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    if bits == 32 {
        for mask in [0x00FF_0000_u32, 0xFF00, 0xFF, 0xFF00_0000] {
            out.extend_from_slice(&mask.to_le_bytes());
        }
        // sRGB; end points and gammas don't count then.
        out.extend_from_slice(b"BGRs");
        out.extend_from_slice(&[0; 48]);
    }
    out.extend_from_slice(&palette);
    out.extend_from_slice(&rows);
    Ok(out)
}

/// Rows from below, each filled up to four bytes.
fn padded<'a>(rows: impl DoubleEndedIterator<Item = &'a [u8]>, length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows.rev() {
        out.extend_from_slice(row);
        out.resize(out.len() + (4 - length % 4) % 4, 0);
    }
    out
}
