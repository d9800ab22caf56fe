//! From a list of clauses with depths to a tree with full numbers and ids.

use std::collections::{HashMap, HashSet};

use crate::compare::pairs;
use crate::model::{Clause, ClauseId, Mark, MarkKind};

/// A clause as it was read, in order.
pub(super) struct Flat {
    line: usize,
    level: u8,
    pub(super) mark: Mark,
    pub(super) heading: String,
    pub(super) paragraphs: Vec<String>,
}

impl Flat {
    pub(super) fn new(line: usize, level: u8, mark: Mark, heading: String) -> Self {
        Self { line, level, mark, heading, paragraphs: Vec::new() }
    }
}

/// The tree, and lines with full numbers that were there before.
pub(super) fn build(flat: Vec<Flat>) -> (Vec<Clause>, Vec<(usize, String)>) {
    let mut numbers = HashSet::new();
    let mut duplicates = Vec::new();
    let mut roots = Vec::new();
    // The open clauses, outermost first; each closes into the one before it.
    let mut open: Vec<Clause> = Vec::new();
    for (flat, id) in flat.into_iter().zip(1_u32..) {
        while open.last().is_some_and(|last| last.level >= flat.level) {
            close(&mut open, &mut roots);
        }
        let parent = open.last().map(|parent| (parent.mark.kind, parent.number.as_str()));
        let parent = parent.filter(|(kind, _)| *kind != MarkKind::Part);
        let number = flat.mark.path(parent, &flat.heading);
        if !numbers.insert(number.clone()) {
            duplicates.push((flat.line, number.clone()));
        }
        open.push(Clause {
            id: ClauseId(id),
            mark: flat.mark,
            number,
            level: u8::try_from(open.len()).unwrap_or(u8::MAX).saturating_add(1),
            heading: flat.heading,
            paragraphs: flat.paragraphs,
            children: Vec::new(),
        });
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    (roots, duplicates)
}

fn close(open: &mut Vec<Clause>, roots: &mut Vec<Clause>) {
    if let Some(done) = open.pop() {
        open.last_mut().map_or(roots, |parent| &mut parent.children).push(done);
    }
}

/// See [`super::inherit_ids`].
pub(super) fn inherit(old: &[Clause], new: &mut [Clause], next: u32) -> u32 {
    let mut from: HashMap<usize, ClauseId> = HashMap::new();
    let before: Vec<&Clause> = crate::model::walk(old).collect();
    let after: Vec<&Clause> = crate::model::walk(new).collect();
    for pair in pairs(&before, &after, false) {
        if let Some(clause) = before.get(pair.old) {
            from.insert(pair.new, clause.id);
        }
    }
    let mut next = next;
    let mut at = 0;
    assign(new, &from, &mut at, &mut next);
    next
}

fn assign(clauses: &mut [Clause], from: &HashMap<usize, ClauseId>, at: &mut usize, next: &mut u32) {
    for clause in clauses {
        clause.id = from.get(at).copied().unwrap_or_else(|| {
            let id = ClauseId(*next);
            *next = next.saturating_add(1);
            id
        });
        *at = at.saturating_add(1);
        assign(&mut clause.children, from, at, next);
    }
}
