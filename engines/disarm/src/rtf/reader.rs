//! The state machine: groups, text, stories.

use std::collections::HashMap;
use std::rc::Rc;

use super::sheet::{Font, ListEntry, OverrideEntry, StyleEntry};
use super::state::{Close, Dest, Edge, Frame, Mode, PictureState, RunState, State};
use super::token::{Token, Tokens};
use crate::flow::story::{Kind, RowState, Story};
use crate::flow::{
    Block, Charset, Document, Inline, Page, Paragraph, Piece, Place, RunProps, Section, TextBox,
};
use crate::{Refusal, RefusalCode, RemovalCode, context::Context};

/// Groups inside one another; Word itself gives up far earlier.
const MAX_GROUPS: usize = 100_000;
/// Notes in notes, boxes in boxes.
const MAX_STORIES: usize = 12;
/// What a piece of a line takes in memory, for the budget.
const PIECE_COST: u64 = 96;

pub(super) struct Reader<'c, 'o> {
    pub(super) ctx: &'c mut Context<'o>,
    pub(super) state: State,
    pub(super) frames: Vec<Frame>,
    pub(super) document: Document,
    pub(super) stories: Vec<Story>,
    // Tables of the head.
    pub(super) page_code: Charset,
    pub(super) default_font: Option<i32>,
    pub(super) fonts: HashMap<i32, Font>,
    pub(super) font: Font,
    pub(super) colors: Vec<Option<[u8; 3]>>,
    pub(super) color: [Option<u8>; 3],
    pub(super) styles: Vec<StyleEntry>,
    pub(super) style: StyleEntry,
    pub(super) lists: Vec<ListEntry>,
    pub(super) overrides: Vec<OverrideEntry>,
    // Text on its way.
    pending: Vec<u8>,
    pending_code: Charset,
    surrogate: Option<u16>,
    skip: u16,
    look: Option<(Rc<RunState>, Rc<RunProps>)>,
    // What is open.
    pub(super) fields: Vec<bool>,
    pub(super) instructions: Vec<String>,
    pub(super) objects: Vec<String>,
    pub(super) bookmark: String,
    pub(super) bookmarks: HashMap<String, u32>,
    pub(super) shapes: Vec<ShapeState>,
    pub(super) picture: PictureState,
    pub(super) note_mark: bool,
    pub(super) edge: Edge,
    pub(super) row: RowState,
    pub(super) nested_row: RowState,
    // Pages.
    pub(super) page: Page,
    pub(super) section: Page,
    pub(super) headers: [Option<Vec<Block>>; 3],
    pub(super) footers: [Option<Vec<Block>>; 3],
}

/// A shape that is being read.
#[derive(Debug, Default)]
pub(super) struct ShapeState {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
    pub(super) place: Place,
    pub(super) picture: Option<Rc<Vec<u8>>>,
    pub(super) blocks: Vec<Block>,
}

/// Reads a whole document.
pub(super) fn read(input: &[u8], ctx: &mut Context<'_>) -> Result<Document, Refusal> {
    let mut reader = Reader::new(ctx);
    let start = input.iter().position(|byte| *byte == b'{').unwrap_or(0);
    let mut tokens = Tokens::new(input.get(start..).unwrap_or_default());
    let mut opened = false;
    for token in tokens.by_ref() {
        reader.token(token)?;
        opened |= token == Token::Open;
        if opened && reader.frames.is_empty() {
            break;
        }
    }
    if tokens.rest().iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0) {
        reader.ctx.removed(RemovalCode::TrailingData, "文書の末尾の後");
    }
    reader.finish()
}

