//! Which clause of one text is which of another.

use std::collections::HashMap;

use crate::model::{Clause, MarkKind};

/// Indices of two clauses that are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) old: usize,
    pub(crate) new: usize,
}

/// Above this many combinations likeness is not computed; headings and numbers must do.
const MOST_COMBINATIONS: usize = 400_000;

/// Pairs in no particular order; each clause is in one pair at most.
pub(crate) fn pairs(old: &[&Clause], new: &[&Clause], by_id: bool) -> Vec<Pair> {
    let mut state = State { pairs: Vec::new(), old: vec![false; old.len()], new: vec![false; new.len()] };
    if by_id {
        state.unique(old, new, |clause| Some(clause.id));
        return state.pairs;
    }
    let content = |clause: &Clause| (clause.heading.clone(), clause.paragraphs.clone());
    let filled = |clause: &Clause| !clause.heading.is_empty() || !clause.paragraphs.is_empty();
    state.unique(old, new, |clause| Some((clause.number.clone(), content(clause))));
    state.unique(old, new, |clause| filled(clause).then(|| (clause.mark.kind, content(clause))));
    state.unique(old, new, |clause| {
        (!clause.heading.is_empty()).then(|| (clause.mark.kind, clause.heading.clone()))
    });
    state.alike(old, new);
    // Same number, same form, rewritten text: shown beside each other only if anything at all is left of it.
    state.unique_if(
        old,
        new,
        |clause| Some((clause.mark.kind, clause.number.clone())),
        |a, b| alike(a, b) > 0.2,
    );
    state.pairs
}

struct State {
    pairs: Vec<Pair>,
    old: Vec<bool>,
    new: Vec<bool>,
}

impl State {
    fn unique<K: std::hash::Hash + Eq>(
        &mut self,
        old: &[&Clause],
        new: &[&Clause],
        key: impl Fn(&Clause) -> Option<K>,
    ) {
        self.unique_if(old, new, key, |_, _| true);
    }

    /// Pairs open clauses whose key occurs once on each side among the open ones.
    fn unique_if<K: std::hash::Hash + Eq>(
        &mut self,
        old: &[&Clause],
        new: &[&Clause],
        key: impl Fn(&Clause) -> Option<K>,
        fits: impl Fn(&Clause, &Clause) -> bool,
    ) {
        let index = |clauses: &[&Clause], taken: &[bool]| {
            let mut map: HashMap<K, Vec<usize>> = HashMap::new();
            for ((at, clause), taken) in clauses.iter().enumerate().zip(taken) {
                if let (false, Some(key)) = (*taken, key(clause)) {
                    map.entry(key).or_default().push(at);
                }
            }
            map
        };
        let before = index(old, &self.old);
        let mut found: Vec<Pair> = Vec::new();
        for (key, at) in index(new, &self.new) {
            if let (Some([from]), [to]) = (before.get(&key).map(Vec::as_slice), at.as_slice())
                && let (Some(a), Some(b)) = (old.get(*from), new.get(*to))
                && fits(a, b)
            {
                found.push(Pair { old: *from, new: *to });
            }
        }
        found.sort_by_key(|pair| pair.new);
        for pair in found {
            self.take(pair);
        }
    }

    /// Pairs the most alike first, down to half.
    fn alike(&mut self, old: &[&Clause], new: &[&Clause]) {
        let open = |taken: &[bool]| -> Vec<usize> {
            taken.iter().enumerate().filter(|(_, taken)| !**taken).map(|(at, _)| at).collect()
        };
        let (before, after) = (open(&self.old), open(&self.new));
        if before.len().saturating_mul(after.len()) > MOST_COMBINATIONS {
            return;
        }
        let grams = |clauses: &[&Clause], open: &[usize]| -> Vec<(usize, Grams, MarkKind, String)> {
            open.iter()
                .filter_map(|at| {
                    let clause = clauses.get(*at)?;
                    Some((*at, Grams::of(&own(clause)), clause.mark.kind, clause.number.clone()))
                })
                .collect()
        };
        let (before, after) = (grams(old, &before), grams(new, &after));
        let mut scores = Vec::new();
        for (from, a, kind, number) in &before {
            for (to, b, other, at) in &after {
                let score = a.likeness(b);
                // Equal form and equal number speak for a pair, but never make one alone.
                let bonus = if kind == other { 0.05 } else { 0.0 } + if number == at { 0.1 } else { 0.0 };
                if score > 0.5 {
                    scores.push((score + bonus, Pair { old: *from, new: *to }));
                }
            }
        }
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1.new, a.1.old).cmp(&(b.1.new, b.1.old))));
        for (_, pair) in scores {
            self.take(pair);
        }
    }

    fn take(&mut self, pair: Pair) {
        if let (Some(old @ false), Some(new @ false)) =
            (self.old.get_mut(pair.old), self.new.get_mut(pair.new))
        {
            (*old, *new) = (true, true);
            self.pairs.push(pair);
        }
    }
}

fn own(clause: &Clause) -> String {
    format!("{}\n{}", clause.heading, clause.text())
}

fn alike(a: &Clause, b: &Clause) -> f64 {
    likeness(&own(a), &own(b))
}

/// How alike two texts are, 0 to 1: Dice's coefficient over pairs of neighbouring characters.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    Grams::of(a).likeness(&Grams::of(b))
}

struct Grams {
    counts: HashMap<(char, char), u32>,
    total: u32,
}

impl Grams {
    fn of(text: &str) -> Self {
        let mut counts = HashMap::new();
        let mut total: u32 = 0;
        let mut previous = '\0';
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            let count: &mut u32 = counts.entry((previous, c)).or_default();
            *count = count.saturating_add(1);
            total = total.saturating_add(1);
            previous = c;
        }
        Self { counts, total }
    }

    fn likeness(&self, other: &Self) -> f64 {
        let sum = f64::from(self.total) + f64::from(other.total);
        if sum == 0.0 {
            return 1.0;
        }
        // Lengths alone can rule a pair out.
        if 2.0 * f64::from(self.total.min(other.total)) / sum < 0.15 {
            return 0.0;
        }
        let (small, large) =
            if self.counts.len() <= other.counts.len() { (self, other) } else { (other, self) };
        let shared: u64 = small
            .counts
            .iter()
            .map(|(gram, count)| u64::from((*count).min(large.counts.get(gram).copied().unwrap_or(0))))
            .sum();
        2.0 * f64::from(u32::try_from(shared).unwrap_or(u32::MAX)) / sum
    }
}
