//! Destinations: what a group is for. Those that are listed here are read; every other one that is marked as
//! skippable is skipped, and named in the report when it is a known danger.

use std::rc::Rc;

use super::reader::{Reader, ShapeState};
use super::sheet::OverrideEntry;
use super::state::{Close, Dest, ParState, PictureState, RunState};
use crate::flow::story::{Kind, RowState};
use crate::flow::{Picture, Piece};
use crate::{Refusal, RemovalCode};

/// Skippable destinations that say nothing about a danger.
const SILENT: &[&str] = &[
    "aftncn",
    "aftnsep",
    "aftnsepc",
    "atnauthor",
    "atndate",
    "atnicn",
    "atnid",
    "atnparent",
    "atnref",
    "atntime",
    "atrfend",
    "atrfstart",
    "background",
    "blipuid",
    "colorschememapping",
    "datafield",
    "do",
    "defchp",
    "defpap",
    "docvar",
    "falt",
    "fchars",
    "ffdeftext",
    "ffentrymcr",
    "ffexitmcr",
    "ffformat",
    "ffhelptext",
    "ffl",
    "ffname",
    "ffstattext",
    "fldtype",
    "fname",
    "fonttbl",
    "formfield",
    "ftncn",
    "ftnsep",
    "ftnsepc",
    "generator",
    "gridtbl",
    "hlfr",
    "hlloc",
    "hlsrc",
    "hsv",
    "htmltag",
    "latentstyles",
    "lchars",
    "levelmarker",
    "listname",
    "listpicture",
    "liststylename",
    "lsdlockedexcept",
    "mhtmltag",
    "oldcprops",
    "oldpprops",
    "oldsprops",
    "oldtprops",
    "panose",
    "passwordhash",
    "pgptbl",
    "picprop",
    "pn",
    "pnseclvl",
    "propname",
    "protusertbl",
    "pxe",
    "revtbl",
    "rsidtbl",
    "shpinst",
    "staticval",
    "sv",
    "svb",
    "tblind",
    "themedata",
    "ts",
    "tsrowd",
    "wgrffmtfilter",
    "writereservation",
    "writereservhash",
    "xform",
    "xmlattrname",
    "xmlattrvalue",
    "xmlclose",
    "xmlname",
    "xmlnstbl",
    "xmlopen",
    "keycode",
    "oleclsid",
    "printim",
    "shpgrp",
    "ebcstart",
    "ebcend",
    "mmathPr",
    "company",
    "linkval",
    "userprops",
    "mvfmf",
    "mvfml",
    "mvtof",
    "mvtol",
    "cs",
    "ds",
    "bkmkpub",
    "cellxpr",
];

/// Destinations that need no mark and whose text is not shown.
const HIDDEN: &[&str] = &[
    "author",
    "buptim",
    "category",
    "comment",
    "company",
    "creatim",
    "doccomm",
    "fldtype",
    "ftnsep",
    "ftnsepc",
    "ftncn",
    "aftnsep",
    "aftnsepc",
    "aftncn",
    "hlinkbase",
    "keywords",
    "levelnumbers",
    "listname",
    "liststylename",
    "manager",
    "nonesttables",
    "nonshppict",
    "operator",
    "pgptbl",
    "pgdsctbl",
    "pnseclvl",
    "pntxta",
    "pntxtb",
    "pn",
    "printim",
    "private",
    "revtbl",
    "revtim",
    "rsidtbl",
    "rxe",
    "shprslt",
    "sn",
    "subject",
    "tc",
    "tcn",
    "title",
    "txe",
    "xe",
    "falt",
    "panose",
    "mmathPict",
    "linkval",
    "propname",
    "staticval",
    "macpict_",
    "themedata",
    "colorschememapping",
    "latentstyles",
    "generator",
    "picprop",
    "blipuid",
    "datafield",
];

impl Reader<'_, '_> {
    /// Sets what the current group does when it ends.
    fn closing(&mut self, close: Close) {
        if let Some(frame) = self.frames.last_mut()
            && frame.close == Close::Nothing
        {
            frame.close = close;
        }
    }

    /// A group began inside a table of the head: its rows are groups.
    pub(super) fn opened(&mut self) {
        let parent = self.frames.iter().rev().nth(1).map(|frame| frame.close);
        match self.state.dest {
            Dest::Fonts if parent != Some(Close::Font) => self.closing(Close::Font),
            Dest::Styles if parent != Some(Close::Style) => {
                self.style = Default::default();
                self.state.run = Rc::new(RunState::default());
                self.state.par = Rc::new(ParState::default());
                self.closing(Close::Style);
            }
            _ => {}
        }
    }

