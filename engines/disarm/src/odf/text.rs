//! Text with its place: paragraphs of a text, cells of a sheet, slides.

use crate::{Format, TextPiece};

/// Hears what the rewriter reads and keeps track of where it is.
#[derive(Default)]
pub(super) struct Places {
    pub(super) pieces: Vec<TextPiece>,
    /// Open paragraphs; one can stand in another's frame or note.
    open: Vec<String>,
    sheet: String,
    row: u32,
    column: u32,
    slide: u32,
    in_notes: bool,
    /// Text that was deleted is not text.
    deleted: u32,
    /// Readings of characters.
    readings: u32,
}

impl Places {
    pub(super) fn start(&mut self, name: &str, attribute: impl Fn(&str) -> Option<String>) {
        match name {
            "text:p" | "text:h" => self.open.push(String::new()),
            "text:tab" => self.text("\t"),
            "text:line-break" => self.text("\n"),
            "text:s" => {
                let count = attribute("text:c").and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
                self.text(&" ".repeat(count.min(1_000)));
            }
            "text:tracked-changes" => self.deleted += 1,
            "text:ruby-text" => self.readings += 1,
            "table:table" => {
                self.sheet = attribute("table:name").unwrap_or_default();
                self.row = 0;
            }
            "table:table-row" => self.column = 0,
            "draw:page" => (self.slide, self.in_notes) = (self.slide + 1, false),
            "presentation:notes" => self.in_notes = true,
            _ => {}
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.deleted == 0
            && self.readings == 0
            && let Some(open) = self.open.last_mut()
        {
            open.push_str(text);
        }
    }

    pub(super) fn end(&mut self, name: &str, repeated: u32, format: Format) {
        match name {
            "text:p" | "text:h" => {
                let text = self.open.pop().unwrap_or_default();
                if !text.trim().is_empty() {
                    self.pieces.push(TextPiece { location: self.location(format), text });
                }
            }
            "text:tracked-changes" => self.deleted = self.deleted.saturating_sub(1),
            "text:ruby-text" => self.readings = self.readings.saturating_sub(1),
            "table:table-row" => self.row = self.row.saturating_add(repeated),
            "table:table-cell" | "table:covered-table-cell" => {
                self.column = self.column.saturating_add(repeated)
            }
            "presentation:notes" => self.in_notes = false,
            _ => {}
        }
    }

    fn location(&self, format: Format) -> String {
        match format {
            Format::Ods => {
                format!("{}!{}{}", self.sheet, column_name(self.column), self.row.saturating_add(1))
            }
            Format::Odp if self.in_notes => format!("ノート {}", self.slide),
            Format::Odp if self.slide > 0 => format!("スライド {}", self.slide),
            _ => "本文".to_owned(),
        }
    }
}

fn column_name(index: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = index.saturating_add(1);
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
