//! Words of formatting: what is on the list changes the state, every other word is passed over, as Word does.

use std::rc::Rc;

use super::reader::Reader;
use super::state::{Dest, Edge, Mode, ParState, RunState};
use crate::Refusal;
use crate::flow::story::{CellState, Kind, RowState};
use crate::flow::{Align, Border, Charset, Merge, Piece, RunProps, Shade, Tab, Underline, Vertical, Wrap};

/// Line styles by the words of borders.
const LINES: &[(&str, &str)] = &[
    ("brdrs", "single"),
    ("brdrth", "thick"),
    ("brdrdb", "double"),
    ("brdrdot", "dotted"),
    ("brdrdash", "dashed"),
    ("brdrdashsm", "dashSmallGap"),
    ("brdrhair", "single"),
    ("brdrdashd", "dotDash"),
    ("brdrdashdd", "dotDotDash"),
    ("brdrtriple", "triple"),
    ("brdrwavy", "wave"),
    ("brdrwavydb", "doubleWave"),
    ("brdrtnthsg", "thinThickSmallGap"),
    ("brdrthtnsg", "thickThinSmallGap"),
    ("brdrtnthmg", "thinThickMediumGap"),
    ("brdrthtnmg", "thickThinMediumGap"),
    ("brdremboss", "threeDEmboss"),
    ("brdrengrave", "threeDEngrave"),
    ("brdrinset", "inset"),
    ("brdroutset", "outset"),
    ("brdrnone", "nil"),
    ("brdrnil", "nil"),
];

const UNDERLINES: &[(&str, &str)] = &[
    ("ul", "single"),
    ("uld", "dotted"),
    ("uldb", "double"),
    ("ulw", "words"),
    ("ulth", "thick"),
    ("uldash", "dash"),
    ("uldashd", "dotDash"),
    ("uldashdd", "dotDotDash"),
    ("ulwave", "wave"),
    ("ulldash", "dashLong"),
    ("ulthd", "dottedHeavy"),
    ("ulthdash", "dashedHeavy"),
    ("ulhwave", "wavyHeavy"),
    ("ululdbwave", "wavyDouble"),
    ("ulnone", "none"),
];

impl Reader<'_, '_> {
    fn run(&mut self) -> &mut RunState {
        Rc::make_mut(&mut self.state.run)
    }

    fn par(&mut self) -> &mut ParState {
        Rc::make_mut(&mut self.state.par)
    }

    fn color(&self, number: i32) -> Option<[u8; 3]> {
        usize::try_from(number).ok().and_then(|at| self.colors.get(at).copied().flatten())
    }

    /// Applies a word.
    pub(super) fn format(&mut self, word: &str, number: Option<i32>) -> Result<(), Refusal> {
        if self.state.dest == Dest::Styles && self.style_word(word, number.unwrap_or(0)) {
            return Ok(());
        }
        match self.state.dest {
            Dest::Fonts => self.font_word(word, number.unwrap_or(0)),
            Dest::Colors => self.color_word(word, number.unwrap_or(0)),
            Dest::Picture => self.picture_word(word, number.unwrap_or(0)),
            Dest::Shape => self.shape_word(word, number.unwrap_or(0)),
            _ => {
                if self.text_word(word)? {
                    return Ok(());
                }
                let value = number.unwrap_or(0);
                let _ = self.run_word(word, number)
                    || self.paragraph_word(word, number)
                    || self.border_word(word, value)
                    || self.row_word(word, value)
                    || self.page_word(word, value);
            }
        }
        Ok(())
    }

    fn font_word(&mut self, word: &str, number: i32) {
        match word {
            "f" => {
                self.end_font();
                self.font.number = number;
            }
            "fcharset" => self.font.charset = Charset::of_font(number),
            "cpg" => self.font.charset = Some(Charset::of_page(number)),
            _ => {}
        }
    }

    fn color_word(&mut self, word: &str, number: i32) {
        let at = match word {
            "red" => 0,
            "green" => 1,
            "blue" => 2,
            _ => return,
        };
        if let Some(part) = self.color.get_mut(at) {
            *part = Some(u8::try_from(number.clamp(0, 255)).unwrap_or(0));
        }
    }

