//! What is wrong with a date, in words that name the part.

use jiff::civil::Date;

use super::{Era, format_wareki};

/// Why a text or a number is not a date. [`ja`](Self::ja) and [`en`](Self::en) are whole sentences for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.en())]
pub struct DateError {
    /// The text as it was written, shortened when it is long.
    pub(super) input: String,
    /// What it was read as.
    pub(super) kind: Kind,
    /// The part that is wrong.
    pub(super) fault: Fault,
}

/// What was to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Wareki,
    Time,
    Period,
    FiscalYear,
    Serial,
}

/// The part of a date that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing is written.
    Empty,
    /// It has no form of a date.
    Form,
    /// A year of fewer than four digits without an era.
    NoEra(String),
    /// A year that the era never had, like 0.
    NoYear(Era, i64),
    /// A day before the era began; the right spelling, if the day can be written at all.
    BeforeEra(Era, Option<Date>),
    /// A day after the era ended; the right spelling.
    AfterEra(Era, Option<Date>),
    /// A month outside 1 to 12.
    NoMonth(i64),
    /// A day that the month does not have.
    NoDay {
        /// The year, as it is shown to people.
        year: i16,
        /// The month.
        month: i8,
        /// What was written.
        day: i64,
        /// The month's last day.
        last: i8,
    },
    /// The year, the month or the day is missing: 年, 月 or 日.
    Missing(char),
    /// The weekday in brackets is another one: written, right.
    Weekday(char, char),
    /// A time of day stands where a day is asked for.
    HasTime,
    /// No such time of day.
    NoTime(String),
    /// 午前12時 and 午後12時 mean noon to some and midnight to others.
    Twelve(String),
    /// Seconds are not kept.
    HasSeconds,
    /// Something follows the date.
    Trailing(String),
    /// Before 1873 or after 9999.
    OutOfRange,
    /// The end lies before the beginning.
    Reversed,
    /// The number of a day that only Excel knows: 29 February 1900.
    Phantom,
    /// The number is not one of a day.
    NoSerial,
}

/// Longest part of an input that a message repeats, in characters.
const SHOWN: usize = 40;

impl DateError {
    pub(super) fn new(input: &str, kind: Kind, fault: Fault) -> Self {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let mut shown: String = input.trim().chars().take(SHOWN).map(clean).collect();
        if input.trim().chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Self { input: shown, kind, fault }
    }

    /// The part that is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The sentence in Japanese: 和暦の日付として読めません: 令和8年13月1日（13月はありません）
    #[must_use]
    pub fn ja(&self) -> String {
        let lead = match self.kind {
            Kind::Date => "日付として読めません",
            Kind::Wareki => "和暦の日付として読めません",
            Kind::Time => "日時として読めません",
            Kind::Period => "期間として読めません",
            Kind::FiscalYear => "年度として読めません",
            Kind::Serial => "Excelの日付として読めません",
        };
        let input = &self.input;
        match self.part_ja() {
            part if input.is_empty() => format!("{lead}（{part}）"),
            part => format!("{lead}: {input}（{part}）"),
        }
    }

    /// The sentence in English.
    #[must_use]
    pub fn en(&self) -> String {
        let lead = match self.kind {
            Kind::Date => "not a date",
            Kind::Wareki => "not a date of the Japanese calendar",
            Kind::Time => "not a date and time",
            Kind::Period => "not a period",
            Kind::FiscalYear => "not a fiscal year",
            Kind::Serial => "not a date of Excel",
        };
        let input = &self.input;
        match self.part_en() {
            part if input.is_empty() => format!("{lead} ({part})"),
            part => format!("{lead}: {input} ({part})"),
        }
    }

