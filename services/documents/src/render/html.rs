//! The document as one HTML page, for the web and for printing on A4 (PDF by the browser).

use super::blocks::{self, Block};
use super::{BodyFragment, Handling, escape};
use crate::model::Content;

/// How a page is dressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageStyle {
    /// Address of the style sheet ([`super::CSS`]).
    pub css_href: String,
    /// A cover sheet and page breaks for paper.
    pub print: bool,
    /// Marks of the copy.
    pub handling: Handling,
}

/// The whole page. It has no script, no inline style and refers to the style sheet only.
#[must_use]
pub fn page(content: &Content, style: &PageStyle) -> String {
    let class = if style.print { "document print" } else { "document" };
    frame(&content.title, class, style, &body(content))
}

/// The frame shared by all pages.
pub(super) fn frame(title: &str, class: &str, style: &PageStyle, body: &str) -> String {
    let mut marks = String::new();
    if let Some(mark) = &style.handling.mark {
        marks.push_str(&format!("<p class=\"handling\">{}</p>\n", escape(mark)));
    }
    let trace =
        style.handling.trace.as_ref().map_or_else(String::new, |trace| {
            format!("<footer class=\"trace\">{}</footer>\n", escape(trace))
        });
    format!(
        "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<link rel=\"stylesheet\" href=\"{}\">\n</head>\n<body>\n{marks}\
         <main class=\"{class}\">\n{body}</main>\n{trace}</body>\n</html>\n",
        escape(title),
        escape(&style.css_href),
    )
}

fn body(content: &Content) -> BodyFragment {
    let all = blocks::of(content);
    let mut out = String::new();
    cover(content, &all, &mut out);
    contents(content, &mut out);
    for block in &all {
        match block {
            Block::Cover(_) | Block::Date(_) | Block::Imprint(_) | Block::Title(_) => {}
            Block::Preamble(text) => out.push_str(&format!("<p class=\"preamble\">{}</p>\n", escape(text))),
            Block::Heading { id, level, number, heading } => {
                let h = rank(*level);
                let heading = heading.strip_prefix('○').unwrap_or(heading);
                out.push_str(&format!("<h{h} id=\"{id}\" class=\"level-{}\">", depth(*level)));
                if !number.is_empty() {
                    out.push_str(&format!("<span class=\"number\">{}</span> ", escape(number)));
                }
                out.push_str(&format!("{}</h{h}>\n", escape(heading)));
            }
            Block::Caption { level, text } => {
                out.push_str(&format!(
                    "<p class=\"caption level-{}\">（{}）</p>\n",
                    depth(*level),
                    escape(text)
                ));
            }
            Block::Numbered { id, level, number, text } => out.push_str(&format!(
                "<p id=\"{id}\" class=\"numbered level-{}\"><span class=\"number\">{}</span> {}</p>\n",
                depth(*level),
                escape(number),
                escape(text)
            )),
            Block::Paragraph { level, text } => {
                out.push_str(&format!("<p class=\"text level-{}\">{}</p>\n", depth(*level), escape(text)));
            }
        }
    }
    out
}

fn cover(content: &Content, all: &[Block<'_>], out: &mut String) {
    out.push_str("<header class=\"cover\">\n");
    for line in &content.cover {
        out.push_str(&format!("<p class=\"cover-line\">{}</p>\n", escape(line)));
    }
    out.push_str(&format!("<h1>{}</h1>\n", escape(&content.title)));
    let dates: Vec<&String> =
        all.iter().filter_map(|b| if let Block::Date(text) = b { Some(text) } else { None }).collect();
    if !dates.is_empty() {
        out.push_str("<ul class=\"history\">\n");
        for date in dates {
            out.push_str(&format!("<li>{}</li>\n", escape(date)));
        }
        out.push_str("</ul>\n");
    }
    for line in &content.imprint {
        out.push_str(&format!("<p class=\"imprint\">{}</p>\n", escape(line)));
    }
    out.push_str("</header>\n");
}

fn contents(content: &Content, out: &mut String) {
    let headed: Vec<_> = content.clauses.iter().filter(|clause| !clause.title().is_empty()).collect();
    if headed.len() < 2 {
        return;
    }
    out.push_str("<nav class=\"contents\" aria-label=\"目次\">\n<h2>目次</h2>\n<ol>\n");
    for clause in headed {
        let own = clause.own_number();
        let label = if own.is_empty() { clause.heading.clone() } else { format!("{own} {}", clause.heading) };
        out.push_str(&format!("<li><a href=\"#{}\">{}</a></li>\n", clause.id, escape(label.trim())));
    }
    out.push_str("</ol>\n</nav>\n");
}

/// `h2` for the outermost clauses; HTML ends at `h6`.
fn rank(level: u8) -> u8 {
    level.saturating_add(1).min(6)
}

/// The style sheet knows six depths.
fn depth(level: u8) -> u8 {
    level.clamp(1, 6)
}
