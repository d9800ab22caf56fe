//! The numbers that clauses carry: read from the start of a line, shown in the document's own form.

use crate::model::{Mark, MarkKind};

/// A number at the start of a line, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub(crate) mark: Mark,
    pub(crate) rest: &'a str,
    pub(crate) gap: Gap,
    /// The form alone shows that it is a number; weak ones count only where their value continues the sequence.
    pub(crate) strong: bool,
}

/// What stands between number and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing.
    None,
    /// White space as people type it.
    Plain,
    /// An em space: a heading follows, for certain. Our own exports write it.
    Heading,
    /// An en space: text follows, for certain. Our own exports write it.
    Text,
}

/// Written between a number and a heading.
pub(crate) const HEADING_GAP: char = '\u{2003}';
/// Written between a number and text.
pub(crate) const TEXT_GAP: char = '\u{2002}';
/// Written before a paragraph, in the place of the usual ideographic space.
pub(crate) const INDENT: char = '\u{2003}';

const KANA: &str =
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン";
const KANJI: &str = "〇一二三四五六七八九";

impl Mark {
    /// A number without a branch.
    #[must_use]
    pub const fn new(kind: MarkKind, n: u32) -> Self {
        Self { kind, n, branch: 0 }
    }

    /// As the document writes it: `6.`, `(3)`, `ア`, `第3条の2`. Empty for headings without a number. Decimals need
    /// their parent's number and are written by [`crate::Clause::own_number`].
    #[must_use]
    pub fn shown(&self) -> String {
        let legal = |unit: &str| match self.branch {
            0 => format!("第{}{unit}", self.n),
            branch => format!("第{}{unit}の{branch}", self.n),
        };
        match self.kind {
            MarkKind::Part | MarkKind::Decimal2 | MarkKind::Decimal3 => String::new(),
            MarkKind::Supplement => "附則".to_owned(),
            MarkKind::Chapter => legal("章"),
            MarkKind::Section => legal("節"),
            MarkKind::Subsection => legal("款"),
            MarkKind::Article => legal("条"),
            MarkKind::Arabic => format!("{}.", self.n),
            MarkKind::Paren => format!("({})", self.n),
            MarkKind::Kana => kana(self.n).map_or_else(String::new, String::from),
            MarkKind::ParenKana => kana(self.n).map_or_else(String::new, |c| format!("({c})")),
            MarkKind::Circled => circled(self.n).map_or_else(|| format!("({})", self.n), String::from),
            MarkKind::KanjiNumeral => kanji(self.n),
        }
    }

    /// The full number inside a parent (its kind and full number).
    pub(crate) fn path(&self, parent: Option<(MarkKind, &str)>, heading: &str) -> String {
        let (kind, above) = parent.map_or((None, ""), |(kind, number)| (Some(kind), number));
        let in_supplement = above.starts_with("附則");
        match self.kind {
            MarkKind::Part => heading.to_owned(),
            MarkKind::Supplement if heading.is_empty() => "附則".to_owned(),
            MarkKind::Supplement => format!("附則{heading}"),
            MarkKind::Chapter => self.shown(),
            // 条 run through the whole document, so chapters are no part of their number.
            MarkKind::Article if !in_supplement => self.shown(),
            MarkKind::Article => format!("附則{}", self.shown()),
            MarkKind::Arabic if kind == Some(MarkKind::Article) => format!("{above}第{}項", self.n),
            MarkKind::Arabic if above.ends_with(|c: char| c.is_ascii_digit()) => {
                format!("{above}-{}", self.n)
            }
            MarkKind::Arabic => format!("{above}{}", self.n),
            MarkKind::Decimal2 | MarkKind::Decimal3 => format!("{above}.{}", self.n),
            MarkKind::KanjiNumeral => format!("{above}第{}号", self.n),
            _ => format!("{above}{}", self.shown()),
        }
    }
}

fn kana(n: u32) -> Option<char> {
    KANA.chars().nth(usize::try_from(n.checked_sub(1)?).ok()?)
}

fn circled(n: u32) -> Option<char> {
    let base = match n {
        1..=20 => 0x2460 - 1,
        21..=35 => 0x3251 - 21,
        36..=50 => 0x32B1 - 36,
        _ => return None,
    };
    char::from_u32(base + n)
}

