use super::*;
use crate::{Disarmed, Options};

fn disarm(name: &str, bytes: &[u8]) -> Result<Disarmed, Refusal> {
    let options = Options { name: name.to_owned(), ..Options::default() };
    let out = crate::disarm(bytes, &options)?;
    crate::verify(&out.bytes, out.format, &options.limits).unwrap();
    Ok(out)
}

fn check_text(input: &[u8], expected: &str) {
    assert_eq!(String::from_utf8(disarm("a.txt", input).unwrap().bytes).unwrap(), expected);
}

fn check_csv(input: &str, expected: &str, places: &[&str]) {
    let out = disarm("a.csv", input.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(out.bytes).unwrap(), format!("\u{feff}{expected}"));
    let found: Vec<_> = out.removed.iter().map(|r| r.location.as_str()).collect();
    assert_eq!(found, places);
}

#[test]
fn every_japanese_encoding_becomes_utf8() {
    let text = "伊万里市役所 総務部\r\n髙橋①ｶﾅ\r\n";
    check_text(text.as_bytes(), text);
    check_text(format!("\u{feff}{text}").as_bytes(), text);
    check_text(&encoding_rs::SHIFT_JIS.encode(text).0, text);
    let euc = "情報セキュリティ対策基準に関する規程を定める。\n";
    check_text(&encoding_rs::EUC_JP.encode(euc).0, euc);
    check_text(&encoding_rs::ISO_2022_JP.encode(euc).0, euc);
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    check_text(&wide, text);
}

#[test]
fn user_defined_characters_of_cp932_survive() {
    let out = disarm("a.txt", b"\x8a\xbf\x8e\x9a\xf0\x40\n").unwrap();
    assert_eq!(String::from_utf8(out.bytes).unwrap(), "漢字\u{e000}\n");
}

#[test]
fn controls_are_removed_and_their_lines_named() {
    let out =
        disarm("a.txt", "一行目\n\u{1b}[31m赤\u{1b}[0m\nfdp.\u{202e}exe\nze\u{200b}ro\n".as_bytes()).unwrap();
    assert_eq!(String::from_utf8(out.bytes).unwrap(), "一行目\n赤\nfdp.exe\nzero\n");
    let found: Vec<_> = out.removed.iter().map(|r| r.location.as_str()).collect();
    assert_eq!(found, ["2行目（端末制御）", "3行目（表示方向の制御）", "4行目（見えない文字）"]);
}

#[test]
fn joined_emoji_and_variants_of_kanji_stay() {
    let text = "👩\u{200d}💻 葛\u{e0100}飾区\n";
    check_text(text.as_bytes(), text);
}

#[test]
fn undecodable_bytes_are_refused() {
    assert!(disarm("a.txt", b"abc\xff\xfe\x00\x01\x80").is_err());
}

#[test]
fn formulas_in_a_cp932_table_become_text() {
    let table =
        "氏名,値\r\n=cmd|'/C calc'!A0,1\r\n\"＝HYPERLINK(\"\"http://127.0.0.1\"\")\",2\r\n山田,@SUM(A1)\r\n";
    let bytes = encoding_rs::SHIFT_JIS.encode(table).0;
    let out = disarm("a.csv", &bytes).unwrap();
    assert_eq!(
        String::from_utf8(out.bytes).unwrap(),
        "\u{feff}氏名,値\r\n'=cmd|'/C calc'!A0,1\r\n\"'＝HYPERLINK(\"\"http://127.0.0.1\"\")\",2\r\n山田,'@SUM(A1)\r\n"
    );
    let found: Vec<_> = out.removed.iter().map(|r| r.location.as_str()).collect();
    assert_eq!(found, ["2行目 A列", "3行目 A列", "4行目 B列"]);
}

#[test]
fn numbers_telephones_and_dashes_stay() {
    let table = "-1,+2.5,-3%\n+81-3-1234-5678,-,－\n\"-1,234\",-1e5,－１２\n";
    check_csv(table, table, &[]);
}

#[test]
fn signs_before_words_are_formulas() {
    check_csv(
        "+A1,-cmd|x\n \"=1+1\"\n",
        "'+A1,'-cmd|x\n\"' \"\"=1+1\"\"\"\n",
        &["1行目 A列", "1行目 B列", "2行目 A列"],
    );
}

#[test]
fn a_formula_behind_another_separator_is_found() {
    check_csv("a,b;=1+1\n", "a,\"b;'=1+1\"\n", &["1行目 B列"]);
}

