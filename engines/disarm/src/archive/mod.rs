//! ZIP archives of documents: every member is disarmed for itself and goes into a fresh archive, with a report that
//! a person can read. What can't be disarmed is left out and named; a container that reads in two ways, is
//! encrypted or breaks a limit is refused whole.

#[cfg(test)]
mod tests;

use std::{collections::HashSet, fmt::Write as _};

use crate::{
    Format, Lang, Refusal, RefusalCode, RemovalCode, TextPiece,
    context::Context,
    detect, disarm_in, extract_pieces, text,
    zip::{Archive, Entry, Kind, Storage, Writer},
};

const REPORT: &str = "無害化レポート.txt";

/// A fresh archive of the members that could be disarmed, and the report.
pub(crate) fn rebuild(input: &[u8], ctx: &mut Context<'_>) -> Result<Vec<u8>, Refusal> {
    let archive = Archive::read(input, ctx)?;
    let mut writer = Writer::new();
    let mut names = Names::default();
    let mut report = String::from("無害化レポート\r\n\r\n");
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
                describe(
                    &mut report,
                    &entry.name,
                    &name,
                    ctx.removed_so_far().get(mark..).unwrap_or_default(),
                );
            }
            Err(refusal) if breaks_the_whole(refusal.code) => return Err(refusal),
            Err(refusal) => {
                ctx.forget_since(mark);
                let reason = refusal.reason(Lang::Ja);
                ctx.removed(RemovalCode::Member, format!("{}（{reason}）", entry.name));
                let _ = write!(
                    report,
                    "× {}\r\n    取り除きました: {reason}\r\n    {}\r\n",
                    shown(&entry.name),
                    refusal.hint(Lang::Ja)
                );
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    if kept == 0 {
        return Err(first_refusal.unwrap_or_else(|| Refusal::new(RefusalCode::Empty, "zip")));
    }
    writer.add(&names.unique(REPORT), report.as_bytes(), Storage::Deflate)?;
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

/// A limit that holds for the whole input is broken by the whole input.
fn breaks_the_whole(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Bomb | RefusalCode::TooDeep | RefusalCode::TooLarge | RefusalCode::LimitReached
    )
}

/// The name with the extension of what was written: a known extension is replaced, an unknown one kept before it.
fn renamed(name: &str, format: Format) -> String {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let slash = if folder.is_empty() { "" } else { "/" };
    let (stem, extension) = file.rsplit_once('.').map_or((file, ""), |(stem, extension)| (stem, extension));
    let claimed = Format::from_extension(extension);
    if claimed == Some(format) {
        return name.to_owned();
    }
    let stem = if claimed.is_some() || extension == "tsv" { stem } else { file };
    format!("{folder}{slash}{stem}.{}", format.extension())
}

fn describe(report: &mut String, name: &str, written: &str, removed: &[crate::Removed]) {
    let _ = write!(report, "○ {}\r\n", shown(name));
    if name != written {
        let _ = write!(report, "    名前を変えました: {}\r\n", shown(written));
    }
    for removal in removed {
        let place = removal.location.strip_prefix(name).and_then(|rest| rest.strip_prefix(" > "));
        let place = place.unwrap_or(&removal.location);
        let _ = write!(report, "    {}（{}）\r\n", removal.what.sentence(Lang::Ja), shown(place));
    }
}

/// Names and places come from the input; the report is a text like any other.
fn shown(text: &str) -> String {
    text::clean_line(text).0.replace(['\r', '\n', '\t'], " ")
}

/// Names in use, whatever their letter case.
#[derive(Default)]
struct Names {
    used: HashSet<String>,
}

impl Names {
    fn unique(&mut self, name: &str) -> String {
        if self.used.insert(name.to_lowercase()) {
            return name.to_owned();
        }
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') => (stem, format!(".{extension}")),
            _ => (name, String::new()),
        };
        let mut number = 2_u64;
        loop {
            let candidate = format!("{stem} ({number}){extension}");
            if self.used.insert(candidate.to_lowercase()) {
                return candidate;
            }
            number = number.saturating_add(1);
        }
    }
}
