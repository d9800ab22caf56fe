//! 新旧対照表: which clause became which, what was added, removed, moved, and which characters changed.
//!
//! Versions of one document are matched by the clauses' ids. A text from outside has no ids of ours; its clauses are
//! matched by content, heading, number and similarity, in this order, so that a clause that was moved or renumbered is
//! found again. Pure; the same input gives the same table.

mod marks;
mod matching;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::model::{Clause, ClauseId, Content};
pub(crate) use matching::pairs;

/// How clauses are told to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchBy {
    /// By id: two versions of one document.
    Id,
    /// By content, heading, number and similarity: texts of different origin.
    Likeness,
}

/// A comparison table (新旧対照表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Title of the old text.
    pub old_title: String,
    /// Title of the new text.
    pub new_title: String,
    /// Rows in the order of the new text; what was removed stands where it was.
    pub rows: Vec<ComparisonRow>,
}

impl Comparison {
    /// Rows in which something changed.
    pub fn changed(&self) -> impl Iterator<Item = &ComparisonRow> {
        self.rows.iter().filter(|row| row.change != Change::Same)
    }

    /// Is nothing different?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed().next().is_none()
    }
}

/// One row: 旧, 新, 備考.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// What happened.
    pub change: Change,
    /// 旧; `None` when the clause is new.
    pub old: Option<Cell>,
    /// 新; `None` when the clause was removed.
    pub new: Option<Cell>,
    /// 備考, e.g. `新設`, `6(3)を6(4)とする。`
    pub remark: String,
}

/// What happened to a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Nothing.
    Same,
    /// Its heading or text.
    Changed,
    /// It is new (新設).
    Added,
    /// It is gone (削除).
    Removed,
    /// Its number or place only.
    Moved,
    /// Its number or place, and its text.
    MovedAndChanged,
}

/// One side of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The clause; `None` for title and preamble.
    pub clause: Option<ClauseId>,
    /// Full number, e.g. `6(3)ア`.
    pub number: String,
    /// The number as it stands in the text, e.g. `ア`.
    pub own_number: String,
    /// The number differs from that of the other side.
    pub number_changed: bool,
    /// Depth, from 1; 0 for title and preamble.
    pub level: u8,
    /// 見出し
    pub heading: Vec<Span>,
    /// Paragraphs.
    pub paragraphs: Vec<Vec<Span>>,
}

/// Characters that changed, or did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The characters.
    pub text: String,
    /// Are they missing on the other side? (傍線)
    pub changed: bool,
}

/// Compares two texts.
#[must_use]
pub fn compare(old: &Content, new: &Content, by: MatchBy) -> Comparison {
    let before: Vec<&Clause> = old.walk().collect();
    let after: Vec<&Clause> = new.walk().collect();
    let matched = pairs(&before, &after, by == MatchBy::Id);
    let old_of: HashMap<usize, usize> = matched.iter().map(|pair| (pair.new, pair.old)).collect();
    let new_of: HashMap<usize, usize> = matched.iter().map(|pair| (pair.old, pair.new)).collect();
    let old_parents = parents(&old.clauses);
    let new_parents = parents(&new.clauses);

    // A row sorts by the clause of the new text that it stands at or after.
    let mut rows: Vec<((usize, usize), ComparisonRow)> = Vec::new();
    for (at, clause) in after.iter().enumerate() {
        let row = match old_of.get(&at).and_then(|from| Some((*from, *before.get(*from)?))) {
            None => added(clause),
            Some((from, was)) => {
                let old_parent = old_parents.get(from).copied().flatten();
                let new_parent = new_parents.get(at).copied().flatten();
                let moved = new_parent.map(|parent| old_of.get(&parent).copied()) != old_parent.map(Some);
                both(was, clause, moved)
            }
        };
        rows.push(((at.saturating_add(1), 0), row));
    }
    let mut anchor = 0;
    for (from, clause) in before.iter().enumerate() {
        match new_of.get(&from) {
            Some(at) => anchor = at.saturating_add(1),
            None => rows.push(((anchor, from.saturating_add(1)), removed(clause))),
        }
    }
    rows.sort_by_key(|(key, _)| *key);
    let (old_preamble, new_preamble) = (old.preamble.join("\n"), new.preamble.join("\n"));
    let front = [("題名", &old.title, &new.title), ("前文", &old_preamble, &new_preamble)]
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| front_row(name, old, new));
    Comparison {
        old_title: old.title.clone(),
        new_title: new.title.clone(),
        rows: front.chain(rows.into_iter().map(|(_, row)| row)).collect(),
    }
}

