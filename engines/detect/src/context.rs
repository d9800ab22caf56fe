//! What stands around a number: labels for it, labels for other numbers, documents that carry it, heads of columns.

use crate::ScanOptions;

/// Words for the number itself. ASCII words are written in lower case.
const LABELS: [&str; 26] = [
    "個人番号",
    "個 人 番 号",
    "個　人　番　号",
    "個人 番号",
    "個人ｺｰﾄﾞ番号",
    "個人№",
    "個人no.",
    "マイナンバー",
    "ﾏｲﾅﾝﾊﾞｰ",
    "ﾏｲﾅﾝﾊﾞ-",
    "マイナンバ-",
    "マイ・ナンバー",
    "マイナ番号",
    "マイナカード",
    "マイナンバ",
    "通知カード",
    "番号カード",
    "特定個人情報",
    "番号確認書類",
    "個番",
    "my number",
    "mynumber",
    "my-number",
    "my_number",
    "individual number",
    "kojin bango",
];

/// Words for other numbers.
const OTHERS: [&str; 44] = [
    "法人番号",
    "電話",
    "tel",
    "fax",
    "ファクス",
    "ファックス",
    "伝票番号",
    "追跡番号",
    "送り状番号",
    "お問い合わせ番号",
    "お問合せ番号",
    "問合せ番号",
    "受付番号",
    "整理番号",
    "注文番号",
    "口座番号",
    "決裁番号",
    "文書番号",
    "管理番号",
    "契約番号",
    "請求書番号",
    "請求番号",
    "納付番号",
    "確認番号",
    "収納機関番号",
    "製造番号",
    "シリアル",
    "serial",
    "jan",
    "isbn",
    "登録番号",
    "会員番号",
    "職員番号",
    "宛名番号",
    "世帯番号",
    "被保険者番号",
    "カード番号",
    "予約番号",
    "日時",
    "タイムスタンプ",
    "timestamp",
    "order no",
    "tracking",
    "invoice",
];

/// Documents and fields that usually stand with the number.
const DOCUMENTS: [&str; 12] = [
    "扶養控除",
    "源泉徴収",
    "支払調書",
    "本人確認書類",
    "住民票",
    "世帯主",
    "続柄",
    "給与支払報告書",
    "被扶養者",
    "雇用保険",
    "生年月日",
    "児童手当",
];

/// Where the words of a text stand.
#[derive(Debug)]
pub(crate) struct Context {
    labels: Vec<(usize, usize)>,
    others: Vec<(usize, usize)>,
    documents: Vec<(usize, usize)>,
    first_line: Vec<Head>,
    delimiter: Option<char>,
    first_line_end: usize,
}

/// What a head of a column says about what stands below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    Label,
    Other,
    Unknown,
}

/// How far a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Near,
    Within,
    None,
}

const NEAR_CHARS: usize = 50;
const OTHER_LABEL_CHARS: usize = 16;
/// A longer first line is prose, not a row of heads.
const MOST_HEAD_CHARS: usize = 40;

impl Context {
    pub(crate) fn of(text: &str, options: &ScanOptions) -> Self {
        let lower = text.to_ascii_lowercase();
        let first_line_end = lower.trim_start().find('\n').map_or(lower.len(), |end| {
            end.saturating_add(lower.len().saturating_sub(lower.trim_start().len()))
        });
        let line = lower.get(..first_line_end).unwrap_or("").trim_start().trim_end_matches('\r');
        let delimiter = ['\t', ',', ';', '|'].into_iter().max_by_key(|d| line.matches(*d).count());
        let delimiter = delimiter.filter(|d| {
            line.contains(*d) && cells(line, *d).all(|cell| cell.chars().count() <= MOST_HEAD_CHARS)
        });
        let first_line =
            delimiter.map_or_else(Vec::new, |d| cells(line, d).map(|cell| judge(cell, options)).collect());
        Self {
            labels: positions(
                &lower,
                LABELS.iter().copied().chain(options.labels.iter().map(String::as_str)),
            ),
            others: positions(&lower, OTHERS.iter().copied()),
            documents: positions(&lower, DOCUMENTS.iter().copied()),
            first_line,
            delimiter,
            first_line_end,
        }
    }

    /// How near the nearest label is.
    pub(crate) fn label(&self, text: &str, start: usize, end: usize, options: &ScanOptions) -> Reach {
        match nearest(&self.labels, text, start, end, options.context_chars) {
            Some(chars) if chars <= NEAR_CHARS => Reach::Near,
            Some(_) => Reach::Within,
            None => Reach::None,
        }
    }

