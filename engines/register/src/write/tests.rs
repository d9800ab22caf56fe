//! What is written is read back, and what can't be written is named.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::book::{Book, CellValue, Source, TableLimits, read_book};
use crate::compare::{Comparison, compare};
use crate::layout::samples::{City, any_row, everything, field_count, loan, loans, meta, rows};
use crate::layout::{META_SHEET, find_table};
use crate::value::{NoLookup, Values};

fn xlsx(definition: &Definition, list: &[Values]) -> Vec<u8> {
    write_xlsx(definition, &mut list.iter().cloned(), &meta(), &City).unwrap()
}

fn csv(definition: &Definition, list: &[Values], encoding: CsvEncoding) -> Result<Vec<u8>, WriteError> {
    write_csv(definition, &mut list.iter().cloned(), &meta(), &City, encoding)
}

fn read(bytes: &[u8]) -> Book {
    read_book(bytes, &TableLimits::default()).unwrap()
}

fn compared(definition: &Definition, bytes: &[u8], list: &[Values]) -> Comparison {
    let book = read(bytes);
    let table = find_table(definition, &book).unwrap();
    let all = rows(definition, list);
    compare(definition, &table, &all, &all, &City)
}

fn unchanged(definition: &Definition, bytes: &[u8], list: &[Values]) {
    let comparison = compared(definition, bytes, list);
    let expect = Comparison { unchanged: list.len() as u64, ..Comparison::default() };
    assert_eq!(comparison, expect);
}

fn sample() -> Vec<Values> {
    vec![
        loan("USB-0001", "=1+1 式ではない", Some(date(2026, 4, 1)), Some(12_000), "lent"),
        loan("USB-0002", "髙﨑𠮷と葛󠄀城の参加", Some(date(1899, 12, 31)), None, "back"),
        loan("USB-0003", "0012", None, Some(-5), "back"),
    ]
}

#[test]
fn the_sheet_has_title_day_version_headers_and_typed_cells() {
    let definition = loans();
    let book = read(&xlsx(&definition, &sample()));
    assert_eq!(book.source, Source::Xlsx);
    let sheet = book.visible().next().unwrap();
    assert_eq!(sheet.name, "台帳");
    let text = |row, column| sheet.cell(row, column).text().unwrap_or_default().to_owned();
    assert_eq!(text(0, 0), "USBメモリ貸与管理簿");
    assert_eq!(text(1, 0), "作成日 令和8年4月1日　作成者 総務課 髙﨑");
    assert!(text(2, 0).starts_with("記録番号 4711 時点"));
    assert_eq!(text(3, 3), "金額（円）");
    assert_eq!(sheet.cell(4, 2).value, CellValue::DateTime(date(2026, 4, 1).at(0, 0, 0, 0)));
    assert_eq!(sheet.cell(4, 3).value, CellValue::Number(12_000.0));
    assert_eq!((text(4, 1), text(4, 4)), ("=1+1 式ではない".to_owned(), "貸与中".to_owned()));
    assert_eq!((text(5, 2), text(6, 1)), ("明治32年12月31日".to_owned(), "0012".to_owned()));
    assert!(sheet.rows.iter().flatten().all(|cell| !cell.formula && !cell.merged));
    assert!(book.sheet(META_SHEET).unwrap().hidden);
}

#[test]
fn the_origin_is_read_back() {
    let definition = loans();
    let book = read(&xlsx(&definition, &sample()));
    let table = find_table(&definition, &book).unwrap();
    let origin = table.origin().unwrap();
    assert_eq!((origin.register.as_str(), table.base_seq()), ("usb-loans", Some(4711)));
    assert_eq!(origin.definition, definition.digest);
    assert_eq!((origin.exported_on, origin.by.as_str()), (Some(date(2026, 4, 1)), "総務課 髙﨑"));
    assert!(table.notes().is_empty(), "{:?}", table.notes());
}