    fn picture_word(&mut self, word: &str, number: i32) {
        let picture = &mut self.picture;
        match word {
            "dibitmap" | "wbitmap" => picture.is_bitmap = true,
            "picw" => picture.size.0 = number,
            "pich" => picture.size.1 = number,
            "picwgoal" => picture.goal.0 = number,
            "pichgoal" => picture.goal.1 = number,
            "picscalex" => picture.scale.0 = number.clamp(1, 10_000),
            "picscaley" => picture.scale.1 = number.clamp(1, 10_000),
            "piccropl" | "piccropr" => picture.crop.0 = picture.crop.0.saturating_add(number),
            "piccropt" | "piccropb" => picture.crop.1 = picture.crop.1.saturating_add(number),
            _ => {}
        }
    }

    fn shape_word(&mut self, word: &str, number: i32) {
        let Some(shape) = self.shapes.last_mut() else { return };
        match word {
            "shpleft" | "dpx" => shape.left = number,
            "shptop" | "dpy" => shape.top = number,
            "shpright" => shape.right = number,
            "shpbottom" => shape.bottom = number,
            "dpxsize" => shape.right = shape.left.saturating_add(number),
            "dpysize" => shape.bottom = shape.top.saturating_add(number),
            "shpbxpage" | "dobxpage" => shape.place.from_x = 1,
            "shpbxmargin" | "dobxmargin" => shape.place.from_x = 0,
            "shpbxcolumn" | "dobxcolumn" => shape.place.from_x = 2,
            "shpbypage" | "dobypage" => shape.place.from_y = 1,
            "shpbymargin" | "dobymargin" => shape.place.from_y = 0,
            "shpbypara" | "dobypara" => shape.place.from_y = 2,
            "shpwr" => {
                shape.place.wrap = match number {
                    1 => Wrap::Beside,
                    3 => Wrap::None,
                    _ => Wrap::Around,
                }
            }
            "shpfblwtxt" => shape.place.behind = number == 1,
            _ => {}
        }
    }

    /// Words that have a meaning of their own in the style sheet.
    fn style_word(&mut self, word: &str, number: i32) -> bool {
        match word {
            "s" => self.style.number = number,
            "cs" => {
                self.style.number = number;
                self.style.is_character = true;
            }
            "ts" | "ds" | "tsrowd" => self.style.is_other = true,
            "sbasedon" => self.style.based_on = Some(number),
            "snext" => self.style.next = Some(number),
            _ => return false,
        }
        true
    }

    /// Words that stand for text or end something.
    fn text_word(&mut self, word: &str) -> Result<bool, Refusal> {
        let c = match word {
            "par" => {
                let depth = self.depth();
                if matches!(self.state.dest, Dest::Text) {
                    self.end_paragraph(depth)?;
                }
                return Ok(true);
            }
            "tab" => {
                self.tab()?;
                return Ok(true);
            }
            "cell" | "nestcell" | "row" | "nestrow" => {
                self.table_end(word)?;
                return Ok(true);
            }
            "sect" => {
                if self.stories.len() == 1 && self.state.dest == Dest::Text {
                    self.end_section()?;
                }
                return Ok(true);
            }
            "line" | "lbr" => return self.piece(Piece::LineBreak).map(|()| true),
            "page" => return self.piece(Piece::PageBreak).map(|()| true),
            "column" => return self.piece(Piece::ColumnBreak).map(|()| true),
            "chpgn" => return self.simple_field("PAGE", "1").map(|()| true),
            "chdate" | "chdpl" | "chdpa" => return self.simple_field("DATE", "").map(|()| true),
            "chtime" => return self.simple_field("TIME", "").map(|()| true),
            "chftn" => return self.note_number().map(|()| true),
            "emdash" => '—',
            "endash" => '–',
            "emspace" => '\u{2003}',
            "enspace" => '\u{2002}',
            "qmspace" => '\u{2005}',
            "bullet" => '•',
            "lquote" => '‘',
            "rquote" => '’',
            "ldblquote" => '“',
            "rdblquote" => '”',
            "zwj" => '\u{200d}',
            "zwnj" => '\u{200c}',
            _ => return Ok(false),
        };
        self.char(c)?;
        Ok(true)
    }

    fn tab(&mut self) -> Result<(), Refusal> {
        if self.state.dest == Dest::Instruction { self.char(' ') } else { self.piece(Piece::Tab) }
    }

    fn simple_field(&mut self, instruction: &str, shown: &str) -> Result<(), Refusal> {
        for piece in [
            Piece::FieldBegin,
            Piece::Instruction(format!(" {instruction} ")),
            Piece::FieldSeparate,
            Piece::Text(shown.to_owned()),
            Piece::FieldEnd,
        ] {
            self.piece(piece)?;
        }
        Ok(())
    }

