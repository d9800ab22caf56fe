//! Comments of slides in their newer form (conversations) are written in the older one, which every reader of
//! PowerPoint files knows: who, when, where on the slide, and the text. Mentions, reactions, tasks and states are not.

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::allow::Ns;
use super::kinds::{Family, Kind};
use super::package::Target;
use super::rebuild::{Job, Rebuild, Relations};
use super::xml;
use crate::{Refusal, RefusalCode, TextPiece};

const NAMESPACE: &str = "http://schemas.microsoft.com/office/powerpoint/2018/8/main";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Those who wrote, in the order of their list, and how much each wrote so far.
#[derive(Default)]
pub(super) struct Authors {
    known: Vec<Author>,
}

struct Author {
    id: String,
    name: String,
    initials: String,
    written: usize,
}

#[derive(Default)]
struct Comment {
    author: String,
    created: String,
    position: (i64, i64),
    text: String,
}

impl Rebuild<'_, '_, '_> {
    /// Takes the newer comments over, if the part has any.
    pub(super) fn take_conversations(&mut self, job: &Job, relations: &mut Relations) -> Result<(), Refusal> {
        let wanted = match job.kind {
            Kind::Presentation => "authors",
            Kind::Slide if !self.authors.known.is_empty() => "comments",
            _ => return Ok(()),
        };
        let found = relations.known.values().find(|r| !r.is_standard && r.segment == wanted);
        let Some(Target::Part(part)) = found.map(|relationship| relationship.target.clone()) else {
            return Ok(());
        };
        let Some(bytes) = self.package.bytes(&part, self.ctx)? else { return Ok(()) };
        let text = xml::decode(bytes, &part)?;
        let broken = || Refusal::new(RefusalCode::Malformed, part.clone());
        self.account_for(&part);
        if wanted == "authors" {
            // Two lists of authors can't be told apart by number; the older comments stay then.
            let has_older = relations.known.values().any(|r| r.leads_to(Kind::CommentAuthors));
            if !has_older {
                self.authors.known = authors(&text).ok_or_else(broken)?;
            }
            if !self.authors.known.is_empty() {
                let path = Kind::CommentAuthors.path(Family::Slide, 1);
                relations.add(Kind::CommentAuthors.relation(), path, false);
            }
            return Ok(());
        }
        let comments = comments(&text).ok_or_else(broken)?;
        let mut written = format!("{DECLARATION}<p:cmLst xmlns:p=\"{}\">", Ns::P.uri());
        for comment in &comments {
            let Some(at) = self.authors.known.iter().position(|author| author.id == comment.author) else {
                continue;
            };
            let Some(author) = self.authors.known.get_mut(at) else { continue };
            author.written += 1;
            let (x, y) = comment.position;
            written.push_str(&format!(
                "<p:cm authorId=\"{at}\" dt=\"{}\" idx=\"{}\">",
                comment.created, author.written
            ));
            written.push_str(&format!("<p:pos x=\"{x}\" y=\"{y}\"/><p:text>"));
            xml::escape(&comment.text, &mut written, false);
            written.push_str("</p:text></p:cm>");
            if self.wants_text() {
                let location = format!("{} コメント", job.place);
                self.pieces.push(TextPiece { location, text: comment.text.clone() });
            }
        }
        written.push_str("</p:cmLst>");
        let path = self.next_path(Kind::SlideComments);
        relations.add(Kind::SlideComments.relation(), path.clone(), false);
        self.push_part(path, written, Kind::SlideComments)
    }

    /// The list of those who wrote, once it is known how much.
    pub(super) fn write_authors(&mut self) -> Result<(), Refusal> {
        if self.authors.known.is_empty() {
            return Ok(());
        }
        let mut written = format!("{DECLARATION}<p:cmAuthorLst xmlns:p=\"{}\">", Ns::P.uri());
        for (at, author) in self.authors.known.iter().enumerate() {
            written.push_str(&format!("<p:cmAuthor id=\"{at}\" name=\""));
            xml::escape(&author.name, &mut written, true);
            written.push_str("\" initials=\"");
            xml::escape(&author.initials, &mut written, true);
            written.push_str(&format!("\" lastIdx=\"{}\" clrIdx=\"{at}\"/>", author.written));
        }
        written.push_str("</p:cmAuthorLst>");
        self.push_part(Kind::CommentAuthors.path(Family::Slide, 1), written, Kind::CommentAuthors)
    }
}

