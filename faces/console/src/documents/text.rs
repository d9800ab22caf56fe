//! A text with its structure, as the templates draw it; and a comparison.

use std::collections::BTreeMap;

use sekisho_documents::{Cell, Change, Comparison, Content, Link, Span, Target};

use crate::page::Page;
use crate::state::Site;

/// A whole text.
pub(super) struct TextView {
    pub(super) title: String,
    pub(super) cover: Vec<String>,
    pub(super) dates: Vec<String>,
    pub(super) imprint: Vec<String>,
    pub(super) preamble: Vec<String>,
    pub(super) clauses: Vec<ClauseView>,
    /// The outermost clauses, for the list of contents.
    pub(super) contents: Vec<(String, String)>,
}

pub(super) struct ClauseView {
    pub(super) id: String,
    /// Depth, 1 to 6.
    pub(super) level: u8,
    /// The rank of its heading: one below the page's title.
    pub(super) rank: u8,
    pub(super) number: String,
    pub(super) heading: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) links: Vec<LinkView>,
}

/// What carries a clause out.
pub(super) struct LinkView {
    pub(super) kind: &'static str,
    pub(super) label: String,
    /// Where it leads; empty when there is no page for it.
    pub(super) href: String,
    pub(super) note: String,
    pub(super) stale: bool,
    /// The target as the forms of the links' editor send it.
    pub(super) target: String,
    pub(super) target_clause: String,
}

pub(super) fn text_view(content: &Content, links: &[Link], site: &Site, p: &Page) -> TextView {
    let mut by_clause: BTreeMap<_, Vec<&Link>> = BTreeMap::new();
    for link in links {
        by_clause.entry(link.clause).or_default().push(link);
    }
    let clauses = content
        .walk()
        .map(|clause| {
            let own = clause.own_number();
            ClauseView {
                id: clause.id.to_string(),
                level: clause.level.clamp(1, 6),
                rank: clause.level.saturating_add(1).clamp(2, 6),
                // A part's number is its heading.
                number: if own == clause.heading { String::new() } else { own },
                heading: clause.heading.trim_start_matches('○').to_owned(),
                paragraphs: clause.paragraphs.clone(),
                links: by_clause
                    .remove(&clause.id)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|link| link_view(link, site, p))
                    .collect(),
            }
        })
        .collect();
    TextView {
        title: content.title.clone(),
        cover: content.cover.clone(),
        dates: content
            .history
            .iter()
            .map(|entry| format!("{}{}", p.day(entry.date), entry.kind.word()))
            .collect(),
        imprint: content.imprint.clone(),
        preamble: content.preamble.clone(),
        contents: content
            .clauses
            .iter()
            .filter(|clause| !clause.title().is_empty())
            .map(|clause| (clause.id.to_string(), clause.title().trim_start_matches('○').to_owned()))
            .collect(),
        clauses,
    }
}

pub(super) fn link_view(link: &Link, site: &Site, p: &Page) -> LinkView {
    let (kind, target, clause) = match &link.target {
        Target::Standard { document, clause } => {
            (p.l("対策基準", "standards"), document.to_string(), *clause)
        }
        Target::Procedure { document, clause } => {
            (p.l("実施手順", "procedure"), document.to_string(), *clause)
        }
        Target::Register { id } => (p.l("台帳", "register"), id.clone(), None),
        Target::Control { id } => (p.l("統制", "control"), id.clone(), None),
    };
    let hidden =
        matches!(link.target, Target::Standard { .. } | Target::Procedure { .. }) && link.label == "非公開";
    let clause = clause.map(|clause| clause.to_string()).unwrap_or_default();
    let (label, href) = match &link.target {
        _ if hidden => (p.l("非公開", "non-public").to_owned(), String::new()),
        Target::Standard { .. } | Target::Procedure { .. } if clause.is_empty() => {
            (link.label.clone(), format!("/documents/{target}"))
        }
        Target::Standard { .. } | Target::Procedure { .. } => {
            (link.label.clone(), format!("/documents/{target}#{clause}"))
        }
        Target::Register { id } => match site.registers.definition(id) {
            Ok(definition) => {
                (definition.label.get(crate::registers::lang(p)).to_owned(), format!("/registers/{id}"))
            }
            Err(_) => (id.clone(), String::new()),
        },
        Target::Control { id } => (id.clone(), String::new()),
    };
    LinkView { kind, label, href, note: link.note.clone(), stale: link.stale, target, target_clause: clause }
}

/// A line of 新旧対照表.
pub(super) struct RowView {
    pub(super) new: CellView,
    pub(super) old: CellView,
    pub(super) remark: String,
    /// A run of clauses without a change, shortened to （略）.
    pub(super) omitted: bool,
}

#[derive(Default)]
pub(super) struct CellView {
    pub(super) there: bool,
    /// The full number, when the own one does not say where the clause stands.
    pub(super) context: String,
    pub(super) lines: Vec<Vec<Span>>,
}

/// The rows; clauses without a change are shortened unless `all`.
pub(super) fn rows(comparison: Comparison, all: bool) -> Vec<RowView> {
    let mut out: Vec<RowView> = Vec::new();
    for row in comparison.rows {
        if row.change == Change::Same && !all {
            if out.last().is_none_or(|last| !last.omitted) {
                out.push(RowView {
                    new: CellView::default(),
                    old: CellView::default(),
                    remark: String::new(),
                    omitted: true,
                });
            }
            continue;
        }
        out.push(RowView { new: cell(row.new), old: cell(row.old), remark: row.remark, omitted: false });
    }
    out
}

fn cell(cell: Option<Cell>) -> CellView {
    let Some(cell) = cell else { return CellView::default() };
    let number = if cell.own_number.is_empty() { cell.number.clone() } else { cell.own_number.clone() };
    let heading: String = cell.heading.iter().map(|span| span.text.as_str()).collect();
    let mut first = Vec::new();
    if number != heading && !number.is_empty() {
        first.push(Span { text: format!("{number} "), changed: cell.number_changed });
    }
    first.extend(cell.heading);
    let mut paragraphs = cell.paragraphs.into_iter();
    if heading.is_empty() {
        first.extend(paragraphs.next().unwrap_or_default());
    }
    let own = cell.own_number.trim_end_matches('.');
    let context = if own.is_empty() || cell.number == own { String::new() } else { cell.number };
    CellView { there: true, context, lines: std::iter::once(first).chain(paragraphs).collect() }
}