    fn note_number(&mut self) -> Result<(), Refusal> {
        match self.stories.last().map(|story| story.kind) {
            Some(Kind::Footnote) => self.piece(Piece::FootnoteMark),
            Some(Kind::Endnote) => self.piece(Piece::EndnoteMark),
            _ => {
                self.note_mark = true;
                Ok(())
            }
        }
    }

    fn table_end(&mut self, word: &str) -> Result<(), Refusal> {
        if self.state.dest != Dest::Text {
            return Ok(());
        }
        let nested = usize::try_from(self.state.par.level.unwrap_or(2).max(2)).unwrap_or(2);
        let depth = if word.starts_with("nest") { nested } else { 1 };
        if word.ends_with("cell") {
            self.end_paragraph(depth)?;
            if let Some(story) = self.stories.last_mut() {
                story.end_cell(depth);
            }
        } else {
            let row = if self.state.nested || depth > 1 { self.nested_row.clone() } else { self.row.clone() };
            self.ctx.charge_expanded(256)?;
            if self.stories.last().is_some_and(|story| !story.inlines.is_empty()) {
                self.end_paragraph(depth)?;
            }
            if let Some(story) = self.stories.last_mut() {
                story.end_row(depth, &row);
            }
        }
        Ok(())
    }

    // --- Characters -----------------------------------------------------------------------------------------

    fn run_word(&mut self, word: &str, number: Option<i32>) -> bool {
        let on = number != Some(0);
        let value = number.unwrap_or(0);
        if let Some((_, style)) = UNDERLINES.iter().find(|row| row.0 == word) {
            let style = if on { style } else { "none" };
            let color = self.state.run.props.underline.and_then(|line| line.color);
            self.run().props.underline = Some(Underline { style, color });
            return true;
        }
        match word {
            "plain" => {
                let run = self.run();
                *run = RunState { deleted: run.deleted, ..RunState::default() };
            }
            "f" | "af" => self.font_of_mode(word, value),
            "loch" => self.run().mode = Mode::Low,
            "hich" => self.run().mode = Mode::High,
            "dbch" => self.run().mode = Mode::Double,
            "rtlch" | "ltrch" | "fcs" => self.run().mode = Mode::Plain,
            "cs" => self.run().style = Some(value),
            "deleted" => self.run().deleted = on,
            "cf" => {
                let color = self.color(value);
                self.run().props.color = Some(color);
            }
            "ulc" => {
                let color = self.color(value);
                let style = self.state.run.props.underline.map_or("none", |line| line.style);
                self.run().props.underline = Some(Underline { style, color });
            }
            "highlight" => {
                let name = self.color(value).map(crate::flow::color_name);
                self.run().props.highlight = Some(if value == 0 { "none" } else { name.unwrap_or("none") });
            }
            "chcbpat" | "cb" => {
                let fill = self.color(value);
                self.run().props.shade =
                    fill.map(|fill| Shade { fill: Some(fill), color: None, pattern: "clear" });
            }
            "chbrdr" => self.edge = Edge::Text,
            _ => return self.look_word(word, on, number),
        }
        true
    }

    fn look_word(&mut self, word: &str, on: bool, number: Option<i32>) -> bool {
        let value = number.unwrap_or(0);
        let props: &mut RunProps = &mut Rc::make_mut(&mut self.state.run).props;
        match word {
            "b" => props.bold = Some(on),
            "i" => props.italic = Some(on),
            "caps" => props.caps = Some(on),
            "scaps" => props.small_caps = Some(on),
            "strike" => props.strike = Some(on),
            "striked" => props.double_strike = Some(value == 1),
            "outl" => props.outline = Some(on),
            "shad" => props.shadow = Some(on),
            "embo" => props.emboss = Some(on),
            "impr" => props.imprint = Some(on),
            "v" => props.hidden = Some(on),
            "fs" => props.size = Some(number.unwrap_or(24)),
            "expndtw" => props.spacing = Some(value),
            "expnd" => props.spacing = Some(value.saturating_mul(5)),
            "charscalex" => props.scale = Some(number.unwrap_or(100)),
            "up" => props.position = Some(number.unwrap_or(6)),
            "dn" => props.position = Some(number.unwrap_or(6).saturating_neg()),
            "super" => props.vertical = Some(if on { Vertical::Superscript } else { Vertical::Baseline }),
            "sub" => props.vertical = Some(if on { Vertical::Subscript } else { Vertical::Baseline }),
            "nosupersub" => props.vertical = Some(Vertical::Baseline),
            "accdot" => props.emphasis = Some("dot"),
            "acccomma" => props.emphasis = Some("comma"),
            "acccircle" => props.emphasis = Some("circle"),
            "accunderdot" => props.emphasis = Some("underDot"),
            "accnone" => props.emphasis = Some("none"),
            _ => return false,
        }
        true
    }