/// For each clause in reading order the index of its parent.
fn parents(clauses: &[Clause]) -> Vec<Option<usize>> {
    fn visit(clauses: &[Clause], parent: Option<usize>, out: &mut Vec<Option<usize>>) {
        for clause in clauses {
            let at = out.len();
            out.push(parent);
            visit(&clause.children, Some(at), out);
        }
    }
    let mut out = Vec::new();
    visit(clauses, None, &mut out);
    out
}

fn added(clause: &Clause) -> ComparisonRow {
    let new = Some(Cell::whole(clause, true));
    ComparisonRow { change: Change::Added, old: None, new, remark: "新設".to_owned() }
}

fn removed(clause: &Clause) -> ComparisonRow {
    let old = Some(Cell::whole(clause, true));
    ComparisonRow { change: Change::Removed, old, new: None, remark: "削除".to_owned() }
}

fn both(was: &Clause, is: &Clause, moved: bool) -> ComparisonRow {
    let renumbered = moved || was.mark != is.mark;
    let edited = was.heading != is.heading || was.paragraphs != is.paragraphs;
    let change = match (renumbered, edited) {
        (false, false) => Change::Same,
        (false, true) => Change::Changed,
        (true, false) => Change::Moved,
        (true, true) => Change::MovedAndChanged,
    };
    let (mut old, mut new) = (Cell::whole(was, false), Cell::whole(is, false));
    if edited {
        (old.heading, new.heading) = marks::mark(&was.heading, &is.heading);
        let (before, after) = marks::mark(&was.text(), &is.text());
        (old.paragraphs, new.paragraphs) = (marks::lines(before), marks::lines(after));
    }
    (old.number_changed, new.number_changed) = (renumbered, renumbered);
    let mut remark = String::new();
    if edited {
        remark.push_str("改正");
    }
    if renumbered {
        if edited {
            remark.push('・');
        }
        remark.push_str(&format!("{}を{}とする。", cited(was), cited(is)));
    }
    ComparisonRow { change, old: Some(old), new: Some(new), remark }
}

fn cited(clause: &Clause) -> &str {
    if clause.number.is_empty() { &clause.heading } else { &clause.number }
}

fn front_row(name: &str, old: &str, new: &str) -> ComparisonRow {
    let (before, after) = marks::mark(old, new);
    let cell = |spans| Cell {
        clause: None,
        number: name.to_owned(),
        own_number: String::new(),
        number_changed: false,
        level: 0,
        heading: Vec::new(),
        paragraphs: marks::lines(spans),
    };
    let side = |text: &str, spans| (!text.is_empty()).then(|| cell(spans));
    let (change, word) = match (old.is_empty(), new.is_empty()) {
        (true, _) => (Change::Added, "新設"),
        (_, true) => (Change::Removed, "削除"),
        _ => (Change::Changed, "改正"),
    };
    ComparisonRow {
        change, old: side(old, before), new: side(new, after), remark: format!("{name}の{word}")
    }
}

impl Cell {
    fn whole(clause: &Clause, changed: bool) -> Self {
        let span = |text: &String| vec![Span { text: text.clone(), changed }];
        Self {
            clause: Some(clause.id),
            number: clause.number.clone(),
            own_number: clause.own_number(),
            number_changed: changed,
            level: clause.level,
            heading: if clause.heading.is_empty() { Vec::new() } else { span(&clause.heading) },
            paragraphs: clause.paragraphs.iter().map(span).collect(),
        }
    }
}
