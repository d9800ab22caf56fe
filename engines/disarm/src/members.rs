//! What archives and mails have in common: files inside a file, each disarmed for itself, under names that no file
//! system takes for something else, with a report that the recipient can read.

use std::{collections::HashSet, fmt::Write as _};

use crate::{Format, Lang, Refusal, RefusalCode, Removed, text};

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
    if claimed == Some(format) {
        return name.to_owned();
    }
    let stem = if claimed.is_some() || extension == "tsv" { stem } else { file };
    format!("{folder}{slash}{stem}.{}", format.extension())
}

/// The report for the recipient, line by line.
pub(crate) struct Report {
    text: String,
}

impl Default for Report {
    fn default() -> Self {
        Self { text: String::from("無害化レポート\r\n\r\n") }
    }
}

impl Report {
    /// A member that crossed, under which name, and what it lost.
    pub(crate) fn kept(&mut self, name: &str, written: &str, removed: &[Removed]) {
        let _ = write!(self.text, "○ {}\r\n", shown(name));
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
fn shown(text: &str) -> String {
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
