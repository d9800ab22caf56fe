//! Every spelling, every boundary, both ways.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

fn check(input: &str, expect: Date) {
    assert_eq!(parse_date(input).map_err(|e| e.ja()), Ok(expect), "{input}");
}

fn refused(input: &str, ja: &str, en: &str) {
    let error = parse_date(input).unwrap_err();
    assert_eq!((error.ja().as_str(), error.en().as_str()), (ja, en));
}

#[test]
fn every_spelling_of_one_day_is_read() {
    let day = date(2026, 4, 1);
    for input in [
        "令和8年4月1日",
        "令和８年４月１日",
        "令和八年四月一日",
        "令和 8年 4月 1日",
        "令和08年04月01日",
        " 令和8年4月1日　",
        "令和8年4月1日(水)",
        "令和8年4月1日（水曜日）",
        "令和8年4月1日 0:00",
        "㋿8年4月1日",
        "㋿８年㋃㏠",
        "令8.4.1",
        "R8.4.1",
        "r8.4.1",
        "Ｒ８．４．１",
        "R.8.4.1",
        "R08/04/01",
        "R8-4-1",
        "R080401",
        "2026/4/1",
        "2026/04/01",
        "2026-04-01",
        "2026.4.1",
        "20260401",
        "２０２６０４０１",
        "2026年4月1日",
        "西暦2026年4月1日",
        "二〇二六年四月一日",
        "二千二十六年四月一日",
        "2026-04-01T00:00:00",
        "2026/4/1 0:00:00",
    ] {
        check(input, day);
    }
}

#[test]
fn first_years_and_kanji_numerals_are_read() {
    check("令和元年五月一日", date(2019, 5, 1));
    check("令和1年5月1日", date(2019, 5, 1));
    check("R元.5.1", date(2019, 5, 1));
    check("㍻元年一月八日", date(1989, 1, 8));
    check("㍼六十四年一月七日", date(1989, 1, 7));
    check("昭和五十五年十二月三十一日", date(1980, 12, 31));
    check("㍽十五年十二月二十四日", date(1926, 12, 24));
    check("㍾六年一月一日", date(1873, 1, 1));
    check("H31.4.30", date(2019, 4, 30));
    check("S64.1.7", date(1989, 1, 7));
    check("T15.12.24", date(1926, 12, 24));
    check("M45.7.29", date(1912, 7, 29));
    check("平成十二年二月二十九日", date(2000, 2, 29));
}

#[test]
fn eras_meet_without_gap_or_overlap() {
    for pair in Era::ALL.windows(2) {
        let [older, newer] = pair else { panic!() };
        assert_eq!(older.last_day().tomorrow().unwrap(), newer.first_day());
        assert_eq!(Era::of(older.last_day()), Some(*older));
        assert_eq!(Era::of(newer.first_day()), Some(*newer));
    }
    assert_eq!(Era::of(date(1872, 12, 31)), None);
    assert_eq!(format_wareki(date(1912, 7, 29)), "明治45年7月29日");
    assert_eq!(format_wareki(date(1912, 7, 30)), "大正元年7月30日");
    assert_eq!(format_wareki(date(1926, 12, 25)), "昭和元年12月25日");
    assert_eq!(format_wareki(date(1989, 1, 8)), "平成元年1月8日");
    assert_eq!(format_short(date(2019, 5, 1)), "R1.5.1");
}

#[test]
fn the_message_names_the_part_that_is_wrong() {
    refused(
        "令和8年13月1日",
        "和暦の日付として読めません: 令和8年13月1日（13月はありません）",
        "not a date of the Japanese calendar: 令和8年13月1日 (there is no month 13)",
    );
    refused(
        "令和8年2月29日",
        "和暦の日付として読めません: 令和8年2月29日（2026年2月は28日までです）",
        "not a date of the Japanese calendar: 令和8年2月29日 (there is no day 29: 2026-02 has 28 days)",
    );
    refused(
        "2026-04-32",
        "日付として読めません: 2026-04-32（32日はありません。2026年4月は30日までです）",
        "not a date: 2026-04-32 (there is no day 32: 2026-04 has 30 days)",
    );
    refused(
        "平成32年3月31日",
        "和暦の日付として読めません: 平成32年3月31日（平成は31年4月30日までです。令和2年3月31日と書いてください）",
        "not a date of the Japanese calendar: 平成32年3月31日 (平成 ends on 2019-04-30: write 令和2年3月31日)",
    );
    refused(
        "令和元年4月30日",
        "和暦の日付として読めません: 令和元年4月30日（令和は元年5月1日からです。平成31年4月30日と書いてください）",
        "not a date of the Japanese calendar: 令和元年4月30日 (令和 begins on 2019-05-01: write 平成31年4月30日)",
    );
    refused(
        "明治5年12月2日",
        "和暦の日付として読めません: 明治5年12月2日（明治6年（1873年）1月1日から9999年12月31日までを書けます）",
        "not a date of the Japanese calendar: 明治5年12月2日 (dates from 1873-01-01 to 9999-12-31 can be written)",
    );
    refused(
        "8年4月1日",
        "日付として読めません: 8年4月1日（「8」年がどの元号か分かりません。元号か西暦4桁で書いてください）",
        "not a date: 8年4月1日 (the year 8 may belong to any era: write the era, or four digits)",
    );
    refused(
        "令和8年4月",
        "和暦の日付として読めません: 令和8年4月（「日」がありません）",
        "not a date of the Japanese calendar: 令和8年4月 (the day is missing)",
    );
    refused(
        "令和8年4月1日（木）",
        "和暦の日付として読めません: 令和8年4月1日（木）（曜日が「木」と書かれていますが、この日は「水」曜日です）",
        "not a date of the Japanese calendar: 令和8年4月1日（木） (the weekday is 水, not 木)",
    );
}

