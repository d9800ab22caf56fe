//! From text to clauses: Markdown, plain text, and the paragraphs that the sandbox took out of a DOCX file.
//!
//! A line is looked at with its neighbours only; nothing is guessed from fonts. What was decided against the letter of
//! the text (a broken line joined, a number out of sequence) is noted, so that the importing person can look at it: a
//! document never comes in silently changed. Never opens a file, never panics on any text.

mod front;
pub(crate) mod mark;
mod tree;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::model::{Clause, Content, MarkKind};
use mark::{Found, Gap, INDENT};
use sekisho_policy::Lang;

/// A document as read, before it becomes a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParsedDocument {
    /// The text with its structure; ids run from c1 in reading order.
    pub content: Content,
    /// What a person should look at, in order of lines.
    pub notes: Vec<Note>,
}

/// Something that was decided while reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Line (or paragraph) of the input, from 1.
    pub line: usize,
    /// What.
    pub what: NoteKind,
    /// The place's text, shortened.
    pub excerpt: String,
}

/// Kinds of [`Note`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// A line was taken as the continuation of the one before.
    Joined,
    /// A number does not follow the one before it.
    OutOfSequence,
    /// A clause with the same full number exists.
    DuplicateNumber,
    /// A date on the cover can't be read.
    UnreadableDate,
    /// The document has no numbered clause at all (numbers made by the word processor are not part of its text).
    NoNumbers,
}

impl NoteKind {
    /// The sentence for people.
    #[must_use]
    pub const fn sentence(&self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Joined, Lang::Ja) => {
                "途中で折り返された行とみて、前の行につなげました。確認してください。"
            }
            (Self::Joined, Lang::En) => {
                "Taken as the rest of a broken line and joined to the line before. Please check."
            }
            (Self::OutOfSequence, Lang::Ja) => {
                "番号が前の項目に続いていません。抜けや誤りがないか確認してください。"
            }
            (Self::OutOfSequence, Lang::En) => {
                "The number does not follow the one before. Check for gaps and mistakes."
            }
            (Self::DuplicateNumber, Lang::Ja) => "同じ番号の項目が既にあります。番号を確認してください。",
            (Self::DuplicateNumber, Lang::En) => "Another clause has the same number. Check the numbers.",
            (Self::UnreadableDate, Lang::Ja) => {
                "日付として読めません。和暦又は西暦の正しい日付に直してください。"
            }
            (Self::UnreadableDate, Lang::En) => "This can't be read as a date. Correct it.",
            (Self::NoNumbers, Lang::Ja) => {
                "番号のある項目が見つかりません。ワープロの自動番号は文字として読み取れないため、番号を文字に変換してから取り込んでください。"
            }
            (Self::NoNumbers, Lang::En) => {
                "No numbered clause was found. Automatic numbers of a word processor are not part of the text: convert them to text and import again."
            }
        }
    }
}

/// Reads Markdown or plain text.
#[must_use]
pub fn import_text(text: &str) -> ParsedDocument {
    import_lines(text.strip_prefix('\u{feff}').unwrap_or(text).lines())
}

/// Reads lines or paragraphs, in order.
#[must_use]
pub fn import_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> ParsedDocument {
    let lines: Vec<Line<'a>> = lines
        .into_iter()
        .zip(1..)
        .flat_map(|(line, number)| line.split(['\n', '\u{b}', '\u{c}']).map(move |part| (number, part)))
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(number, text)| Line::read(number, text))
        .collect();
    Reader::new(&lines).run()
}

/// A line without its Markdown signs.
struct Line<'a> {
    number: usize,
    text: String,
    raw: &'a str,
    /// `#`
    heading: bool,
    /// `- `
    item: bool,
    /// Begins with white space: a new paragraph in Japanese text.
    indented: bool,
    /// Begins with the sign of our own exports: a paragraph, whatever it looks like.
    paragraph: bool,
}

