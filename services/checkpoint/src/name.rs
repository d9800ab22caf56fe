//! File names as people sent them, made harmless for any system that will hold them.

/// The longest name that is kept, in bytes of UTF-8: the limit of the usual file systems, less room for a suffix.
const MAX_BYTES: usize = 200;

/// Makes a name safe to show, to store and to download under.
///
/// Only the last component of a path stays; control characters, characters that turn the direction of writing, and the
/// characters that Windows forbids become `_`; a name that is too long is cut before its extension. 外字 (private-use
/// characters) and 異体字 stay as they are.
#[must_use]
pub fn clean_file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = last.chars().map(|c| if is_forbidden(c) { '_' } else { c }).collect();
    let trimmed = cleaned.trim().trim_end_matches('.').trim();
    if trimmed.is_empty() || trimmed.chars().all(|c| c == '.' || c == '_') {
        return "無題".to_owned();
    }
    let stem_upper = trimmed.split('.').next().unwrap_or_default().trim().to_ascii_uppercase();
    let named = if is_device(&stem_upper) { format!("_{trimmed}") } else { trimmed.to_owned() };
    shorten(&named)
}

/// Replaces the extension, keeping the stem: `計画.docm` written as DOCX is `計画.docx`.
pub(crate) fn with_extension(name: &str, extension: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, old)) if old.eq_ignore_ascii_case(extension) => name.to_owned(),
        Some((_, old)) if same_kind(old, extension) => name.to_owned(),
        Some((stem, old)) if !stem.is_empty() && old.len() <= 5 && old.is_ascii() => {
            format!("{stem}.{extension}")
        }
        _ => format!("{name}.{extension}"),
    }
}

fn same_kind(old: &str, new: &str) -> bool {
    matches!(
        (old.to_ascii_lowercase().as_str(), new),
        ("jpeg" | "jpe", "jpg") | ("tiff", "tif") | ("text" | "log", "txt") | ("tsv", "csv")
    )
}

fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Names that Windows reserves for devices.
fn is_device(stem: &str) -> bool {
    matches!(stem, "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.chars().last().is_some_and(|c| c.is_ascii_digit()))
}

fn shorten(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 10 => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let room = MAX_BYTES.saturating_sub(extension.len());
    let mut kept = String::new();
    for c in stem.chars() {
        if kept.len() + c.len_utf8() > room {
            break;
        }
        kept.push(c);
    }
    kept + &extension
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_path_and_what_could_mislead() {
        for (given, expect) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\計画.docx", "計画.docx"),
            ("請求書\u{202E}xslx.exe", "請求書_xslx.exe"),
            ("a\u{0}b\nc.txt", "a_b_c.txt"),
            ("", "無題"),
            ("..", "無題"),
            ("NUL.txt", "_NUL.txt"),
            ("com1", "_com1"),
            ("髙﨑𠮷\u{E000}.xlsx", "髙﨑𠮷\u{E000}.xlsx"),
            ("a?b*c.pdf", "a_b_c.pdf"),
            ("name. ", "name"),
        ] {
            assert_eq!(clean_file_name(given), expect, "{given:?}");
        }
    }

    #[test]
    fn a_name_of_300_bytes_is_cut_before_its_extension() {
        let cleaned = clean_file_name(&format!("{}.docx", "議".repeat(100)));
        assert!(cleaned.len() <= MAX_BYTES);
        assert!(cleaned.ends_with(".docx"));
    }

    #[test]
    fn the_extension_follows_what_was_written() {
        for (name, extension, expect) in [
            ("計画.docm", "docx", "計画.docx"),
            ("写真.JPEG", "jpg", "写真.JPEG"),
            ("無題", "txt", "無題.txt"),
            ("report.2026", "pdf", "report.pdf"),
            ("第3.5版の説明", "pdf", "第3.5版の説明.pdf"),
        ] {
            assert_eq!(with_extension(name, extension), expect);
        }
    }
}
