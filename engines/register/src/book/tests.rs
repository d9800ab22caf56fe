//! What files hold, what they may not hold, and that no bytes make it panic.

use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::*;

const WAREKI: &[u8] = include_bytes!("../../fixtures/wareki-formats.xlsx");
const EPOCH_1904: &[u8] = include_bytes!("../../fixtures/epoch-1904.xlsx");
const CELLS: &[u8] = include_bytes!("../../fixtures/cells.xlsx");

fn read(bytes: &[u8]) -> Book {
    let book = read_book(bytes, &TableLimits::default()).unwrap();
    let again = Book::from_bytes(&book.to_bytes(), &TableLimits::default()).unwrap();
    assert_eq!(book, again);
    book
}

fn refused(bytes: &[u8], limits: &TableLimits, ja: &str) {
    assert_eq!(read_book(bytes, limits).unwrap_err().text().ja, ja);
}

fn moment(at: DateTime) -> Cell {
    Cell::of(CellValue::DateTime(at))
}

fn number(n: f64) -> Cell {
    Cell::of(CellValue::Number(n))
}

fn text(t: &str) -> Cell {
    Cell::of(CellValue::Text(t.into()))
}

#[test]
fn every_japanese_date_format_gives_a_day() {
    let book = read(WAREKI);
    let rows = &book.sheets[0].rows;
    assert!(rows[0].len() >= 18);
    for cell in &rows[0] {
        assert_eq!(cell, &moment(date(2026, 4, 1).at(0, 0, 0, 0)));
    }
    for cell in &rows[1] {
        assert_eq!(cell, &moment(date(2026, 4, 1).at(9, 30, 0, 0)));
    }
    for cell in &rows[2] {
        assert_eq!(cell, &number(46113.0));
    }
    let edges = [
        moment(date(1900, 2, 28).at(0, 0, 0, 0)),
        number(60.0),
        moment(date(1900, 3, 1).at(0, 0, 0, 0)),
        number(0.0),
        number(0.5),
        number(-1.0),
    ];
    assert_eq!(rows[3], edges);
}

#[test]
fn days_of_the_1904_epoch_are_the_same_days() {
    let book = read(EPOCH_1904);
    let sheet = &book.sheets[0];
    assert!(sheet.epoch_1904);
    assert_eq!(sheet.cell(0, 0), &moment(date(2026, 4, 1).at(0, 0, 0, 0)));
    assert_eq!(sheet.cell(0, 1), &number(44651.0));
    assert_eq!(sheet.cell(0, 2), &moment(date(1904, 1, 1).at(0, 0, 0, 0)));
}

#[test]
fn rare_characters_and_kinds_of_text_are_kept() {
    let book = read(CELLS);
    let texts: Vec<_> = book.sheets[0].rows[0].iter().map(|cell| cell.text().unwrap()).collect();
    let expect = [
        "髙﨑𠮷",
        "葛\u{e0100}城市",
        "伊万里市",
        "総務課",
        " 前後の空白 ",
        "一行目\n二行目",
        "A&B <C>",
        "参加",
        "_x0041_",
    ];
    assert_eq!(texts, expect);
}

#[test]
fn formulas_give_what_excel_computed_last() {
    let book = read(CELLS);
    let sheet = &book.sheets[0];
    let formula = |value| Cell { value, formula: true, merged: false };
    assert_eq!(sheet.cell(1, 0), &text("直接の文字"));
    assert_eq!(sheet.cell(1, 1), &Cell::of(CellValue::Bool(true)));
    assert_eq!(sheet.cell(1, 2), &Cell::of(CellValue::Error("#REF!".into())));
    assert_eq!(sheet.cell(1, 3), &formula(CellValue::Text("髙﨑𠮷様".into())));
    assert_eq!(sheet.cell(1, 4), &formula(CellValue::Number(2.0)));
    assert_eq!(sheet.cell(1, 5), &formula(CellValue::Empty));
    assert_eq!(sheet.cell(1, 6), &formula(CellValue::Error("#DIV/0!".into())));
    assert_eq!(sheet.cell(1, 7), &formula(CellValue::Text("".into())));
    assert_eq!(sheet.cell(1, 8), &number(1500.0));
    assert_eq!(sheet.cell(2, 0), &formula(CellValue::Number(2.0)));
    assert_eq!(sheet.cell(2, 1), &formula(CellValue::Number(3.0)));
}