    /// Takes up a word that names a destination.
    pub(super) fn destination(
        &mut self,
        word: &str,
        number: Option<i32>,
        star: bool,
        fresh: bool,
    ) -> Result<bool, Refusal> {
        match self.state.dest {
            Dest::Skip => return Ok(true),
            Dest::Twice => {
                if word == "ud" {
                    let outside = self.frames.iter().rev().map(|frame| frame.saved.dest);
                    self.state.dest =
                        outside.into_iter().find(|dest| *dest != Dest::Twice).unwrap_or(Dest::Skip);
                }
                return Ok(true);
            }
            Dest::Object => {
                self.object_word(word);
                return Ok(true);
            }
            Dest::Picture if star => {
                self.state.dest = Dest::Skip;
                return Ok(true);
            }
            _ => {}
        }
        let in_lists = matches!(self.state.dest, Dest::Lists | Dest::LevelText | Dest::Overrides);
        if in_lists && (self.list_destination(word) || self.list_word(word, number.unwrap_or(0))) {
            return Ok(true);
        }
        if self.head_destination(word) || self.text_destination(word)? || self.shape_destination(word) {
            return Ok(true);
        }
        if (fresh || star) && HIDDEN.contains(&word) {
            self.state.dest = Dest::Skip;
            return Ok(true);
        }
        Ok(false)
    }

    fn head_destination(&mut self, word: &str) -> bool {
        let dest = match word {
            "fonttbl" => Dest::Fonts,
            "colortbl" => Dest::Colors,
            "stylesheet" => Dest::Styles,
            "listtable" => Dest::Lists,
            "listoverridetable" => Dest::Overrides,
            "upr" => Dest::Twice,
            "info" => {
                self.ctx.removed(RemovalCode::Metadata, "文書の情報");
                Dest::Skip
            }
            _ => return false,
        };
        self.state.dest = dest;
        true
    }

    fn list_destination(&mut self, word: &str) -> bool {
        match (word, self.state.dest) {
            ("list", Dest::Lists) => self.begin_list(),
            ("listlevel", Dest::Lists) => {
                self.begin_level();
                self.closing(Close::Level);
            }
            ("listlevel", _) | ("levelnumbers" | "listname" | "liststylename", _) => {
                self.state.dest = Dest::Skip
            }
            ("leveltext", Dest::Lists) => self.state.dest = Dest::LevelText,
            ("listoverride", Dest::Overrides) => {
                if self.overrides.len() < 20_000 {
                    self.overrides.push(OverrideEntry::default());
                }
            }
            ("lfolevel", Dest::Overrides) => {
                if let Some(entry) = self.overrides.last_mut() {
                    entry.level = entry.next_level;
                    entry.next_level = entry.next_level.saturating_add(1).min(8);
                }
            }
            _ => return false,
        }
        true
    }