    fn font_of_mode(&mut self, word: &str, number: i32) {
        let run = self.run();
        match run.mode {
            Mode::Plain if word == "f" => {
                run.font = Some(number);
                run.high = None;
                run.double = None;
            }
            Mode::Plain => {}
            Mode::Low => run.font = Some(number),
            Mode::High => run.high = Some(number),
            Mode::Double => run.double = Some(number),
        }
    }

    // --- Paragraphs -----------------------------------------------------------------------------------------

    fn paragraph_word(&mut self, word: &str, number: Option<i32>) -> bool {
        let value = number.unwrap_or(0);
        let on = number != Some(0);
        let par = Rc::make_mut(&mut self.state.par);
        let props = &mut par.props;
        match word {
            "pard" => *par = ParState::default(),
            "s" => par.style = value,
            "intbl" => par.in_table = on,
            "itap" => {
                par.level = Some(value);
                par.in_table = value > 0;
            }
            "ls" => par.list = Some(value),
            "ilvl" => par.list_level = u8::try_from(value.clamp(0, 8)).unwrap_or(0),
            "ql" => props.align = Some(Align::Left),
            "qc" => props.align = Some(Align::Center),
            "qr" => props.align = Some(Align::Right),
            "qj" => props.align = Some(Align::Justify),
            "qd" => props.align = Some(Align::Distribute),
            "li" | "lin" => props.left = Some(value),
            "ri" | "rin" => props.right = Some(value),
            "fi" => props.first = Some(value),
            "sb" => props.before = Some(value),
            "sa" => props.after = Some(value),
            "sbauto" => props.auto_before = Some(on),
            "saauto" => props.auto_after = Some(on),
            "sl" => par.line = number,
            "slmult" => par.line_is_multiple = value == 1,
            "keep" => props.keep_lines = Some(on),
            "keepn" => props.keep_next = Some(on),
            "pagebb" => props.page_break = Some(on),
            "widctlpar" => props.widow_control = Some(true),
            "nowidctlpar" => props.widow_control = Some(false),
            "contextualspace" => props.contextual = Some(true),
            "nosnaplinegrid" => props.snap = Some(false),
            "rtlpar" => props.bidi = Some(true),
            "ltrpar" => props.bidi = None,
            "outlinelevel" => props.outline = Some(u8::try_from(value.clamp(0, 9)).unwrap_or(9)),
            "ftnalt" => {
                if let Some(story) = self.stories.last_mut()
                    && story.kind == Kind::Footnote
                {
                    story.kind = Kind::Endnote;
                }
            }
            _ => return self.tab_word(word, value) || self.shade_word(word, value),
        }
        true
    }

    fn tab_word(&mut self, word: &str, value: i32) -> bool {
        let par = Rc::make_mut(&mut self.state.par);
        match word {
            "tqc" => par.tab_kind = Some("center"),
            "tqr" => par.tab_kind = Some("right"),
            "tqdec" => par.tab_kind = Some("decimal"),
            "tldot" => par.leader = Some("dot"),
            "tlmdot" => par.leader = Some("middleDot"),
            "tlhyph" => par.leader = Some("hyphen"),
            "tlul" => par.leader = Some("underscore"),
            "tlth" => par.leader = Some("heavy"),
            "tx" | "tb" => {
                let kind = if word == "tb" { "bar" } else { par.tab_kind.take().unwrap_or("left") };
                let leader = par.leader.take().unwrap_or("none");
                let tabs = par.props.tabs.get_or_insert_with(Vec::new);
                if tabs.len() < 64 {
                    tabs.push(Tab { at: value, kind, leader });
                }
            }
            _ => return false,
        }
        true
    }

    fn shade_word(&mut self, word: &str, value: i32) -> bool {
        match word {
            "cbpat" => {
                let fill = self.color(value);
                let shade = self.par().props.shade.get_or_insert(EMPTY_SHADE);
                shade.fill = fill;
            }
            "cfpat" => {
                let color = self.color(value);
                self.par().props.shade.get_or_insert(EMPTY_SHADE).color = color;
            }
            "shading" => self.par().props.shade.get_or_insert(EMPTY_SHADE).pattern = percent(value),
            _ => return false,
        }
        true
    }

