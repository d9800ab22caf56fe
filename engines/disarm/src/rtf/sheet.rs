//! The tables of the head: fonts, colours, styles, lists.

use std::rc::Rc;

use super::reader::Reader;
use super::state::{Dest, ParState, RunState};
use crate::flow::{
    Align, Charset, Level, LineRule, List, Number, ParagraphProps, RunProps, Style, StyleKind, Vertical,
};

/// A row of the font table.
#[derive(Debug, Clone, Default)]
pub(super) struct Font {
    pub(super) number: i32,
    pub(super) charset: Option<Charset>,
    pub(super) name: String,
    /// The name is complete.
    done: bool,
}

/// A row of the style sheet.
#[derive(Debug, Clone, Default)]
pub(super) struct StyleEntry {
    pub(super) number: i32,
    pub(super) is_character: bool,
    pub(super) is_other: bool,
    pub(super) name: String,
    pub(super) based_on: Option<i32>,
    pub(super) next: Option<i32>,
    run: RunProps,
    paragraph: ParagraphProps,
}

#[derive(Debug, Default)]
pub(super) struct ListEntry {
    pub(super) id: i32,
    pub(super) levels: Vec<Level>,
}

#[derive(Debug, Default)]
pub(super) struct OverrideEntry {
    pub(super) id: i32,
    pub(super) number: i32,
    /// The level that is described, and its start.
    pub(super) level: u8,
    pub(super) next_level: u8,
    pub(super) starts: Vec<(u8, i32)>,
}

/// More rows than this are not looked at; numbers of the same size have been used against readers.
const MAX_ROWS: usize = 20_000;

/// What holds in RTF where nothing is said.
fn plain_run() -> RunProps {
    RunProps {
        bold: Some(false),
        italic: Some(false),
        caps: Some(false),
        small_caps: Some(false),
        strike: Some(false),
        double_strike: Some(false),
        outline: Some(false),
        shadow: Some(false),
        emboss: Some(false),
        imprint: Some(false),
        hidden: Some(false),
        color: Some(None),
        spacing: Some(0),
        scale: Some(100),
        position: Some(0),
        size: Some(24),
        vertical: Some(Vertical::Baseline),
        ..RunProps::default()
    }
}

fn plain_paragraph() -> ParagraphProps {
    ParagraphProps {
        keep_next: Some(false),
        keep_lines: Some(false),
        page_break: Some(false),
        number: Some((0, 0)),
        before: Some(0),
        after: Some(0),
        auto_before: Some(false),
        auto_after: Some(false),
        line: Some((240, LineRule::Auto)),
        left: Some(0),
        right: Some(0),
        first: Some(0),
        contextual: Some(false),
        align: Some(Align::Left),
        outline: Some(9),
        ..ParagraphProps::default()
    }
}

impl Reader<'_, '_> {
    // --- Fonts and colours ----------------------------------------------------------------------------------

    pub(super) fn font_text(&mut self, text: &str) {
        for c in text.chars() {
            if c == ';' {
                self.end_font();
            } else if !self.font.done && self.font.name.len() < 200 {
                self.font.name.push(c);
            }
        }
    }

    pub(super) fn end_font(&mut self) {
        let font = std::mem::take(&mut self.font);
        if !font.name.is_empty() && self.fonts.len() < MAX_ROWS {
            let name = font.name.trim().to_owned();
            self.fonts.insert(font.number, Font { name, done: true, ..font });
        }
    }

    pub(super) fn color_text(&mut self, text: &str) {
        for _ in text.chars().filter(|c| *c == ';') {
            let color = match std::mem::take(&mut self.color) {
                [None, None, None] => None,
                [red, green, blue] => Some([red.unwrap_or(0), green.unwrap_or(0), blue.unwrap_or(0)]),
            };
            if self.colors.len() < MAX_ROWS {
                self.colors.push(color);
            }
        }
    }

    // --- Styles ---------------------------------------------------------------------------------------------

    pub(super) fn end_style(&mut self) {
        let mut entry = std::mem::take(&mut self.style);
        entry.name = entry.name.trim_end_matches(';').trim().to_owned();
        if entry.is_other || self.styles.len() >= MAX_ROWS {
            return;
        }
        entry.run = self.full_run(&self.state.run);
        entry.paragraph = self.full_paragraph(&self.state.par);
        self.styles.push(entry);
    }

    fn style_index(&self, number: i32, is_character: bool) -> Option<usize> {
        self.styles.iter().position(|style| style.number == number && style.is_character == is_character)
    }

    fn font_name(&self, number: Option<i32>) -> Option<&Font> {
        self.fonts.get(&number.or(self.default_font)?)
    }

    /// The look of text with its fonts by name.
    fn full_run(&self, state: &RunState) -> RunProps {
        let mut props = state.props.clone();
        let font = self.font_name(state.font);
        props.font = font.map(|font| font.name.clone());
        let is_east = |font: &&Font| font.charset.is_some_and(Charset::is_double);
        let east = state.double.and_then(|number| self.fonts.get(&number)).or(font.filter(is_east));
        props.east_font = east.map(|font| font.name.clone());
        props
    }

    fn full_paragraph(&self, state: &ParState) -> ParagraphProps {
        let mut props = state.props.clone();
        if let Some(line) = state.line.filter(|line| *line != 0) {
            let rule = match (state.line_is_multiple, line < 0) {
                (true, _) => LineRule::Auto,
                (false, true) => LineRule::Exact,
                (false, false) => LineRule::AtLeast,
            };
            props.line = Some((line.saturating_abs(), rule));
        }
        let number = state.list.and_then(|list| self.overrides.iter().position(|entry| entry.number == list));
        props.number = number.map(|at| (at + 1, state.list_level));
        props
    }

