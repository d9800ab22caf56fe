//! What stands before the first clause: cover, dates, the responsible section, the table of contents, the title.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::model::{DateKind, HistoryDate};

/// A line of the cover that speaks of a date: 平成26年 4月 1日改正, 令和8年4月1日から施行する。
///
/// `None` when the line is no such line; `Some(Err)` when it looks like one and its date can't be read.
pub(super) fn history_line(line: &str) -> Option<Result<HistoryDate, String>> {
    let compact: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    let compact = compact.trim_end_matches(['。', '）', ')']).trim_start_matches(['（', '(']);
    let compact = compact.strip_suffix("する").or_else(|| compact.strip_suffix("した")).unwrap_or(compact);
    // 「改正令和8年4月1日」 is written, too.
    let (kind, rest) = DateKind::ALL.into_iter().find_map(|kind| {
        let rest = compact.strip_suffix(kind.word()).or_else(|| compact.strip_prefix(kind.word()))?;
        Some((kind, rest))
    })?;
    let rest = rest.strip_suffix("から").unwrap_or(rest).trim_matches([':', '：', '・']);
    let looks_like_a_date = rest.chars().any(|c| super::mark::digit(c).is_some() || c == '元')
        && (rest.ends_with('日') || rest.chars().all(|c| c.is_ascii_graphic()));
    if !looks_like_a_date || rest.chars().count() > 20 {
        return None;
    }
    Some(read_date(rest).map(|date| HistoryDate { date, kind }).ok_or_else(|| rest.to_owned()))
}

fn read_date(text: &str) -> Option<Date> {
    sekisho_register::era::parse_date(text).ok()
}

/// 目次, 目 次, ○目次
pub(super) fn is_contents_heading(line: &str) -> bool {
    let compact: String =
        line.chars().filter(|c| !c.is_whitespace() && !matches!(c, '#' | '○' | '【' | '】')).collect();
    compact == "目次" || compact == "もくじ"
}

/// A line of a table of contents: it ends in a page number after leaders, or the same line comes again as a heading.
pub(super) fn is_contents_line(line: &str, at: usize, later: &Later) -> bool {
    let line = line.trim_end();
    let body = line.trim_end_matches(|c| super::mark::digit(c).is_some());
    if body.len() < line.len() {
        let before = body.trim_end_matches(|c: char| c.is_whitespace() || is_leader(c));
        let leaders: Vec<char> =
            body.chars().rev().take_while(|c| c.is_whitespace() || is_leader(*c)).collect();
        let dots = leaders.iter().filter(|c| is_leader(**c)).count();
        if !before.is_empty() && (dots >= 2 || leaders.contains(&'…') || leaders.contains(&'\t')) {
            return true;
        }
    }
    later.has(line, at)
}

fn is_leader(c: char) -> bool {
    matches!(c, '.' | '…' | '‥' | '・' | '．' | '･' | '─' | '-')
}

/// Where each line stands last, compared without white space and heading signs.
pub(super) struct Later(HashMap<String, usize>);

impl Later {
    /// Of all lines of a document.
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        Self(lines.enumerate().map(|(at, line)| (bare(line), at)).collect())
    }

    /// Does the line come again after this place?
    fn has(&self, line: &str, at: usize) -> bool {
        self.0.get(&bare(line)).is_some_and(|last| *last > at)
    }
}

fn bare(line: &str) -> String {
    line.chars().filter(|c| !c.is_whitespace() && !matches!(c, '#' | '*' | '.' | '．')).collect()
}

/// Words by which a title of such a document is known.
const TITLE_WORDS: [&str; 12] = [
    "基本方針",
    "対策基準",
    "実施手順",
    "手順書",
    "手順",
    "ポリシー",
    "規程",
    "規則",
    "要綱",
    "要領",
    "マニュアル",
    "基準",
];

/// The title among the lines of the cover: a line with ○, else the last that names a kind of document, else the last.
/// The title is taken out of the cover; other lines stay.
pub(super) fn take_title(cover: &mut Vec<String>) -> String {
    if let Some(at) = cover.iter().rposition(|line| line.starts_with(['○', '◯'])) {
        return cover.remove(at).trim_start_matches(['○', '◯']).trim().to_owned();
    }
    let named = TITLE_WORDS
        .iter()
        .find_map(|word| cover.iter().rev().find(|line| line.contains(word)))
        .or_else(|| cover.last());
    let title = named.map_or_else(String::new, |line| {
        line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '（' | '）')).to_owned()
    });
    cover.retain(|line| *line != title);
    title
}
