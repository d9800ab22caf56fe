//! Tables are found where people left them, and what can't be told apart is refused with its place.

use jiff::civil::date;
use proptest::prelude::*;

use super::samples::{City, loans};
use super::*;
use crate::book::{CellValue, Source};
use crate::value::{NoLookup, Value};

const HEADERS: [&str; 5] = ["管理番号", "使用目的", "貸与日", "金額（円）", "状態"];

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::EMPTY } else { Cell::of(CellValue::Text(text.into())) }
}

fn row(cells: &[&str]) -> Vec<Cell> {
    cells.iter().map(|cell| text(cell)).collect()
}

fn sheet(name: &str, rows: Vec<Vec<Cell>>) -> Sheet {
    Sheet { name: name.to_owned(), hidden: false, epoch_1904: false, rows }
}

fn book(sheets: Vec<Sheet>) -> Book {
    Book { source: Source::Xlsx, sheets }
}

/// The sheet 台帳 with headers in row 4 and these rows below.
fn ledger(headers: &[&str], below: &[&[&str]]) -> Sheet {
    let mut rows = vec![row(&["USBメモリ貸与管理簿"]), row(&["作成日 令和8年4月1日"]), vec![], row(headers)];
    rows.extend(below.iter().map(|cells| row(cells)));
    sheet("台帳", rows)
}

fn refused(sheets: Vec<Sheet>, expect: &[&str]) {
    let refusals = find_table(&loans(), &book(sheets)).unwrap_err();
    let shown: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
    assert_eq!(shown, expect);
    assert!(refusals.iter().all(|refusal| !refusal.message.en.is_empty()));
}

fn found(sheets: Vec<Sheet>) -> (usize, Vec<(String, usize)>) {
    let book = book(sheets);
    let table = find_table(&loans(), &book).unwrap();
    let columns = table.columns().iter().map(|at| (at.field.to_string(), at.column)).collect();
    (table.header_row(), columns)
}

#[test]
fn headers_are_found_in_their_row_or_elsewhere_in_any_order_and_width() {
    let plain = |columns: [usize; 5]| {
        let ids = ["number", "purpose", "lent_on", "amount", "state"];
        ids.map(str::to_owned).into_iter().zip(columns).collect::<Vec<_>>()
    };
    assert_eq!(found(vec![ledger(&HEADERS, &[])]), (4, plain([0, 1, 2, 3, 4])));
    let moved =
        sheet("Sheet1", vec![vec![], row(&["", "状態", "貸与\n日", "金額(円)", "使用目的", "管理　番号"])]);
    let (line, mut columns) = found(vec![moved]);
    columns.sort_by_key(|(_, column)| std::cmp::Reverse(*column));
    assert_eq!(line, 2);
    assert_eq!(
        columns.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["number", "purpose", "amount", "lent_on", "state"]
    );
    let by_id = sheet("", vec![row(&["number", "purpose", "lent_on", "amount", "state"])]);
    assert_eq!(found(vec![by_id]), (1, plain([0, 1, 2, 3, 4])));
    // A title that repeats one header is no row of headers.
    let decoy = sheet("台帳", vec![row(&["状態"]), row(&HEADERS)]);
    assert_eq!(found(vec![decoy]).0, 2);
}

#[test]
fn wrong_headers_are_refused_with_what_is_expected() {
    refused(
        vec![ledger(&["管理番号", "使用目的", "貸与日", "金額（円）"], &[])],
        &[
            "シート「台帳」 A4: 4行目に見出し「状態」がありません。必要な見出し: 管理番号、使用目的、貸与日、金額（円）、状態",
        ],
    );
    refused(
        vec![ledger(&["管理番号", "使用目的", "貸与日", "金額（円）", "状態", "備考"], &[])],
        &[
            "シート「台帳」 F4: 見出し「備考」は、この台帳の項目ではありません。必要な見出し: 管理番号、使用目的、貸与日、金額（円）、状態",
        ],
    );
    refused(
        vec![ledger(&["管理番号", "使用目的", "貸与日", "金額（円）", "状態", "貸与日"], &[])],
        &["シート「台帳」 F4: 見出し「貸与日」がC列にもあります。片方を消してください。"],
    );
    refused(
        vec![sheet("台帳", vec![row(&["あ", "い"]); 30])],
        &[
            "シート「台帳」: 見出しの行が先頭の20行にありません。必要な見出し: 管理番号、使用目的、貸与日、金額（円）、状態",
        ],
    );
}

