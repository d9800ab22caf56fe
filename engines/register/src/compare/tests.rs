//! Three ways: the values at the export, the values now, and the file.

use jiff::civil::date;

use super::*;
use crate::book::{Book, Cell, CellValue, Sheet, Source, TableLimits, read_book};
use crate::layout::find_table;
use crate::layout::samples::{City, loan, loans, meta, rows};
use crate::value::NoLookup;
use crate::write::write_xlsx;

const STATES: [&str; 2] = ["lent", "back"];

fn base() -> Vec<Values> {
    (1..=4)
        .map(|i| {
            loan(&format!("USB-000{i}"), "会議", Some(date(2026, 4, 1)), Some(i64::from(i) * 1000), STATES[0])
        })
        .collect()
}

/// The export of these rows, as a person edits it.
fn edited(list: &[Values], edit: impl Fn(&mut Sheet)) -> Book {
    let bytes = write_xlsx(&loans(), &mut list.iter().cloned(), &meta(), &City).unwrap();
    let mut book = read_book(&bytes, &TableLimits::default()).unwrap();
    edit(&mut book.sheets[0]);
    book
}

fn set(sheet: &mut Sheet, row: usize, column: usize, value: CellValue) {
    if sheet.rows.len() <= row {
        sheet.rows.resize_with(row + 1, Vec::new);
    }
    if sheet.rows[row].len() <= column {
        sheet.rows[row].resize_with(column + 1, Cell::default);
    }
    sheet.rows[row][column] = Cell::of(value);
}

fn text(text: &str) -> CellValue {
    CellValue::Text(text.into())
}

fn run(book: &Book, base: &[Values], current: &[Values]) -> Comparison {
    let definition = loans();
    let table = find_table(&definition, book).unwrap();
    compare(&definition, &table, &rows(&definition, base), &rows(&definition, current), &NoLookup)
}

fn shown(refusals: &[Refusal]) -> Vec<String> {
    refusals.iter().map(Refusal::to_string).collect()
}

#[test]
fn exactly_the_edited_cells_change() {
    let base = base();
    let book = edited(&base, |sheet| {
        set(sheet, 5, 1, text("出張"));
        set(sheet, 5, 3, CellValue::Empty);
        set(sheet, 6, 2, text("R8.5.1"));
        set(sheet, 7, 4, text("貸与中"));
    });
    let comparison = run(&book, &base, &base);
    let fields: Vec<_> = comparison
        .changed
        .iter()
        .map(|change| {
            let fields: Vec<_> = change
                .fields
                .iter()
                .map(|f| (f.field.as_str(), f.cell.as_str(), f.old.clone(), f.new.clone()))
                .collect();
            (change.row.key.as_str(), change.row.row.as_str(), change.line, fields)
        })
        .collect();
    let day = |month| Value::Date(date(2026, month, 1));
    assert_eq!(
        fields,
        [
            (
                "USB-0002",
                "r_1",
                6,
                vec![
                    ("purpose", "B6", "会議".into(), "出張".into()),
                    ("amount", "D6", Value::Int(2000), Value::Null)
                ]
            ),
            ("USB-0003", "r_2", 7, vec![("lent_on", "C7", day(4), day(5))]),
        ]
    );
    assert_eq!(comparison.unchanged, 2);
    assert!(comparison.refused.is_empty() && comparison.removed.is_empty() && comparison.added.is_empty());
}

#[test]
fn a_value_that_somebody_else_changed_is_kept_unless_the_file_changed_it_too() {
    let base = base();
    let mut now = base.clone();
    now[0].set("purpose", "研修");
    now[1].set("purpose", "研修");
    now[2].set("purpose", "出張");
    let book = edited(&base, |sheet| {
        set(sheet, 5, 1, text("出張"));
        set(sheet, 6, 1, text("出張"));
    });
    let comparison = run(&book, &base, &now);
    assert_eq!(comparison.changed, []);
    assert_eq!(comparison.unchanged, 3);
    assert_eq!(
        shown(&comparison.refused),
        [
            "シート「台帳」 B6: ファイルを出力した後に、ほかの人が「会議」から「研修」に変更しています。ファイルの値は「出張」です。どちらにするか確かめて、出力し直したファイルで変更してください。"
        ]
    );
}

#[test]
fn rows_are_added_and_missed() {
    let base = base();
    let book = edited(&base, |sheet| {
        sheet.rows.remove(4);
        set(sheet, 9, 1, text("新しい行"));
        set(sheet, 9, 4, text("返却済"));
    });
    let comparison = run(&book, &base, &base);
    assert_eq!(comparison.removed, [RowKey { row: "r_0".to_owned(), key: "USB-0001".to_owned() }]);
    let mut new = Values::new();
    new.set("purpose", "新しい行").set("state", "back");
    assert_eq!(comparison.added, [NewRow { line: 10, values: new }]);
    assert_eq!((comparison.unchanged, comparison.refused.len()), (3, 0));
}

#[test]
fn a_missing_row_that_was_changed_meanwhile_stands_apart_and_a_newer_one_is_not_missing() {
    let base = base();
    let mut now = base.clone();
    now[0].set("purpose", "研修");
    now.push(loan("USB-0009", "後から", None, None, "lent"));
    let book = edited(&base, |sheet| drop(sheet.rows.remove(4)));
    let comparison = run(&book, &base, &now);
    assert_eq!(comparison.removed, []);
    assert_eq!(comparison.removed_but_changed[0].key, "USB-0001");
}

