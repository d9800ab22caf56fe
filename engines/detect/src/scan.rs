//! The scan: candidates from runs of digits, then points for and against each.
//!
//! Points start at 0 for a clean 12-digit token whose check digit fits. 3 and more is high, 1 and 2 medium, 0 low;
//! below 0 nothing is reported, except that a number next to a label or under a column's head is at least low. The
//! table is `points`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::context::{Context, Head, Reach, judge};
use crate::number::{Time, corporate, individual, luhn, reads_as_time};
use crate::run::{Group, Joint, Run, runs};
use crate::{Confidence, Evidence, Finding, ScanOptions};

/// Searches one text.
#[must_use]
pub fn scan(text: &str, options: &ScanOptions) -> Vec<Finding> {
    scan_with(text, options, &|_| Head::Unknown)
}

/// A finding in one of several pieces of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PieceFinding {
    /// Index of the piece in which the number begins.
    pub piece: usize,
    /// That piece's location, as given.
    pub location: String,
    /// Offsets are those in the piece; the end is that of the piece when the number goes on in the next one.
    pub finding: Finding,
}

/// Searches the pieces of one document (paragraphs, cells, slides), given with their locations in reading order.
///
/// Context and broken numbers reach over pieces. A location that ends in a cell's name, such as `台帳!C7`, lets the head
/// of its column (the topmost cell with a known label) count.
#[must_use]
pub fn scan_pieces<L: AsRef<str>, T: AsRef<str>>(
    pieces: &[(L, T)],
    options: &ScanOptions,
) -> Vec<PieceFinding> {
    let mut joined = String::new();
    let mut starts: Vec<usize> = Vec::new();
    for (_, text) in pieces {
        starts.push(joined.len());
        joined.push_str(text.as_ref());
        joined.push('\n');
    }
    let heads = sheet_heads(pieces, options);
    let piece_of = |offset: usize| starts.partition_point(|start| *start <= offset).saturating_sub(1);
    let head = |offset: usize| {
        let location = pieces.get(piece_of(offset)).map_or("", |(location, _)| location.as_ref());
        let Some((sheet, column, row)) = cell_name(location) else { return Head::Unknown };
        match heads.get(&(sheet, column)) {
            Some((head_row, head)) if *head_row < row => *head,
            _ => Head::Unknown,
        }
    };
    scan_with(&joined, options, &head)
        .into_iter()
        .filter_map(|mut finding| {
            let piece = piece_of(finding.start);
            let start = *starts.get(piece)?;
            let (location, text) = pieces.get(piece)?;
            finding.start = finding.start.saturating_sub(start);
            finding.end = finding.end.saturating_sub(start).min(text.as_ref().len());
            Some(PieceFinding { piece, location: location.as_ref().to_owned(), finding })
        })
        .collect()
}

type Heads<'p> = BTreeMap<(&'p str, &'p str), (u32, Head)>;

/// For each column of each sheet, the topmost cell that is a known label.
fn sheet_heads<'p, L: AsRef<str>, T: AsRef<str>>(pieces: &'p [(L, T)], options: &ScanOptions) -> Heads<'p> {
    let mut heads = Heads::new();
    for (location, text) in pieces {
        let Some((sheet, column, row)) = cell_name(location.as_ref()) else { continue };
        // A head is short; a note that mentions 個人番号 is not one.
        if text.as_ref().chars().count() > 40 {
            continue;
        }
        let head = judge(text.as_ref(), options);
        let higher = heads.get(&(sheet, column)).is_none_or(|(other, _)| row < *other);
        if head != Head::Unknown && higher {
            heads.insert((sheet, column), (row, head));
        }
    }
    heads
}

/// Divides `台帳!C7` into sheet, column and row.
fn cell_name(location: &str) -> Option<(&str, &str, u32)> {
    let (sheet, cell) = location.rsplit_once('!')?;
    let cell = cell.trim_start_matches('$');
    let letters = cell.bytes().take_while(u8::is_ascii_uppercase).count();
    let (column, row) = cell.split_at_checked(letters)?;
    if !(1..=3).contains(&letters) {
        return None;
    }
    Some((sheet, column, row.trim_start_matches('$').parse().ok()?))
}

/// How a candidate is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Twelve digits without a separator.
    Plain,
    /// Four, four, four; or one digit a box.
    Usual,
    /// Broken over lines or cells.
    Broken,
    /// In other groups.
    Unusual,
    /// `1.23456789018E+11`.
    Scientific,
    /// Ten or eleven digits whose leading zeros a spreadsheet lost.
    LostZeros,
}