#[test]
fn other_texts_are_refused_for_their_own_reason() {
    let fault = |input: &str| parse_date(input).unwrap_err().fault().clone();
    assert_eq!(fault(""), Fault::Empty);
    assert_eq!(fault("　"), Fault::Empty);
    assert_eq!(fault("未定"), Fault::Form);
    assert_eq!(fault("46113"), Fault::Form);
    assert_eq!(fault("26/4/1"), Fault::NoEra("26".to_owned()));
    assert_eq!(fault("令和0年4月1日"), Fault::NoYear(Era::Reiwa, 0));
    assert_eq!(fault("令和8年0月1日"), Fault::NoMonth(0));
    assert_eq!(fault("R8.4"), Fault::Missing('日'));
    assert_eq!(fault("2026/4-1"), Fault::Missing('日'));
    assert_eq!(fault("令和8年4月吉日"), Fault::Missing('日'));
    assert_eq!(fault("令和8年4月1"), Fault::Missing('日'));
    assert_eq!(fault("令和8年4月1日頃"), Fault::Trailing("頃".to_owned()));
    assert_eq!(fault("令和8年4月1日 9:30"), Fault::HasTime);
    assert_eq!(fault("明治45年7月30日"), Fault::AfterEra(Era::Meiji, Some(date(1912, 7, 30))));
    assert_eq!(fault("二十十年一月一日"), Fault::Form);
    assert_eq!(fault("12026年4月1日"), Fault::OutOfRange);
    assert_eq!(fault("1900/2/29"), Fault::NoDay { year: 1900, month: 2, day: 29, last: 28 });
}

#[test]
fn times_are_read_to_the_minute() {
    let check = |input: &str, expect: &str| {
        let got = parse_datetime(input).map(|t| t.strftime("%Y-%m-%dT%H:%M").to_string());
        assert_eq!(got.unwrap_or_else(|e| e.ja()), expect, "{input}");
    };
    for input in [
        "令和8年4月1日 9:30",
        "令和8年4月1日9時30分",
        "令和8年4月1日（水） 午前9時半",
        "2026-04-01T09:30",
        "2026-04-01 09:30:00",
        "２０２６／４／１　９：３０",
        "R8.4.1 09:30",
    ] {
        check(input, "2026-04-01T09:30");
    }
    check("2026/4/1 午後3時5分", "2026-04-01T15:05");
    check("2026/4/1 午後0時", "2026-04-01T12:00");
    check(
        "2026/4/1 午後12時",
        "日時として読めません: 2026/4/1 午後12時（「午後12時」は正午か深夜か分かりません。「午前0時」または「午後0時」と書いてください）",
    );
    check("2026/4/1 24:00", "日時として読めません: 2026/4/1 24:00（時刻「24:00」はありません）");
    check(
        "2026/4/1 9:30:15",
        "日時として読めません: 2026/4/1 9:30:15（秒は記録しません。分までで書いてください）",
    );
    check(
        "2026/4/1",
        "日時として読めません: 2026/4/1（「令和8年4月1日 9:30」または「2026-04-01T09:30」のように書いてください）",
    );
}

#[test]
fn periods_are_read_and_may_be_open() {
    let year = (date(2026, 4, 1), Some(date(2027, 3, 31)));
    for input in [
        "令和8年4月1日～令和9年3月31日",
        "令和8年4月1日〜令和9年3月31日",
        "令和8年4月1日から令和9年3月31日まで",
        "自 令和8年4月1日 至 令和9年3月31日",
        "2026-04-01 ~ 2027-03-31",
        "2026-04-01 - 2027-03-31",
        "R8.4.1－R9.3.31",
    ] {
        assert_eq!(parse_period(input).map_err(|e| e.ja()), Ok(year), "{input}");
    }
    assert_eq!(parse_period("令和8年4月1日～"), Ok((date(2026, 4, 1), None)));
    let why = |input: &str| parse_period(input).unwrap_err().ja();
    assert_eq!(
        why("令和9年4月1日～令和8年3月31日"),
        "期間として読めません: 令和9年4月1日～令和8年3月31日（終わりの日が始まりの日より前です）"
    );
    assert!(why("令和8年4月1日").starts_with("期間として読めません"));
    assert!(why("令和8年4月1日～9年3月31日").contains("「9」年がどの元号か分かりません"));
}

