//! ZIP archives of documents: every member is disarmed for itself and goes into a fresh archive, with a report that
//! a person can read. What can't be disarmed is left out and named; a container that reads in two ways, is
//! encrypted or breaks a limit is refused whole.

#[cfg(test)]
mod tests;

use crate::{
    Format, Lang, Refusal, RefusalCode, RemovalCode, TextPiece,
    context::Context,
    detect, disarm_in, extract_pieces,
    members::{Names, REPORT_NAME, Report, breaks_the_whole, renamed},
    zip::{Archive, Entry, Kind, Storage, Writer},
};

/// A fresh archive of the members that could be disarmed, and the report.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let archive = Archive::read(input, ctx)?;
    let mut writer = Writer::new();
    let mut names = Names::default();
    let mut report = Report::default();
    let mut first_refusal = None;
    let mut kept = 0_usize;
    for entry in archive.entries() {
        if entry.kind == Kind::Directory {
            continue;
        }
        let mark = ctx.removed_so_far().len();
        match member(&archive, entry, ctx) {
            Ok((bytes, format)) => {
                let name = names.unique(&renamed(&entry.name, format));
                let storage = match format {
                    Format::Txt | Format::Csv | Format::Bmp => Storage::Deflate,
                    _ => Storage::Store,
                };
                writer.add(&name, &bytes, storage)?;
                kept += 1;
                report.kept(&entry.name, &name, ctx.removed_so_far().get(mark..).unwrap_or_default());
            }
            Err(refusal) if breaks_the_whole(refusal.code) => return Err(refusal),
            Err(refusal) => {
                ctx.forget_since(mark);
                let reason = refusal.reason(Lang::Ja);
                ctx.removed(RemovalCode::Member, format!("{}（{reason}）", entry.name));
                report.left_out(&entry.name, &refusal);
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    if kept == 0 {
        return Err(first_refusal.unwrap_or_else(|| Refusal::new(RefusalCode::Empty, "zip")));
    }
    writer.add(&names.unique(REPORT_NAME), report.text().as_bytes(), Storage::Deflate)?;
    writer.finish()
}

/// The text of every member that has some.
pub(crate) fn extract_text(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<TextPiece>, Refusal> {
    let archive = Archive::read(input, ctx)?;
    let mut pieces = Vec::new();
    for entry in archive.entries().iter().filter(|entry| entry.kind == Kind::File) {
        let bytes = archive.bytes(entry, ctx)?;
        let found = ctx.within(&entry.name, |ctx| {
            let format = detect(&bytes, &entry.name).supported()?;
            extract_pieces(&bytes, format, ctx)
        });
        match found {
            Ok(found) => pieces.extend(found.into_iter().map(|piece| TextPiece {
                location: format!("{} > {}", entry.name, piece.location),
                text: piece.text,
            })),
            Err(refusal) if breaks_the_whole(refusal.code) => return Err(refusal),
            Err(refusal) => {
                let reason = refusal.reason(Lang::Ja);
                ctx.removed(RemovalCode::Member, format!("{}（{reason}）", entry.name));
            }
        }
    }
    Ok(pieces)
}

fn member(archive: &Archive<'_>, entry: &Entry, ctx: &mut Context<'_>) -> Result<(Vec<u8>, Format), Refusal> {
    if entry.kind == Kind::Special {
        return Err(Refusal::new(RefusalCode::UnsupportedFormat, "シンボリックリンクなどの特殊ファイル"));
    }
    let bytes = archive.bytes(entry, ctx)?;
    let disarmed = ctx.within(&entry.name, |ctx| disarm_in(&bytes, &entry.name, ctx))?;
    Ok((disarmed.bytes, disarmed.format))
}