#[test]
fn an_export_that_nobody_edits_changes_nothing() {
    let definition = loans();
    let list = sample();
    unchanged(&definition, &xlsx(&definition, &list), &list);
    unchanged(&definition, &csv(&definition, &list, CsvEncoding::Utf8Bom).unwrap(), &list);
    unchanged(&definition, &xlsx(&definition, &[]), &[]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let definition = loans();
    assert_eq!(xlsx(&definition, &sample()), xlsx(&definition, &sample()));
}

#[test]
fn csv_has_one_line_of_headers_and_safe_cells() {
    let definition = loans();
    let bytes = csv(&definition, &sample(), CsvEncoding::Utf8Bom).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap().split("\r\n").collect();
    assert_eq!(lines[0], "管理番号,使用目的,貸与日,金額（円）,状態");
    assert_eq!(lines[1], "USB-0001,'=1+1 式ではない,2026-04-01,12000,貸与中");
    assert_eq!(lines[3], "USB-0003,0012,,-5,返却済");
    assert_eq!(lines[4], "");
}

#[test]
fn what_cp932_lacks_is_refused_with_row_and_character() {
    let definition = loans();
    let list = sample();
    let error = csv(&definition, &list, CsvEncoding::Cp932).unwrap_err();
    assert_eq!(
        error.text().ja,
        "3行目（USB-0002）「使用目的」: 文字「𠮷」（U+20BB7）はシフトJIS（CP932）にありません。UTF-8のCSVか、Excelで出力してください。"
    );
    let held = [loan("USB-0001", "髙﨑①㈱ソ能表～", None, None, "lent")];
    let bytes = csv(&definition, &held, CsvEncoding::Cp932).unwrap();
    assert_eq!(read(&bytes).source, Source::CsvCp932);
    unchanged(&definition, &bytes, &held);
}

#[test]
fn withheld_fields_have_no_column_and_are_not_missed() {
    let definition = loans();
    let list = sample();
    let withheld = ExportMeta { withheld: ["amount".to_owned()].into(), ..meta() };
    let bytes = write_xlsx(&definition, &mut list.iter().cloned(), &withheld, &City).unwrap();
    let book = read(&bytes);
    let headers: Vec<_> = book.sheets[0].rows[3].iter().map(|cell| cell.text().unwrap()).collect();
    assert_eq!(headers, ["管理番号", "使用目的", "貸与日", "状態"]);
    unchanged(&definition, &bytes, &list);
}

#[test]
fn a_text_beyond_a_cell_is_refused_with_its_cell() {
    let definition = loans();
    let long = [loan("USB-0001", &"長".repeat(32_768), None, None, "lent")];
    let error = write_xlsx(&definition, &mut long.iter().cloned(), &meta(), &City).unwrap_err();
    assert_eq!(error, WriteError::TooLong { cell: "B5".to_owned(), header: "使用目的".to_owned() });
}

#[test]
fn names_that_lead_elsewhere_are_written_as_ids() {
    let definition = everything();
    let field = |id: &str| definition.field(id).unwrap();
    let check = |id: &str, value: Value, expect: &str| {
        let spelled = spell(field(id), &value, &City);
        assert_eq!(spelled, expect);
        let input = crate::value::Input::Text(&spelled);
        assert_eq!(field(id).read(&input, &City), Ok(value));
    };
    use crate::value::Value;
    check("person", "r_p1".into(), "髙﨑 𠮷子");
    check("person", "r_p2".into(), "r_p2");
    check("state", "back".into(), "返却、済");
    check("marks", Value::list(["a".to_owned(), "b".to_owned()]), "窓口、電話・郵送");
    check("medium", "r_m2".into(), "青、白のUSB");
    check(
        "media",
        Value::list(["r_m1".to_owned(), "r_m2".to_owned(), "r_m3".to_owned()]),
        "r_m2、r_m3、赤いUSB",
    );
    assert_eq!(spell(field("person"), &"r_gone".into(), &City), "r_gone");
}

#[test]
fn a_hundred_thousand_rows_take_seconds_not_minutes() {
    let definition = loans();
    let mut list = (0..100_000)
        .map(|i| loan(&format!("USB-{i:04}"), "会議資料の持ち運び", Some(date(2026, 4, 1)), Some(i), "lent"));
    let bytes = write_xlsx(&definition, &mut list, &meta(), &NoLookup).unwrap();
    let book = read(&bytes);
    assert_eq!(book.sheets[0].rows.len(), 100_004);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_type_survives_the_round_trip(a in any_row(1), b in any_row(2), c in any_row(30)) {
        let definition = everything();
        let list = [a, b, c];
        prop_assert_eq!(columns(&definition, &meta()).len(), field_count());
        unchanged(&definition, &xlsx(&definition, &list), &list);
        unchanged(&definition, &csv(&definition, &list, CsvEncoding::Utf8Bom).unwrap(), &list);
        if let Ok(bytes) = csv(&definition, &list, CsvEncoding::Cp932) {
            unchanged(&definition, &bytes, &list);
        }
    }
}
