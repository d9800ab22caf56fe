//! Noise against messages hidden in the lowest bits: each colour sample goes one up, one down or stays, by a generator
//! that a seed drives. The eye does not see it; what was hidden there can't be read any more.

use super::picture::{Channels, Picture};

/// SplitMix64: two lines, full period, any seed.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Lays noise over samples; `step` samples a pixel, of which the first `colours` are touched.
pub(super) fn over(data: &mut [u8], step: usize, colours: usize, seed: u64) {
    let mut generator = Generator(seed ^ data.len() as u64);
    let (mut bits, mut left) = (0, 0_u32);
    for pixel in data.chunks_mut(step.max(1)) {
        for sample in pixel.iter_mut().take(colours) {
            if left == 0 {
                (bits, left) = (generator.next(), 32);
            }
            *sample = match bits & 3 {
                0 => sample.checked_sub(1).unwrap_or(1),
                1 => sample.checked_add(1).unwrap_or(254),
                _ => *sample,
            };
            bits >>= 2;
            left -= 1;
        }
    }
}

/// The same for a picture; transparency stays as it is.
pub(super) fn over_picture(picture: Picture, seed: Option<u64>) -> Picture {
    let Some(seed) = seed else { return picture };
    let (step, colours) = match picture.channels() {
        Channels::Gray => (1, 1),
        Channels::GrayAlpha => (2, 1),
        Channels::Rgb => (3, 3),
        Channels::Rgba => (4, 3),
    };
    picture.changed(|data| over(data, step, colours, seed))
}
