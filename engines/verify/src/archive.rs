//! Reads an archive back: members in a row without a gap, and each of them against the grammar of the format that its
//! name claims.

use crate::{Format, Limits, VerifyFailure, zip};

pub(super) fn verify(output: &[u8], limits: &Limits) -> Result<(), VerifyFailure> {
    let mut budget = limits.expanded_bytes;
    level(output, limits, 1, &mut budget)
}

fn level(output: &[u8], limits: &Limits, depth: u32, budget: &mut u64) -> Result<(), VerifyFailure> {
    if depth > limits.depth.saturating_add(1) {
        return Err(VerifyFailure::new("zip", "nested too deep"));
    }
    let members = zip::members_within(output, limits, budget)?;
    if members.is_empty() {
        return Err(VerifyFailure::new("zip", "no member"));
    }
    for member in members {
        let name = member.name;
        if name
            .chars()
            .any(|c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        {
            return Err(VerifyFailure::new(name.escape_debug().to_string(), "name not allowed"));
        }
        let in_member = |failure: VerifyFailure| {
            VerifyFailure::new(format!("{name} > {}", failure.location), failure.message)
        };
        let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        match Format::from_extension(extension) {
            Some(Format::Zip) => level(&member.bytes, limits, depth + 1, budget).map_err(in_member)?,
            Some(format) if format.successor() == format => {
                super::verify(&member.bytes, format, limits).map_err(in_member)?;
            }
            _ => return Err(VerifyFailure::new(name, "no reader for this name")),
        }
    }
    Ok(())
}
