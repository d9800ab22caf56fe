//! Reading dates as people write them.
//!
//! The text is brought to one form first (NFKC: full-width digits and letters, ㋿, ㍻, ㋃, ㏠ become ordinary ones); then
//! a cursor reads era, year, month and day, and each of them is checked where it stands, so that the message can name it.

use jiff::civil::{Date, DateTime, Weekday};
use unicode_normalization::UnicodeNormalization;

use super::error::{DateError, Fault, Kind};
use super::{Era, FIRST_DAY, FiscalYear, LAST_DAY};

/// Longer texts are no dates; they are not even looked at.
const LONGEST: usize = 200;

/// Reads a day: 令和8年4月1日, 令和元年五月一日, R8.4.1, R08/04/01, R080401, ㋿８年４月１日, 2026年4月1日, 2026/4/1,
/// 2026-04-01, 2026.4.1, 20260401, each with an optional weekday in brackets, or a time that is midnight.
///
/// # Errors
/// [`DateError`] with the part that is wrong.
pub fn parse_date(text: &str) -> Result<Date, DateError> {
    let mut cursor = Cursor::new(text);
    let date = cursor.date().and_then(|date| {
        cursor.weekday(date)?;
        // Excel and databases write a day without a time as midnight.
        if let Some(time) = cursor.time()?
            && time != (0, 0)
        {
            return Err(Fault::HasTime);
        }
        cursor.end()?;
        Ok(date)
    });
    date.map_err(|fault| DateError::new(text, cursor.kind(Kind::Date), fault))
}

/// Reads a day and a time of day to the minute: 令和8年4月1日 9:30, 2026-04-01T09:30, 2026/4/1 午後3時5分. Seconds must be
/// zero. A day without a time is refused.
///
/// # Errors
/// [`DateError`] with the part that is wrong.
pub fn parse_datetime(text: &str) -> Result<DateTime, DateError> {
    let mut cursor = Cursor::new(text);
    let moment = cursor.date().and_then(|date| {
        cursor.weekday(date)?;
        let (hour, minute) = cursor.time()?.ok_or(Fault::Form)?;
        cursor.end()?;
        Ok(date.at(hour, minute, 0, 0))
    });
    moment.map_err(|fault| {
        let kind = if matches!(fault, Fault::Form) { Kind::Time } else { cursor.kind(Kind::Time) };
        DateError::new(text, kind, fault)
    })
}

/// Reads a period: 令和8年4月1日～令和9年3月31日, 2026-04-01 ~ 2027-03-31, 令和8年4月1日から令和9年3月31日まで, 自…至…. An end that
/// is missing after the mark (令和8年4月1日～) is open.
///
/// # Errors
/// [`DateError`] with the part that is wrong.
pub fn parse_period(text: &str) -> Result<(Date, Option<Date>), DateError> {
    let mut cursor = Cursor::new(text);
    let period = cursor.period();
    period.map_err(|fault| {
        let kind = if matches!(fault, Fault::Form | Fault::Reversed | Fault::Empty) {
            Kind::Period
        } else {
            cursor.kind(Kind::Period)
        };
        DateError::new(text, kind, fault)
    })
}

pub(super) fn fiscal_year(text: &str) -> Result<FiscalYear, DateError> {
    let mut cursor = Cursor::new(text);
    cursor.fiscal_year().map_err(|fault| DateError::new(text, Kind::FiscalYear, fault))
}

/// A text in one form, and how far it was read.
struct Cursor {
    chars: Vec<char>,
    at: usize,
    wareki: bool,
}

impl Cursor {
    fn new(text: &str) -> Self {
        let chars = if text.len() > LONGEST { vec!['?'] } else { text.trim().nfkc().collect() };
        Self { chars, at: 0, wareki: false }
    }

