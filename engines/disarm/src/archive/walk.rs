//! One way to walk through every kind of archive: each member is handed over with its name and content, one at a
//! time, so that no more than one of them is held. What must not be used as a file (links, devices, sparse files) is
//! handed over as a refusal, to be named in the report.

use super::{gz, lzh, sevenz, tar};
use crate::{
    Format, Refusal, RefusalCode,
    context::Context,
    zip::{Archive, Kind},
};

/// A member and its content, or why it has none.
pub(super) struct Member {
    /// As the archive has it, with `/` between segments.
    pub(super) name: String,
    pub(super) content: Result<Vec<u8>, Refusal>,
}

/// What is done with each member; an error ends the walk.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Member, &mut Context<'_>) -> Result<(), Refusal>;

/// Hands over every member.
///
/// # Errors
/// What breaks the whole archive, and whatever `visit` returns.
pub(super) fn walk(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
    visit: Visit<'_>,
) -> Result<(), Refusal> {
    match format {
        Format::SevenZ => sevenz::walk(input, ctx, visit),
        Format::Lzh => lzh::walk(input, ctx, visit),
        Format::Tar => tar::walk(input, ctx, visit),
        Format::Gz => gz::walk(input, ctx, visit),
        _ => zip(input, ctx, visit),
    }
}

fn zip(input: &[u8], ctx: &mut Context<'_>, visit: Visit<'_>) -> Result<(), Refusal> {
    let archive = Archive::read(input, ctx)?;
    for entry in archive.entries() {
        let content = match entry.kind {
            Kind::Directory => continue,
            Kind::Special => Err(special("シンボリックリンクなどの特殊ファイル")),
            Kind::File => archive.bytes(entry, ctx),
        };
        if let Err(refusal) = &content
            && matches!(refusal.code, RefusalCode::Encrypted | RefusalCode::WrongPassword)
        {
            return content.map(|_| ());
        }
        visit(Member { name: entry.name.clone(), content }, ctx)?;
    }
    Ok(())
}

/// The refusal of what is no regular file.
pub(super) fn special(what: &str) -> Refusal {
    Refusal::new(RefusalCode::UnsupportedFormat, what)
}

/// Reads a stream to its end, charging the bytes as they come; more than `declared` is a lie.
pub(super) fn read_charged(
    stream: &mut dyn std::io::Read,
    declared: Option<u64>,
    ctx: &mut Context<'_>,
) -> Result<Result<Vec<u8>, std::io::Error>, Refusal> {
    if let Some(size) = declared.filter(|size| *size > ctx.expandable()) {
        ctx.charge_expanded(size)?;
    }
    let mut bytes = Vec::new();
    let mut chunk = vec![0_u8; 64 << 10];
    loop {
        let count = match stream.read(&mut chunk) {
            Ok(0) => return Ok(Ok(bytes)),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Err(error)),
        };
        ctx.charge_expanded(count as u64)?;
        bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if declared.is_some_and(|size| bytes.len() as u64 > size) {
            return Err(Refusal::new(RefusalCode::Ambiguous, "宣言より長いファイル"));
        }
    }
}