/// A candidate; the number itself stays inside this file.
struct Candidate {
    start: usize,
    end: usize,
    number: u64,
    shape: Shape,
    attached: bool,
    amount: bool,
    time: bool,
    /// The time has a year of four digits.
    full_year: bool,
}

fn scan_with(text: &str, options: &ScanOptions, head: &dyn Fn(usize) -> Head) -> Vec<Finding> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut tokens = 0_usize;
    runs(text, |run| {
        let mut windows = Windows { text, run, out: &mut candidates, tokens: &mut tokens };
        windows.all();
    });
    if candidates.is_empty() {
        return Vec::new();
    }
    let context = Context::of(text, options);
    let plain = |c: &&Candidate| matches!(c.shape, Shape::Plain | Shape::Usual) && !c.time;
    let different: BTreeSet<u64> = candidates.iter().filter(plain).map(|c| c.number).collect();
    let fitting = candidates.iter().filter(plain).count();
    let dense = different.len() >= 3 && fitting.saturating_mul(2) >= tokens;
    let as_chance = tokens >= 20 && fitting.saturating_mul(5) <= tokens;
    let mut scored: Vec<(i32, Finding)> = Vec::new();
    for candidate in &candidates {
        let mut evidence = Vec::new();
        let head = match head(candidate.start) {
            Head::Unknown => context.column_head(text, candidate.start),
            known => known,
        };
        let mut note = |seen: bool, piece: Evidence| {
            if seen {
                evidence.push(piece);
            }
        };
        let reach = context.label(text, candidate.start, candidate.end, options);
        note(head == Head::Label, Evidence::ColumnHead);
        // The head of another column explains the label that stands near.
        note(reach == Reach::Near && head != Head::Other, Evidence::LabelNear);
        note(reach == Reach::Within && head != Head::Other, Evidence::LabelInContext);
        note(dense && candidate.shape != Shape::LostZeros, Evidence::Density);
        note(context.document(text, candidate.start, candidate.end, options), Evidence::DocumentKind);
        note(candidate.shape == Shape::Usual, Evidence::UsualGroups);
        note(true, Evidence::CheckDigit);
        note(candidate.shape == Shape::LostZeros, Evidence::LeadingZeroRestored);
        note(candidate.shape == Shape::Broken, Evidence::Broken);
        note(candidate.shape == Shape::Unusual, Evidence::UnusualGroups);
        note(as_chance, Evidence::AsChance);
        note(candidate.attached, Evidence::Attached);
        note(candidate.time, Evidence::LooksLikeTime);
        note(candidate.amount, Evidence::LooksLikeAmountOrPhone);
        let other =
            head == Head::Other || head == Head::Unknown && context.other_label(text, candidate.start);
        note(other, Evidence::OtherLabel);
        let named = matches!(evidence.first(), Some(Evidence::ColumnHead | Evidence::LabelNear));
        let mut total: i32 = evidence.iter().copied().map(points).sum();
        if named && candidate.time && !candidate.full_year {
            // One number in 300 reads as YYMMDDhhmmss; next to a label that is chance, not a time.
            total = total.saturating_add(2);
        }
        if named && !other {
            // A number that fits and is named as one is never silent.
            total = total.max(0);
        }
        let confidence = match total {
            ..0 => continue,
            0 => Confidence::Low,
            1..3 => Confidence::Medium,
            _ => Confidence::High,
        };
        if confidence >= options.minimum {
            let masked = format!("********{:04}", candidate.number % 10_000);
            scored.push((
                total,
                Finding { start: candidate.start, end: candidate.end, masked, confidence, evidence },
            ));
        }
    }
    without_overlaps(scored)
}

const fn points(evidence: Evidence) -> i32 {
    match evidence {
        Evidence::ColumnHead | Evidence::LabelNear => 4,
        Evidence::LabelInContext => 3,
        Evidence::Density => 2,
        Evidence::DocumentKind | Evidence::UsualGroups => 1,
        Evidence::CheckDigit => 0,
        Evidence::Broken | Evidence::AsChance => -1,
        Evidence::UnusualGroups | Evidence::Attached => -2,
        Evidence::LeadingZeroRestored | Evidence::LooksLikeTime => -3,
        Evidence::LooksLikeAmountOrPhone | Evidence::OtherLabel => -4,
    }
}