#[test]
fn tabs_stay_semicolons_become_commas_and_blank_rows_stay() {
    check_csv("a\tb\n\n1\t2\n", "a\tb\n\n1\t2\n", &[]);
    check_csv("a;b\r\n1,5;2\r\n", "a,b\r\n\"1,5\",2\r\n", &[]);
}

#[test]
fn quoted_cells_keep_their_lines() {
    check_csv("\"a\nb\",\"say \"\"x\"\"\"\n", "\"a\nb\",\"say \"\"x\"\"\"\n", &[]);
}

#[test]
fn the_text_method_makes_plain_text_of_a_table() {
    let options = Options { name: "a.csv".to_owned(), method: crate::Method::Text, ..Options::default() };
    let out = crate::disarm("名,値\n=1,2\n".as_bytes(), &options).unwrap();
    assert_eq!((out.format, out.bytes), (Format::Txt, "名,値\n=1,2\n".as_bytes().to_vec()));
}

#[test]
fn an_independent_reader_sees_the_same_cells() {
    let text = "a,\"b,1\",\n\"x\"\"y\",,z\n";
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let theirs: Vec<String> =
        reader.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    let ours: Vec<String> = table::cells(text).map(|cell| cell.text).collect();
    assert_eq!(ours, theirs);
}

proptest::proptest! {
    #[test]
    fn whatever_comes_out_passes_the_second_reader(text in "[-=+@a-z0-9,;\"'\t\r\n＝＠あ \u{202e}]{0,60}") {
        if let Ok(out) = crate::disarm(text.as_bytes(), &Options { name: "a.csv".to_owned(), ..Options::default() }) {
            proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &crate::Limits::default()), Ok(()));
        }
    }
}

#[test]
fn csv_holds_to_its_document() {
    crate::cases::run(include_str!("../../cases/csv.md"), &|_| Vec::new());
}

fn kept(name: &str, input: &[u8]) -> Vec<u8> {
    let encoding = crate::TextEncoding::Keep;
    let options = Options { name: name.to_owned(), encoding, ..Options::default() };
    let out = crate::disarm(input, &options).unwrap();
    crate::verify(&out.bytes, out.format, &options.limits).unwrap();
    out.bytes
}

#[test]
fn a_japanese_encoding_stays_when_it_is_wanted() {
    let text = "伊万里市役所 総務部\r\n髙橋①㈱Ⅲｶﾅ\r\n";
    let sjis = encoding_rs::SHIFT_JIS.encode(text).0.into_owned();
    assert_eq!(kept("a.txt", &sjis), sjis);
    let gaiji = b"\x8a\xbf\x8e\x9a\x82\xcd\xf0\x40\x82\xc5\x82\xb7\r\n";
    assert_eq!(kept("a.txt", gaiji), gaiji);
    let euc = encoding_rs::EUC_JP.encode("情報セキュリティ対策基準に関する規程を定める。\n").0.into_owned();
    assert_eq!(kept("a.txt", &euc), euc);
    let jis = encoding_rs::ISO_2022_JP.encode("規程\n").0.into_owned();
    assert_eq!(kept("a.txt", &jis), "規程\n".as_bytes());
    let csv = encoding_rs::SHIFT_JIS.encode("氏名\t式\r\n佐藤\t=1+1\r\n").0.into_owned();
    let safe = encoding_rs::SHIFT_JIS.encode("氏名\t式\r\n佐藤\t'=1+1\r\n").0.into_owned();
    assert_eq!(kept("a.tsv", &csv), safe);
}

proptest::proptest! {
    #[test]
    fn kept_encodings_pass_the_second_reader(text in "[-=+@a-z,;\"\t\n＝あ漢髙①ｶﾅ]{0,40}", euc in proptest::bool::ANY) {
        let encoding = if euc { encoding_rs::EUC_JP } else { encoding_rs::SHIFT_JIS };
        let bytes = encoding.encode(&text).0.into_owned();
        for name in ["a.csv", "a.txt"] {
            let options = Options { name: name.to_owned(), encoding: crate::TextEncoding::Keep, ..Options::default() };
            if let Ok(out) = crate::disarm(&bytes, &options) {
                proptest::prop_assert_eq!(crate::verify(&out.bytes, out.format, &crate::Limits::default()), Ok(()));
            }
        }
    }
}

#[test]
fn a_short_log_with_a_bell_and_a_backspace_is_text() {
    let log = "起動\x07\x08完了 \x1b]0;x\x07\r\n";
    let out =
        crate::disarm(log.as_bytes(), &Options { name: "a.log".to_owned(), ..Options::default() }).unwrap();
    assert_eq!(String::from_utf8(out.bytes).unwrap(), "起動完了 0;x\r\n");
    assert_eq!(out.removed.len(), 1);
}