fn kanji(n: u32) -> String {
    let digit = |n: u32| usize::try_from(n).ok().and_then(|n| KANJI.chars().nth(n));
    let mut out = String::new();
    for (unit, name) in [(100, Some('百')), (10, Some('十')), (1, None)] {
        let d = n / unit % 10;
        if d > 0 {
            if unit == 1 || d > 1 {
                out.extend(digit(d));
            }
            out.extend(name);
        }
    }
    out
}

/// The number at the start of a line; leading white space is skipped.
pub(crate) fn read(line: &str) -> Option<Found<'_>> {
    let line = line.trim_start();
    supplement(line)
        .or_else(|| legal(line))
        .or_else(|| enclosed(line))
        .or_else(|| arabic(line))
        .or_else(|| single(line))
}

fn supplement(line: &str) -> Option<Found<'_>> {
    let rest =
        line.strip_prefix('附').or_else(|| line.strip_prefix('付'))?.trim_start().strip_prefix('則')?;
    let heading = rest.trim();
    let sound = heading.is_empty() || (heading.starts_with(['(', '（']) && heading.ends_with([')', '）']));
    sound.then(|| Found {
        mark: Mark::new(MarkKind::Supplement, 0),
        rest: heading,
        gap: Gap::Heading,
        strong: true,
    })
}

/// 第3条の2
fn legal(line: &str) -> Option<Found<'_>> {
    let (n, rest) = number(line.strip_prefix('第')?)?;
    let mut chars = rest.chars();
    let kind = match chars.next()? {
        '章' => MarkKind::Chapter,
        '節' => MarkKind::Section,
        '款' => MarkKind::Subsection,
        '条' => MarkKind::Article,
        _ => return None,
    };
    let mut rest = chars.as_str();
    let mut branch = 0;
    if let Some((b, after)) = rest.strip_prefix('の').and_then(number) {
        (branch, rest) = (b, after);
    }
    let (gap, text) = gap(rest);
    // 「第3条の規定により」 in running text has no gap; a caption in brackets needs none.
    if gap == Gap::None && !text.is_empty() && !text.starts_with(['(', '（']) {
        return None;
    }
    Some(Found { mark: Mark { kind, n, branch }, rest: text, gap, strong: true })
}

/// (1), （ア）, ⑴
fn enclosed(line: &str) -> Option<Found<'_>> {
    let first = line.chars().next()?;
    let (mark, rest) = if let n @ 0x2474..=0x2487 = u32::from(first) {
        (Mark::new(MarkKind::Paren, n - 0x2473), line.strip_prefix(first)?)
    } else {
        let inside = line.strip_prefix(['(', '（'])?;
        let (mark, rest) = match number(inside) {
            Some((n, rest)) => (Mark::new(MarkKind::Paren, n), rest),
            None => {
                let letter = inside.chars().next()?;
                (Mark::new(MarkKind::ParenKana, kana_number(letter)?), inside.strip_prefix(letter)?)
            }
        };
        (mark, rest.strip_prefix([')', '）'])?)
    };
    let (gap, text) = gap(rest);
    let particles = ["の", "に", "を", "及び", "又は", "から", "、", "は", "と", "で", "が"];
    if gap == Gap::None && particles.iter().any(|particle| text.starts_with(particle)) {
        return None;
    }
    Some(Found { mark, rest: text, gap, strong: true })
}

/// 1. / １　/ 1.2 / 1.2.3
fn arabic(line: &str) -> Option<Found<'_>> {
    let (first, mut rest) = digits(line)?;
    let mut parts = vec![first];
    while let Some((n, after)) = rest.strip_prefix(['.', '．', '-', '－']).and_then(digits) {
        parts.push(n);
        rest = after;
    }
    let dot = rest.strip_prefix(['.', '．']).or_else(|| rest.strip_prefix("\\."));
    let (gap, text) = gap(dot.unwrap_or(rest));
    let kind = match parts.len() {
        1 => MarkKind::Arabic,
        2 => MarkKind::Decimal2,
        3 => MarkKind::Decimal3,
        _ => return None,
    };
    if gap == Gap::None && !text.is_empty() && (dot.is_none() || kind != MarkKind::Arabic) {
        return None;
    }
    let strong = dot.is_some() || matches!(gap, Gap::Heading | Gap::Text);
    Some(Found { mark: Mark::new(kind, *parts.last()?), rest: text, gap, strong })
}

