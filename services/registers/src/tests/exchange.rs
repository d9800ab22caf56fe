//! Out to Excel, edited as a person would, and in again.

use sekisho_register::Value;
use sekisho_register::book::{Book, Cell, CellValue, TableLimits, read_book};

use super::bed::{Bed, City};
use crate::{Caller, ExportFormat, ImportOptions, ListQuery, RegistersError};

fn export(city: &City, login: &str, format: ExportFormat) -> Book {
    let file = city.registers.export(&city.caller(login), format, &ListQuery::of("media")).unwrap();
    read_book(&file.bytes, &TableLimits::default()).unwrap()
}

/// Where a column's head stands: row and column, from 0.
fn head(book: &Book, label: &str) -> (usize, usize, usize) {
    for (number, sheet) in book.sheets.iter().enumerate() {
        for (row, cells) in sheet.rows.iter().enumerate() {
            if let Some(column) = cells.iter().position(|cell| cell.text() == Some(label)) {
                return (number, row, column);
            }
        }
    }
    panic!("no column {label}");
}

/// Writes into the cell of a column, `line` rows below its head.
fn edit(book: &mut Book, label: &str, line: usize, text: &str) {
    let (sheet, row, column) = head(book, label);
    let rows = &mut book.sheets[sheet].rows;
    rows.resize_with(rows.len().max(row + line + 1), Vec::new);
    let cells = &mut rows[row + line];
    cells.resize_with(cells.len().max(column + 1), Cell::default);
    cells[column] = Cell { value: CellValue::Text(text.into()), ..Cell::default() };
}

fn filled(bed: &Bed) -> City {
    let city = bed.city();
    for (name, unit) in
        [("髙﨑の媒体", "fukushi"), ("追加", "fukushi"), ("=1+1", "fukushi"), ("他課", "zeimu")]
    {
        city.add(
            "media",
            &[("name", name.into()), ("unit", unit.into()), ("class_c", "c2".into()), ("price", 1000.into())],
        );
    }
    city
}

fn values(city: &City) -> Vec<(String, u32, sekisho_register::Values)> {
    let page = city.registers.list(&Caller::system("test"), &ListQuery::of("media")).unwrap();
    page.rows.into_iter().map(|row| (row.key, row.version, row.values)).collect()
}

pub(super) fn an_edited_export_changes_exactly_the_edited_cells(bed: &Bed) {
    let city = filled(bed);
    let suzuki = city.caller("suzuki");
    for format in [ExportFormat::Xlsx, ExportFormat::CsvUtf8] {
        let before = values(&city);
        let mut book = export(&city, "suzuki", format);
        let same = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
        assert!(same.is_clean() && same.changed.is_empty() && same.added.is_empty(), "{same:?}");
        assert_eq!(same.unchanged, 3);
        let day = if format == ExportFormat::Xlsx { "R8.4.1" } else { "令和8年5月1日" };
        edit(&mut book, "購入日", 2, day);
        let shown = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
        assert!(shown.is_clean(), "{:?}", shown.refused);
        assert_eq!(shown.changed.len(), 1);
        assert_eq!((shown.changed[0].row.as_str(), shown.changed[0].field.as_str()), ("M-0002", "bought_on"));
        let done = city
            .registers
            .import_book(&suzuki, "media", "台帳", &book, &shown.digest, ImportOptions::default())
            .unwrap();
        assert!(done.applied);
        for (old, new) in before.iter().zip(values(&city)) {
            let differing: Vec<&str> = old.2.differing(&new.2);
            assert_eq!(differing, if old.0 == "M-0002" { vec!["bought_on"] } else { vec![] }, "{}", old.0);
        }
    }
    assert_eq!(city.events("register.exported").len(), 2);
    city.verify();
}

pub(super) fn new_and_missing_rows_are_shown_and_taken_over(bed: &Bed) {
    let city = filled(bed);
    let suzuki = city.caller("suzuki");
    let mut book = export(&city, "suzuki", ExportFormat::Xlsx);
    let (sheet, row, _) = head(&book, "管理番号");
    book.sheets[sheet].rows.remove(row + 1);
    edit(&mut book, "品名", 3, "新しい媒体");
    edit(&mut book, "所属", 3, "福祉課");
    let shown = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
    assert!(shown.is_clean(), "{:?}", shown.refused);
    assert_eq!((shown.added.len(), shown.removed.len()), (1, 1));
    let options = ImportOptions { remove_missing: true };
    let done = city.registers.import_book(&suzuki, "media", "台帳", &book, &shown.digest, options).unwrap();
    assert!(done.applied, "{:?}", done.refused);
    let keys: Vec<String> = values(&city).into_iter().map(|(key, ..)| key).collect();
    assert_eq!(keys, ["M-0002", "M-0003", "M-0004", "M-0005"]);
}