    /// What the current text says beyond its styles.
    pub(super) fn settled_run(&self) -> RunProps {
        let state = &self.state.run;
        let mut props = self.full_run(state);
        let mut known = RunProps::default();
        if let Some(style) = self.style_index(self.state.par.style, false).and_then(|at| self.styles.get(at))
        {
            known.merge(&style.run);
        }
        let style = state.style.and_then(|number| self.style_index(number, true));
        if let Some(style) = style.and_then(|at| self.styles.get(at)) {
            known.merge(&style.run);
        }
        props.settle(&known, &self.plain_run());
        props.style = style;
        props
    }

    fn plain_run(&self) -> RunProps {
        let mut plain = plain_run();
        plain.font = self.font_name(None).map(|font| font.name.clone());
        plain
    }

    pub(super) fn settled_paragraph(&self) -> ParagraphProps {
        let state = &self.state.par;
        let mut props = self.full_paragraph(state);
        let style = self.style_index(state.style, false);
        let mut known = ParagraphProps::default();
        if let Some(style) = style.and_then(|at| self.styles.get(at)) {
            known.merge(&style.paragraph);
        }
        props.settle(&known, &plain_paragraph());
        props.style = style;
        props
    }

    // --- Lists ----------------------------------------------------------------------------------------------

    pub(super) fn begin_list(&mut self) {
        if self.lists.len() < MAX_ROWS {
            self.lists.push(ListEntry::default());
        }
    }

    pub(super) fn begin_level(&mut self) {
        self.state.run = Rc::default();
        self.state.par = Rc::default();
        if let Some(list) = self.lists.last_mut()
            && list.levels.len() < 9
        {
            list.levels.push(Level { start: 1, ..Level::default() });
        }
    }

    pub(super) fn end_level(&mut self) {
        let run = RunProps { size: None, ..self.full_run(&self.state.run) };
        let paragraph = self.state.par.props.clone();
        if let Some(level) = self.lists.last_mut().and_then(|list| list.levels.last_mut()) {
            // Only what differs from the text around: a font that was not named is none.
            let has_font = self.state.run.font.is_some();
            level.run = if has_font { run } else { RunProps { font: None, east_font: None, ..run } };
            level.paragraph = ParagraphProps {
                left: paragraph.left,
                first: paragraph.first,
                tabs: paragraph.tabs,
                ..ParagraphProps::default()
            };
        }
    }

    /// A word inside the tables of lists; false where it has another meaning.
    pub(super) fn list_word(&mut self, word: &str, number: i32) -> bool {
        let byte = u8::try_from(number.clamp(0, 255)).unwrap_or(0);
        let in_overrides = self.state.dest == Dest::Overrides;
        if in_overrides {
            let Some(entry) = self.overrides.last_mut() else { return true };
            match word {
                "listid" => entry.id = number,
                "ls" => entry.number = number,
                "levelstartat" if entry.starts.len() < 9 => {
                    let level = entry.level;
                    entry.starts.push((level, number));
                }
                _ => {}
            }
            return true;
        }
        let Some(list) = self.lists.last_mut() else { return false };
        if word == "listid" {
            list.id = number;
            return true;
        }
        let Some(level) = list.levels.last_mut() else { return false };
        match word {
            "levelnfc" | "levelnfcn" => level.format = byte,
            "leveljc" | "leveljcn" => level.align = byte,
            "levelfollow" => level.follow = byte,
            "levelstartat" => level.start = number,
            "levellegal" => level.legal = number != 0,
            _ => return false,
        }
        true
    }

    // --- The end --------------------------------------------------------------------------------------------

    /// Turns the tables into those of the model.
    pub(super) fn finish_sheets(&mut self) {
        self.document.default_run =
            RunProps { size: Some(24), font: self.plain_run().font, ..RunProps::default() };
        for entry in &self.styles {
            let of =
                |number: Option<i32>| number.and_then(|number| self.style_index(number, entry.is_character));
            let based_on = acyclic(of(entry.based_on), self.document.styles.len());
            let base = based_on.and_then(|at| self.styles.get(at));
            let (mut run, mut paragraph) = (entry.run.clone(), entry.paragraph.clone());
            run.settle(&base.map(|base| base.run.clone()).unwrap_or_default(), &self.plain_run());
            paragraph
                .settle(&base.map(|base| base.paragraph.clone()).unwrap_or_default(), &plain_paragraph());
            let kind = if entry.is_character { StyleKind::Character } else { StyleKind::Paragraph };
            self.document.styles.push(Style {
                name: if entry.name.is_empty() {
                    format!("style {}", entry.number)
                } else {
                    entry.name.clone()
                },
                kind,
                based_on,
                next: of(entry.next),
                is_default: !entry.is_character && entry.number == 0,
                run,
                paragraph,
            });
        }
        for list in &mut self.lists {
            list.levels.iter_mut().for_each(|level| level.text = crate::flow::level_text(&level.text));
        }
        for entry in &self.overrides {
            let list = self.lists.iter().position(|list| list.id == entry.id).unwrap_or(usize::MAX);
            self.document.numbers.push(Number { list, starts: entry.starts.clone() });
        }
        self.document.lists =
            std::mem::take(&mut self.lists).into_iter().map(|list| List { levels: list.levels }).collect();
    }
}

/// A style may build on one before it, or on one after it that does not lead back; only the former is kept simple.
fn acyclic(base: Option<usize>, own: usize) -> Option<usize> {
    base.filter(|base| *base < own)
}