    /// Destinations inside text.
    fn text_destination(&mut self, word: &str) -> Result<bool, Refusal> {
        match word {
            "field" => {
                self.fields.push(false);
                self.closing(Close::Field);
            }
            "fldinst" => {
                if self.fields.last() == Some(&false) {
                    self.push_anywhere(Piece::FieldBegin)?;
                    if let Some(begun) = self.fields.last_mut() {
                        *begun = true;
                    }
                    self.instructions.push(String::new());
                    self.closing(Close::Instruction);
                }
                self.state.dest = Dest::Instruction;
            }
            "fldrslt" => {
                if self.fields.last() == Some(&true) {
                    self.push_anywhere(Piece::FieldSeparate)?;
                }
            }
            "object" if self.state.dest == Dest::Text => {
                self.objects.push(String::new());
                self.closing(Close::Object);
                self.state.dest = Dest::Object;
            }
            "listtext" | "pntext" if self.state.dest == Dest::Text => self.state.dest = Dest::NumberText,
            "footnote" if self.state.dest == Dest::Text && self.frames.len() > 1 => {
                if self.begin_story(Kind::Footnote) {
                    self.closing(Close::Note);
                }
            }
            "header" | "headerr" | "headerf" | "headerl" | "footer" | "footerr" | "footerf" | "footerl"
                if self.frames.len() > 1 =>
            {
                let is_footer = word.starts_with('f');
                let place = match word.chars().last() {
                    Some('f') => 1,
                    Some('l') => 2,
                    _ => 0,
                };
                if self.begin_story(if is_footer { Kind::Footer } else { Kind::Header }) {
                    self.closing(Close::Margin(is_footer, place));
                }
            }
            "annotation" => {
                let place = self.place();
                self.ctx.removed(RemovalCode::Annotation, format!("{place}: コメント"));
                self.state.dest = Dest::Skip;
            }
            "bkmkstart" | "bkmkend" if self.state.dest == Dest::Text => {
                self.state.dest = if word == "bkmkstart" { Dest::BookmarkStart } else { Dest::BookmarkEnd };
                self.bookmark.clear();
                self.closing(Close::Bookmark);
            }
            // Word reads these without the mark, too.
            "objdata" | "template" | "datastore" | "filetbl" | "fontemb" => self.skip_unknown(word),
            "nesttableprops" => {
                self.state.nested = true;
                self.nested_row = RowState::default();
            }
            // Formulas: their text stays, in one line.
            "mmath" | "moMath" | "moMathPara" | "shppict" | "shpgrp" => {}
            _ if word.starts_with('m') && word.ends_with("Pr") && word.len() > 3 => {
                self.state.dest = Dest::Skip
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn shape_destination(&mut self, word: &str) -> bool {
        match word {
            "pict" => {
                let of_shape = self.state.dest == Dest::Shape;
                if !of_shape && self.state.dest != Dest::Text {
                    self.state.dest = Dest::Skip;
                    return true;
                }
                self.picture = PictureState { scale: (100, 100), ..PictureState::default() };
                self.closing(Close::Picture { of_shape });
                self.state.dest = Dest::Picture;
            }
            "shp" => {}
            "shpinst" | "do" if matches!(self.state.dest, Dest::Text | Dest::Shape) => {
                self.shapes.push(ShapeState::default());
                self.closing(Close::Shape);
                self.state.dest = Dest::Shape;
            }
            "shptxt" | "dptxbxtext" if self.state.dest == Dest::Shape => {
                if self.begin_story(Kind::TextBox) {
                    self.closing(Close::TextBox);
                }
            }
            "sp" | "sv" if self.state.dest == Dest::Shape => {}
            _ => return false,
        }
        true
    }

    fn object_word(&mut self, word: &str) {
        let place = self.place();
        match word {
            "result" => self.state.dest = Dest::Text,
            "objclass" => self.state.dest = Dest::ObjectClass,
            "objdata" | "objname" | "objsect" | "objtime" | "objalias" | "objtopic" | "objitem" => {
                self.state.dest = Dest::Skip;
            }
            "objocx" => self.ctx.removed(RemovalCode::ActiveX, place),
            "objautlink" | "objlink" | "objsub" | "objpub" => {
                self.ctx.removed(RemovalCode::ExternalLink, format!("{place}: リンクされたオブジェクト"));
            }
            _ => {}
        }
    }

    /// A destination that is not on the list.
    pub(super) fn skip_unknown(&mut self, word: &str) {
        self.state.dest = Dest::Skip;
        let place = self.place();
        let code = match word {
            "objdata" | "objclass" | "objname" => RemovalCode::EmbeddedObject,
            "template" | "filetbl" | "nextfile" | "subdocument" => RemovalCode::ExternalLink,
            "mailmerge" | "mmconnectstr" | "mmodso" | "mmdatasource" => RemovalCode::DataConnection,
            "datastore" | "customxml" => RemovalCode::CustomXml,
            "fontemb" | "fontfile" => RemovalCode::EmbeddedFont,
            "userprops" | "docvar" | "company" => RemovalCode::Metadata,
            _ if SILENT.contains(&word) => return,
            _ => RemovalCode::UnknownElement,
        };
        let word: String = word.chars().take(40).collect();
        self.ctx.removed(code, format!("{place}: {word}"));
    }

    /// Marks of fields stand even in a text that is deleted, so that they pair.
    fn push_anywhere(&mut self, piece: Piece) -> Result<(), Refusal> {
        if matches!(self.state.dest, Dest::Text | Dest::NumberText | Dest::Instruction) {
            self.push(piece)?;
        }
        Ok(())
    }

    /// A group ended.
    pub(super) fn closed(&mut self, close: Close) -> Result<(), Refusal> {
        match close {
            Close::Nothing => {}
            Close::Font => self.end_font(),
            Close::Style => self.end_style(),
            Close::Level => self.end_level(),
            Close::Picture { of_shape } => self.end_picture(of_shape)?,
            Close::Field => {
                if self.fields.pop() == Some(true) {
                    self.push(Piece::FieldEnd)?;
                }
            }
            Close::Instruction => {
                let text = self.instructions.pop().unwrap_or_default();
                self.push(Piece::Instruction(text))?;
            }
            Close::Object => {
                let class: String = self
                    .objects
                    .pop()
                    .unwrap_or_default()
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(60)
                    .collect();
                let place = self.place();
                let detail = if class.is_empty() { place.to_owned() } else { format!("{place}: {class}") };
                self.ctx.removed(RemovalCode::EmbeddedObject, detail);
            }
            Close::Shape => self.end_shape()?,
            Close::Margin(is_footer, at) => {
                let blocks = self.end_story()?;
                let margins = if is_footer { &mut self.footers } else { &mut self.headers };
                if let Some(margin) = margins.get_mut(at) {
                    *margin = Some(blocks);
                }
            }
            Close::Note => self.end_note()?,
            Close::TextBox => {
                let blocks = self.end_story()?;
                if let Some(shape) = self.shapes.last_mut() {
                    shape.blocks.extend(blocks);
                }
            }
            Close::Bookmark => self.end_bookmark()?,
        }
        Ok(())
    }

    fn end_note(&mut self) -> Result<(), Refusal> {
        let is_endnote = self.stories.last().is_some_and(|story| story.kind == Kind::Endnote);
        let blocks = self.end_story()?;
        let own = !std::mem::take(&mut self.note_mark);
        let notes = if is_endnote { &mut self.document.endnotes } else { &mut self.document.footnotes };
        let index = notes.len();
        notes.push(blocks);
        // The look of the mark is that of the text around the group.
        if let Some(frame) = self.frames.last() {
            self.state.run = Rc::clone(&frame.saved.run);
        }
        let mut run = (*self.state.run).clone();
        run.props.vertical = Some(crate::flow::Vertical::Superscript);
        self.state.run = Rc::new(run);
        self.push(if is_endnote { Piece::Endnote(index, own) } else { Piece::Footnote(index, own) })
    }

    fn end_bookmark(&mut self) -> Result<(), Refusal> {
        let is_start = self.state.dest == Dest::BookmarkStart;
        let name = std::mem::take(&mut self.bookmark);
        let name = name.trim();
        if name.is_empty() {
            return Ok(());
        }
        if is_start {
            let id = u32::try_from(self.bookmarks.len()).unwrap_or(u32::MAX);
            if self.bookmarks.insert(name.to_owned(), id).is_none() {
                return self.push(Piece::BookmarkStart(id, name.to_owned()));
            }
        } else if let Some(id) = self.bookmarks.get(name).copied() {
            return self.push(Piece::BookmarkEnd(id));
        }
        Ok(())
    }

    fn end_picture(&mut self, of_shape: bool) -> Result<(), Refusal> {
        let picture = std::mem::take(&mut self.picture);
        if picture.data.is_empty() {
            return Ok(());
        }
        self.ctx.charge_expanded(picture.data.len() as u64)?;
        let bytes = if picture.is_bitmap {
            crate::flow::bitmap_file(&picture.data).unwrap_or_default()
        } else {
            picture.data
        };
        let bytes = Rc::new(bytes);
        if of_shape {
            if let Some(shape) = self.shapes.last_mut() {
                shape.picture = Some(bytes);
            }
            return Ok(());
        }
        let length = |goal: i32, size: i32, scale: i32, crop: i32| {
            // Without a goal, the size is in hundredths of a millimetre (metafiles) or pixels; both near 15 to 1 px.
            let natural = if goal > 0 { goal } else { size.saturating_mul(15) };
            let cropped = natural.saturating_sub(crop).max(1);
            i64::from(cropped)
                .saturating_mul(i64::from(scale))
                .checked_div(100)
                .and_then(|v| i32::try_from(v).ok())
        };
        let width = length(picture.goal.0, picture.size.0, picture.scale.0, picture.crop.0).unwrap_or(1_440);
        let height = length(picture.goal.1, picture.size.1, picture.scale.1, picture.crop.1).unwrap_or(1_440);
        // A picture stands where the paragraph is, whatever group of shapes it is in.
        self.push(Piece::Picture(Picture { bytes, width, height, place: None }))
    }
}
