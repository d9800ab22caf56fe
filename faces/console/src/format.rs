//! Values as people read them: dates with 和暦, sizes, names of codes.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use sekisho_policy::Lang;

/// A moment in Japan: `令和8年11月23日 9時05分` or `2026-11-23 09:05`.
pub(crate) fn moment(ms: i64, lang: Lang) -> String {
    let Ok(at) = Timestamp::from_millisecond(ms) else { return String::new() };
    let local = at.to_zoned(TimeZone::fixed(Offset::constant(9)));
    if lang == Lang::En {
        return local.strftime("%Y-%m-%d %H:%M").to_string();
    }
    let year = i32::from(local.year());
    let date = format!("{}月{}日 {}時{:02}分", local.month(), local.day(), local.hour(), local.minute());
    // Reiwa began on 2019-05-01; nothing here is older.
    match year - 2018 {
        1 => format!("令和元年{date}"),
        reiwa if reiwa > 1 => format!("令和{reiwa}年{date}"),
        _ => format!("{year}年{date}"),
    }
}

/// The same moment for a `datetime` attribute (RFC 3339).
pub(crate) fn machine_moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

/// Bytes with a unit.
pub(crate) fn size(bytes: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let value = bytes as f64;
    match bytes {
        i64::MIN..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", value / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", value / 1_048_576.0),
        _ => format!("{:.1} GiB", value / 1_073_741_824.0),
    }
}

/// The start of a day in Japan, for a date typed as `2026-11-23`.
pub(crate) fn day_start(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.trim().parse().ok()?;
    let zoned = date.to_zoned(TimeZone::fixed(Offset::constant(9))).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// What a removal's code means.
pub(crate) fn removal_sentence(code: &str, lang: Lang) -> &'static str {
    sekisho_disarm::explain(code).map_or("", |row| if lang == Lang::Ja { row.ja } else { row.en })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_the_japanese_era_and_in_japan_standard_time() {
        assert_eq!(moment(1_774_969_200_000, Lang::Ja), "令和8年4月1日 0時00分");
        assert_eq!(moment(1_774_969_200_000, Lang::En), "2026-04-01 00:00");
        assert_eq!(moment(1_556_636_400_000, Lang::Ja), "令和元年5月1日 0時00分");
    }

    #[test]
    fn a_typed_day_begins_at_midnight_in_japan() {
        assert_eq!(day_start("2026-04-01"), Some(1_774_969_200_000));
        assert_eq!(day_start("令和"), None);
    }
}