impl<'a> Line<'a> {
    fn read(number: usize, raw: &'a str) -> Self {
        let paragraph = raw.starts_with(INDENT);
        let mut text = raw.trim();
        let (mut heading, mut item) = (false, false);
        if !paragraph {
            let bare = text.trim_start_matches('#');
            if bare.len() < text.len() && bare.starts_with(char::is_whitespace) {
                heading = true;
                text = bare.trim_start();
            }
            if let Some(bare) = ["- ", "* ", "+ "].iter().find_map(|sign| text.strip_prefix(sign)) {
                item = true;
                text = bare.trim_start();
            }
        }
        let indented = raw.starts_with(['\u{3000}', '\t', INDENT]);
        let text = if heading || item { text.replace("**", "") } else { text.to_owned() };
        Self { number, text, raw, heading, item, indented, paragraph }
    }

    fn found(&self) -> Option<Found<'_>> {
        if self.paragraph { None } else { mark::read(&self.text) }
    }

    fn note(&self, what: NoteKind) -> Note {
        Note { line: self.number, what, excerpt: self.raw.trim().chars().take(40).collect() }
    }
}

struct Reader<'a> {
    lines: &'a [Line<'a>],
    content: Content,
    notes: Vec<Note>,
    /// Clauses in order with their depth.
    flat: Vec<tree::Flat>,
    /// The marks of the open clauses, outermost first.
    open: Vec<(MarkKind, u32)>,
    /// 「（定義）」 above an article.
    caption: Option<String>,
}