#[test]
fn fiscal_years_begin_in_april() {
    let year = FiscalYear::new(2026).unwrap();
    assert_eq!(FiscalYear::of(date(2026, 4, 1)), year);
    assert_eq!(FiscalYear::of(date(2027, 3, 31)), year);
    assert_eq!(FiscalYear::of(date(2026, 3, 31)).year(), 2025);
    assert_eq!((year.first_day(), year.last_day()), (date(2026, 4, 1), date(2027, 3, 31)));
    assert_eq!(year.to_string(), "令和8年度");
    let parse = |text: &str| FiscalYear::parse(text).map(FiscalYear::year).map_err(|e| e.ja());
    for input in ["令和8年度", "令和８年度", "R8年度", "令和八年度", "令和8", "2026年度", "2026", "2026年"]
    {
        assert_eq!(parse(input), Ok(2026), "{input}");
    }
    assert_eq!(parse("平成31年度"), Ok(2019));
    assert_eq!(parse("令和元年度"), Ok(2019));
    assert_eq!(FiscalYear::new(2019).unwrap().label(), "令和元年度");
    assert_eq!(FiscalYear::new(1988).unwrap().label(), "昭和63年度");
    assert_eq!(
        parse("平成32年度").unwrap_err(),
        "年度として読めません: 平成32年度（平成は31年4月30日までです）"
    );
    assert!(parse("8年度").unwrap_err().contains("元号"));
    assert!(parse("").is_err() && parse("令和0年度").is_err() && parse("年度").is_err());
}

#[test]
fn excel_numbers_follow_both_epochs_and_the_leap_year_that_never_was() {
    assert_eq!(excel_serial(1.0, false), Ok(date(1900, 1, 1)));
    assert_eq!(excel_serial(59.0, false), Ok(date(1900, 2, 28)));
    assert_eq!(
        excel_serial(60.0, false).unwrap_err().ja(),
        "Excelの日付として読めません: 60（1900年2月29日は実在しません）"
    );
    assert_eq!(excel_serial(61.0, false), Ok(date(1900, 3, 1)));
    assert_eq!(excel_serial(46113.0, false), Ok(date(2026, 4, 1)));
    assert_eq!(excel_serial(2_958_465.0, false), Ok(date(9999, 12, 31)));
    assert_eq!(excel_serial(0.0, true), Ok(date(1904, 1, 1)));
    assert_eq!(excel_serial(44651.0, true), Ok(date(2026, 4, 1)));
    assert_eq!(excel_datetime(46_113.395_833_333_3, false), Ok(date(2026, 4, 1).at(9, 30, 0, 0)));
    assert_eq!(excel_serial(46113.5, false).unwrap_err().fault(), &Fault::HasTime);
    for bad in [0.0, -1.0, 0.4, f64::NAN, f64::INFINITY, 2_958_466.0, 1e300] {
        assert!(excel_datetime(bad, false).is_err(), "{bad}");
    }
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_i32..2_968_000).prop_map(|days| {
        let span = jiff::Span::new().days(days);
        FIRST_DAY.checked_add(span).map_or(LAST_DAY, |d| d.min(LAST_DAY))
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(day in any_day()) {
        prop_assert_eq!(parse_date(&format_wareki(day)), Ok(day));
        prop_assert_eq!(parse_date(&format_short(day)), Ok(day));
        prop_assert_eq!(parse_date(&format_iso(day)), Ok(day));
        let wide: String = format_wareki(day)
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xfee0).filter(|_| c.is_ascii_digit()).unwrap_or(c))
            .collect();
        prop_assert_eq!(parse_date(&wide), Ok(day));
        let year = FiscalYear::of(day);
        if day < date(9999, 4, 1) && day >= date(1873, 4, 1) {
            prop_assert!(year.first_day() <= day && day <= year.last_day());
            prop_assert_eq!(FiscalYear::parse(&year.label()), Ok(year));
        }
        let moment = day.at(23, 59, 0, 0);
        for epoch_1904 in [false, true] {
            if let Some(serial) = to_excel_serial(day, epoch_1904) {
                prop_assert_eq!(excel_serial(serial as f64, epoch_1904), Ok(day));
                let serial = to_excel_datetime(moment, epoch_1904).unwrap();
                prop_assert_eq!(excel_datetime(serial, epoch_1904), Ok(moment));
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[令和平成昭大明治元年月日〇一二三十百千RHSTM0-9./()（）:～T午後前時分 -]{0,24}|\\PC{0,40}") {
        if let Ok(day) = parse_date(&text) {
            prop_assert!((FIRST_DAY..=LAST_DAY).contains(&day));
        }
        let _ = parse_datetime(&text);
        let _ = parse_period(&text);
        if let Err(error) = FiscalYear::parse(&text) {
            prop_assert!(!error.ja().is_empty() && !error.en().is_empty());
        }
    }

    #[test]
    fn no_number_makes_it_panic(serial in any::<f64>(), epoch_1904: bool) {
        let _ = excel_datetime(serial, epoch_1904);
    }
}