pub(super) fn what_others_changed_meanwhile_is_refused_and_named(bed: &Bed) {
    let city = filled(bed);
    let suzuki = city.caller("suzuki");
    let mut book = export(&city, "suzuki", ExportFormat::Xlsx);
    let page = city.registers.list(&suzuki, &ListQuery::of("media")).unwrap();
    city.change("media", &page.rows[0].id, &[("price", 2000.into())]);
    city.change("media", &page.rows[1].id, &[("price", 3000.into())]);
    edit(&mut book, "価格", 1, "5000");
    let shown = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
    assert_eq!(shown.refused.len(), 1, "{:?}", shown.refused);
    assert!(shown.refused[0].message.contains("2,000"), "{}", shown.refused[0].message);
    // What the file didn't touch is not set back.
    assert!(shown.changed.is_empty());
}

pub(super) fn refusals_name_their_cells_and_nothing_is_imported(bed: &Bed) {
    let city = filled(bed);
    let suzuki = city.caller("suzuki");
    let mut book = export(&city, "suzuki", ExportFormat::Xlsx);
    edit(&mut book, "購入日", 1, "令和8年13月1日");
    edit(&mut book, "価格", 2, "-5");
    edit(&mut book, "備考", 3, "個人番号は123456789018です");
    let before = values(&city);
    let shown = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
    let (_, row, _) = head(&book, "備考");
    let lines: Vec<String> = shown
        .refused
        .iter()
        .map(|refusal| refusal.cell.trim_start_matches(|c: char| c.is_ascii_alphabetic()).to_owned())
        .collect();
    let expect: Vec<String> = (1..=3).map(|line| (row + 1 + line).to_string()).collect();
    assert_eq!(lines, expect, "{:?}", shown.refused);
    assert!(shown.refused[0].message.contains("13月"), "{}", shown.refused[0].message);
    assert!(!format!("{shown:?}").contains("9018"), "{shown:?}");
    let done = city
        .registers
        .import_book(&suzuki, "media", "台帳", &book, &shown.digest, ImportOptions::default())
        .unwrap();
    assert!(!done.applied);
    assert_eq!(values(&city), before);
}

pub(super) fn a_dry_run_that_is_out_of_date_is_refused(bed: &Bed) {
    let city = filled(bed);
    let suzuki = city.caller("suzuki");
    let mut book = export(&city, "suzuki", ExportFormat::Xlsx);
    edit(&mut book, "価格", 1, "5000");
    let shown = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
    city.medium("後から", "c2", "fukushi");
    let import = |digest: &str| {
        city.registers.import_book(&suzuki, "media", "台帳", &book, digest, ImportOptions::default())
    };
    assert!(matches!(import(&shown.digest), Err(RegistersError::StaleDryRun)));
    let again = city.registers.dry_run_book(&suzuki, "media", "台帳", &book).unwrap();
    assert!(import(&again.digest).unwrap().applied);
}

pub(super) fn only_rows_within_reach_are_exported_and_imported(bed: &Bed) {
    let city = filled(bed);
    let query = ListQuery::of("media");
    let export = |login: &str| city.registers.export(&city.caller(login), ExportFormat::CsvUtf8, &query);
    assert!(matches!(export("yamada"), Err(RegistersError::NotPermitted(_))));
    let file = export("suzuki").unwrap();
    assert_eq!(file.rows, 3);
    let mut book = read_book(&file.bytes, &TableLimits::default()).unwrap();
    let yamada = city.registers.dry_run_book(&city.caller("yamada"), "media", "台帳", &book);
    assert!(matches!(yamada, Err(RegistersError::NotPermitted(_))));
    // A row may not be moved to a unit that is somebody else's.
    edit(&mut book, "所属", 1, "税務課");
    let shown = city.registers.dry_run_book(&city.caller("suzuki"), "media", "台帳", &book).unwrap();
    assert_eq!(shown.refused.len(), 1, "{:?}", shown.refused);
    let moved = values(&city)
        .into_iter()
        .all(|(key, _, values)| (values.get("unit") == &Value::from("zeimu")) == (key == "M-0004"));
    assert!(moved);
}