impl<'a> Reader<'a> {
    fn new(lines: &'a [Line<'a>]) -> Self {
        let content = Content {
            title: String::new(),
            cover: Vec::new(),
            history: Vec::new(),
            imprint: Vec::new(),
            preamble: Vec::new(),
            clauses: Vec::new(),
        };
        Self { lines, content, notes: Vec::new(), flat: Vec::new(), open: Vec::new(), caption: None }
    }

    fn run(mut self) -> ParsedDocument {
        let body = self.front();
        let mut rest = self.lines.get(body..).unwrap_or_default();
        while let Some((line, after)) = rest.split_first() {
            self.body_line(line, after.first());
            rest = after;
        }
        if self.flat.iter().all(|flat| flat.mark.kind == MarkKind::Part) {
            let first = self.lines.first().map_or(1, |line| line.number);
            self.notes.push(Note { line: first, what: NoteKind::NoNumbers, excerpt: String::new() });
        }
        let (clauses, duplicates) = tree::build(self.flat);
        self.content.clauses = clauses;
        self.notes.extend(duplicates.into_iter().map(|(line, number)| Note {
            line,
            what: NoteKind::DuplicateNumber,
            excerpt: number,
        }));
        self.notes.sort_by_key(|note| note.line);
        ParsedDocument { content: self.content, notes: self.notes }
    }

    /// Reads up to the first clause; gives its index.
    fn front(&mut self) -> usize {
        let later = front::Later::of(self.lines.iter().map(|line| line.text.as_str()));
        let mut contents = false;
        let mut below_dates = false;
        let mut at = self.lines.len();
        for (index, line) in self.lines.iter().enumerate() {
            if front::is_contents_heading(&line.text) {
                contents = true;
                continue;
            }
            if contents && front::is_contents_line(&line.text, index, &later) {
                continue;
            }
            contents = false;
            match front::history_line(&line.text) {
                Some(Ok(date)) => {
                    self.content.history.push(date);
                    below_dates = true;
                    continue;
                }
                Some(Err(_)) if !line.paragraph => {
                    self.notes.push(line.note(NoteKind::UnreadableDate));
                    continue;
                }
                _ => {}
            }
            if line.found().is_some_and(|found| begins(&found))
                || self.is_caption(line, self.lines.get(index + 1))
            {
                at = index;
                break;
            }
            let text = line.text.clone();
            if line.paragraph || ends_sentence(&text) && !text.ends_with([')', '）']) {
                self.content.preamble.push(text);
            } else if below_dates && !text.starts_with(['○', '◯']) && !line.heading {
                self.content.imprint.push(text);
            } else {
                self.content.cover.push(text);
            }
        }
        self.content.title = front::take_title(&mut self.content.cover);
        at
    }

    fn is_caption(&self, line: &Line<'_>, next: Option<&Line<'_>>) -> bool {
        !line.paragraph
            && line.found().is_none()
            && line.text.starts_with(['(', '（'])
            && line.text.ends_with([')', '）'])
            && next.and_then(Line::found).is_some_and(|found| found.mark.kind == MarkKind::Article)
    }

    fn body_line(&mut self, line: &Line<'_>, next: Option<&Line<'_>>) {
        if self.is_caption(line, next) {
            let inside = line.text.trim_matches(|c| matches!(c, '(' | ')' | '（' | '）'));
            self.caption = Some(inside.to_owned());
            return;
        }
        if let Some(found) =
            line.found().filter(|found| found.strong || line.heading || self.continues(found))
        {
            self.clause(line, &found, next);
        } else if let Some(heading) = part_heading(line) {
            self.open.clear();
            self.open.push((MarkKind::Part, 0));
            let mark = crate::model::Mark::new(MarkKind::Part, 0);
            self.flat.push(tree::Flat::new(line.number, 1, mark, heading));
        } else {
            self.paragraph(line);
        }
    }

    /// Does the number follow what is open?
    fn continues(&self, found: &Found<'_>) -> bool {
        let open = self.open.iter().rev().find(|(kind, _)| *kind == found.mark.kind);
        match open {
            Some((_, last)) => found.mark.n == last.saturating_add(1),
            // 第1項 has no number: in an article numbers begin with 2.
            None => {
                let in_article = self.open.iter().any(|(kind, _)| *kind == MarkKind::Article);
                found.mark.n == 1 || (found.mark.n == 2 && in_article && found.mark.kind == MarkKind::Arabic)
            }
        }
    }

    fn clause(&mut self, line: &Line<'_>, found: &Found<'_>, next: Option<&Line<'_>>) {
        let branch = found.mark.branch > 0;
        if !self.continues(found)
            && found.mark.kind != MarkKind::Supplement
            && !branch
            && !self.article_follows(found)
        {
            self.notes.push(line.note(NoteKind::OutOfSequence));
        }
        let depth = self.depth(found.mark.kind);
        self.open.truncate(depth);
        let sibling_open = self.open.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
        self.open.push((found.mark.kind, found.mark.n));
        let level = u8::try_from(self.open.len()).unwrap_or(u8::MAX);
        let (mut heading, mut text) = (String::new(), found.rest);
        if found.mark.kind == MarkKind::Article {
            if let Some((caption, rest)) = bracketed(found.rest) {
                (heading, text) = (caption.to_owned(), rest);
            }
            heading = self.caption.take().unwrap_or(heading);
        }
        let mut flat = tree::Flat::new(line.number, level, found.mark, heading);
        if flat.heading.is_empty() && is_heading(line, found, next, &sibling_open) {
            flat.heading = text.trim_end().to_owned();
        } else if !text.trim().is_empty() {
            flat.paragraphs.push(text.trim_end().to_owned());
        }
        self.flat.push(flat);
    }

    /// Articles count through the whole document; chapters and sections do not matter to them.
    fn article_follows(&self, found: &Found<'_>) -> bool {
        found.mark.kind == MarkKind::Article
            && self
                .flat
                .iter()
                .rev()
                .find(|flat| matches!(flat.mark.kind, MarkKind::Article | MarkKind::Supplement))
                .map_or(found.mark.n == 1, |last| last.mark.n.saturating_add(1) == found.mark.n)
    }

    /// How many open clauses stay open around a new one of this kind.
    fn depth(&self, kind: MarkKind) -> usize {
        if let Some(rank) = legal_rank(kind) {
            return self
                .open
                .iter()
                .position(|(open, _)| legal_rank(*open).is_none_or(|other| other >= rank))
                .unwrap_or(self.open.len());
        }
        // 項 stand right under their article, whatever 号 are open in 第1項.
        if kind == MarkKind::Arabic
            && let Some(article) = self.open.iter().position(|(open, _)| *open == MarkKind::Article)
        {
            return article.saturating_add(1);
        }
        self.open.iter().position(|(open, _)| *open == kind).unwrap_or_else(|| {
            // 1.1 stands under 1 and beside nothing of another form.
            let above = match kind {
                MarkKind::Decimal2 => Some(MarkKind::Arabic),
                MarkKind::Decimal3 => Some(MarkKind::Decimal2),
                _ => None,
            };
            let parent = above.and_then(|above| self.open.iter().position(|(open, _)| *open == above));
            parent.map_or(self.open.len(), |at| at.saturating_add(1))
        })
    }

    fn paragraph(&mut self, line: &Line<'_>) {
        let text = line.text.clone();
        let Some(flat) = self.flat.last_mut() else {
            self.content.preamble.push(text);
            return;
        };
        let starts_anew = line.indented || line.item || starts_paragraph(&text);
        match flat.paragraphs.last_mut() {
            Some(last) if !starts_anew && !ends_sentence(last) => {
                // Latin words need their space back, Japanese text has none.
                if last.ends_with(|c: char| c.is_ascii_alphanumeric())
                    && text.starts_with(|c: char| c.is_ascii_alphanumeric())
                {
                    last.push(' ');
                }
                last.push_str(&text);
                self.notes.push(line.note(NoteKind::Joined));
            }
            _ => flat.paragraphs.push(text),
        }
    }
}

