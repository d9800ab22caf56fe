//! Dates as a Japanese office writes them: eras (和暦), fiscal years (年度) and Excel's day numbers.
//!
//! Dates are read strictly: a date that does not exist, or that an era does not reach, is refused with the part that is
//! wrong; nothing is guessed and nothing is rolled over into the next month. The room knows the Gregorian calendar in
//! Japan only, from 1 January 1873 (明治6年1月1日); earlier dates of 明治 are lunar and are refused.
//!
//! Boundaries of the eras: 大正 from 1912-07-30 and 昭和 from 1926-12-25 (the rescripts make the new era begin on the day
//! itself), 平成 from 1989-01-08 (昭和64年政令第1号), 令和 from 2019-05-01 (平成31年政令第143号).

mod error;
mod parse;
mod serial;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use error::{DateError, Fault};
pub use parse::{parse_date, parse_datetime, parse_period};
pub use serial::{EXCEL_LAST, excel_datetime, excel_serial, to_excel_datetime, to_excel_serial};

/// The first day that can be read and written: 明治6年1月1日, the first of the Gregorian calendar in Japan.
pub const FIRST_DAY: Date = jiff::civil::date(1873, 1, 1);
/// The last day that can be read and written.
pub const LAST_DAY: Date = jiff::civil::date(9999, 12, 31);

/// An era (元号) of the Gregorian time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Era {
    /// 明治, here from its sixth year.
    Meiji,
    /// 大正
    Taisho,
    /// 昭和
    Showa,
    /// 平成
    Heisei,
    /// 令和
    Reiwa,
}

impl Era {
    /// Every era, oldest first.
    pub const ALL: [Self; 5] = [Self::Meiji, Self::Taisho, Self::Showa, Self::Heisei, Self::Reiwa];

    /// The era of a day; `None` before [`FIRST_DAY`].
    #[must_use]
    pub fn of(date: Date) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|era| era.first_day() <= date)
    }

    /// Its name: 令和.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meiji => "明治",
            Self::Taisho => "大正",
            Self::Showa => "昭和",
            Self::Heisei => "平成",
            Self::Reiwa => "令和",
        }
    }

    /// Its letter: R.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Meiji => 'M',
            Self::Taisho => 'T',
            Self::Showa => 'S',
            Self::Heisei => 'H',
            Self::Reiwa => 'R',
        }
    }

    /// The Gregorian year of its first year (元年).
    #[must_use]
    pub const fn first_year(self) -> i16 {
        match self {
            Self::Meiji => 1868,
            Self::Taisho => 1912,
            Self::Showa => 1926,
            Self::Heisei => 1989,
            Self::Reiwa => 2019,
        }
    }

    /// Its first day; for 明治 the first day of the Gregorian calendar.
    #[must_use]
    pub const fn first_day(self) -> Date {
        match self {
            Self::Meiji => FIRST_DAY,
            Self::Taisho => jiff::civil::date(1912, 7, 30),
            Self::Showa => jiff::civil::date(1926, 12, 25),
            Self::Heisei => jiff::civil::date(1989, 1, 8),
            Self::Reiwa => jiff::civil::date(2019, 5, 1),
        }
    }

    /// Its last day; the last that can be written for the present era.
    #[must_use]
    pub const fn last_day(self) -> Date {
        match self {
            Self::Meiji => jiff::civil::date(1912, 7, 29),
            Self::Taisho => jiff::civil::date(1926, 12, 24),
            Self::Showa => jiff::civil::date(1989, 1, 7),
            Self::Heisei => jiff::civil::date(2019, 4, 30),
            Self::Reiwa => LAST_DAY,
        }
    }

    /// The year of this era in which a Gregorian year falls, 1 for the first.
    fn year(self, gregorian: i16) -> i16 {
        gregorian.saturating_sub(self.first_year()).saturating_add(1)
    }
}

/// A day with its era: 令和8年4月1日, 令和元年5月1日. Days before 1873 keep the Gregorian year.
#[must_use]
pub fn format_wareki(date: Date) -> String {
    let (month, day) = (date.month(), date.day());
    match Era::of(date) {
        Some(era) => format!("{}{}年{month}月{day}日", era.name(), gannen(era.year(date.year()))),
        None => format!("{}年{month}月{day}日", date.year()),
    }
}

/// A day with the letter of its era: R8.4.1. Days before 1873 keep the Gregorian year.
#[must_use]
pub fn format_short(date: Date) -> String {
    let (month, day) = (date.month(), date.day());
    match Era::of(date) {
        Some(era) => format!("{}{}.{month}.{day}", era.letter(), era.year(date.year())),
        None => format!("{}.{month}.{day}", date.year()),
    }
}

/// A day as the ISO writes it: 2026-04-01. The form in which registers store days.
#[must_use]
pub fn format_iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// The first year of an era is called 元年.
fn gannen(year: i16) -> String {
    if year == 1 { "元".to_owned() } else { year.to_string() }
}

/// A fiscal year (会計年度): 1 April to 31 March. The number is the year in which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FiscalYear(i16);

impl FiscalYear {
    /// The fiscal year that begins on 1 April of `year`; `None` outside 1873 to 9998.
    #[must_use]
    pub fn new(year: i16) -> Option<Self> {
        (1873..=9998).contains(&year).then_some(Self(year))
    }

    /// The fiscal year of a day, within [`FiscalYear::new`]'s range.
    #[must_use]
    pub fn of(date: Date) -> Self {
        let year = if date.month() >= 4 { date.year() } else { date.year().saturating_sub(1) };
        Self(year.clamp(1873, 9998))
    }

    /// The year in which it begins.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.0
    }

    /// 1 April.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date::new(self.0, 4, 1).unwrap_or(FIRST_DAY)
    }

    /// 31 March of the next year.
    #[must_use]
    pub fn last_day(self) -> Date {
        Date::new(self.0.saturating_add(1), 3, 31).unwrap_or(LAST_DAY)
    }

    /// The next one; the last that can be written is followed by itself.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1).min(9998))
    }

    /// Its Japanese name: 令和8年度. A year in which the era changed bears the new one (2019 is 令和元年度).
    #[must_use]
    pub fn label(self) -> String {
        let december = Date::new(self.0, 12, 31).unwrap_or(LAST_DAY);
        let era = Era::of(december).unwrap_or(Era::Reiwa);
        format!("{}{}年度", era.name(), gannen(era.year(self.0)))
    }

    /// Reads 令和8年度, R8年度, 令和8, 2026年度, 2026, 平成31年度 (2019), full-width and kanji numerals.
    ///
    /// # Errors
    /// [`DateError`] with the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        parse::fiscal_year(text)
    }
}

impl fmt::Display for FiscalYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}
