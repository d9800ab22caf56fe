//! What archives and mails have in common: files inside a file, each disarmed for itself, under names that no file
//! system takes for something else, with a report that the recipient can read.

use std::{collections::HashSet, fmt::Write as _};

use crate::{
    Format, Lang, Refusal, RefusalCode, Removed, text,
    zip::{Storage, names},
};

/// The name under which the report lies among the members.
pub(crate) const REPORT_NAME: &str = "無害化レポート.txt";

/// A limit that holds for the whole input is broken by the whole input.
pub(crate) fn breaks_the_whole(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Bomb | RefusalCode::TooDeep | RefusalCode::TooLarge | RefusalCode::LimitReached
    )
}

/// The name with the extension of what was written: a known extension is replaced, an unknown one kept before it.
pub(crate) fn renamed(name: &str, format: Format) -> String {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let slash = if folder.is_empty() { "" } else { "/" };
    let (stem, extension) = file.rsplit_once('.').map_or((file, ""), |(stem, extension)| (stem, extension));
    let claimed = Format::from_extension(extension);
    // A browser reads `.xhtml` by other rules than `.html`.
    if claimed == Some(format) && !extension.eq_ignore_ascii_case("xhtml") {
        return name.to_owned();
    }
    let stem = if claimed.is_some() { stem } else { file };
    format!("{folder}{slash}{stem}.{}", format.extension())
}

/// Contents that are not packed themselves.
pub(crate) fn storage(format: Format) -> Storage {
    use Format::{Bmp, Csv, Dxf, Eml, Html, Ics, Json, P21, Sfc, Svg, Txt, Vcf, Xml};
    match format {
        Txt | Csv | Bmp | Html | Xml | Json | Ics | Vcf | Dxf | Sfc | P21 | Eml | Svg => Storage::Deflate,
        _ => Storage::Store,
    }
}

/// What macOS and Windows leave in every folder; nobody sent it and nobody misses it.
pub(crate) fn is_housekeeping(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    name.starts_with("__MACOSX/")
        || file.starts_with("._")
        || [".ds_store", "thumbs.db", "desktop.ini"].contains(&file.to_lowercase().as_str())
}

/// The name as a Windows folder can hold it, and whether it hid something: no way up, no drive, no device, no character
/// that a file system or a terminal takes for something else.
pub(crate) fn safe_name(name: &str) -> (String, bool) {
    let (plain, hidden) = text::clean_line(name);
    let segments: Vec<String> = plain
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "."))
        .map(|segment| {
            let replaced: String = segment
                .chars()
                .map(|c| if c.is_control() || "\\:*?\"<>|".contains(c) { '_' } else { c })
                .collect();
            let tidy = replaced.trim().trim_end_matches(['.', ' ']);
            let stem = tidy.split('.').next().unwrap_or_default().to_ascii_lowercase();
            match stem.as_str() {
                _ if tidy.is_empty() => "_".to_owned(),
                "con" | "prn" | "aux" | "nul" => format!("_{tidy}"),
                device if device.len() == 4 && (device.starts_with("com") || device.starts_with("lpt")) => {
                    format!("_{tidy}")
                }
                _ => tidy.to_owned(),
            }
        })
        .collect();
    let joined = bounded(segments);
    // Whatever the writer would still object to has no name worth keeping.
    let safe = if names::objection(&joined).is_some() { "名称不明".to_owned() } else { joined };
    (safe, hidden.is_some())
}

/// Bytes of one step of a path that every file system takes, the extension included.
const MAX_STEP: usize = 240;
/// Characters of a path that Windows unpacks (it takes 260 with its own folder before them).
const MAX_PATH: usize = 240;
const MAX_STEPS: usize = 32;

/// The path with steps that a file system takes. One that is still too long is the file alone, as it would be dragged
/// out of its folders.
fn bounded(steps: Vec<String>) -> String {
    let short: Vec<String> = steps.into_iter().map(|step| shortened(&step)).collect();
    let joined = short.join("/");
    if joined.chars().count() <= MAX_PATH && short.len() <= MAX_STEPS {
        return joined;
    }
    short.last().cloned().unwrap_or_default()
}

fn shortened(step: &str) -> String {
    if step.len() <= MAX_STEP {
        return step.to_owned();
    }
    let (stem, extension) = step.rsplit_once('.').filter(|(_, extension)| extension.len() <= 16).unzip();
    let ending = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
    let room = MAX_STEP.saturating_sub(ending.len());
    let stem: String = stem
        .unwrap_or(step)
        .char_indices()
        .take_while(|(at, c)| at + c.len_utf8() <= room)
        .map(|(_, c)| c)
        .collect();
    stem + &ending
}

/// The report for the recipient, line by line.
pub(crate) struct Report {
    text: String,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            text: String::from(
                "無害化レポート\r\n（○ 変更なし、△ 一部を取り除いた、× 渡していない）\r\n\r\n",
            ),
        }
    }
}

impl Report {
    /// A member that crossed, under which name, and what it lost.
    pub(crate) fn kept(&mut self, name: &str, written: &str, removed: &[Removed]) {
        let sign = if removed.is_empty() { "○" } else { "△" };
        let _ = write!(self.text, "{sign} {}\r\n", shown(name));
        if name != written {
            let _ = write!(self.text, "    名前を変えました: {}\r\n", shown(written));
        }
        for removal in removed {
            let place = removal.location.strip_prefix(name).and_then(|rest| rest.strip_prefix(" > "));
            let place = place.unwrap_or(&removal.location);
            let _ = write!(self.text, "    {}（{}）\r\n", removal.what.sentence(Lang::Ja), shown(place));
        }
    }

    /// A member that did not cross, why, and what to do.
    pub(crate) fn left_out(&mut self, name: &str, refusal: &Refusal) {
        let _ = write!(
            self.text,
            "× {}\r\n    取り除きました: {}\r\n    {}\r\n",
            shown(name),
            shown(&refusal.reason(Lang::Ja)),
            refusal.hint(Lang::Ja)
        );
    }

    /// The whole report.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Names and places come from the input; the report is a text like any other.
pub(crate) fn shown(text: &str) -> String {
    text::clean_line(text).0.replace(['\r', '\n', '\t'], " ")
}

/// Names in use, whatever their letter case.
#[derive(Default)]
pub(crate) struct Names {
    used: HashSet<String>,
}

impl Names {
    /// The name, or the name with a number, if it is in use.
    pub(crate) fn unique(&mut self, name: &str) -> String {
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
