//! Runs of digits: digits in all their widths, with the separators that people and layouts put between them.

/// A run: groups of digits with short separators between them.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) digits: Vec<Digit>,
    pub(crate) groups: Vec<Group>,
}

/// A digit and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digit {
    pub(crate) value: u8,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Digits without a separator between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// Index of the first digit in the run.
    pub(crate) first: usize,
    pub(crate) len: usize,
    /// What stands before the group.
    pub(crate) joint: Joint,
}

/// What stands between two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Joint {
    pub(crate) space: bool,
    pub(crate) mark: bool,
    pub(crate) dot: bool,
    /// A line break or a tab.
    pub(crate) line: bool,
}

impl Joint {
    /// A mark without any room: what stands on both sides belongs together.
    pub(crate) const fn tight(self) -> bool {
        (self.mark || self.dot) && !self.space && !self.line
    }
}

/// More separators in a row end a run.
const MOST_SEPARATORS: usize = 4;

/// Calls `each` for every run, from the first to the last.
pub(crate) fn runs(text: &str, mut each: impl FnMut(&Run)) {
    let bytes = text.as_bytes();
    let mut run = Run::default();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        // The quick way over everything that can't open a digit.
        let Some(skip) = rest.iter().position(|b| b.is_ascii_digit() || *b == 0xef || *b == 0xf0) else {
            return;
        };
        at = at.saturating_add(skip);
        if digit(bytes, at).is_none() {
            at = at.saturating_add(1);
            continue;
        }
        run.digits.clear();
        run.groups.clear();
        at = read_run(text, at, &mut run);
        each(&run);
    }
}

/// Reads one run and returns the offset behind it.
fn read_run(text: &str, mut at: usize, run: &mut Run) -> usize {
    let bytes = text.as_bytes();
    let mut joint = Joint::default();
    loop {
        let first = run.digits.len();
        while let Some((value, len)) = digit(bytes, at) {
            let end = at.saturating_add(len);
            run.digits.push(Digit { value, start: at, end });
            at = skip_invisible(text, end);
        }
        let len = run.digits.len().saturating_sub(first);
        if len == 0 {
            break;
        }
        run.groups.push(Group { first, len, joint });
        joint = Joint::default();
        let mut ahead = at;
        let mut count = 0_usize;
        while let Some(c) = text.get(ahead..).and_then(|rest| rest.chars().next()) {
            if !separate(c, &mut joint) || count == MOST_SEPARATORS {
                break;
            }
            count = count.saturating_add(1);
            ahead = skip_invisible(text, ahead.saturating_add(c.len_utf8()));
        }
        if digit(bytes, ahead).is_none() {
            break;
        }
        at = ahead;
    }
    run.digits.last().map_or(at, |last| last.end)
}

/// Notes a separator; `false` when the character is none.
fn separate(c: char, joint: &mut Joint) -> bool {
    match c {
        ' ' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => joint.space = true,
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => joint.line = true,
        '.' | '．' => joint.dot = true,
        '-'
        | '\u{2010}'..='\u{2015}'
        | '\u{2212}'
        | '\u{2500}'
        | '\u{30fb}'
        | '\u{30fc}'
        | '\u{b7}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}'
        | '\u{ff65}'
        | '\u{ff70}'
        | '_' => joint.mark = true,
        _ => return false,
    }
    true
}

/// Characters without width that could be put between digits to hide them.
fn skip_invisible(text: &str, mut at: usize) -> usize {
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{2064}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => {
                at = at.saturating_add(c.len_utf8());
            }
            _ => break,
        }
    }
    at
}

/// An ASCII, full-width or mathematical digit and its length in bytes.
fn digit(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match *bytes.get(at)? {
        b @ b'0'..=b'9' => Some((b - b'0', 1)),
        0xef => match (bytes.get(at.checked_add(1)?)?, bytes.get(at.checked_add(2)?)?) {
            (0xbc, b @ 0x90..=0x99) => Some((b - 0x90, 3)),
            _ => None,
        },
        // U+1D7CE to U+1D7FF: five alphabets of ten digits.
        0xf0 => match (
            bytes.get(at.checked_add(1)?)?,
            bytes.get(at.checked_add(2)?)?,
            bytes.get(at.checked_add(3)?)?,
        ) {
            (0x9d, 0x9f, b @ 0x8e..=0xbf) => Some(((b - 0x8e) % 10, 4)),
            _ => None,
        },
        _ => None,
    }
}