#[test]
fn what_a_merged_cell_covers_is_marked() {
    let book = read(CELLS);
    let sheet = &book.sheets[0];
    assert_eq!(sheet.cell(5, 1), &text("結合"));
    let covered = Cell { merged: true, ..Cell::EMPTY };
    assert_eq!([sheet.cell(5, 2), sheet.cell(6, 1), sheet.cell(6, 2)], [&covered; 3]);
    assert_eq!(sheet.cell(6, 0), &Cell::EMPTY);
    assert_eq!(sheet.cell(7, 1), &number(1.0));
}

#[test]
fn hidden_sheets_are_kept_and_marked() {
    let book = read(CELLS);
    let names: Vec<_> = book.sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.hidden)).collect();
    assert_eq!(names, [("台帳", false), ("隠し", true), ("_隠し", true), ("空", false)]);
    assert_eq!(book.visible().count(), 2);
    assert_eq!(book.sheet("空").unwrap().rows.len(), 0);
}

#[test]
fn limits_are_told_with_the_cell() {
    let limits = TableLimits::default;
    refused(
        CELLS,
        &TableLimits { bytes: 100, ..limits() },
        "ファイルが大きすぎます。100 Bまでにしてください。",
    );
    refused(
        CELLS,
        &TableLimits { unpacked_bytes: 100, ..limits() },
        "ブックを展開すると100 Bを超えます。画像や不要なシートを除いてください。",
    );
    refused(CELLS, &TableLimits { sheets: 3, ..limits() }, "シートが4枚あります。3枚までにしてください。");
    refused(
        CELLS,
        &TableLimits { rows: 2, ..limits() },
        "シート「台帳」 行数が上限の2行を超えています（A3）。ファイルを分けてください。",
    );
    refused(
        CELLS,
        &TableLimits { columns: 8, ..limits() },
        "シート「台帳」 列数が上限の8列を超えています（I1）。離れた列の値を消してください。",
    );
    refused(
        CELLS,
        &TableLimits { cells: 10, ..limits() },
        "セルの数が上限の10個を超えています。ファイルを分けてください。",
    );
    refused(
        CELLS,
        &TableLimits { cell_chars: 6, ..limits() },
        "シート「台帳」 E1: 文字数が上限の6文字を超えています。",
    );
    refused(
        b"a\nb\nc",
        &TableLimits { rows: 2, ..limits() },
        "行数が上限の2行を超えています（A3）。ファイルを分けてください。",
    );
    refused(
        b"a,,c",
        &TableLimits { columns: 2, ..limits() },
        "列数が上限の2列を超えています（C1）。離れた列の値を消してください。",
    );
}

#[test]
fn other_files_are_refused_by_name() {
    let limits = TableLimits::default();
    refused(b"", &limits, "ファイルが空です。");
    let old = [&OLE[..], &[0; 600]].concat();
    refused(
        &old,
        &limits,
        "古い形式（.xls）か、パスワード付きのブックです。パスワードを外し、「Excelブック（*.xlsx）」として保存し直してください。",
    );
    let not =
        "Excelブック（.xlsx）ではありません。Excelで「Excelブック（*.xlsx）」として保存し直してください。";
    refused(b"PK\x03\x04 no archive", &limits, not);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("word/document.xml", zip::write::SimpleFileOptions::default()).unwrap();
    refused(&archive.finish().unwrap().into_inner(), &limits, not);
    refused(b"%PDF-1.7\x00", &limits, "A1: 文字ではない制御コード（U+0000）があります。取り除いてください。");
}

#[test]
fn a_name_does_not_make_a_workbook_but_denies_a_csv() {
    let limits = TableLimits::default();
    assert_eq!(read_named(b"<html>", "list.XLSX", &limits), Err(TableError::NotAWorkbook));
    assert!(read_named(b"a,b", "list.csv", &limits).is_ok() && read_named(b"a,b", "list", &limits).is_ok());
    assert_eq!(read_named(CELLS, "list.csv", &limits).unwrap().source, Source::Xlsx);
    assert_eq!(read_named(b"", "list.xlsx", &limits), Err(TableError::Empty));
}

