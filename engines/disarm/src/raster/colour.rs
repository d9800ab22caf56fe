//! Colour profiles (ICC): applied once, so that the picture looks the same without the profile, which stays behind.
//! A profile that can't be read or used leaves the samples as they are.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::picture::{Channels, Picture};

/// Larger profiles are no profiles.
const MAX_PROFILE: usize = 4 << 20;

/// The picture in sRGB, and whether the profile could be followed.
pub(super) fn to_srgb(picture: Picture, profile: &[u8]) -> (Picture, bool) {
    if profile.is_empty() || names_srgb(profile) {
        return (picture, true);
    }
    match transformed(&picture, profile) {
        Some(data) => match picture.with_data(data) {
            Ok(converted) => (converted, true),
            Err(original) => (original, false),
        },
        None => (picture, false),
    }
}

/// Most profiles are sRGB under some name; what they describe is what is written anyway.
fn names_srgb(profile: &[u8]) -> bool {
    let head = profile.get(..profile.len().min(4096)).unwrap_or_default();
    head.windows(8)
        .any(|window| window == b"sRGB IEC" || window == b"s\0R\0G\0B\0" || window == b"\0s\0R\0G\0B")
}

fn transformed(picture: &Picture, profile: &[u8]) -> Option<Vec<u8>> {
    let source = parse(profile)?;
    let target = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let data = picture.data();
    match (picture.channels(), source.color_space) {
        (Channels::Rgb, DataColorSpace::Rgb) => {
            convert(&source, Layout::Rgb, &target, Layout::Rgb, data, data.len())
        }
        (Channels::Rgba, DataColorSpace::Rgb) => {
            convert(&source, Layout::Rgba, &target, Layout::Rgba, data, data.len())
        }
        (Channels::Gray, DataColorSpace::Gray) => {
            // One value decides; a table of all grey values is a picture of 256 pixels.
            let ramp: Vec<u8> = (0..=255).collect();
            let transform = source.create_transform_8bit(Layout::Gray, &target, Layout::Rgb, options).ok()?;
            let mut table = vec![0; 768];
            transform.transform(&ramp, &mut table).ok()?;
            Some(
                data.iter().map(|grey| table.get(usize::from(*grey) * 3).copied().unwrap_or(*grey)).collect(),
            )
        }
        _ => None,
    }
}

/// Inks (cyan, magenta, yellow, black; 255 is full) as RGB by the profile.
pub(super) fn inks_to_rgb(inks: &[u8], profile: &[u8]) -> Option<Vec<u8>> {
    let source = parse(profile).filter(|source| source.color_space == DataColorSpace::Cmyk)?;
    let target = ColorProfile::new_srgb();
    convert(&source, Layout::Rgba, &target, Layout::Rgb, inks, inks.len() / 4 * 3)
}

/// Samples of three colours or four inks (255 is full) as RGB by the profile.
pub(crate) fn samples_to_rgb(samples: &[u8], components: usize, profile: &[u8]) -> Option<Vec<u8>> {
    match components {
        3 => {
            let source = parse(profile).filter(|source| source.color_space == DataColorSpace::Rgb)?;
            convert(&source, Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, samples, samples.len())
        }
        4 => inks_to_rgb(samples, profile),
        _ => None,
    }
}

fn parse(profile: &[u8]) -> Option<ColorProfile> {
    if profile.len() > MAX_PROFILE {
        return None;
    }
    ColorProfile::new_from_slice(profile).ok()
}

fn convert(
    source: &ColorProfile,
    from: Layout,
    target: &ColorProfile,
    to: Layout,
    data: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let transform = source.create_transform_8bit(from, target, to, TransformOptions::default()).ok()?;
    let mut out = vec![0; length];
    transform.transform(data, &mut out).ok()?;
    Some(out)
}