    fn border_word(&mut self, word: &str, value: i32) -> bool {
        let edge = match word {
            "brdrt" => Edge::Paragraph(0),
            "brdrl" => Edge::Paragraph(1),
            "brdrb" => Edge::Paragraph(2),
            "brdrr" => Edge::Paragraph(3),
            "brdrbtw" => Edge::Paragraph(4),
            "box" => Edge::Box,
            "clbrdrt" => Edge::Cell(0),
            "clbrdrl" => Edge::Cell(1),
            "clbrdrb" => Edge::Cell(2),
            "clbrdrr" => Edge::Cell(3),
            "trbrdrt" => Edge::Row(0),
            "trbrdrl" => Edge::Row(1),
            "trbrdrb" => Edge::Row(2),
            "trbrdrr" => Edge::Row(3),
            "trbrdrh" | "trbrdrv" => Edge::Row(5),
            _ => return self.line_word(word, value),
        };
        self.edge = edge;
        true
    }

    fn line_word(&mut self, word: &str, value: i32) -> bool {
        if !word.starts_with("br") {
            return false;
        }
        let color = self.color(value);
        let style = LINES.iter().find(|row| row.0 == word).map(|row| row.1);
        self.on_edge(&mut |border| match (word, style) {
            (_, Some(style)) => border.style = style,
            // Twips to eighths of a point.
            ("brdrw", _) => border.width = value.saturating_mul(2) / 5,
            ("brdrcf", _) => border.color = color,
            ("brsp", _) => border.space = value / 20,
            _ => {}
        });
        true
    }

    fn on_edge(&mut self, change: &mut dyn FnMut(&mut Border)) {
        const FRESH: Border = Border { style: "single", width: 4, color: None, space: 0 };
        let nested = self.state.nested;
        let mut apply = |slot: &mut Option<Border>| change(slot.get_or_insert(FRESH));
        match self.edge {
            Edge::None => {}
            Edge::Text => apply(&mut Rc::make_mut(&mut self.state.run).props.border),
            Edge::Paragraph(at) => {
                let par = Rc::make_mut(&mut self.state.par);
                if let Some(slot) = par.props.borders.get_or_insert([None; 5]).get_mut(at) {
                    apply(slot);
                }
            }
            Edge::Box => {
                let par = Rc::make_mut(&mut self.state.par);
                par.props.borders.get_or_insert([None; 5]).iter_mut().take(4).for_each(apply);
            }
            Edge::Cell(at) => {
                let row = if nested { &mut self.nested_row } else { &mut self.row };
                if let Some(slot) = row.cell.cell.borders.get_mut(at) {
                    apply(slot);
                }
            }
            Edge::Row(at) => {
                let row = if nested { &mut self.nested_row } else { &mut self.row };
                if let Some(slot) = row.borders.get_mut(at) {
                    apply(slot);
                }
            }
        }
    }

    // --- Tables ---------------------------------------------------------------------------------------------

    fn row_word(&mut self, word: &str, value: i32) -> bool {
        let fill = self.color(value);
        let state = if self.state.nested { &mut self.nested_row } else { &mut self.row };
        let cell = &mut state.cell.cell;
        match word {
            "trowd" => {
                *state = RowState::default();
                state.row.gap = 108;
            }
            "trleft" => state.row.left = value,
            "trgaph" => state.row.gap = value.clamp(0, 1_000),
            "trrh" => state.row.height = value,
            "trhdr" => state.row.is_header = true,
            "trkeep" => state.row.keep = true,
            "trqc" => state.row.align = Some(Align::Center),
            "trqr" => state.row.align = Some(Align::Right),
            "cellx" => {
                let mut done = std::mem::take(&mut state.cell);
                done.cell.columns = 1;
                if state.cells.len() < 256 {
                    state.cells.push((value, done));
                }
            }
            "clmrg" => state.cell.joined = true,
            "clvmgf" => cell.merge = Merge::First,
            "clvmrg" => cell.merge = Merge::More,
            "clvertalc" => cell.align = 1,
            "clvertalb" => cell.align = 2,
            "cltxtbrl" | "cltxtbrlv" => cell.direction = Some("tbRl"),
            "cltxbtlr" => cell.direction = Some("btLr"),
            "clcbpat" => cell.shade.get_or_insert(EMPTY_SHADE).fill = fill,
            "clcfpat" => cell.shade.get_or_insert(EMPTY_SHADE).color = fill,
            "clshdng" => cell.shade.get_or_insert(EMPTY_SHADE).pattern = percent(value),
            "clmgf" => state.cell = CellState { joined: false, ..std::mem::take(&mut state.cell) },
            _ => return false,
        }
        true
    }