fn csv(bytes: &[u8]) -> (Source, Vec<Vec<String>>) {
    let book = read(bytes);
    let row = |row: &Vec<Cell>| row.iter().map(|cell| cell.text().unwrap_or_default().to_owned()).collect();
    (book.source, book.sheets[0].rows.iter().map(row).collect())
}

#[test]
fn csv_keeps_rows_and_cells_in_their_places() {
    let (source, rows) = csv("番号,名称\r\n1,\"a,\"\"b\"\"\r\nc\"\r\n\r\n,,x\n\n".as_bytes());
    assert_eq!(source, Source::CsvUtf8);
    assert_eq!(rows, [vec!["番号", "名称"], vec!["1", "a,\"b\"\r\nc"], vec![], vec!["", "", "x"]]);
    assert_eq!(csv(b"a\tb\n1\t2,3").1, [vec!["a", "b"], vec!["1", "2,3"]]);
    assert_eq!(csv(b"\xef\xbb\xbfa,b").1, [vec!["a", "b"]]);
    assert_eq!(csv(b"a\"b,c").1, [vec!["a\"b", "c"]]);
    assert_eq!(csv(b"a,\"\",").1, [vec!["a"]]);
}

#[test]
fn encodings_are_told_apart() {
    let text = "髙﨑,①㈱Ⅲ,ﾊﾝｶｸ,～∥－,参加\n\u{e000}\u{e757},はしご髙,表示,ソ能";
    let cp932 = encode_cp932(text).unwrap();
    assert_eq!(decode_cp932(&cp932).unwrap(), text);
    let (source, rows) = csv(&cp932);
    assert_eq!(source, Source::CsvCp932);
    assert_eq!(rows[0], ["髙﨑", "①㈱Ⅲ", "ﾊﾝｶｸ", "～∥－", "参加"]);
    assert_eq!(rows[1], ["\u{e000}\u{e757}", "はしご髙", "表示", "ソ能"]);
    // NEC's selection of IBM's characters reads as the same characters.
    assert_eq!(decode_cp932(b"\xee\xe0\xed\x95").unwrap(), decode_cp932(b"\xfb\xfc\xfa\xb1").unwrap());
    let utf16: Vec<u8> = "\u{feff}髙\t1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(csv(&utf16), (Source::CsvUtf16, vec![vec!["髙".to_owned(), "1".to_owned()]]));
    let limits = TableLimits::default();
    let neither = "2行目: 文字コードがUTF-8でもシフトJIS（CP932）でもありません。「CSV UTF-8」として保存し直してください。";
    refused(b"a\n\xfd\xff", &limits, neither);
    refused(b"\xef\xbb\xbfa\n\x83\x41", &limits, neither);
}

#[test]
fn what_cp932_can_not_hold_is_named() {
    for c in ['𠮷', '\u{e0100}', '¥', '−', '〜', '😀', '\u{e758}', 'é'] {
        assert_eq!(encode_cp932(&format!("可{c}")), Err(c));
    }
}

#[test]
fn broken_quotation_marks_are_refused_with_their_line() {
    let limits = TableLimits::default();
    refused(b"a,b\nc,\"d\ne", &limits, "B2（2行目）: 引用符「\"」が閉じられていません。");
    refused(
        b"a,b\n\"c\nd\"x,1",
        &limits,
        "A2（3行目）: 閉じる引用符「\"」のあとに文字があります。引用符そのものは「\"\"」と書いてください。",
    );
}

#[test]
fn an_apostrophe_before_a_formula_is_taken_away_again() {
    let check = |plain: &str, safe: &str| {
        assert_eq!(neutralise(plain), safe);
        assert_eq!(restore(safe), plain);
    };
    check("=1+1", "'=1+1");
    check("＝1", "'＝1");
    check("-5", "'-5");
    check("@x", "'@x");
    check("'=1", "''=1");
    check("'abc", "'abc");
    check("a=1", "a=1");
    check("", "");
    assert_eq!(csv("'=1+1,'abc,''=x".as_bytes()).1, [vec!["=1+1", "'abc", "'=x"]]);
}

