//! Excel's numbers of days, in both epochs.
//!
//! In the 1900 system day 1 is 1 January 1900 and day 60 is a 29 February 1900 that never was (kept from Lotus 1-2-3),
//! so every later day is one too high. In the 1904 system day 0 is 1 January 1904.

use jiff::Span;
use jiff::civil::{Date, DateTime, date};

use super::error::{DateError, Fault, Kind};

/// The number of 31 December 9999 in the 1900 system, Excel's last day.
pub const EXCEL_LAST: i64 = 2_958_465;

const DAY_SECONDS: i64 = 86_400;

/// The day of a number without a time.
///
/// # Errors
/// [`DateError`] when the number is none of a day, is the 29 February 1900, or has a time of day.
pub fn excel_serial(serial: f64, epoch_1904: bool) -> Result<Date, DateError> {
    let moment = excel_datetime(serial, epoch_1904)?;
    if moment != moment.date().at(0, 0, 0, 0) {
        return Err(fail(serial, Fault::HasTime));
    }
    Ok(moment.date())
}

/// The moment of a number, to the nearest second: the number of a minute is hardly ever exact.
///
/// # Errors
/// As [`excel_serial`], but a time of day is welcome. A time of day without a day (a number below 1) is not a moment.
pub fn excel_datetime(serial: f64, epoch_1904: bool) -> Result<DateTime, DateError> {
    let seconds = (serial * 86_400.0).round();
    if !(0.0..=3e11).contains(&seconds) {
        return Err(fail(serial, Fault::NoSerial));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked; the value is whole")]
    let seconds = seconds as i64;
    let (day, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    let first = if epoch_1904 { date(1904, 1, 1) } else { date(1899, 12, 31) };
    let after = match day {
        day if epoch_1904 => day,
        0 => return Err(fail(serial, Fault::NoSerial)),
        60 => return Err(fail(serial, Fault::Phantom)),
        day if day > 60 => day.saturating_sub(1),
        day => day,
    };
    let span = Span::new().try_days(after).and_then(|span| span.try_seconds(second));
    span.and_then(|span| first.at(0, 0, 0, 0).checked_add(span)).map_err(|_| fail(serial, Fault::OutOfRange))
}

/// The number of a day; `None` before Excel's first day.
#[must_use]
pub fn to_excel_serial(day: Date, epoch_1904: bool) -> Option<i64> {
    let first = if epoch_1904 { date(1904, 1, 1) } else { date(1899, 12, 31) };
    let days = i64::from(day.since(first).ok()?.get_days());
    match days {
        ..0 => None,
        _ if epoch_1904 => Some(days),
        0 => None,
        1..60 => Some(days),
        _ => days.checked_add(1),
    }
}

/// The number of a moment; `None` before Excel's first day.
#[must_use]
pub fn to_excel_datetime(moment: DateTime, epoch_1904: bool) -> Option<f64> {
    let day = to_excel_serial(moment.date(), epoch_1904)?;
    let midnight = moment.date().at(0, 0, 0, 0);
    let seconds = moment.since((jiff::Unit::Second, midnight)).ok()?.get_seconds();
    #[expect(clippy::cast_precision_loss, reason = "both are far below 2^52")]
    Some(day as f64 + seconds as f64 / 86_400.0)
}

fn fail(serial: f64, fault: Fault) -> DateError {
    DateError::new(&serial.to_string(), Kind::Serial, fault)
}