    // --- Pages ----------------------------------------------------------------------------------------------

    fn page_word(&mut self, word: &str, value: i32) -> bool {
        match word {
            "ansicpg" if value > 0 => self.page_code = Charset::of_page(value),
            "mac" => self.page_code = Charset::of_page(10_000),
            "deff" => self.default_font = Some(value),
            "deftab" => self.document.default_tab = Some(value),
            "facingp" => self.document.even_and_odd = true,
            "margmirror" => self.document.mirror_margins = true,
            "sectd" if self.stories.len() == 1 => self.section = self.page.clone(),
            _ if self.stories.len() == 1 => {
                return self.document_word(word, value) || self.section_word(word, value);
            }
            _ => return false,
        }
        true
    }

    fn document_word(&mut self, word: &str, value: i32) -> bool {
        for page in [&mut self.page, &mut self.section] {
            match word {
                "paperw" => page.width = value,
                "paperh" => page.height = value,
                "margl" => page.left = value,
                "margr" => page.right = value,
                "margt" => page.top = value,
                "margb" => page.bottom = value,
                "gutter" => page.gutter = value,
                "landscape" => page.landscape = true,
                _ => return false,
            }
        }
        true
    }

    fn section_word(&mut self, word: &str, value: i32) -> bool {
        let page = &mut self.section;
        match word {
            "pgwsxn" => page.width = value,
            "pghsxn" => page.height = value,
            "marglsxn" => page.left = value,
            "margrsxn" => page.right = value,
            "margtsxn" => page.top = value,
            "margbsxn" => page.bottom = value,
            "guttersxn" => page.gutter = value,
            "headery" => page.header = value,
            "footery" => page.footer = value,
            "lndscpsxn" => page.landscape = true,
            "cols" => page.columns = u16::try_from(value.clamp(1, 45)).unwrap_or(1),
            "colsx" => page.column_space = value,
            "linebetcol" => page.column_line = true,
            "titlepg" => page.title_page = true,
            "sbknone" => page.start = "continuous",
            "sbkcol" => page.start = "nextColumn",
            "sbkpage" => page.start = "nextPage",
            "sbkeven" => page.start = "evenPage",
            "sbkodd" => page.start = "oddPage",
            "pgnstarts" | "pgnstart" => page.first_number.get_or_insert(value).clone_from(&value),
            "pgnrestart" => page.first_number = page.first_number.or(Some(1)),
            "pgncont" => page.first_number = None,
            "pgnucrm" => page.number_format = Some(1),
            "pgnlcrm" => page.number_format = Some(2),
            "pgnucltr" => page.number_format = Some(3),
            "pgnlcltr" => page.number_format = Some(4),
            "stextflow" => page.vertical = matches!(value, 1 | 5),
            "vertalc" => page.align = Some("center"),
            "vertalj" => page.align = Some("both"),
            "vertalb" => page.align = Some("bottom"),
            "sectlinegrid" => {
                page.grid = Some((page.grid.map_or(2, |grid| grid.0), value, page.grid.map_or(0, |g| g.2)))
            }
            "sectexpand" => page.grid = page.grid.map(|grid| (grid.0, grid.1, value)),
            "sectspecifyl" => page.grid = page.grid.map(|grid| (2, grid.1, grid.2)),
            "sectspecifycl" => page.grid = page.grid.map(|grid| (1, grid.1, grid.2)),
            "sectdefaultcl" => page.grid = None,
            _ => return false,
        }
        true
    }
}

const EMPTY_SHADE: Shade = Shade { fill: None, color: None, pattern: "clear" };

/// A shading in hundredths of a percent as a pattern.
fn percent(value: i32) -> &'static str {
    match value {
        ..250 => "clear",
        250..750 => "pct5",
        750..1_750 => "pct10",
        1_750..2_250 => "pct20",
        2_250..3_500 => "pct25",
        3_500..4_500 => "pct40",
        4_500..6_500 => "pct50",
        6_500..8_500 => "pct75",
        8_500..9_750 => "pct90",
        _ => "solid",
    }
}