    /// Errors in a date with an era are called so.
    fn kind(&self, kind: Kind) -> Kind {
        if self.wareki { Kind::Wareki } else { kind }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn spaces(&mut self) -> bool {
        let from = self.at;
        while self.peek().is_some_and(char::is_whitespace) {
            self.step();
        }
        self.at > from
    }

    fn eat(&mut self, word: &str) -> bool {
        let end = self.at.saturating_add(word.chars().count());
        let there = self.chars.get(self.at..end).is_some_and(|part| part.iter().copied().eq(word.chars()));
        if there {
            self.at = end;
        }
        there
    }

    fn eat_any(&mut self, marks: &[char]) -> Option<char> {
        let mark = self.peek().filter(|c| marks.contains(c))?;
        self.step();
        Some(mark)
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.spaces();
        match self.chars.get(self.at..) {
            None | Some([]) => Ok(()),
            Some(rest) => Err(Fault::Trailing(rest.iter().take(20).collect())),
        }
    }

    fn era(&mut self) -> Option<Era> {
        let found = Era::ALL.into_iter().find(|era| {
            self.eat(era.name()) || {
                let short = era.name().chars().take(1).collect::<String>();
                // 明 or 大 alone may begin any word; a year must follow.
                let next = self.chars.get(self.at.saturating_add(1)).copied();
                next.is_some_and(starts_year) && self.eat(&short)
            }
        });
        if found.is_some() {
            self.spaces();
            return found;
        }
        let letter = self.peek()?.to_ascii_uppercase();
        let era = Era::ALL.into_iter().find(|era| era.letter() == letter)?;
        let back = self.at;
        self.step();
        self.eat(".");
        self.spaces();
        if self.peek().is_some_and(starts_year) {
            return Some(era);
        }
        self.at = back;
        None
    }

    /// A number in digits or kanji, with how many digits it was written.
    fn number(&mut self) -> Option<(i64, usize)> {
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.step();
        }
        if self.at > from {
            let digits: String = self.chars.get(from..self.at)?.iter().collect();
            return Some((digits.parse().unwrap_or(i64::MAX), digits.len()));
        }
        while self.peek().is_some_and(|c| kanji(c).is_some()) {
            self.step();
        }
        let value = kanji_number(self.chars.get(from..self.at)?)?;
        Some((value, value.to_string().len()))
    }

    fn date(&mut self) -> Result<Date, Fault> {
        self.spaces();
        if self.chars.is_empty() {
            return Err(Fault::Empty);
        }
        let western = self.eat("西暦");
        self.spaces();
        let era = if western { None } else { self.era() };
        self.wareki = era.is_some();
        let (year, digits) = if self.eat("元") { (1, 0) } else { self.number().ok_or(Fault::Form)? };
        if era.is_none() && digits == 0 {
            return Err(Fault::NoEra("元".to_owned()));
        }
        let (month, day) = match (era, digits) {
            (None, 8) => return compact(None, year),
            (Some(_), 6) => return compact(era, year),
            _ => self.month_and_day()?,
        };
        if era.is_none() && digits != 4 {
            return Err(if digits < 4 { Fault::NoEra(year.to_string()) } else { Fault::OutOfRange });
        }
        check(era, year, month, day)
    }

    fn month_and_day(&mut self) -> Result<(i64, i64), Fault> {
        self.spaces();
        if self.eat("年") {
            self.spaces();
            let month = self.number().ok_or(Fault::Missing('月'))?.0;
            self.spaces();
            if !self.eat("月") {
                return Err(Fault::Missing('月'));
            }
            self.spaces();
            let day = self.number().ok_or(Fault::Missing('日'))?.0;
            self.spaces();
            if !self.eat("日") {
                return Err(Fault::Missing('日'));
            }
            return Ok((month, day));
        }
        let mark = self.eat_any(&['.', '/', '-', '・']).ok_or(Fault::Form)?;
        self.spaces();
        let month = self.number().ok_or(Fault::Missing('月'))?.0;
        self.spaces();
        if self.eat_any(&[mark]).is_none() {
            return Err(Fault::Missing('日'));
        }
        self.spaces();
        let day = self.number().ok_or(Fault::Missing('日'))?.0;
        Ok((month, day))
    }

