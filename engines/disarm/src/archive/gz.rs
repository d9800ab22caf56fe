//! gzip (RFC 1952): one file, which becomes the only member; a tar inside is opened at once. Members of a gzip file
//! one after the other are one file, as every reader has it; anything else behind them is left out.

use flate2::bufread::GzDecoder;

use super::{
    tar,
    walk::{Member, Visit, read_charged},
};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context, zip::names};

const MAGIC: &[u8] = b"\x1f\x8b\x08";

pub(super) fn walk(input: &[u8], ctx: &mut Context<'_>, visit: Visit<'_>) -> Result<(), Refusal> {
    ctx.charge_member()?;
    let broken = || Refusal::new(RefusalCode::Malformed, "gzip");
    let mut rest = input;
    let mut bytes = Vec::new();
    let mut stored = None;
    while rest.starts_with(MAGIC) {
        let mut decoder = GzDecoder::new(rest);
        let part = read_charged(&mut decoder, None, ctx)?.map_err(|_| broken())?;
        if let Some(name) = decoder.header().and_then(|header| header.filename()) {
            stored = stored.or_else(|| names::decode(name, false));
        }
        bytes.extend(part);
        rest = decoder.into_inner();
    }
    if rest.iter().any(|byte| *byte != 0) {
        ctx.removed(RemovalCode::TrailingData, format!("gzip @{}", input.len().saturating_sub(rest.len())));
    }
    if tar::begins(&bytes) {
        return tar::walk(&bytes, ctx, visit);
    }
    let name = inner_name(stored, ctx.name());
    visit(Member { name, content: Ok(bytes) }, ctx)
}

/// The name in the header, else the outer one without its last extension.
fn inner_name(stored: Option<String>, outer: &str) -> String {
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let stored = stored.map(|name| last(&name)).filter(|name| !name.trim_matches(['.', ' ']).is_empty());
    stored.unwrap_or_else(|| {
        let outer = last(&outer.replace('\\', "/"));
        let stem = outer.rsplit_once('.').map_or(outer.as_str(), |(stem, _)| stem);
        if stem.is_empty() { "内容".to_owned() } else { stem.to_owned() }
    })
}
