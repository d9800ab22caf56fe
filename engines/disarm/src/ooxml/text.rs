//! Text with its place, for searches and previews.

use super::allow::Ns;
use super::kinds::Kind;
use super::rebuild::Job;
use super::xml::{Element, Node};
use crate::TextPiece;

/// Adds the paragraphs of a part. Cells of sheets are added row by row as they are read.
pub(super) fn collect(root: &Element, job: &Job, pieces: &mut Vec<TextPiece>) {
    if matches!(
        job.kind,
        Kind::WordStyles
            | Kind::WordNumbering
            | Kind::SlideMaster
            | Kind::SlideLayout
            | Kind::NotesMaster
            | Kind::HandoutMaster
            | Kind::Theme
            | Kind::TableStyles
            | Kind::DiagramLayout
            | Kind::DiagramStyle
            | Kind::DiagramColors
            | Kind::DiagramDrawing
    ) {
        return;
    }
    walk(root, job, pieces);
}

fn walk(element: &Element, job: &Job, pieces: &mut Vec<TextPiece>) {
    if element.is(Ns::X, "comment") {
        let text = element.child(Ns::X, "text").map(of_rich).unwrap_or_default();
        if !text.trim().is_empty() {
            let location = format!("{}!{} コメント", job.place, element.attribute("ref").unwrap_or("?"));
            pieces.push(TextPiece { location, text });
        }
        return;
    }
    let is_paragraph = element.is(Ns::W, "p") || element.is(Ns::A, "p");
    let is_loose = element.is(Ns::C, "v")
        || (element.spec.ns == Ns::X && element.spec.text && is_header(element.spec.local));
    if is_paragraph || is_loose {
        let mut text = String::new();
        if is_loose {
            text = element.text()
        } else {
            paragraph(element, &mut text)
        }
        if !text.trim().is_empty() {
            pieces.push(TextPiece { location: job.place.clone(), text });
        }
    }
    element.elements().for_each(|child| walk(child, job, pieces));
}

fn is_header(local: &str) -> bool {
    local.ends_with("Header") || local.ends_with("Footer")
}

/// The text of a paragraph without that of paragraphs inside it (text boxes).
fn paragraph(element: &Element, out: &mut String) {
    for child in element.elements() {
        match (child.spec.ns, child.spec.local) {
            (Ns::W | Ns::A, "p") => {}
            (Ns::W | Ns::A | Ns::M, "t") => out.push_str(&child.text()),
            (Ns::W, "tab") if element.spec.local == "r" => out.push('\t'),
            (Ns::W | Ns::A, "br" | "cr") => out.push('\n'),
            (Ns::W, "noBreakHyphen") => out.push('\u{2011}'),
            // The reading stands above the text; a search wants the text.
            (Ns::W, "rt") => {}
            _ => paragraph(child, out),
        }
    }
}

/// The text of a rich string without its reading.
pub(super) fn of_rich(element: &Element) -> String {
    let mut out = String::new();
    for node in &element.children {
        if let Node::Element(child) = node {
            match child.spec.local {
                "t" => out.push_str(&child.text()),
                "r" => out.push_str(&of_rich(child)),
                _ => {}
            }
        }
    }
    out
}