    /// (水), （水曜日）, (水曜)
    fn weekday(&mut self, date: Date) -> Result<(), Fault> {
        let back = self.at;
        self.spaces();
        if !self.eat("(") {
            self.at = back;
            return Ok(());
        }
        let written = self.peek().ok_or(Fault::Form)?;
        let right = weekday(date.weekday());
        if !"日月火水木金土".contains(written) {
            self.at = back;
            return Ok(());
        }
        self.step();
        self.eat("曜日");
        self.eat("曜");
        if !self.eat(")") {
            return Err(Fault::Form);
        }
        if written == right { Ok(()) } else { Err(Fault::Weekday(written, right)) }
    }

    /// A time of day after a day: `T09:30`, ` 9:30:00`, ` 午後3時5分`; `None` when nothing follows.
    fn time(&mut self) -> Result<Option<(i8, i8)>, Fault> {
        let back = self.at;
        self.spaces();
        if self.eat_any(&['T', 't']).is_some() {
            self.spaces();
        }
        let from = self.at;
        let half = match () {
            () if self.eat("午前") => Some(0),
            () if self.eat("午後") => Some(12),
            () => None,
        };
        self.spaces();
        let Some((hour, _)) = self.number() else {
            self.at = if half.is_some() { from } else { back };
            return Ok(None);
        };
        let (minute, second) = if self.eat("時") {
            if self.eat("半") {
                (30, 0)
            } else {
                let minute = self.number().map_or(0, |(n, _)| n);
                let marked = self.eat("分");
                let second = if marked { self.number().map_or(0, |(n, _)| n) } else { 0 };
                self.eat("秒");
                (minute, second)
            }
        } else if self.eat(":") {
            let minute = self.number().ok_or(Fault::Form)?.0;
            let second = if self.eat(":") { self.number().ok_or(Fault::Form)?.0 } else { 0 };
            if self.eat(".") {
                self.number();
            }
            (minute, second)
        } else {
            self.at = back;
            return Ok(None);
        };
        let spelled =
            || self.chars.get(from..self.at).unwrap_or_default().iter().take(20).collect::<String>();
        let hour = match half {
            Some(_) if hour == 12 => return Err(Fault::Twelve(spelled())),
            Some(_) if hour > 12 => return Err(Fault::NoTime(spelled())),
            Some(plus) => hour.saturating_add(plus),
            None => hour,
        };
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
            return Err(Fault::NoTime(spelled()));
        }
        if second != 0 {
            return Err(Fault::HasSeconds);
        }
        Ok(Some((i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0))))
    }

    fn period(&mut self) -> Result<(Date, Option<Date>), Fault> {
        self.eat("自");
        let from = self.date()?;
        self.weekday(from)?;
        self.spaces();
        let marked = self.eat_any(&['~', '〜', '∼', '–', '—', '―', '‐', '-', 'ー']).is_some()
            || self.eat("から")
            || self.eat("より")
            || self.eat("至");
        if !marked {
            return Err(Fault::Form);
        }
        self.spaces();
        if self.at >= self.chars.len() {
            return Ok((from, None));
        }
        let to = self.date()?;
        self.weekday(to)?;
        self.spaces();
        self.eat("まで");
        self.end()?;
        if to < from { Err(Fault::Reversed) } else { Ok((from, Some(to))) }
    }

    fn fiscal_year(&mut self) -> Result<FiscalYear, Fault> {
        if self.chars.is_empty() {
            return Err(Fault::Empty);
        }
        self.eat("西暦");
        let era = self.era();
        let (year, digits) = if self.eat("元") { (1, 0) } else { self.number().ok_or(Fault::Form)? };
        self.spaces();
        if !self.eat("年度") {
            self.eat("年");
        }
        self.end()?;
        let Some(era) = era else {
            if digits != 4 {
                return Err(if digits == 0 { Fault::Form } else { Fault::NoEra(year.to_string()) });
            }
            return i16::try_from(year).ok().and_then(FiscalYear::new).ok_or(Fault::OutOfRange);
        };
        if year < 1 {
            return Err(Fault::NoYear(era, year));
        }
        let begin = i64::from(era.first_year()).saturating_add(year).saturating_sub(1);
        let found = i16::try_from(begin).ok().and_then(FiscalYear::new).ok_or(Fault::OutOfRange)?;
        // 平成31年度 and 令和元年度 are both 2019; 平成32年度 is none.
        match found {
            found if era.last_day() < found.first_day() => Err(Fault::AfterEra(era, None)),
            found if era.first_day() > found.last_day() => Err(Fault::BeforeEra(era, None)),
            found => Ok(found),
        }
    }
}

