//! What is wrong, where, and what to do next — in both languages, with the line of the source.

use std::fmt;

use serde::Serialize;

use crate::SourceFile;
use crate::model::Lang;

/// One finding of the check. The sentences end without a full stop in English and with 。 in Japanese.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable name of the kind of finding, for instance `undeclared`.
    pub code: &'static str,
    /// The file, as given to `Policy::parse`.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message_ja: String,
    /// What is wrong.
    pub message_en: String,
    /// What to do next.
    pub help_ja: Option<String>,
    /// What to do next.
    pub help_en: Option<String>,
    /// The line of the source without its line break; controls are replaced.
    pub excerpt: String,
    /// Columns of a terminal before the caret, and carets.
    caret: (usize, usize),
}

impl Diagnostic {
    /// What is wrong, in one language.
    #[must_use]
    pub fn message(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.message_ja,
            Lang::En => &self.message_en,
        }
    }

    /// What to do next, in one language.
    #[must_use]
    pub fn help(&self, lang: Lang) -> Option<&str> {
        match lang {
            Lang::Ja => self.help_ja.as_deref(),
            Lang::En => self.help_en.as_deref(),
        }
    }

    /// Several lines: the message, the place, the line of the source with carets, the help.
    #[must_use]
    pub fn render(&self, lang: Lang) -> String {
        let (error, help) = match lang {
            Lang::Ja => ("エラー", "対処"),
            Lang::En => ("error", "help"),
        };
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let (indent, carets) = self.caret;
        let mut text = format!(
            "{error}[{code}]: {message}\n{gutter}--> {path}:{line}:{column}\n{gutter} |\n{number} | {excerpt}\n{gutter} | {pad}{carets}\n",
            code = self.code,
            message = self.message(lang),
            path = self.path,
            line = self.line,
            column = self.column,
            excerpt = self.excerpt,
            pad = " ".repeat(indent),
            carets = "^".repeat(carets.max(1)),
        );
        if let Some(sentence) = self.help(lang) {
            text.push_str(&format!("{gutter} = {help}: {sentence}\n"));
        }
        text
    }

    pub(crate) fn with_help(&mut self, ja: impl Into<String>, en: impl Into<String>) {
        self.help_ja = Some(ja.into());
        self.help_en = Some(en.into());
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message_en)
    }
}

impl std::error::Error for Diagnostic {}

/// All findings, one after the other, and their number.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], lang: Lang) -> String {
    let mut text: String = diagnostics.iter().map(|d| d.render(lang) + "\n").collect();
    text.push_str(&match (lang, diagnostics.len()) {
        (Lang::Ja, n) => format!("{n}件の誤りがあります。\n"),
        (Lang::En, 1) => "1 error\n".to_owned(),
        (Lang::En, n) => format!("{n} errors\n"),
    });
    text
}

/// A stretch of one file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) file: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Collects findings.
pub(crate) struct Reporter<'a> {
    files: &'a [SourceFile],
    found: Vec<Diagnostic>,
}

impl<'a> Reporter<'a> {
    pub(crate) const fn new(files: &'a [SourceFile]) -> Self {
        Self { files, found: Vec::new() }
    }

    pub(crate) const fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds a finding and returns it for its help text.
    pub(crate) fn report(
        &mut self,
        at: At,
        code: &'static str,
        ja: impl Into<String>,
        en: impl Into<String>,
    ) -> &mut Diagnostic {
        let (path, source) = self
            .files
            .get(at.file)
            .map_or(("(no file)", ""), |file| (file.path.as_str(), file.text.as_str()));
        let before = source.get(..at.start).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |i| i.saturating_add(1));
        let rest = source.get(line_start..).unwrap_or("");
        let line_text = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
        let lead = before.get(line_start..).unwrap_or("");
        let marked_end = at.end.min(line_start.saturating_add(line_text.len()));
        let marked = source.get(at.start..marked_end).unwrap_or("");
        let diagnostic = Diagnostic {
            code,
            path: path.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            column: lead.chars().count().saturating_add(1),
            message_ja: ja.into().chars().map(shown).collect(),
            message_en: en.into().chars().map(shown).collect(),
            help_ja: None,
            help_en: None,
            excerpt: line_text.chars().map(shown).collect(),
            caret: (lead.chars().map(columns).sum(), marked.chars().map(columns).sum()),
        };
        self.found.push_mut(diagnostic)
    }

    /// The findings in the order of the source, none of them twice.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by(|a, b| {
            (&a.path, a.line, a.column, a.code, &a.message_en).cmp(&(
                &b.path,
                b.line,
                b.column,
                b.code,
                &b.message_en,
            ))
        });
        self.found.dedup();
        self.found
    }
}

/// A character as shown in an excerpt; one that could move the cursor or reorder text is replaced.
fn shown(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Columns that a character takes on a terminal: East Asian wide characters take two.
pub(crate) fn columns(c: char) -> usize {
    match u32::from(shown(c)) {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The known word nearest to what was written, if it is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'w>(written: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if written.len() > 64 {
        return None;
    }
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    known
        .map(|word| (distance(written, word), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, word)| word)
}

/// Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, ca) in a.chars().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        let mut previous_b = None;
        for (j, cb) in b.iter().enumerate() {
            let at = |r: &[usize], k: usize| r.get(k).copied().unwrap_or(usize::MAX);
            let next = j.saturating_add(1);
            let mut best = at(&last, j).saturating_add(usize::from(ca != *cb));
            best = best.min(at(&last, next).saturating_add(1)).min(at(&row, j).saturating_add(1));
            if previous_a == Some(*cb)
                && previous_b == Some(ca)
                && let Some(k) = j.checked_sub(1)
            {
                best = best.min(at(&before_last, k).saturating_add(1));
            }
            row.push(best);
            previous_b = Some(*cb);
        }
        previous_a = Some(ca);
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}