impl<'c, 'o> Reader<'c, 'o> {
    fn new(ctx: &'c mut Context<'o>) -> Self {
        let western = Charset::of_page(1252);
        let page = Page { width: 12_240, height: 15_840, left: 1_800, right: 1_800, ..Page::default() };
        Self {
            ctx,
            state: State { dest: Dest::Text, run: Rc::default(), par: Rc::default(), uc: 1, nested: false },
            frames: Vec::new(),
            document: Document::default(),
            stories: vec![Story::new(Kind::Body)],
            page_code: western,
            default_font: None,
            fonts: HashMap::new(),
            font: Font::default(),
            colors: Vec::new(),
            color: [None; 3],
            styles: Vec::new(),
            style: StyleEntry::default(),
            lists: Vec::new(),
            overrides: Vec::new(),
            pending: Vec::new(),
            pending_code: western,
            surrogate: None,
            skip: 0,
            look: None,
            fields: Vec::new(),
            instructions: Vec::new(),
            objects: Vec::new(),
            bookmark: String::new(),
            bookmarks: HashMap::new(),
            shapes: Vec::new(),
            picture: PictureState::default(),
            note_mark: false,
            edge: Edge::None,
            row: RowState::default(),
            nested_row: RowState::default(),
            section: page.clone(),
            page,
            headers: [None, None, None],
            footers: [None, None, None],
        }
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), Refusal> {
        match token {
            Token::Byte(byte) => {
                self.spend();
                self.byte(byte)
            }
            Token::Hex(byte) => self.byte(byte),
            Token::Open => {
                self.skip = 0;
                self.open()
            }
            Token::Close => {
                self.skip = 0;
                self.close()
            }
            Token::Binary(data) => {
                self.spend();
                if self.skip > 0 {
                    self.skip -= 1;
                } else if self.state.dest == Dest::Picture {
                    self.picture.data.extend_from_slice(data);
                }
                Ok(())
            }
            Token::Symbol(symbol) => self.symbol(symbol),
            Token::Word(word, number) => {
                if self.skip > 0 && word != "u" && word != "uc" {
                    self.skip -= 1;
                    return Ok(());
                }
                self.word(word, number)
            }
        }
    }

