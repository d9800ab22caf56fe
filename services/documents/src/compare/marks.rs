//! Which characters changed.

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::Span;
use super::matching::likeness;

/// Below this a text counts as rewritten: marks on single characters would only confuse.
const REWRITTEN: f64 = 0.25;
/// An unchanged run between two changes that is shorter than this is marked with them.
const SHORTEST_RUN: usize = 2;
/// Longer texts are compared line by line by the caller's eye, not character by character.
const LONGEST: usize = 20_000;

/// Both texts as spans.
pub(super) fn mark(old: &str, new: &str) -> (Vec<Span>, Vec<Span>) {
    if old == new {
        return (whole(old, false), whole(new, false));
    }
    let before: Vec<char> = old.chars().collect();
    let after: Vec<char> = new.chars().collect();
    let too_long = before.len().max(after.len()) > LONGEST;
    if old.is_empty() || new.is_empty() || too_long || likeness(old, new) < REWRITTEN {
        return (whole(old, true), whole(new, true));
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let last = ops.len().saturating_sub(1);
    for (at, op) in ops.iter().enumerate() {
        let (tag, from, to) = op.as_tag_tuple();
        let inside = at > 0 && at < last;
        let same = tag == DiffTag::Equal && !(inside && from.len() < SHORTEST_RUN);
        push(&mut left, before.get(from).unwrap_or_default(), !same);
        push(&mut right, after.get(to).unwrap_or_default(), !same);
    }
    (left, right)
}

fn whole(text: &str, changed: bool) -> Vec<Span> {
    if text.is_empty() { Vec::new() } else { vec![Span { text: text.to_owned(), changed }] }
}

fn push(spans: &mut Vec<Span>, chars: &[char], changed: bool) {
    if chars.is_empty() {
        return;
    }
    match spans.last_mut() {
        Some(last) if last.changed == changed => last.text.extend(chars),
        _ => spans.push(Span { text: chars.iter().collect(), changed }),
    }
}

/// Spans cut at line ends into paragraphs.
pub(super) fn lines(spans: Vec<Span>) -> Vec<Vec<Span>> {
    if spans.is_empty() {
        return Vec::new();
    }
    let mut out = vec![Vec::new()];
    for span in spans {
        for (at, part) in span.text.split('\n').enumerate() {
            if at > 0 {
                out.push(Vec::new());
            }
            if let (Some(line), false) = (out.last_mut(), part.is_empty()) {
                line.push(Span { text: part.to_owned(), changed: span.changed });
            }
        }
    }
    out
}
