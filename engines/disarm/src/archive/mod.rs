//! Archives of documents (ZIP, 7z, LZH, tar, gzip): every member is disarmed for itself and goes into a fresh ZIP, with
//! a report that a person can read. What can't be disarmed is left out and named; a container that reads in two ways, is
//! encrypted or breaks a limit is refused whole.

mod gz;
mod lzh;
#[cfg(test)]
mod samples;
mod sevenz;
mod tar;
#[cfg(test)]
mod tests;
mod walk;

use crate::{
    Format, Lang, Refusal, RefusalCode, RemovalCode, TextPiece,
    context::Context,
    detect, disarm_in, extract_pieces,
    members::{
        Names, REPORT_NAME, Report, breaks_the_whole, is_housekeeping, renamed, safe_name, shown, storage,
    },
    zip::{Storage, Writer},
};
pub(crate) use tar::begins as is_tar;
use walk::Member;

/// A fresh archive of the members that could be disarmed, and the report.
pub(crate) fn rebuild(input: &[u8], format: Format, ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let mut fresh = Fresh::default();
    walk::walk(input, format, ctx, &mut |member, ctx| fresh.take(member, ctx))?;
    fresh.finish()
}

/// The archive as it grows.
#[derive(Default)]
struct Fresh {
    writer: Writer,
    names: Names,
    report: Report,
    first_refusal: Option<Refusal>,
    kept: usize,
}

impl Fresh {
    fn take(&mut self, member: Member, ctx: &mut Context<'_>) -> Result<(), Refusal> {
        if is_housekeeping(&member.name) {
            ctx.removed(RemovalCode::Metadata, format!("{}（OS の管理情報）", shown(&member.name)));
            return Ok(());
        }
        let mark = ctx.removed_so_far().len();
        match disarmed(&member, ctx) {
            Ok((bytes, format)) => {
                let (safe, renamed_for_safety) = safe_name(&member.name);
                if renamed_for_safety {
                    ctx.removed(RemovalCode::Control, format!("ファイル名（{}）", shown(&member.name)));
                }
                let name = self.names.unique(&renamed(&safe, format));
                self.writer.add(&name, &bytes, storage(format))?;
                self.kept += 1;
                let removed = ctx.removed_so_far().get(mark..).unwrap_or_default();
                self.report.kept(&member.name, &name, removed);
                Ok(())
            }
            Err(refusal) if breaks_the_whole(refusal.code) => Err(refusal),
            Err(refusal) => {
                ctx.forget_since(mark);
                let reason = refusal.reason(Lang::Ja);
                ctx.removed(RemovalCode::Member, format!("{}（{reason}）", shown(&member.name)));
                self.report.left_out(&member.name, &refusal);
                self.first_refusal.get_or_insert(refusal);
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        if self.kept == 0 {
            return Err(self.first_refusal.unwrap_or_else(|| Refusal::new(RefusalCode::Empty, "zip")));
        }
        let name = self.names.unique(REPORT_NAME);
        self.writer.add(&name, self.report.text().as_bytes(), Storage::Deflate)?;
        self.writer.finish()
    }
}

/// The text of every member that has some.
pub(crate) fn extract_text(
    input: &[u8],
    format: Format,
    ctx: &mut Context<'_>,
) -> Result<Vec<TextPiece>, Refusal> {
    let mut pieces = Vec::new();
    walk::walk(input, format, ctx, &mut |member, ctx| {
        if is_housekeeping(&member.name) {
            return Ok(());
        }
        let found = member.content.and_then(|bytes| {
            ctx.within(&member.name, |ctx| {
                let format = detect(&bytes, &member.name).supported()?;
                extract_pieces(&bytes, format, ctx)
            })
        });
        match found {
            Ok(found) => pieces.extend(found.into_iter().map(|piece| TextPiece {
                location: format!("{} > {}", member.name, piece.location),
                text: piece.text,
            })),
            Err(refusal) if breaks_the_whole(refusal.code) => return Err(refusal),
            Err(refusal) => {
                let reason = refusal.reason(Lang::Ja);
                ctx.removed(RemovalCode::Member, format!("{}（{reason}）", member.name));
            }
        }
        Ok(())
    })?;
    Ok(pieces)
}

fn disarmed(member: &Member, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    let bytes = match &member.content {
        Ok(bytes) => bytes,
        Err(refusal) => return Err(refusal.clone()),
    };
    let trimmed = member.name.trim_start_matches('/');
    if trimmed.is_empty() || trimmed.split('/').any(|segment| segment == "..") {
        return Err(Refusal::new(RefusalCode::Ambiguous, "フォルダーの外を指す名前"));
    }
    let done = ctx.within(&member.name, |ctx| disarm_in(bytes, &member.name, ctx))?;
    Ok((done.bytes, done.format))
}
