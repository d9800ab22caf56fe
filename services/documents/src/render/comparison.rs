//! The comparison table (新旧対照表) as a page for A4 landscape: 改正後, 改正前, 備考, with changed characters underlined.

use super::escape;
use super::html::{PageStyle, frame};
use crate::compare::{Cell, Change, Comparison, Span};

/// The whole page. Clauses without a change are shortened to （略）, a run of them to one row.
#[must_use]
pub fn comparison_page(comparison: &Comparison, style: &PageStyle) -> String {
    let title = format!("{} 新旧対照表", comparison.new_title);
    let mut body = format!(
        "<h1>{}</h1>\n<table class=\"comparison\">\n<caption>変更した箇所は下線で示しています。</caption>\n\
         <thead><tr><th scope=\"col\">改正後</th><th scope=\"col\">改正前</th><th scope=\"col\">備考</th></tr></thead>\n<tbody>\n",
        escape(&title)
    );
    let mut omitted = false;
    for row in &comparison.rows {
        if row.change == Change::Same {
            // The number and heading above a change stay, so that the reader knows where it is.
            if !omitted {
                body.push_str("<tr class=\"same\"><td>（略）</td><td>（略）</td><td></td></tr>\n");
            }
            omitted = true;
            continue;
        }
        omitted = false;
        body.push_str(&format!(
            "<tr>{}{}<td>{}</td></tr>\n",
            cell(row.new.as_ref(), "ins"),
            cell(row.old.as_ref(), "del"),
            escape(&row.remark)
        ));
    }
    if comparison.rows.is_empty() {
        body.push_str("<tr><td colspan=\"3\">変更はありません。</td></tr>\n");
    }
    body.push_str("</tbody>\n</table>\n");
    frame(&title, "comparison-page", style, &body)
}

fn cell(cell: Option<&Cell>, tag: &str) -> String {
    let Some(cell) = cell else { return "<td class=\"none\">（なし）</td>".to_owned() };
    let mut out = String::from("<td>");
    let number = if cell.own_number.is_empty() { &cell.number } else { &cell.own_number };
    let context = context(cell);
    out.push_str("<p>");
    if !context.is_empty() {
        out.push_str(&format!("<span class=\"context\">{}</span> ", escape(&context)));
    }
    // A part's number is its heading, which follows.
    let heading: String = cell.heading.iter().map(|span| span.text.as_str()).collect();
    if *number != heading {
        let shown = Span { text: number.clone(), changed: cell.number_changed };
        out.push_str(&spans(&[shown], tag));
        out.push(' ');
    }
    out.push_str(&spans(&cell.heading, tag));
    let mut paragraphs = cell.paragraphs.iter();
    if cell.heading.is_empty()
        && let Some(first) = paragraphs.next()
    {
        out.push_str(&spans(first, tag));
    }
    out.push_str("</p>");
    for paragraph in paragraphs {
        out.push_str(&format!("<p>{}</p>", spans(paragraph, tag)));
    }
    out.push_str("</td>");
    out
}

/// Where an inner clause stands: its full number, if that says more than its own.
fn context(cell: &Cell) -> String {
    let own = cell.own_number.trim_end_matches('.');
    if cell.number == own || own.is_empty() { String::new() } else { format!("［{}］", cell.number) }
}

fn spans(spans: &[Span], tag: &str) -> String {
    spans
        .iter()
        .map(
            |span| {
                if span.changed {
                    format!("<{tag}>{}</{tag}>", escape(&span.text))
                } else {
                    escape(&span.text)
                }
            },
        )
        .collect()
}
