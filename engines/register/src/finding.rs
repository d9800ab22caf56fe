//! What is wrong in a definition, where, and what to do next, in both languages.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use crate::text::{Lang, Text};

/// One finding of the check of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, as given to the reader.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// A stable name of the kind of finding, for instance `unknown-key`.
    pub code: &'static str,
    /// What is wrong.
    pub message: Text,
    /// What to do next.
    pub help: Option<Text>,
}

impl Finding {
    /// One line in one language: place, kind, what is wrong, what to do.
    #[must_use]
    pub fn render(&self, lang: Lang) -> String {
        let place = format!("{}:{}:{}: [{}]", self.file, self.line, self.column, self.code);
        let help = self.help.as_ref().map(|help| help.get(lang));
        match (lang, help) {
            (_, None) => format!("{place} {}", self.message.get(lang)),
            (Lang::Ja, Some(help)) => format!("{place} {} {help}", self.message.get(lang)),
            (Lang::En, Some(help)) => format!("{place} {}; {help}", self.message.get(lang)),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message.get(Lang::En))?;
        match &self.help {
            Some(help) => write!(f, "; {}", help.get(Lang::En)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Finding {}

/// Collects the findings of one file.
pub(crate) struct Reporter<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    pub(crate) const fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    /// Adds a finding about a stretch of the file and returns it for its help text.
    pub(crate) fn report(
        &mut self,
        at: &Range<usize>,
        code: &'static str,
        ja: impl Into<String>,
        en: impl Into<String>,
    ) -> &mut Finding {
        let (line, column) = place(self.text, at.start);
        let message = Text::new(printable(&ja.into()), printable(&en.into()));
        let finding = Finding { file: self.file.to_owned(), line, column, code, message, help: None };
        self.found.push_mut(finding)
    }

    pub(crate) const fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings in the order of the file, none of them twice.
    pub(crate) fn finish(self) -> Vec<Finding> {
        in_order(self.found)
    }
}

/// Findings by file and place, none of them twice.
pub(crate) fn in_order(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by(|a, b| {
        (&a.file, a.line, a.column, a.code, &a.message.en).cmp(&(
            &b.file,
            b.line,
            b.column,
            b.code,
            &b.message.en,
        ))
    });
    found.dedup();
    found
}

impl Finding {
    pub(crate) fn with_help(&mut self, ja: impl Into<String>, en: impl Into<String>) {
        self.help = Some(Text::new(printable(&ja.into()), printable(&en.into())));
    }
}

/// Line and column of a byte, both from 1, the column in characters.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |i| i.saturating_add(1));
    let lead = before.get(line_start..).unwrap_or_default();
    (before.matches('\n').count().saturating_add(1), lead.chars().count().saturating_add(1))
}

/// What a message repeats of a file must not move the cursor or turn the text around.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                '\u{fffd}'
            }
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
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

/// Letters to insert, delete, replace or swap with their neighbour to come from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let far = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut from_before = None;
    for (i, from) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i.saturating_add(1));
        for (j, to) in b.iter().enumerate() {
            let next = j.saturating_add(1);
            let replace = far(&last, j).saturating_add(usize::from(from != *to));
            let mut best =
                replace.min(far(&last, next).saturating_add(1)).min(far(&row, j).saturating_add(1));
            if let Some(previous) = j.checked_sub(1)
                && from_before == Some(*to)
                && b.get(previous) == Some(&from)
            {
                best = best.min(far(&before, previous).saturating_add(1));
            }
            row.push(best);
        }
        from_before = Some(from);
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}