/// Of findings that share bytes, the one with more points.
fn without_overlaps(mut scored: Vec<(i32, Finding)>) -> Vec<Finding> {
    scored.sort_by_key(|(total, finding)| (finding.start, std::cmp::Reverse(*total), finding.end));
    let mut kept: Vec<(i32, Finding)> = Vec::new();
    for (total, finding) in scored {
        match kept.last_mut() {
            Some(last) if finding.start < last.1.end => {
                if total > last.0 {
                    *last = (total, finding);
                }
            }
            _ => kept.push((total, finding)),
        }
    }
    kept.into_iter().map(|(_, finding)| finding).collect()
}

/// Looks at every stretch of groups of a run that could be one number.
struct Windows<'w> {
    text: &'w str,
    run: &'w Run,
    out: &'w mut Vec<Candidate>,
    tokens: &'w mut usize,
}

impl Windows<'_> {
    fn all(&mut self) {
        let groups = &self.run.groups;
        let mut fours = 0_usize;
        let mut ones = 0_usize;
        for (index, group) in groups.iter().enumerate() {
            match group.len {
                12 => {
                    *self.tokens = self.tokens.saturating_add(1);
                    self.offer(index, 1, Shape::Plain);
                }
                10 | 11 => self.lost_zeros(index),
                _ => {}
            }
            if fours == 0 {
                fours = self.stretch(index, 4);
                self.fours(index, fours);
            }
            fours = fours.saturating_sub(1);
            if ones == 0 {
                ones = self.stretch(index, 1);
                if ones >= 12 && ones.is_multiple_of(12) {
                    (0..ones / 12).for_each(|n| {
                        self.offer(index.saturating_add(n.saturating_mul(12)), 12, Shape::Usual)
                    });
                }
            }
            ones = ones.saturating_sub(1);
            self.broken(index);
            self.scientific(index);
        }
        let sum: usize = groups.iter().map(|group| group.len).sum();
        if groups.len() > 1 && sum == 12 {
            self.offer(0, groups.len(), Shape::Unusual);
        }
    }

    /// How many groups of this length follow each other from here.
    fn stretch(&self, index: usize, len: usize) -> usize {
        self.run.groups.iter().skip(index).take_while(|group| group.len == len).count()
    }

    /// A stretch of groups of four: numbers follow each other, or it is a payment card, or something is beside it.
    fn fours(&mut self, index: usize, count: usize) {
        if count < 3 {
            return;
        }
        if count == 4 && self.digits(index, 4).is_some_and(|digits| luhn(&digits)) {
            return;
        }
        let broken = |window: &Self, at: usize| {
            window
                .groups(at, 3)
                .iter()
                .skip(1)
                .all(|group| group.joint == Joint { line: true, ..Joint::default() })
        };
        if count.is_multiple_of(3) {
            for n in 0..count / 3 {
                let at = index.saturating_add(n.saturating_mul(3));
                *self.tokens = self.tokens.saturating_add(1);
                let shape = if broken(self, at) { Shape::Broken } else { Shape::Usual };
                self.offer(at, 3, shape);
            }
        } else {
            for at in index..=index.saturating_add(count).saturating_sub(3) {
                self.offer(at, 3, Shape::Unusual);
            }
        }
    }

    /// Groups that lines or cells divide and that make twelve digits together.
    fn broken(&mut self, index: usize) {
        let mut sum = 0_usize;
        let mut count = 0_usize;
        for group in self.run.groups.iter().skip(index) {
            if count > 0 && !group.joint.line && !group.joint.mark {
                return;
            }
            sum = sum.saturating_add(group.len);
            count = count.saturating_add(1);
            if sum >= 12 {
                break;
            }
        }
        let lines = self.groups(index, count).iter().skip(1).any(|group| group.joint.line);
        if sum == 12 && count > 1 && lines {
            self.offer(index, count, Shape::Broken);
        }
    }

    fn scientific(&mut self, index: usize) {
        let [a, b] = self.groups(index, 2) else { return };
        if a.len == 1 && b.len == 11 && b.joint == (Joint { dot: true, ..Joint::default() }) {
            let end = self.end(index, 2);
            let tail = self.text.get(end..).unwrap_or("");
            let tail = tail.strip_prefix(['E', 'e']).map(|t| t.strip_prefix('+').unwrap_or(t));
            if tail
                .is_some_and(|t| t.starts_with("11") && !t.as_bytes().get(2).is_some_and(u8::is_ascii_digit))
            {
                self.offer(index, 2, Shape::Scientific);
            }
        }
    }

    fn lost_zeros(&mut self, index: usize) {
        let Some(mut digits) = self.digits(index, 1) else { return };
        if digits.first() == Some(&0) {
            return;
        }
        while digits.len() < 12 {
            digits.insert(0, 0);
        }
        self.offer_digits(index, 1, Shape::LostZeros, &digits);
    }

    fn groups(&self, index: usize, count: usize) -> &[Group] {
        self.run.groups.get(index..index.saturating_add(count)).unwrap_or(&[])
    }

    fn digits(&self, index: usize, count: usize) -> Option<Vec<u8>> {
        let groups = self.groups(index, count);
        let first = groups.first()?.first;
        let len: usize = groups.iter().map(|group| group.len).sum();
        Some(self.run.digits.get(first..first.saturating_add(len))?.iter().map(|digit| digit.value).collect())
    }

    fn end(&self, index: usize, count: usize) -> usize {
        let last = self
            .groups(index, count)
            .last()
            .and_then(|group| self.run.digits.get(group.first.saturating_add(group.len).saturating_sub(1)));
        last.map_or(0, |digit| digit.end)
    }

    fn offer(&mut self, index: usize, count: usize, shape: Shape) {
        if let Some(digits) = self.digits(index, count) {
            self.offer_digits(index, count, shape, &digits);
        }
    }

    fn offer_digits(&mut self, index: usize, count: usize, shape: Shape, digits: &[u8]) {
        if !individual(digits) {
            return;
        }
        let Some(first) = self.groups(index, 1).first().and_then(|group| self.run.digits.get(group.first))
        else {
            return;
        };
        let (start, end) = (first.start, self.end(index, count));
        let number = digits.iter().fold(0_u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(*d)));
        let time = reads_as_time(digits);
        let mut candidate = Candidate {
            start,
            end,
            number,
            shape,
            attached: false,
            amount: false,
            time: time.is_some(),
            full_year: time == Some(Time::FullYear),
        };
        self.neighbours(index, count, digits, &mut candidate);
        self.out.push(candidate);
    }

    /// What stands right before and right behind.
    fn neighbours(&self, index: usize, count: usize, digits: &[u8], candidate: &mut Candidate) {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, 'Ａ'..='Ｚ' | 'ａ'..='ｚ');
        let hyphen = |c: char| matches!(c, '-' | '－' | '‐' | '_' | '.');
        let mut before = self.text.get(..candidate.start).unwrap_or("").chars().rev();
        let mut behind = self.text.get(candidate.end..).unwrap_or("").chars();
        if let Some(previous) = index.checked_sub(1).and_then(|i| self.groups(i, 1).first()) {
            let joint = self.groups(index, 1).first().map(|group| group.joint).unwrap_or_default();
            candidate.attached |= joint.tight();
            // 1-4-4-4 is how Corporate Numbers are written.
            if previous.len == 1
                && !joint.line
                && self.run.digits.get(previous.first).is_some_and(|digit| {
                    let thirteen: Vec<u8> =
                        std::iter::once(digit.value).chain(digits.iter().copied()).collect();
                    corporate(&thirteen)
                })
            {
                candidate.attached = true;
            }
        } else if let Some(c) = before.next() {
            candidate.amount |= matches!(c, '+' | '＋' | '¥' | '￥' | '\\' | '$' | '＄');
            candidate.attached |= letter(c) || matches!(c, '/' | '#' | '&' | '%' | '@' | '_');
            candidate.attached |= hyphen(c) && before.next().is_some_and(letter);
        }
        if let Some(next) = self.groups(index.saturating_add(count), 1).first() {
            // `.0` is how a spreadsheet's number becomes text.
            let zero = next.len == 1
                && next.joint.dot
                && self.run.digits.get(next.first).is_some_and(|d| d.value == 0);
            candidate.attached |= next.joint.tight() && !zero;
        } else if let Some(c) = behind.next() {
            candidate.amount |= matches!(c, '円' | '万' | '億' | '兆' | '%' | '％');
            let exponent = candidate.shape == Shape::Scientific;
            candidate.attached |= (letter(c) || c == '_') && !exponent;
            candidate.attached |= hyphen(c) && behind.next().is_some_and(letter);
        }
    }
}