#[test]
fn a_number_that_the_register_has_not_is_refused_and_a_double_names_both_rows() {
    let base = base();
    let book = edited(&base, |sheet| {
        set(sheet, 5, 0, text("USB-0001"));
        set(sheet, 6, 0, text("USB-9999"));
    });
    let comparison = run(&book, &base, &base);
    assert_eq!(
        shown(&comparison.refused),
        [
            "シート「台帳」 A5: 管理番号「USB-0001」が6行目にもあります。片方を消すか、番号を直してください。",
            "シート「台帳」 A6: 管理番号「USB-0001」が5行目にもあります。片方を消すか、番号を直してください。",
            "シート「台帳」 A7: 番号「USB-9999」は台帳にありません。新しい行は番号を空欄にしてください（自動で付きます）。",
        ]
    );
    assert_eq!((comparison.changed.len(), comparison.added.len()), (0, 0));
}

#[test]
fn a_key_that_people_choose_may_be_new() {
    use crate::layout::samples::everything;
    let definition = everything();
    let cells = ["項目 code", "項目 text"].map(|header| Cell::of(text(header))).to_vec();
    let row = ["000009", "新しい"].map(|value| Cell::of(text(value))).to_vec();
    let sheet = Sheet { name: String::new(), hidden: false, epoch_1904: false, rows: vec![cells, row] };
    let book = Book { source: Source::CsvUtf8, sheets: vec![sheet] };
    let seek = crate::layout::Seek { partial: true, ..Default::default() };
    let table = crate::layout::seek_table(&definition, &book, &seek).unwrap();
    let comparison = compare(&definition, &table, &Rows::new(), &Rows::new(), &City);
    assert_eq!(comparison.added[0].values.get("code"), &"000009".into());
}

#[test]
fn rows_that_came_or_went_since_the_export_are_refused_only_when_edited() {
    let base = base();
    let now = base[1..].to_vec();
    let book = edited(&base, |_| {});
    assert_eq!(run(&book, &base, &now).refused, []);
    let book = edited(&base, |sheet| set(sheet, 4, 1, text("出張")));
    assert_eq!(
        shown(&run(&book, &base, &now).refused),
        [
            "シート「台帳」 A5: この行は、ファイルを出力した後に台帳から削除されています。変更は取り込めません。"
        ]
    );
    // The file has a row that the register got only after the export.
    let book = edited(&base, |sheet| set(sheet, 4, 1, text("出張")));
    let refused = shown(&run(&book, &base[1..], &base).refused);
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0]
            .starts_with("シート「台帳」 B5: この番号の行は、ファイルを出力した後に台帳に追加されています。")
    );
}

#[test]
fn every_unreadable_cell_is_named_and_its_row_left_alone() {
    let base = base();
    let book = edited(&base, |sheet| {
        set(sheet, 4, 1, text("出張"));
        set(sheet, 4, 2, text("令和8年13月1日"));
        set(sheet, 4, 3, text("千円"));
        set(sheet, 8, 2, text("平成99年1月1日"));
    });
    let comparison = run(&book, &base, &base);
    let refused = shown(&comparison.refused);
    assert_eq!(
        refused[0],
        "シート「台帳」 C5: 和暦の日付として読めません: 令和8年13月1日（13月はありません）"
    );
    assert!(refused[1].starts_with("シート「台帳」 D5: "), "{refused:?}");
    assert!(
        refused[2].starts_with("シート「台帳」 C9: 和暦の日付として読めません: 平成99年1月1日"),
        "{refused:?}"
    );
    assert_eq!(
        (refused.len(), comparison.changed.len(), comparison.added.len(), comparison.unchanged),
        (3, 0, 0, 3)
    );
}

#[test]
fn results_of_formulas_are_taken_with_a_warning() {
    let base = base();
    let book = edited(&base, |sheet| {
        sheet.rows[4][3] = Cell { value: CellValue::Number(5000.0), formula: true, merged: false };
    });
    let comparison = run(&book, &base, &base);
    assert_eq!(comparison.changed[0].fields[0].new, Value::Int(5000));
    assert_eq!(
        shown(&comparison.warned),
        ["シート「台帳」 D5: 数式です。計算結果「5000」を値として取り込みます。"]
    );
}

#[test]
fn formulas_that_give_nothing_are_no_row() {
    let base = base();
    let book = edited(&base, |sheet| {
        for row in 10..20 {
            set(sheet, row, 3, text(""));
            sheet.rows[row][3].formula = true;
        }
    });
    let comparison = run(&book, &base, &base);
    assert_eq!(comparison, Comparison { unchanged: 4, ..Comparison::default() });
}

#[test]
fn a_value_that_can_not_be_read_any_more_is_no_change() {
    let mut base = base();
    base[0].set("state", "retired");
    let book = edited(&base, |_| {});
    let comparison = run(&book, &base, &base);
    assert_eq!((shown(&comparison.refused), comparison.unchanged), (vec![], 4));
}

#[test]
fn without_a_key_column_nothing_is_compared() {
    let definition = loans();
    let cells = ["使用目的", "状態"].map(|header| Cell::of(text(header))).to_vec();
    let sheet = Sheet { name: String::new(), hidden: false, epoch_1904: false, rows: vec![cells] };
    let book = Book { source: Source::CsvUtf8, sheets: vec![sheet] };
    let seek = crate::layout::Seek { partial: true, ..Default::default() };
    let table = crate::layout::seek_table(&definition, &book, &seek).unwrap();
    let comparison = compare(&definition, &table, &Rows::new(), &Rows::new(), &City);
    assert_eq!(shown(&comparison.refused), ["A1: 行を見分ける項目「管理番号」の列がありません。"]);
}

#[test]
fn a_flood_of_refusals_is_counted_not_kept() {
    let base = base();
    let book = edited(&base, |sheet| {
        for row in 10..3010 {
            set(sheet, row, 2, text("未定"));
        }
    });
    let comparison = run(&book, &base, &base);
    assert_eq!((comparison.refused.len(), comparison.refused_more), (MOST_REFUSALS, 2000));
}