/// Chapters, sections and articles stand in a fixed order; other forms nest as the document uses them.
const fn legal_rank(kind: MarkKind) -> Option<u8> {
    match kind {
        MarkKind::Part | MarkKind::Supplement => Some(0),
        MarkKind::Chapter => Some(1),
        MarkKind::Section => Some(2),
        MarkKind::Subsection => Some(3),
        MarkKind::Article => Some(4),
        _ => None,
    }
}

/// Can this number open the body?
fn begins(found: &Found<'_>) -> bool {
    let first = found.mark.n <= 1;
    match found.mark.kind {
        MarkKind::Chapter | MarkKind::Section | MarkKind::Article | MarkKind::Supplement => true,
        MarkKind::Arabic | MarkKind::Decimal2 | MarkKind::Paren => first || found.strong,
        _ => first,
    }
}

fn is_heading(line: &Line<'_>, found: &Found<'_>, next: Option<&Line<'_>>, open: &[MarkKind]) -> bool {
    let text = found.rest.trim_end();
    match found.gap {
        Gap::Heading => return true,
        Gap::Text => return false,
        Gap::None | Gap::Plain => {}
    }
    if text.is_empty() || text.contains('。') || line.item {
        return false;
    }
    if line.heading || legal_rank(found.mark.kind).is_some_and(|rank| rank < 4) {
        return true;
    }
    let broken = text.ends_with(['、', 'を', 'に', 'は', 'が', 'の', 'と', 'で', 'て'])
        || ["及び", "又は", "並びに", "若しくは"].iter().any(|word| text.ends_with(word));
    if text.chars().count() > 45 || broken {
        return false;
    }
    // A heading has something under it.
    match next {
        None => false,
        Some(next) => match next.found() {
            None => !next.heading && part_heading(next).is_none(),
            Some(below) => {
                let kind = below.mark.kind;
                legal_rank(kind).is_none() && kind != found.mark.kind && !open.contains(&kind)
            }
        },
    }
}

/// 「○…」, a Markdown heading without a number, 別表: a part of its own.
fn part_heading(line: &Line<'_>) -> Option<String> {
    let text = line.text.as_str();
    let short = text.chars().count() <= 40 && !text.contains('。');
    if !short || line.paragraph {
        return None;
    }
    if let Some(rest) = text.strip_prefix(['○', '◯', '■']) {
        return Some(rest.trim().to_owned());
    }
    let annex = ["別表", "別記", "別紙", "様式第"].iter().any(|word| text.starts_with(word));
    (line.heading || annex).then(|| text.to_owned())
}

fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix(['(', '（'])?;
    let (caption, rest) = inside.split_once([')', '）'])?;
    Some((caption, rest.trim_start()))
}

fn ends_sentence(text: &str) -> bool {
    text.ends_with(['。', '．', '！', '？', '」', '』', '）', ')', '】', '：', ':'])
}

/// Words and signs that begin a new paragraph whatever stands before.
fn starts_paragraph(text: &str) -> bool {
    ["なお、", "また、", "ただし、", "この場合", "・", "※", "●", "（注", "(注", "注）", "注)"]
        .iter()
        .any(|w| text.starts_with(w))
}

/// The clauses get the ids of the clauses of an earlier version that they continue, new ones get `next` and on.
/// Gives the next free id.
pub fn inherit_ids(old: &[Clause], new: &mut [Clause], next: u32) -> u32 {
    tree::inherit(old, new, next)
}