    /// Whether a document that carries the number is mentioned nearby.
    pub(crate) fn document(&self, text: &str, start: usize, end: usize, options: &ScanOptions) -> bool {
        nearest(&self.documents, text, start, end, options.context_chars).is_some()
    }

    /// Whether the last label on the line before the number is one for another number.
    pub(crate) fn other_label(&self, text: &str, start: usize) -> bool {
        let Some((_, end)) = before(&self.others, start) else { return false };
        let label_later = before(&self.labels, start).is_some_and(|(_, label_end)| label_end > end);
        let between = text.get(end..start).unwrap_or("\n");
        // A line break, the end of a sentence or another number in between: the label belongs to something else.
        let belongs = |c: char| c != '\n' && c != '。' && !c.is_numeric();
        !label_later
            && between.chars().all(belongs)
            && between.chars().take(OTHER_LABEL_CHARS + 1).count() <= OTHER_LABEL_CHARS
    }

    /// The head of the column in which an offset lies, when the text's first line is a row of heads.
    pub(crate) fn column_head(&self, text: &str, start: usize) -> Head {
        let Some(delimiter) = self.delimiter else { return Head::Unknown };
        if start <= self.first_line_end || !self.first_line.iter().any(|head| *head != Head::Unknown) {
            return Head::Unknown;
        }
        let before = text.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let lead = before.get(line_start..).unwrap_or("");
        if lead.len() > 65_536 {
            return Head::Unknown;
        }
        let rest = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let line = text.get(line_start..start.saturating_add(rest.len())).unwrap_or("");
        // Prose has commas too; a row has as many cells as there are heads.
        if cells(line, delimiter).count() != self.first_line.len() {
            return Head::Unknown;
        }
        let column = cells(lead, delimiter).count().saturating_sub(1);
        self.first_line.get(column).copied().unwrap_or(Head::Unknown)
    }
}

/// What a head says.
pub(crate) fn judge(cell: &str, options: &ScanOptions) -> Head {
    let lower = cell.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&LABELS) || options.labels.iter().any(|label| lower.contains(&label.to_ascii_lowercase())) {
        Head::Label
    } else if has(&OTHERS) {
        Head::Other
    } else {
        Head::Unknown
    }
}

/// The cells of a line; a delimiter inside double quotes does not divide.
fn cells(line: &str, delimiter: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == delimiter && !quoted
    })
}

fn positions<'w>(lower: &str, words: impl Iterator<Item = &'w str>) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = words
        .filter(|word| !word.is_empty())
        .flat_map(|word| {
            let word = word.to_ascii_lowercase();
            let len = word.len();
            // `tel` in `hotel` is no label.
            let whole = word.bytes().all(|b| b.is_ascii_alphabetic());
            lower
                .match_indices(&word)
                .filter(|(at, _)| !whole || !touches_letter(lower, *at, len))
                .map(|(at, _)| (at, at.saturating_add(len)))
                .collect::<Vec<_>>()
        })
        .collect();
    found.sort_unstable_by_key(|(start, end)| (*end, *start));
    found
}

fn touches_letter(lower: &str, at: usize, len: usize) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    letter(lower.get(..at).and_then(|s| s.chars().next_back()))
        || letter(lower.get(at.saturating_add(len)..).and_then(|s| s.chars().next()))
}

/// The last word that ends at or before an offset.
fn before(words: &[(usize, usize)], offset: usize) -> Option<(usize, usize)> {
    let count = words.partition_point(|(_, end)| *end <= offset);
    words.get(count.checked_sub(1)?).copied()
}

/// Characters between a number and the nearest word, when that is within the limit.
fn nearest(words: &[(usize, usize)], text: &str, start: usize, end: usize, limit: usize) -> Option<usize> {
    let distance = |from: usize, to: usize| {
        // A character has at most four bytes; do not count what can't be within the limit.
        if to.saturating_sub(from) > limit.saturating_mul(4) {
            return None;
        }
        let chars = text.get(from..to)?.chars().count();
        (chars <= limit).then_some(chars)
    };
    let ahead = before(words, start).and_then(|(_, word_end)| distance(word_end, start));
    let behind = words
        .get(words.partition_point(|(_, word_end)| *word_end <= end)..)
        .and_then(|rest| rest.iter().find(|(word_start, _)| *word_start >= end))
        .and_then(|(word_start, _)| distance(end, *word_start));
    ahead.into_iter().chain(behind).min()
}