    /// A word or a text byte decides that no destination follows.
    fn spend(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.fresh = false;
            frame.star = false;
        }
    }

    fn open(&mut self) -> Result<(), Refusal> {
        self.flush()?;
        if self.frames.len() >= MAX_GROUPS {
            return Err(Refusal::new(RefusalCode::Bomb, format!("RTF groups {MAX_GROUPS}")));
        }
        self.spend();
        self.frames.push(Frame {
            saved: self.state.clone(),
            close: Close::Nothing,
            star: false,
            fresh: true,
        });
        self.opened();
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refusal> {
        self.flush()?;
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        self.closed(frame.close)?;
        self.state = frame.saved;
        Ok(())
    }

    fn symbol(&mut self, symbol: u8) -> Result<(), Refusal> {
        if symbol == b'*' {
            if let Some(frame) = self.frames.last_mut() {
                frame.star = true;
            }
            return Ok(());
        }
        self.spend();
        match symbol {
            b'\\' | b'{' | b'}' => return self.byte(symbol),
            _ if self.pending.is_empty() => {}
            _ => self.flush()?,
        }
        match symbol {
            _ if self.skip > 0 => self.skip -= 1,
            b'~' => return self.char('\u{a0}'),
            b'_' => return self.piece(Piece::NoBreakHyphen),
            b'-' => return self.piece(Piece::SoftHyphen),
            // `\|` and `\:` belong to formulas and indexes.
            _ => {}
        }
        Ok(())
    }

    fn word(&mut self, word: &str, number: Option<i32>) -> Result<(), Refusal> {
        self.flush()?;
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let (star, fresh) = (std::mem::take(&mut frame.star), std::mem::take(&mut frame.fresh));
        if word.is_empty() {
            return Ok(());
        }
        if self.destination(word, number, star, fresh)? {
            return Ok(());
        }
        if star {
            self.skip_unknown(word);
            return Ok(());
        }
        match word {
            "u" => self.unicode(number.unwrap_or(0)),
            "uc" => {
                self.state.uc = u16::try_from(number.unwrap_or(1).clamp(0, 64)).unwrap_or(1);
                Ok(())
            }
            _ => self.format(word, number),
        }
    }

    // --- Text -----------------------------------------------------------------------------------------------

    fn byte(&mut self, byte: u8) -> Result<(), Refusal> {
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        match self.state.dest {
            Dest::Skip | Dest::Object | Dest::Shape => return Ok(()),
            Dest::Picture => {
                self.digit(byte);
                return Ok(());
            }
            _ => {}
        }
        let code = self.code();
        if code != self.pending_code {
            self.flush()?;
            self.pending_code = code;
        }
        self.pending.push(byte);
        Ok(())
    }

    fn digit(&mut self, byte: u8) {
        let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else {
            return;
        };
        match self.picture.half.take() {
            Some(high) => self.picture.data.push(high << 4 | digit),
            None => self.picture.half = Some(digit),
        }
    }

    /// How bytes are read here.
    fn code(&self) -> Charset {
        if self.state.dest == Dest::Fonts {
            return self.font.charset.unwrap_or(self.page_code);
        }
        let run = &self.state.run;
        let font = match run.mode {
            Mode::Double => run.double.or(run.font),
            Mode::High => run.high.or(run.font),
            _ => run.font,
        };
        let font = font.or(self.default_font);
        font.and_then(|number| self.fonts.get(&number))
            .and_then(|font| font.charset)
            .unwrap_or(self.page_code)
    }

    pub(super) fn flush(&mut self) -> Result<(), Refusal> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.pending);
        self.surrogate = None;
        // A Western font with bytes that only the document's own double-byte code explains.
        let mut code = self.pending_code;
        if !code.is_double() && self.page_code.is_double() && bytes.iter().filter(|b| **b >= 0x80).count() > 1
        {
            let read = self.page_code.decode(&bytes);
            let plausible = matches!(code, Charset::Code(code) if code == encoding_rs::WINDOWS_1252);
            if plausible && !read.contains('\u{fffd}') && self.state.run.mode != Mode::Low {
                code = self.page_code;
            }
        }
        let text = code.decode(&bytes);
        self.text(&text)
    }

    fn unicode(&mut self, number: i32) -> Result<(), Refusal> {
        self.skip = self.state.uc;
        // Word writes numbers above 32767 as negative ones; other programs write them plainly, even beyond 65535.
        let unit = if number < 0 { number.saturating_add(0x1_0000) } else { number };
        let Ok(unit) = u32::try_from(unit) else { return Ok(()) };
        match (u16::try_from(unit), self.surrogate.take()) {
            (Ok(unit @ 0xD800..=0xDBFF), _) => {
                self.surrogate = Some(unit);
                Ok(())
            }
            (Ok(unit @ 0xDC00..=0xDFFF), Some(high)) => {
                let pair = char::decode_utf16([high, unit]).next().and_then(Result::ok);
                self.char(pair.unwrap_or('\u{fffd}'))
            }
            _ => self.char(char::from_u32(unit).unwrap_or('\u{fffd}')),
        }
    }

    pub(super) fn char(&mut self, c: char) -> Result<(), Refusal> {
        if self.skip > 0 && self.surrogate.is_none() && c == '\u{a0}' {
            self.skip -= 1;
            return Ok(());
        }
        self.text(c.encode_utf8(&mut [0; 4]))
    }

    /// Text that goes where the state says.
    fn text(&mut self, text: &str) -> Result<(), Refusal> {
        match self.state.dest {
            Dest::Text | Dest::NumberText => return self.piece(Piece::Text(text.to_owned())),
            Dest::Instruction => {
                if let Some(instruction) = self.instructions.last_mut() {
                    instruction.push_str(text);
                }
            }
            Dest::ObjectClass => {
                if let Some(class) = self.objects.last_mut() {
                    class.push_str(text);
                }
            }
            Dest::Fonts => self.font_text(text),
            Dest::Colors => self.color_text(text),
            Dest::Styles => self.style.name.push_str(text),
            Dest::LevelText => {
                if let Some(level) = self.lists.last_mut().and_then(|list| list.levels.last_mut()) {
                    level.text.push_str(text);
                }
            }
            Dest::BookmarkStart | Dest::BookmarkEnd => self.bookmark.push_str(text),
            _ => {}
        }
        self.ctx.charge_expanded(text.len() as u64)
    }

    /// A piece of the current paragraph.
    pub(super) fn piece(&mut self, piece: Piece) -> Result<(), Refusal> {
        if !matches!(self.state.dest, Dest::Text | Dest::NumberText) {
            return Ok(());
        }
        if self.state.run.deleted
            && !matches!(piece, Piece::FieldBegin | Piece::FieldSeparate | Piece::FieldEnd)
        {
            let place = self.place();
            self.ctx.removed(RemovalCode::HiddenContent, format!("{place}: 変更履歴で削除された文字"));
            return Ok(());
        }
        self.push(piece)
    }

    pub(super) fn push(&mut self, piece: Piece) -> Result<(), Refusal> {
        let length = if let Piece::Text(text) = &piece { text.len() as u64 } else { 0 };
        self.ctx.charge_expanded(PIECE_COST.saturating_add(length))?;
        let props = self.look();
        let is_number = self.state.dest == Dest::NumberText;
        let Some(story) = self.stories.last_mut() else { return Ok(()) };
        let inlines = if is_number { &mut story.number } else { &mut story.inlines };
        if let (Piece::Text(more), Some(Inline { props: known, piece: Piece::Text(text) })) =
            (&piece, inlines.last_mut())
            && Rc::ptr_eq(known, &props)
        {
            text.push_str(more);
            return Ok(());
        }
        inlines.push(Inline { props, piece });
        Ok(())
    }

    /// The look of text as the model says it.
    fn look(&mut self) -> Rc<RunProps> {
        if let Some((state, props)) = &self.look
            && Rc::ptr_eq(state, &self.state.run)
        {
            return Rc::clone(props);
        }
        let props = Rc::new(self.settled_run());
        self.look = Some((Rc::clone(&self.state.run), Rc::clone(&props)));
        props
    }

    // --- Paragraphs and stories -----------------------------------------------------------------------------

    pub(super) fn place(&self) -> &'static str {
        self.stories.last().map_or("本文", |story| story.kind.place())
    }

    pub(super) fn depth(&self) -> usize {
        let par = &self.state.par;
        let level = par.level.unwrap_or(1);
        if par.in_table { usize::try_from(level.max(1)).unwrap_or(1) } else { 0 }
    }

    pub(super) fn end_paragraph(&mut self, depth: usize) -> Result<(), Refusal> {
        if self.state.dest == Dest::NumberText {
            return Ok(());
        }
        self.ctx.charge_expanded(PIECE_COST * 2)?;
        let props = Rc::new(self.settled_paragraph());
        let mark = self.look();
        if let Some(story) = self.stories.last_mut() {
            story.end_paragraph(props, mark, depth);
        }
        Ok(())
    }

    /// Ends a paragraph where there is text that none ended.
    fn end_loose(&mut self) -> Result<(), Refusal> {
        if self.stories.last().is_some_and(|story| !story.inlines.is_empty()) {
            let depth = self.depth();
            self.end_paragraph(depth)?;
        }
        Ok(())
    }

    pub(super) fn begin_story(&mut self, kind: Kind) -> bool {
        if self.stories.len() >= MAX_STORIES {
            self.ctx.removed(RemovalCode::UnknownElement, format!("{}: 深すぎる入れ子", self.place()));
            self.state.dest = Dest::Skip;
            return false;
        }
        self.stories.push(Story::new(kind));
        self.state.dest = Dest::Text;
        self.state.par = Rc::default();
        true
    }

    pub(super) fn end_story(&mut self) -> Result<Vec<Block>, Refusal> {
        self.end_loose()?;
        Ok(self.stories.pop().map(|mut story| story.finish()).unwrap_or_default())
    }

    pub(super) fn end_section(&mut self) -> Result<(), Refusal> {
        self.end_loose()?;
        let Some(story) = self.stories.first_mut() else { return Ok(()) };
        self.ctx.charge_expanded(PIECE_COST * 8)?;
        let mut section = Section::new(self.section.clone(), story.finish());
        section.headers = std::mem::take(&mut self.headers);
        section.footers = std::mem::take(&mut self.footers);
        self.document.sections.push(section);
        Ok(())
    }

    fn finish(mut self) -> Result<Document, Refusal> {
        self.flush()?;
        // A file that was cut off: what is open ends here.
        while !self.frames.is_empty() {
            self.close()?;
        }
        self.end_section()?;
        self.finish_sheets();
        Ok(self.document)
    }

    pub(super) fn end_shape(&mut self) -> Result<(), Refusal> {
        let Some(shape) = self.shapes.pop() else { return Ok(()) };
        let (width, height) =
            (shape.right.saturating_sub(shape.left), shape.bottom.saturating_sub(shape.top));
        let place = Place { x: shape.left, y: shape.top, ..shape.place };
        if let Some(bytes) = shape.picture {
            let place = Some(place.clone());
            self.push(Piece::Picture(crate::flow::Picture { bytes, width, height, place }))?;
        }
        let has_text = shape
            .blocks
            .iter()
            .any(|block| !matches!(block, Block::Paragraph(Paragraph { inlines, .. }) if inlines.is_empty()));
        if has_text {
            let place = Some(place);
            self.push(Piece::TextBox(TextBox { blocks: shape.blocks, width, height, place }))?;
        }
        Ok(())
    }
}