/// ア, ①, 一
fn single(line: &str) -> Option<Found<'_>> {
    let first = line.chars().next()?;
    let rest = line.strip_prefix(first)?;
    let circled_n = match u32::from(first) {
        n @ 0x2460..=0x2473 => Some(n - 0x245F),
        n @ 0x3251..=0x325F => Some(n - 0x3251 + 21),
        n @ 0x32B1..=0x32BF => Some(n - 0x32B1 + 36),
        _ => None,
    };
    if let Some(n) = circled_n {
        let (gap, text) = gap(rest);
        return Some(Found { mark: Mark::new(MarkKind::Circled, n), rest: text, gap, strong: false });
    }
    let (mark, rest) = match kana_number(first) {
        Some(n) => (Mark::new(MarkKind::Kana, n), rest.strip_prefix(['.', '．']).unwrap_or(rest)),
        None => {
            let (n, rest) = kanji_number(line)?;
            (Mark::new(MarkKind::KanjiNumeral, n), rest)
        }
    };
    let (gap, text) = gap(rest);
    let strong = matches!(gap, Gap::Heading | Gap::Text);
    (gap != Gap::None).then_some(Found { mark, rest: text, gap, strong })
}

fn gap(rest: &str) -> (Gap, &str) {
    let text = rest.trim_start();
    let gap = match rest.chars().next() {
        Some(HEADING_GAP) => Gap::Heading,
        Some(TEXT_GAP) => Gap::Text,
        Some(c) if c.is_whitespace() => Gap::Plain,
        _ => Gap::None,
    };
    (gap, text)
}

fn kana_number(c: char) -> Option<u32> {
    let wide = match u32::from(c) {
        // Half-width ｱ… in the order of the table, except ｦ.
        n @ 0xFF71..=0xFF9C => KANA.chars().nth(usize::try_from(n - 0xFF71).ok()?)?,
        0xFF9D => 'ン',
        0xFF66 => 'ヲ',
        _ => c,
    };
    let at = KANA.chars().position(|k| k == wide)?;
    u32::try_from(at).ok()?.checked_add(1)
}

/// Digits of either width, or a kanji number.
pub(crate) fn number(text: &str) -> Option<(u32, &str)> {
    digits(text).or_else(|| kanji_number(text))
}

fn digits(text: &str) -> Option<(u32, &str)> {
    let mut n: u32 = 0;
    let mut rest = text;
    let mut count = 0;
    while let Some(c) = rest.chars().next()
        && let Some(d) = digit(c)
    {
        n = n.checked_mul(10)?.checked_add(d)?;
        rest = rest.strip_prefix(c)?;
        count += 1;
    }
    (count > 0 && count <= 4).then_some((n, rest))
}

/// A digit of either width.
pub(crate) fn digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => c.to_digit(10),
        '０'..='９' => u32::from(c).checked_sub(u32::from('０')),
        _ => None,
    }
}

fn kanji_number(text: &str) -> Option<(u32, &str)> {
    let mut total: u32 = 0;
    let mut held: Option<u32> = None;
    let mut rest = text;
    let mut any = false;
    while let Some(c) = rest.chars().next() {
        if let Some(d) = KANJI.chars().position(|k| k == c) {
            let d = u32::try_from(d).ok()?;
            held = Some(held.map_or(Some(d), |h| h.checked_mul(10)?.checked_add(d))?);
        } else if let Some(unit) = match c {
            '十' => Some(10),
            '百' => Some(100),
            _ => None,
        } {
            total = total.checked_add(held.take().unwrap_or(1).checked_mul(unit)?)?;
        } else {
            break;
        }
        any = true;
        rest = rest.strip_prefix(c)?;
    }
    let total = total.checked_add(held.unwrap_or(0))?;
    (any && total < 10_000).then_some((total, rest))
}
