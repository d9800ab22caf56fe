//! A decoded picture: eight-bit samples, row by row, nothing else of its file.

use std::collections::HashMap;

use super::broken;
use crate::Refusal;

/// What a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl Channels {
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// INVARIANT: `data.len() == width * height * channels.count()`, and no side is zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    width: u32,
    height: u32,
    channels: Channels,
    data: Vec<u8>,
    /// Pixels per metre across and down, so that a scan keeps its printed size.
    pub(super) density: Option<(u32, u32)>,
}

impl Picture {
    /// # Errors
    /// Malformed, when the samples don't fill the rectangle exactly.
    pub(super) fn new(width: u32, height: u32, channels: Channels, data: Vec<u8>) -> Result<Self, Refusal> {
        let expected = (width as usize)
            .checked_mul(height as usize)
            .and_then(|pixels| pixels.checked_mul(channels.count()));
        if width == 0 || height == 0 || expected != Some(data.len()) {
            return Err(broken("画像", "画素の数が大きさと合いません"));
        }
        Ok(Self { width, height, channels, data, density: None })
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    pub(super) fn channels(&self) -> Channels {
        self.channels
    }

    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// The same rectangle with other samples; back as it was when they don't fill it.
    pub(super) fn with_data(mut self, data: Vec<u8>) -> Result<Self, Self> {
        if data.len() != self.data.len() {
            return Err(self);
        }
        self.data = data;
        Ok(self)
    }

    /// The picture after a change of its samples, in place.
    pub(super) fn changed(mut self, change: impl FnOnce(&mut [u8])) -> Self {
        change(&mut self.data);
        self
    }

    /// The picture turned as its orientation tag (TIFF 6.0, tag 274; 1 to 8) asks, so that the tag can go.
    pub(super) fn upright(self, orientation: u8) -> Self {
        if !(2..=8).contains(&orientation) {
            return self;
        }
        let (width, height) = (self.width as usize, self.height as usize);
        let swapped = orientation >= 5;
        let (new_width, new_height) = if swapped { (height, width) } else { (width, height) };
        let step = self.channels.count();
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..new_height {
            for x in 0..new_width {
                let (from_x, from_y) = match orientation {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                let start = (from_y * width + from_x) * step;
                data.extend_from_slice(self.data.get(start..start + step).unwrap_or_default());
            }
        }
        Self {
            width: if swapped { self.height } else { self.width },
            height: if swapped { self.width } else { self.height },
            channels: self.channels,
            data,
            density: self.density.map(|(x, y)| if swapped { (y, x) } else { (x, y) }),
        }
    }

    /// How many of a hundred pixels are as their left neighbour, by a sample of the rows.
    pub(super) fn flatness(&self) -> usize {
        let step = self.channels.count();
        let row = (self.width as usize).saturating_mul(step).max(1);
        let (mut alike, mut all) = (0_usize, 0_usize);
        for line in self.data.chunks(row).step_by(8) {
            let pairs = line.chunks_exact(step).zip(line.chunks_exact(step).skip(1));
            alike += pairs.filter(|(left, right)| left == right).count();
            all += line.len() / step;
        }
        (alike * 100).checked_div(all).unwrap_or(0)
    }

    /// The colours and the indices into them, when there are at most 256: the cheap form of drawings and screens.
    pub(super) fn palette(&self) -> Option<(Vec<[u8; 4]>, Vec<u8>)> {
        if !matches!(self.channels, Channels::Rgb | Channels::Rgba) {
            return None;
        }
        let mut seen: HashMap<[u8; 4], u8> = HashMap::new();
        // Neighbours are often alike, and so are colours that were met shortly before.
        let mut recent: [Option<([u8; 4], u8)>; 256] = [None; 256];
        let mut colours = Vec::new();
        let mut indices = Vec::with_capacity(self.data.len() / self.channels.count());
        for pixel in self.data.chunks_exact(self.channels.count()) {
            let colour = match *pixel {
                [r, g, b] => [r, g, b, 255],
                [r, g, b, a] => [r, g, b, a],
                _ => return None,
            };
            let [r, g, b, a] = colour;
            let mixed =
                r.wrapping_mul(3) ^ g.wrapping_mul(5).rotate_left(2) ^ b.wrapping_mul(7).rotate_left(5) ^ a;
            let slot = recent.get_mut(usize::from(mixed))?;
            let index = match *slot {
                Some((known, index)) if known == colour => index,
                _ => match seen.get(&colour) {
                    Some(index) => *index,
                    None => {
                        let index = u8::try_from(colours.len()).ok()?;
                        seen.insert(colour, index);
                        colours.push(colour);
                        index
                    }
                },
            };
            *slot = Some((colour, index));
            indices.push(index);
        }
        Some((colours, indices))
    }
}