#[test]
fn columns_are_named_as_in_excel() {
    for (column, name) in
        [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
    {
        assert_eq!(column_name(column), name);
    }
    assert_eq!(cell_name(13, 2), "C14");
}

#[test]
fn a_false_transfer_is_refused() {
    let good = read(CELLS).to_bytes();
    let limits = TableLimits::default();
    for end in 0..good.len() {
        assert!(Book::from_bytes(&good[..end], &limits).is_err(), "{end}");
    }
    assert!(Book::from_bytes(&[&good[..], b"x"].concat(), &limits).is_err());
    assert!(Book::from_bytes(&good, &TableLimits { rows: 3, ..limits.clone() }).is_err());
    assert!(Book::from_bytes(&good, &TableLimits { cells: 3, ..limits.clone() }).is_err());
    assert!(Book::from_bytes(b"SKB1\x00\xff\xff\xff\xff\x7f", &limits).is_err());
}

/// The parts of a fixture packed again with one of them changed.
fn repacked(part: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut old = zip::ZipArchive::new(std::io::Cursor::new(CELLS)).unwrap();
    let mut new = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut file = old.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut xml = String::new();
        file.read_to_string(&mut xml).unwrap();
        new.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        let xml = if name == part { change(xml) } else { xml };
        new.write_all(xml.as_bytes()).unwrap();
    }
    new.finish().unwrap().into_inner()
}

#[test]
fn a_cell_name_that_overflows_the_reader_is_a_damaged_workbook() {
    let bytes = repacked("xl/worksheets/sheet1.xml", |xml| xml.replace("r=\"A3\"", "r=\"AAAAAAAAAAAA3\""));
    let error = read_book(&bytes, &TableLimits::default()).unwrap_err();
    assert!(matches!(error, TableError::Broken { .. } | TableError::TooManyColumns { .. }), "{error}");
}

#[test]
fn a_cell_far_away_is_refused_and_an_empty_one_there_is_not() {
    let far = |cell: &str| {
        let cell = cell.to_owned();
        repacked("xl/worksheets/sheet1.xml", move |xml| {
            xml.replace("</sheetData>", &format!("<row r=\"1048576\">{cell}</row></sheetData>"))
        })
    };
    assert_eq!(read(&far("<c r=\"A1048576\" s=\"0\"/>")), read(CELLS));
    refused(
        &far("<c r=\"A1048576\"><v>1</v></c>"),
        &TableLimits::default(),
        "シート「台帳」 行数が上限の300000行を超えています（A1048576）。ファイルを分けてください。",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let limits = TableLimits::default();
        if let Ok(book) = read_book(&bytes, &limits) {
            prop_assert_eq!(Book::from_bytes(&book.to_bytes(), &limits), Ok(book));
        }
        let _ = read_xlsx(&bytes, &limits);
        let _ = Book::from_bytes(&bytes, &limits);
        let _ = Book::from_bytes(&[b"SKB1\0", &bytes[..]].concat(), &limits);
    }

    #[test]
    fn no_changed_sheet_makes_it_panic(at in 0_usize..1500, new in "[<>/\"=A-Zcrvft0-9 ]{0,6}", cut in 0_usize..8) {
        let bytes = repacked("xl/worksheets/sheet1.xml", |xml| {
            let mut chars: Vec<char> = xml.chars().collect();
            let from = at.min(chars.len());
            let to = (from + cut).min(chars.len());
            chars.splice(from..to, new.chars());
            chars.into_iter().collect()
        });
        if let Err(error) = read_book(&bytes, &TableLimits::default()) {
            prop_assert!(!error.text().ja.is_empty() && !error.text().en.is_empty());
        }
    }

    #[test]
    fn neutralised_text_comes_back(text in "['=+@＝\\-a-c]{0,6}|\\PC{0,12}") {
        let safe = neutralise(&text);
        prop_assert_eq!(restore(&safe), &text);
        prop_assert!(!csv::starts_formula(&safe));
    }

    #[test]
    fn cp932_bytes_read_back(text in "[ -~ァ-ヶ一-龠ぁ-ん髙﨑①-⑳\u{e000}-\u{e757}｡-ﾟ¥〜]{0,20}") {
        if let Ok(bytes) = encode_cp932(&text) {
            prop_assert_eq!(decode_cp932(&bytes), Ok(text));
        }
    }
}
