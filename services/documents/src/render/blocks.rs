//! A document as a row of lines with their role. Numbers are text, so that they survive every reader and every copy.

use crate::model::{Clause, ClauseId, Content, MarkKind};
use crate::parse::mark::{HEADING_GAP, INDENT, TEXT_GAP};

/// A line and its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block<'a> {
    Cover(&'a str),
    Date(String),
    Imprint(&'a str),
    Title(&'a str),
    Preamble(&'a str),
    /// Number and heading. The number is empty for parts.
    Heading {
        id: ClauseId,
        level: u8,
        number: String,
        heading: String,
    },
    /// 「（定義）」 above an article.
    Caption {
        level: u8,
        text: String,
    },
    /// Number and the first paragraph.
    Numbered {
        id: ClauseId,
        level: u8,
        number: String,
        text: &'a str,
    },
    Paragraph {
        level: u8,
        text: &'a str,
    },
}

impl Block<'_> {
    /// The whole line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Cover(text) | Self::Imprint(text) => (*text).to_owned(),
            Self::Date(text) => text.clone(),
            Self::Title(text) => format!("○{text}"),
            Self::Preamble(text) | Self::Paragraph { text, .. } => format!("{INDENT}{text}"),
            Self::Heading { number, heading, .. } if number.is_empty() => heading.clone(),
            Self::Heading { number, heading, .. } if heading.is_empty() => number.clone(),
            Self::Heading { number, heading, .. } => format!("{number}{HEADING_GAP}{heading}"),
            Self::Caption { text, .. } => format!("（{text}）"),
            Self::Numbered { number, text, .. } => format!("{number}{TEXT_GAP}{text}"),
        }
    }

    /// Does a blank line stand before it in plain text?
    pub(super) const fn opens(&self) -> bool {
        matches!(self, Self::Title(_) | Self::Heading { .. } | Self::Caption { .. })
    }
}

pub(super) fn of(content: &Content) -> Vec<Block<'_>> {
    let mut out: Vec<Block<'_>> = content.cover.iter().map(|line| Block::Cover(line)).collect();
    out.extend(content.history.iter().map(|entry| {
        Block::Date(format!("{}{}", sekisho_register::era::format_wareki(entry.date), entry.kind.word()))
    }));
    out.extend(content.imprint.iter().map(|line| Block::Imprint(line)));
    out.push(Block::Title(&content.title));
    out.extend(content.preamble.iter().map(|line| Block::Preamble(line)));
    for clause in content.walk() {
        push(clause, &mut out);
    }
    out
}

fn push<'a>(clause: &'a Clause, out: &mut Vec<Block<'a>>) {
    let (id, level) = (clause.id, clause.level);
    let mut paragraphs = clause.paragraphs.iter();
    match clause.mark.kind {
        MarkKind::Part => {
            out.push(Block::Heading { id, level, number: String::new(), heading: part(&clause.heading) })
        }
        MarkKind::Supplement => {
            let heading = format!("附\u{3000}則{}", clause.heading);
            out.push(Block::Heading { id, level, number: String::new(), heading });
        }
        MarkKind::Article => {
            if !clause.heading.is_empty() {
                out.push(Block::Caption { level, text: clause.heading.clone() });
            }
            let text = paragraphs.next().map_or("", String::as_str);
            out.push(Block::Numbered { id, level, number: clause.own_number(), text });
        }
        _ if clause.heading.is_empty() => {
            let text = paragraphs.next().map_or("", String::as_str);
            out.push(Block::Numbered { id, level, number: clause.own_number(), text });
        }
        _ => out.push(Block::Heading {
            id,
            level,
            number: clause.own_number(),
            heading: clause.heading.clone(),
        }),
    }
    out.extend(paragraphs.map(|text| Block::Paragraph { level, text }));
}

/// Parts are known by ○ when the text is read again; annexes by their name.
fn part(heading: &str) -> String {
    let annex = ["別表", "別記", "別紙", "様式第"].iter().any(|word| heading.starts_with(word));
    if annex { heading.to_owned() } else { format!("○{heading}") }
}