fn starts_year(c: char) -> bool {
    c.is_ascii_digit() || c == '元' || kanji(c).is_some()
}

/// 20260401, R080401.
fn compact(era: Option<Era>, number: i64) -> Result<Date, Fault> {
    let (rest, day) = (number.div_euclid(100), number.rem_euclid(100));
    check(era, rest.div_euclid(100), rest.rem_euclid(100), day)
}

fn check(era: Option<Era>, year: i64, month: i64, day: i64) -> Result<Date, Fault> {
    if let Some(era) = era
        && year < 1
    {
        return Err(Fault::NoYear(era, year));
    }
    let gregorian = match era {
        Some(era) => year.saturating_add(era.first_year().into()).saturating_sub(1),
        None => year,
    };
    let gregorian = i16::try_from(gregorian).ok().filter(|year| (0..=9999).contains(year));
    let gregorian = gregorian.ok_or(Fault::OutOfRange)?;
    let month = i8::try_from(month).ok().filter(|n| (1..=12).contains(n)).ok_or(Fault::NoMonth(month))?;
    let first = Date::new(gregorian, month, 1).map_err(|_| Fault::OutOfRange)?;
    let last = first.days_in_month();
    let date = i8::try_from(day).ok().and_then(|day| Date::new(gregorian, month, day).ok());
    let date = date.ok_or(Fault::NoDay { year: gregorian, month, day, last })?;
    if date < FIRST_DAY || date > LAST_DAY {
        return Err(Fault::OutOfRange);
    }
    match era {
        Some(era) if date < era.first_day() => Err(Fault::BeforeEra(era, Some(date))),
        Some(era) if date > era.last_day() => Err(Fault::AfterEra(era, Some(date))),
        _ => Ok(date),
    }
}

fn weekday(day: Weekday) -> char {
    match day {
        Weekday::Sunday => '日',
        Weekday::Monday => '月',
        Weekday::Tuesday => '火',
        Weekday::Wednesday => '水',
        Weekday::Thursday => '木',
        Weekday::Friday => '金',
        Weekday::Saturday => '土',
    }
}

/// The value of one kanji numeral; tens and hundreds are 10, 100, 1000.
fn kanji(c: char) -> Option<i64> {
    Some(match c {
        '〇' | '零' => 0,
        '一' | '壱' => 1,
        '二' | '弐' => 2,
        '三' | '参' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' | '拾' => 10,
        '百' => 100,
        '千' => 1000,
        _ => return None,
    })
}

/// 二十五, 二〇二六, 二千二十六.
fn kanji_number(chars: &[char]) -> Option<i64> {
    let values = chars.iter().map(|c| kanji(*c)).collect::<Option<Vec<_>>>()?;
    if values.is_empty() || values.len() > 9 {
        return None;
    }
    if values.iter().all(|value| *value < 10) {
        return values.iter().try_fold(0_i64, |sum, value| sum.checked_mul(10)?.checked_add(*value));
    }
    let (mut sum, mut digit, mut unit) = (0_i64, None, 10_000);
    for value in values {
        match (value, digit) {
            (0..10, None) => digit = Some(value),
            (10.., _) if value < unit => {
                sum = sum.checked_add(value.checked_mul(digit.take().unwrap_or(1))?)?;
                unit = value;
            }
            _ => return None,
        }
    }
    sum.checked_add(digit.unwrap_or(0))
}