#[test]
fn the_sheet_is_found_by_name_or_because_it_is_the_only_one() {
    let hidden = |sheet: Sheet| Sheet { hidden: true, ..sheet };
    let memo = || sheet("メモ", vec![row(&["x"])]);
    let book_of = |sheets| {
        let book = book(sheets);
        find_table(&loans(), &book)
            .map(|table| table.notes().iter().map(Refusal::to_string).collect::<Vec<_>>())
    };
    assert_eq!(
        book_of(vec![memo(), ledger(&HEADERS, &[]), hidden(sheet("隠し", vec![row(&["x"])]))]).unwrap(),
        [
            "シート「メモ」: 台帳のシートではないので、取り込みません。",
            "シート「隠し」: 非表示のシートなので、取り込みません。",
        ]
    );
    let renamed = Sheet { name: "令和8年度".to_owned(), ..ledger(&HEADERS, &[]) };
    assert_eq!(book_of(vec![renamed.clone(), sheet("空", vec![])]).unwrap(), Vec::<String>::new());
    refused(
        vec![renamed, memo()],
        &["シート「台帳」がありません（あるシート: 令和8年度、メモ）。シート名を「台帳」にしてください。"],
    );
    refused(
        vec![hidden(ledger(&HEADERS, &[])), memo(), sheet("他", vec![row(&["x"])])],
        &["シート「台帳」が非表示です。再表示してから取り込んでください。"],
    );
    refused(vec![], &["値のあるシートがありません。"]);
}

fn origin_sheet(register: &str, seq: &str) -> Sheet {
    let pairs = [("sekisho-register", "1"), ("register", register), ("definition", "old"), ("seq", seq)];
    let rows = pairs.iter().map(|(key, value)| row(&[key, value])).collect();
    Sheet { hidden: true, ..sheet(META_SHEET, rows) }
}

#[test]
fn a_file_of_another_register_is_refused_and_an_old_definition_noted() {
    refused(
        vec![ledger(&HEADERS, &[]), origin_sheet("disposals", "3")],
        &[
            "このファイルは別の台帳（disposals）から出力されたものです。「USBメモリ貸与管理簿」には取り込めません。",
        ],
    );
    refused(
        vec![ledger(&HEADERS, &[]), origin_sheet("usb-loans", "many")],
        &[
            "シート「_sekisho」: 出力元の情報（seq）を読めません。台帳から出力し直したファイルを使うか、このシートを削除してください。",
        ],
    );
    let book = book(vec![ledger(&HEADERS, &[]), origin_sheet("usb-loans", "3")]);
    let table = find_table(&loans(), &book).unwrap();
    assert_eq!(table.base_seq(), Some(3));
    assert_eq!(
        table.notes()[0].to_string(),
        "出力した後に台帳の定義が変わっています。値は今の定義で読みます。"
    );
}

#[test]
fn hidden_fields_are_not_expected_and_not_accepted() {
    let definition = loans();
    let seek = Seek { hidden: ["amount".to_owned()].into(), partial: false };
    let without = book(vec![ledger(&["管理番号", "使用目的", "貸与日", "状態"], &[])]);
    assert!(seek_table(&definition, &without, &seek).is_ok());
    let with = book(vec![ledger(&HEADERS, &[])]);
    let refusals = seek_table(&definition, &with, &seek).unwrap_err();
    assert!(refusals[0].to_string().contains("D4: 見出し「金額（円）」は、この台帳の項目ではありません"));
}

#[test]
fn some_columns_are_enough_when_asked_so() {
    let definition = loans();
    let book = book(vec![sheet("", vec![row(&["number", "state"])])]);
    assert!(find_table(&definition, &book).is_err());
    let seek = Seek { partial: true, ..Seek::default() };
    assert_eq!(seek_table(&definition, &book, &seek).unwrap().columns().len(), 2);
}

fn read(cell: Cell, field: &str, epoch_1904: bool) -> Result<Value, String> {
    let mut ledger = ledger(&HEADERS, &[&["USB-0001", "", "", "", ""]]);
    ledger.epoch_1904 = epoch_1904;
    let column =
        ["number", "purpose", "lent_on", "amount", "state"].iter().position(|id| *id == field).unwrap();
    ledger.rows[4][column] = cell;
    let book = book(vec![ledger]);
    let definition = loans();
    let table = find_table(&definition, &book).unwrap();
    assert_eq!(table.lines().collect::<Vec<_>>(), [4]);
    let cell = table.read_field(&definition, 4, field, &NoLookup).unwrap();
    cell.value.map_err(|text| text.ja)
}