    fn part_ja(&self) -> String {
        match &self.fault {
            Fault::Empty => "何も書かれていません".to_owned(),
            Fault::Form => match self.kind {
                Kind::Period => "「令和8年4月1日～令和9年3月31日」のように書いてください".to_owned(),
                Kind::FiscalYear => "「令和8年度」または「2026年度」のように書いてください".to_owned(),
                Kind::Time => {
                    "「令和8年4月1日 9:30」または「2026-04-01T09:30」のように書いてください".to_owned()
                }
                _ => "「令和8年4月1日」「R8.4.1」「2026/4/1」のように書いてください".to_owned(),
            },
            Fault::NoEra(year) => {
                format!("「{year}」年がどの元号か分かりません。元号か西暦4桁で書いてください")
            }
            Fault::NoYear(era, year) => format!("{}{year}年はありません", era.name()),
            Fault::BeforeEra(era, right) => boundary_ja(*era, "から", era.first_day(), *right),
            Fault::AfterEra(era, right) => boundary_ja(*era, "まで", era.last_day(), *right),
            Fault::NoMonth(month) => format!("{month}月はありません"),
            Fault::NoDay { day: 0, .. } => "0日はありません".to_owned(),
            Fault::NoDay { year, month, day, last } if *day > 31 => {
                format!("{day}日はありません。{year}年{month}月は{last}日までです")
            }
            Fault::NoDay { year, month, last, .. } => format!("{year}年{month}月は{last}日までです"),
            Fault::Missing(part) => format!("「{part}」がありません"),
            Fault::Weekday(written, right) => {
                format!("曜日が「{written}」と書かれていますが、この日は「{right}」曜日です")
            }
            Fault::HasTime => "時刻は書けません。日付だけにしてください".to_owned(),
            Fault::NoTime(time) => format!("時刻「{time}」はありません"),
            Fault::Twelve(time) => {
                format!("「{time}」は正午か深夜か分かりません。「午前0時」または「午後0時」と書いてください")
            }
            Fault::HasSeconds => "秒は記録しません。分までで書いてください".to_owned(),
            Fault::Trailing(rest) => format!("日付のあとに「{rest}」があります"),
            Fault::OutOfRange => "明治6年（1873年）1月1日から9999年12月31日までを書けます".to_owned(),
            Fault::Reversed => "終わりの日が始まりの日より前です".to_owned(),
            Fault::Phantom => "1900年2月29日は実在しません".to_owned(),
            Fault::NoSerial => "日付を表す数ではありません".to_owned(),
        }
    }

    fn part_en(&self) -> String {
        match &self.fault {
            Fault::Empty => "nothing is written".to_owned(),
            Fault::Form => match self.kind {
                Kind::Period => "write it like 2026-04-01 ~ 2027-03-31".to_owned(),
                Kind::FiscalYear => "write it like 2026 or 令和8年度".to_owned(),
                Kind::Time => "write it like 2026-04-01T09:30".to_owned(),
                _ => "write it like 2026-04-01, 令和8年4月1日 or R8.4.1".to_owned(),
            },
            Fault::NoEra(year) => {
                format!("the year {year} may belong to any era: write the era, or four digits")
            }
            Fault::NoYear(era, year) => format!("there is no year {year} of {}", era.name()),
            Fault::BeforeEra(era, right) => boundary_en(*era, "begins on", era.first_day(), *right),
            Fault::AfterEra(era, right) => boundary_en(*era, "ends on", era.last_day(), *right),
            Fault::NoMonth(month) => format!("there is no month {month}"),
            Fault::NoDay { year, month, day, last } => {
                format!("there is no day {day}: {year}-{month:02} has {last} days")
            }
            Fault::Missing('年') => "the year is missing".to_owned(),
            Fault::Missing('月') => "the month is missing".to_owned(),
            Fault::Missing('日') => "the day is missing".to_owned(),
            Fault::Missing(part) => format!("{part} is missing"),
            Fault::Weekday(written, right) => format!("the weekday is {right}, not {written}"),
            Fault::HasTime => "write the day only, without a time".to_owned(),
            Fault::NoTime(time) => format!("there is no time {time}"),
            Fault::Twelve(time) => {
                format!("{time} may be noon or midnight: write 12:00 or 0:00")
            }
            Fault::HasSeconds => "seconds are not kept: write hours and minutes".to_owned(),
            Fault::Trailing(rest) => format!("`{rest}` follows the date"),
            Fault::OutOfRange => "dates from 1873-01-01 to 9999-12-31 can be written".to_owned(),
            Fault::Reversed => "it ends before it begins".to_owned(),
            Fault::Phantom => "1900-02-29 did not exist".to_owned(),
            Fault::NoSerial => "the number is not one of a day".to_owned(),
        }
    }
}

fn boundary_ja(era: Era, word: &str, day: Date, right: Option<Date>) -> String {
    let lead = format!("{}は{}{word}です", era.name(), short_of_era(day));
    match right {
        Some(right) => format!("{lead}。{}と書いてください", format_wareki(right)),
        None => lead,
    }
}

fn boundary_en(era: Era, word: &str, day: Date, right: Option<Date>) -> String {
    let lead = format!("{} {word} {day}", era.name());
    match right {
        Some(right) => format!("{lead}: write {}", format_wareki(right)),
        None => lead,
    }
}

/// A boundary without the era's name, which the sentence has already: 31年4月30日.
fn short_of_era(day: Date) -> String {
    let full = format_wareki(day);
    full.chars().skip(2).collect()
}
