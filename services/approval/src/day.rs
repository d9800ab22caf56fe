//! Days as the office counts them: Japan's time, which has no summer time, and fiscal years from 1 April.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Nine hours before UTC.
const JAPAN: Offset = Offset::constant(9);
const DAY_MS: i64 = 86_400_000;

/// The day in Japan.
pub(crate) fn day_of(ms: i64) -> Date {
    Timestamp::from_millisecond(ms).map_or(Date::MIN, |time| JAPAN.to_datetime(time).date())
}

/// The last millisecond of a day in Japan.
pub(crate) fn end_of(day: Date) -> i64 {
    JAPAN
        .to_timestamp(day.at(0, 0, 0, 0))
        .map_or(i64::MAX, |start| start.as_millisecond().saturating_add(DAY_MS).saturating_sub(1))
}

/// The end of the day that lies `days` after the day of `ms`.
pub(crate) fn end_after(ms: i64, days: i64) -> i64 {
    end_of(day_of(ms.saturating_add(days.saturating_mul(DAY_MS))))
}

/// 年度: the year in which 1 April fell.
pub(crate) fn fiscal_year(day: Date) -> i16 {
    if day.month() >= 4 { day.year() } else { day.year().saturating_sub(1) }
}