#[test]
fn cells_become_values_or_a_reason() {
    let number = |n| Cell::of(CellValue::Number(n));
    let day = Value::Date(date(2026, 4, 1));
    assert_eq!(read(text("令和8年4月1日"), "lent_on", false), Ok(day.clone()));
    assert_eq!(read(number(46113.0), "lent_on", false), Ok(day.clone()));
    assert_eq!(read(number(44651.0), "lent_on", true), Ok(day.clone()));
    assert_eq!(read(number(20_260_401.0), "lent_on", true), Ok(day.clone()));
    assert_eq!(
        read(Cell::of(CellValue::DateTime(date(2026, 4, 1).at(0, 0, 0, 0))), "lent_on", true),
        Ok(day)
    );
    assert_eq!(
        read(text("令和8年13月1日"), "lent_on", false),
        Err("和暦の日付として読めません: 令和8年13月1日（13月はありません）".to_owned())
    );
    assert_eq!(
        read(Cell::of(CellValue::Error("#REF!".into())), "amount", false),
        Err("Excelのエラー値（#REF!）です。値に直してください。".to_owned())
    );
    let formula = |value| Cell { value, formula: true, merged: false };
    assert_eq!(read(formula(CellValue::Number(5.0)), "amount", false), Ok(Value::Int(5)));
    assert_eq!(
        read(formula(CellValue::Empty), "amount", false),
        Err("数式の計算結果がファイルにありません。Excelで開いて保存し直すか、値に置き換えてください。"
            .to_owned())
    );
    assert_eq!(
        read(Cell { merged: true, ..Cell::EMPTY }, "purpose", false),
        Err("結合されたセルです。結合を解除して、行ごとに値を入れてください。".to_owned())
    );
}

#[test]
fn rows_end_where_nothing_stands_and_stray_cells_are_named() {
    let mut ledger = ledger(
        &HEADERS,
        &[
            &["USB-0001"],
            &["", "  "],
            &[],
            &["", "x"],
            &["", "", "", "", "", "メモ"],
            &["", "", "", "", "", "二つ目"],
        ],
    );
    ledger.rows[9][0] = Cell { merged: true, ..Cell::EMPTY };
    let book = book(vec![ledger]);
    let definition = loans();
    let table = find_table(&definition, &book).unwrap();
    assert_eq!(table.lines().collect::<Vec<_>>(), [4, 7]);
    let stray: Vec<String> = table.stray_cells().iter().map(Refusal::to_string).collect();
    assert_eq!(
        stray,
        ["シート「台帳」 F9: 見出しのない列に値があります。値を消すか、見出しを付けてください。"]
    );
}

#[test]
fn columns_right_of_z_are_named_in_refusals() {
    let refusal = Refusal::new("台帳", cell_name(13, 28), Text::new("読めません", "unreadable"));
    assert_eq!(refusal.to_string(), "シート「台帳」 AC14: 読めません");
    assert_eq!(refusal.show(Lang::En), "sheet `台帳` AC14: unreadable");
    assert_eq!(Refusal::new("", "C3", Text::new("x", "y")).to_string(), "C3: x");
}

proptest! {
    #[test]
    fn no_book_makes_it_panic(cells in proptest::collection::vec(
        proptest::collection::vec(prop_oneof![
            Just(Cell::EMPTY),
            proptest::sample::select(&HEADERS[..]).prop_map(text),
            "\\PC{0,6}".prop_map(|t| text(&t)),
            any::<f64>().prop_map(|n| Cell::of(CellValue::Number(n))),
            any::<bool>().prop_map(|merged| Cell { merged, formula: !merged, ..Cell::EMPTY }),
        ], 0..8), 0..12), epoch_1904: bool)
    {
        let definition = loans();
        let book = book(vec![Sheet { epoch_1904, ..sheet("台帳", cells) }]);
        let seek = Seek { partial: true, ..Seek::default() };
        if let Ok(table) = seek_table(&definition, &book, &seek) {
            for line in table.lines() {
                let _ = table.read_row(&definition, line, &City);
            }
            let _ = table.stray_cells();
        }
    }
}