/// What is heard of a part. Names are told by whether they are of the comments' own namespace.
enum Piece<'p> {
    Start(bool, &'p str, &'p dyn Fn(&str) -> String),
    End(&'p str),
    Text(&'p str),
}

/// Reads a part; `None` when it is not well-formed or has a document type.
fn read(text: &str, hear: &mut dyn FnMut(Piece<'_>)) -> Option<()> {
    let mut reader = NsReader::from_str(text);
    loop {
        let event = reader.read_event().ok()?;
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                let (namespace, local) = reader.resolver().resolve_element(element.name());
                let own = matches!(namespace, ResolveResult::Bound(uri) if uri.into_inner() == NAMESPACE);
                let value = |wanted: &str| {
                    let mut attributes = element.attributes().flatten();
                    let found = attributes.find(|attribute| attribute.key.into_inner() == wanted);
                    let value = found.and_then(|a| {
                        a.normalized_value(XmlVersion::Implicit1_0).ok().map(|v| v.into_owned())
                    });
                    value.unwrap_or_default().chars().filter(|c| !c.is_control()).take(1_000).collect()
                };
                hear(Piece::Start(own, local.into_inner(), &value));
                if is_empty {
                    hear(Piece::End(local.into_inner()));
                }
            }
            Event::End(element) => hear(Piece::End(element.local_name().into_inner())),
            Event::Text(piece) => hear(Piece::Text(&piece.xml10_content())),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                Some(character) => hear(Piece::Text(&character.to_string())),
                None => {
                    let known = quick_xml::escape::resolve_predefined_entity(&entity.xml10_content());
                    hear(Piece::Text(known?));
                }
            },
            Event::DocType(_) => return None,
            Event::Eof => return Some(()),
            _ => {}
        }
    }
}

fn authors(text: &str) -> Option<Vec<Author>> {
    let mut found = Vec::new();
    read(text, &mut |piece| {
        if let Piece::Start(true, "author", value) = piece {
            found.push(Author {
                id: value("id"),
                name: value("name"),
                initials: value("initials"),
                written: 0,
            });
        }
    })?;
    Some(found)
}

fn comments(text: &str) -> Option<Vec<Comment>> {
    let mut found: Vec<Comment> = Vec::new();
    // Open comments by number: the replies stand before the text that they answer.
    let mut open: Vec<usize> = Vec::new();
    // Text is heard in runs only; what stands between elements is white space.
    let mut in_run = false;
    read(text, &mut |piece| match piece {
        Piece::Start(true, "cm" | "reply", value) => {
            open.push(found.len());
            let (author, created) = (value("authorId"), date(&value("created")));
            found.push(Comment { author, created, ..Comment::default() });
        }
        Piece::Start(own, local, value) => {
            let Some(comment) = open.last().and_then(|at| found.get_mut(*at)) else { return };
            let number = |name: &str| value(name).parse::<i64>().unwrap_or(0).clamp(0, 100_000);
            match (own, local) {
                (true, "pos") => comment.position = (number("x"), number("y")),
                (false, "p") if !comment.text.is_empty() => comment.text.push('\n'),
                (false, "t") => in_run = true,
                _ => {}
            }
        }
        Piece::End("cm" | "reply") => {
            open.pop();
        }
        Piece::End(_) => in_run = false,
        Piece::Text(text) => {
            if let Some(comment) = open.last().and_then(|at| found.get_mut(*at)).filter(|_| in_run) {
                comment.text.extend(text.chars().filter(|c| !c.is_control()));
            }
        }
    })?;
    Some(found)
}

/// A date of XML Schema without its fraction and zone, or one that says nothing.
fn date(value: &str) -> String {
    let plain = value.get(..19).unwrap_or_default();
    let good =
        plain.len() == 19 && plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'T'));
    if good { plain } else { "2000-01-01T00:00:00" }.to_owned()
}
