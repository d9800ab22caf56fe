//! Colour profiles (ICC) of colour spaces (ISO 32000-1 §8.6.5.5): no profile comes into the new file.
//!
//! Most profiles describe what screens show anyway (sRGB, greys), and the device space stands in for them. A profile that
//! shows other colours, of inks or of a wide range, is applied here: pictures become plain RGB, and everything else is
//! drawn in a space of unnamed inks whose table of samples gives the same colours.

use std::{panic::AssertUnwindSafe, rc::Rc};

use lopdf::{Object, ObjectId};

use super::{
    color::Space,
    graph::Graph,
    source::{Decoded, is_external},
    write::{Dict, Val},
};
use crate::{Refusal, raster::samples_to_rgb};

/// Larger profiles are left unread.
const MAX_PROFILE: usize = 4 << 20;

/// A difference to sRGB that nobody sees, of 255.
const UNSEEN: u8 = 4;

/// A profile whose colours differ from the device space.
#[derive(Debug)]
pub(super) struct Profile {
    bytes: Vec<u8>,
    components: usize,
}

impl Profile {
    /// Samples of eight bits as RGB.
    pub(super) fn to_rgb(&self, samples: &[u8]) -> Option<Vec<u8>> {
        let run = AssertUnwindSafe(|| samples_to_rgb(samples, self.components, &self.bytes));
        std::panic::catch_unwind(run).ok().flatten()
    }
}

impl Graph<'_, '_, '_> {
    /// The space that shows what a profile says; nothing where the device space shows it too, or nobody can tell.
    pub(super) fn profiled(&mut self, object: &Object, components: usize) -> Result<Option<Space>, Refusal> {
        let Object::Reference(id) = object else { return Ok(None) };
        if let Some(known) = self.profiles.get(id) {
            return Ok(known.clone());
        }
        let space = self.read_profile(*id, components)?;
        self.profiles.insert(*id, space.clone());
        Ok(space)
    }

    fn read_profile(&mut self, id: ObjectId, components: usize) -> Result<Option<Space>, Refusal> {
        // Points along each axis of the table, and the steps between them.
        let points: usize = match components {
            3 => 16,
            4 => 9,
            _ => return Ok(None),
        };
        let src = self.src;
        let Some(Object::Stream(stream)) = src.document().objects.get(&id) else { return Ok(None) };
        if is_external(&stream.dict) {
            return Ok(None);
        }
        let Decoded { data: bytes, codec: None, .. } = src.decode(stream, self.ctx)? else { return Ok(None) };
        if bytes.len() > MAX_PROFILE {
            return Ok(None);
        }
        let profile = Profile { bytes, components };
        let grid = grid(points, components);
        let Some(table) = profile.to_rgb(&grid) else { return Ok(None) };
        if components == 3 && table.iter().zip(&grid).all(|(to, from)| to.abs_diff(*from) <= UNSEEN) {
            return Ok(None);
        }
        self.ctx.charge_expanded(table.len() as u64)?;
        let dict = Dict::new()
            .with("FunctionType", Val::Num(0.0))
            .with("Domain", Val::nums([0.0, 1.0].repeat(components)))
            .with("Range", Val::nums([0.0, 1.0].repeat(3)))
            .with("Size", Val::nums(vec![points as f64; components]))
            .with("BitsPerSample", Val::int(8));
        let function = self.out.reserve();
        self.out.put_stream(function, dict, &table);
        let names = (1..=components).map(|number| Val::name(&format!("Spot {number}"))).collect();
        let items = vec![Val::name("DeviceN"), Val::Arr(names), Val::name("DeviceRGB"), Val::Ref(function)];
        Ok(Some(Space::profiled(Val::Arr(items), components, Rc::new(profile))))
    }
}

/// Every colour of a grid, the first component running fastest (ISO 32000-1 §7.10.2).
fn grid(points: usize, components: usize) -> Vec<u8> {
    let last = points.saturating_sub(1).max(1);
    let sample = |step: usize| u8::try_from((step * 255 + last / 2) / last).unwrap_or(255);
    let count = (0..components).fold(1, |count, _| count * points);
    (0..count)
        .flat_map(|index| {
            (0..components).scan(index, move |rest, _| {
                let step = *rest % points;
                *rest /= points;
                Some(sample(step))
            })
        })
        .collect()
}
