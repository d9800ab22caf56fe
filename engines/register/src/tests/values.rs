//! What people write, what they read, and what is exact: JSON and columns.

use jiff::civil::date;
use proptest::prelude::*;

use super::sample::{City, classes, env, every_type, vocabulary};
use crate::{
    Axis, DefaultEnv, Definition, Field, Found, Input, Lang, Lookup, NoLookup, Value, Values,
    corporate_number_digit, municipality_code_digit, search_key,
};

fn field(id: &str) -> Field {
    every_type().field(id).unwrap().clone()
}

/// Reads a text into a field and shows the value, or the reason in Japanese.
#[track_caller]
fn check(id: &str, written: &str, expected: &str) {
    let shown = match field(id).read(&Input::Text(written), &City) {
        Ok(value) => field(id).to_json(&value).to_string(),
        Err(why) => {
            assert!(!why.en.is_empty());
            why.ja
        }
    };
    assert_eq!(shown, expected, "{id}: {written}");
}

fn cell(id: &str, input: Input<'_>) -> String {
    match field(id).read(&input, &City) {
        Ok(value) => field(id).to_json(&value).to_string(),
        Err(why) => why.ja,
    }
}

#[test]
fn free_text_is_kept_byte_for_byte() {
    for text in [
        "髙﨑𠮷",
        "葛\u{e0100}飾区",
        "辻\u{fe00}",
        "\u{e000}外字",
        "追加",
        "ＡＢＣ　１２３",
        "ﾊﾝｶｸ",
        "が\u{3099}",
        "①㈱",
        "'=1+1",
        "Å",
    ] {
        check("name", text, &serde_json::to_string(text).unwrap());
    }
    // The second byte of 「加」 in CP932 is a letter; it must not be taken for one.
    check("note", "鈴木加", "\"鈴木加\"");
}

#[test]
fn text_is_trimmed_at_line_ends_only() {
    check("name", "  左寄せ　 ", "\"  左寄せ\"");
    check("note", "一行目 \r\n　二行目\t\r\r三行目\n\n", "\"一行目\\n　二行目\\n\\n三行目\"");
    check("name", " 　", "null");
    check("note", "\n \n", "null");
}

#[test]
fn text_that_cannot_be_kept_is_refused() {
    check("name", "一\n二", "改行（U+000A）が含まれています。取り除いて入力し直してください: 一\u{fffd}二");
    check(
        "name",
        "a\u{0}b",
        "制御文字（U+0000）が含まれています。取り除いて入力し直してください: a\u{fffd}b",
    );
    check(
        "note",
        "a\u{202e}b",
        "見えない制御文字（U+202E）が含まれています。取り除いて入力し直してください: a\u{202e}b",
    );
    check(
        "note",
        "文字\u{fffd}化け",
        "文字化けした文字（U+FFFD）が含まれています。取り除いて入力し直してください: 文字\u{fffd}化け",
    );
    check(
        "note",
        "a\u{fffe}",
        "制御文字（U+FFFE）が含まれています。取り除いて入力し直してください: a\u{fffe}",
    );
    check(
        "name",
        "一二三四五六七八九十一二三四五六七八九十一",
        "名称は20文字以内で入力してください（現在21文字）。",
    );
}

#[test]
fn whole_numbers_are_read_in_every_width() {
    check("n", "１，２３４", "1234");
    check("n", " 12 ", "12");
    check("n", "12.0", "12");
    check("n", "0012", "12");
    check("n", "", "null");
    check("n", "1,23", "桁区切りのコンマの位置が正しくありません: 1,23");
    check("n", "1.5", "整数で入力してください: 1.5");
    check("n", "十二", "整数として読めません: 十二");
    check("n", "△1", "数量は0以上5,000以下にしてください: -1");
    check("n", "99999999999999999999", "数が大きすぎます（15桁まで）: 99999999999999999999");
    assert_eq!(cell("n", Input::Number(12.0)), "12");
    assert_eq!(cell("n", Input::Number(12.5)), "整数で入力してください: 12.5");
    assert_eq!(cell("n", Input::Number(f64::NAN)), "整数として読めません: NaN");
    assert_eq!(cell("n", Input::Bool(true)), "整数として読めません: TRUE");
}

#[test]
fn decimals_keep_three_places() {
    check("weight", "１２．５", "\"12.5\"");
    check("weight", "-0.001", "\"-0.001\"");
    check("weight", "99.9990", "\"99.999\"");
    check("weight", "1.2345", "小数は第3位までです: 1.2345");
    check("weight", "1.", "数として読めません: 1.");
    check("weight", "100", "重さは-1.5以上99.999以下にしてください: 100");
    assert_eq!(cell("weight", Input::Number(0.1 + 0.2)), "\"0.3\"");
    assert_eq!(cell("weight", Input::Number(0.0005)), "小数は第3位までです: 0.0005");
}

#[test]
fn yen_is_read_in_yen_only() {
    for written in [
        "１２，０００円",
        "12000",
        "¥12,000",
        "￥１２，０００",
        "12,000 円",
        "金12,000円",
        "金¥12,000円也",
        "\\12,000",
    ] {
        check("cost", written, "12000");
    }
    check("cost", "△12,000円", "-12000");
    check("cost", "12千円", "円単位の数字で入力してください（千円、万円などの単位は使えません）: 12千円");
    check("cost", "1万", "円単位の数字で入力してください（千円、万円などの単位は使えません）: 1万");
    check("cost", "12.5円", "整数で入力してください: 12.5円");
    check("cost", "約100円", "整数として読めません: 約100円");
}

#[test]
fn days_times_periods_and_years_are_read_in_both_calendars() {
    for written in ["令和8年4月1日", "R8.4.1", "2026/4/1", "2026-04-01", "２０２６年４月１日"] {
        check("lent_on", written, "\"2026-04-01\"");
    }
    check("lent_on", "令和8年13月1日", "和暦の日付として読めません: 令和8年13月1日（13月はありません）");
    check("seen_at", "令和8年4月1日 9:30", "\"2026-04-01T09:30\"");
    check("term", "令和8年4月1日～令和9年3月31日", "{\"from\":\"2026-04-01\",\"to\":\"2027-03-31\"}");
    check("term", "令和8年4月1日～", "{\"from\":\"2026-04-01\",\"to\":null}");
    check("term", "令和8年度", "{\"from\":\"2026-04-01\",\"to\":\"2027-03-31\"}");
    check("year", "令和8年度", "2026");
    check("year", "平成31年度", "2019");
    assert!(field("term").read(&Input::Text("令和9年4月1日～令和8年3月31日"), &City).is_err());
    assert_eq!(cell("lent_on", Input::DateTime(date(2026, 4, 1).at(0, 0, 0, 0))), "\"2026-04-01\"");
    assert_eq!(
        cell("lent_on", Input::DateTime(date(2026, 4, 1).at(9, 0, 0, 0))),
        "日付だけを入力してください（時刻が含まれています）: 2026-04-01T09:00:00"
    );
    assert_eq!(cell("seen_at", Input::DateTime(date(2026, 4, 1).at(9, 30, 59, 0))), "\"2026-04-01T09:30\"");
    assert_eq!(cell("lent_on", Input::Number(46_113.0)), "\"2026-04-01\"");
    assert_eq!(cell("lent_on", Input::Number(20_260_401.0)), "\"2026-04-01\"");
    assert_eq!(cell("year", Input::Number(2026.0)), "2026");
    assert_eq!(cell("name", Input::DateTime(date(2026, 4, 1).at(0, 0, 0, 0))), "\"2026-04-01\"");
    assert_eq!(
        cell("n", Input::DateTime(date(2026, 4, 1).at(0, 0, 0, 0))),
        "数量に日付の値が入っています。セルの表示形式を確かめてください: 2026-04-01"
    );
}

#[test]
fn marks_for_yes_and_no_are_read() {
    for yes in ["はい", "有", "有り", "○", "〇", "◯", "済", "✓", "レ", "ＹＥＳ", "true", "1"]
    {
        check("done", yes, "true");
    }
    for no in ["いいえ", "無", "なし", "×", "✕", "x", "未", "No", "0"] {
        check("done", no, "false");
    }
    check("done", "", "null");
    check("done", "-", "「はい」又は「いいえ」で入力してください（○、×、有、無、済も使えます）: -");
    assert_eq!(cell("done", Input::Bool(true)), "true");
}

#[test]
fn choices_are_read_by_id_and_by_label() {
    for written in ["lent", "貸与中", "On Loan", "LENT"] {
        check("state", written, "\"lent\"");
    }
    check("state", "紛失", "状態は「貸与中」「返却済」から選んでください: 紛失");
    check("kinds", "ＵＳＢメモリ、ハードディスク", "[\"hdd\",\"usb\"]");
    check("kinds", "その他・不明", "[\"u_b\"]");
    check("kinds", "usb; usb\nhdd", "[\"hdd\",\"usb\"]");
    check("kinds", "usb、紙", "種別は「USBメモリ」「ハードディスク」「その他・不明」から選んでください: 紙");
}

#[test]
fn people_units_classes_and_rows_are_looked_up() {
    check("holder", "田中太郎", "\"r_tanaka\"");
    assert_eq!(cell("holder", Input::Number(123.0)), "職員「123」が見つかりません。");
    check(
        "holder",
        "佐藤",
        "職員「佐藤」に当てはまるものが複数あります（佐藤一（000201）、佐藤二（000202））。職員番号で指定してください。",
    );
    check("unit", "情報政策課", "\"joho-seisaku\"");
    check("unit", "総務課", "所属「総務課」が見つかりません。");
    check("zone", "LGWAN接続系", "\"lgwan\"");
    check("cls", "3b", "\"c3b\"");
    check("cls", "自治体機密性３Ｂ", "\"c3b\"");
    check("cls", "自治体完全性2", "機密性の分類「自治体完全性2」が見つかりません。");
    check("integrity", "2", "\"i2\"");
    assert_eq!(cell("availability", Input::Number(2.0)), "\"a2\"");
    check("parent", "見-0001", "\"r_1\"");
    check("contents", "見-0002、見-0001", "[\"r_1\",\"r_2\"]");
    check("contents", "住民票、写し", "[\"r_1\"]");
    check("contents", "見-0002、見-0009", "内容「見-0009」が見つかりません。");
}

#[test]
fn check_digits_follow_the_published_vectors() {
    for number in ["4011001098993", "7123456789012", "8000020130001", "1000020412058"] {
        assert_eq!(
            corporate_number_digit(number.get(1..).unwrap()).map(|d| d.to_string()).as_deref(),
            number.get(..1)
        );
        check("company", number, &format!("{number:?}"));
    }
    check("company", "Ｔ4-0110-0109-8993", "\"4011001098993\"");
    check(
        "company",
        "4011001098994",
        "法人番号の検査用数字（先頭の1桁）が合いません。番号を確かめてください: 4011001098994",
    );
    check("company", "401100109899", "法人番号は13桁の数字です: 401100109899");
    assert_eq!(cell("company", Input::Number(4_011_001_098_993.0)), "\"4011001098993\"");
    for (five, digit) in [("41205", 8), ("41201", 5), ("41000", 4), ("13101", 6), ("01100", 2)] {
        assert_eq!(municipality_code_digit(five), Some(digit));
        check("city", &format!("{five}{digit}"), &format!("\"{five}{digit}\""));
    }
    assert_eq!(cell("city", Input::Number(11_002.0)), "\"011002\"");
    check(
        "city",
        "412057",
        "全国地方公共団体コードの検査数字（末尾の1桁）が合いません。コードを確かめてください: 412057",
    );
    check("city", "990003", "都道府県コードは01から47までです: 990003");
    assert_eq!([corporate_number_digit("1"), municipality_code_digit("１２３４５")], [None, None]);
}

#[test]
fn addresses_have_one_spelling() {
    check("mac", "00-1A-2B-3C-4D-5E", "\"00:1a:2b:3c:4d:5e\"");
    check("mac", "001a.2b3c.4d5e", "\"00:1a:2b:3c:4d:5e\"");
    check("mac", "00:1a:2b:3c:4d", "MACアドレスは 00:1a:2b:3c:4d:5e の形で入力してください: 00:1a:2b:3c:4d");
    check("ip", "１９２．１６８．１．１０", "\"192.168.1.10\"");
    check("ip", "192.168.1.0/24", "\"192.168.1.0/24\"");
    check("ip", "2001:DB8::0/32", "\"2001:db8::/32\"");
    check(
        "ip",
        "192.168.1.5/24",
        "ネットワークは 192.168.1.0/24 と書いてください（ホスト部に値があります）: 192.168.1.5/24",
    );
    check(
        "ip",
        "192.168.1.300",
        "IPアドレスは 192.168.1.10 又は 192.168.1.0/24 の形で入力してください: 192.168.1.300",
    );
    check("ip", "0.0.0.0/0", "\"0.0.0.0/0\"");
    check("url", "HTTPS://www.city.imari.example/a?b=c#d", "\"https://www.city.imari.example/a?b=c#d\"");
    for wrong in ["javascript:alert(1)", "https://", "https://a@b.example/", "http://a b/", "www.example"] {
        assert!(field("url").read(&Input::Text(wrong), &City).is_err(), "{wrong}");
    }
    check("mail", "Taro.Tanaka＠City.Imari.Example", "\"Taro.Tanaka@city.imari.example\"");
    check("mail", "a@b", "メールアドレスとして読めません: a@b");
    check("phone", "０９５５－２３－２１１１", "\"0955-23-2111\"");
    check("phone", "0955(23)2111 内線 123", "\"0955(23)2111 内線 123\"");
    assert_eq!(
        cell("phone", Input::Number(955_232_111.0)),
        "電話番号が数値になっており、先頭の0が失われています。セルを文字列にして入力し直してください: 955232111"
    );
    check("staff_code", "００１２３４", "\"001234\"");
    check("staff_code", "1234", "6桁の数字を入力してください: 1234");
    assert_eq!(cell("staff_code", Input::Number(1234.0)), "\"001234\"");
    check("number", "見－０００１", "\"見-0001\"");
}

#[test]
fn what_cannot_be_written_is_refused() {
    check("paper", "a.pdf", "証明書は添付ファイルの項目です。画面から添付してください。");
    check("highest", "c2", "内容の最高の機密性は自動で計算される項目です。入力できません。");
}

#[test]
fn values_are_shown_in_both_languages() {
    let shown = |id: &str, value: Value| {
        let f = field(id);
        format!("{} | {}", f.show(&value, Lang::Ja, &City), f.show(&value, Lang::En, &City))
    };
    assert_eq!(shown("lent_on", date(2026, 4, 1).into()), "令和8年4月1日 | 2026-04-01");
    assert_eq!(shown("cost", 12_000_i64.into()), "12,000円 | ¥12,000");
    assert_eq!(shown("n", (-1_234_567_i64).into()), "-1,234,567 | -1,234,567");
    assert_eq!(shown("weight", Value::Decimal(-12_050)), "-12.05 | -12.05");
    assert_eq!(shown("year", 2019_i64.into()), "令和元年度 | FY2019");
    assert_eq!(shown("done", true.into()), "はい | yes");
    assert_eq!(shown("state", "lent".into()), "貸与中 | On loan");
    assert_eq!(shown("state", "gone".into()), "gone | gone");
    assert_eq!(
        shown("kinds", Value::list(["u_b".to_owned(), "usb".to_owned()])),
        "USBメモリ、その他・不明 | USB memory, Other"
    );
    assert_eq!(shown("holder", "r_tanaka".into()), "田中太郎 | 田中太郎");
    assert_eq!(shown("unit", "zeimu".into()), "税務課 | 税務課");
    assert_eq!(shown("cls", "c3b".into()), "自治体機密性3B | Class 3B");
    assert_eq!(
        shown("contents", Value::list(["r_2".to_owned(), "r_1".to_owned()])),
        "見-0001、見-0002 | 見-0001, 見-0002"
    );
    assert_eq!(
        shown("term", Value::Period { from: date(2026, 4, 1), to: None }),
        "令和8年4月1日～ | 2026-04-01 –"
    );
    assert_eq!(
        shown("seen_at", Value::Time(date(2026, 4, 1).at(9, 5, 0, 0))),
        "令和8年4月1日 09:05 | 2026-04-01 09:05"
    );
    assert_eq!(
        shown("paper", Value::File { blob: "b".into(), name: "証明書.pdf".into(), bytes: 3 }),
        "証明書.pdf | 証明書.pdf"
    );
    assert_eq!(shown("n", Value::Null), " | ");
}

fn full() -> Values {
    let mut values = Values::new();
    values
        .set("number", "見-0001")
        .set("name", "髙﨑𠮷")
        .set("note", "一\n二")
        .set("n", 3_i64)
        .set("weight", Value::Decimal(-1500))
        .set("cost", 12_000_i64)
        .set("lent_on", date(2026, 4, 1))
        .set("returned_on", date(2026, 12, 1))
        .set("seen_at", Value::Time(date(2026, 4, 1).at(9, 30, 0, 0)))
        .set("term", Value::Period { from: date(2026, 4, 1), to: Some(date(2027, 3, 31)) })
        .set("year", 2026_i64)
        .set("done", false)
        .set("state", "lent")
        .set("kinds", Value::list(["usb".to_owned(), "hdd".to_owned()]))
        .set("holder", "r_tanaka")
        .set("unit", "joho-seisaku")
        .set("zone", "lgwan")
        .set("cls", "c3b")
        .set("integrity", "i2")
        .set("availability", "a2")
        .set("parent", "r_1")
        .set("contents", Value::list(["r_2".to_owned(), "r_1".to_owned()]))
        .set("company", "4011001098993")
        .set("city", "412058")
        .set("mac", "00:1a:2b:3c:4d:5e")
        .set("ip", "192.168.1.0/24")
        .set("url", "https://example/")
        .set("mail", "a@b.example")
        .set("phone", "0955-23-2111")
        .set("paper", Value::File { blob: "b1".into(), name: "証明書.pdf".into(), bytes: 3 })
        .set("staff_code", "001234");
    values
}

#[test]
fn a_full_row_goes_through_json_and_columns_and_is_right() {
    let definition = every_type();
    let mut values = full();
    definition.derive(&mut values, &env(), &City);
    assert_eq!(values.get("highest"), &Value::from("c3b"));
    assert_eq!(values.get("lent_year"), &Value::Int(2026));
    assert_eq!(definition.check_row(&values, &env()), []);
    let json = values.to_json(&definition);
    assert_eq!(Values::from_json(&definition, &json).unwrap(), values);
    let columns = definition.to_columns(&values);
    assert_eq!(columns.len(), definition.columns().len());
    let back = definition.from_columns(|name| columns.iter().find(|(n, _)| n == name).unwrap().1.clone());
    assert_eq!(back, values);
}

#[test]
fn what_is_shown_can_be_read_again() {
    let definition = every_type();
    for (id, value) in &full() {
        let field = definition.field(id).unwrap();
        if field.is_importable() {
            for lang in [Lang::Ja, Lang::En] {
                let shown = field.show(value, lang, &City);
                assert_eq!(field.read(&Input::Text(&shown), &City).as_ref(), Ok(value), "{id}: {shown}");
            }
        }
    }
}

#[test]
fn computed_fields_are_shown_with_the_day_and_the_policy() {
    let definition = every_type();
    let mut values = full();
    values.set("days_left", 5_i64).set("handling", "made up");
    definition.derive(&mut values, &env(), &City);
    assert!(values.get("days_left").is_null() && values.get("handling").is_null());
    let shown =
        |id: &str, lang| definition.derived(definition.field(id).unwrap(), &values, &env(), &City, lang);
    assert_eq!(shown("handling", Lang::Ja), "3Bの制限");
    assert_eq!(shown("days_left", Lang::Ja), "8日");
    assert_eq!(shown("days_left", Lang::En), "8 days");
    assert_eq!(shown("lent_year", Lang::Ja), "令和8年度");
}

#[test]
fn a_row_that_is_wrong_is_named_field_by_field() {
    let definition = every_type();
    let mut values = full();
    definition.derive(&mut values, &env(), &City);
    values
        .set("name", Value::Null)
        .set("n", 6000_i64)
        .set("cost", Value::Null)
        .set("returned_on", date(2026, 3, 31))
        .set("state", "gone")
        .set("cls", "i2")
        .set("mac", "00-1A-2B-3C-4D-5E")
        .set("done", "はい")
        .set("lent_on", date(2026, 4, 1))
        .set("holder", "two words")
        .set("unknown", 1_i64);
    let shown: Vec<String> = definition
        .check_row(&values, &env())
        .into_iter()
        .map(|v| {
            let field = v.field.map_or_else(|| "-".to_owned(), |f| f.to_string());
            format!(
                "{field} {} {}{}",
                v.rule.unwrap_or_else(|| "-".to_owned()),
                if v.refuse { "" } else { "(注意) " },
                v.message.ja
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "- - 見本台帳に項目「unknown」はありません。",
            "name - 名称を入力してください。",
            "n - 数量は0以上5,000以下にしてください: 6,000",
            "done - 済の値の種類が合いません。",
            "state - 状態に「gone」という選択肢はありません。",
            "holder - 使用者の値が正しい形になっていません: two words",
            "cls - 機密性に「i2」という分類はありません。",
            "mac - MACアドレスの値が正しい形になっていません: 00-1A-2B-3C-4D-5E",
            "returned_on returned-after-lent 返却日は貸与日以後の日付にしてください。",
            "- cost-known (注意) 金額を確かめてください。",
        ]
    );
}

#[test]
fn json_is_read_in_its_canonical_form_only() {
    for (id, json) in [
        ("lent_on", "\"2026-4-1\""),
        ("lent_on", "\"令和8年4月1日\""),
        ("seen_at", "\"2026-04-01T09:30:00\""),
        ("n", "\"3\""),
        ("n", "1.5"),
        ("done", "1"),
        ("weight", "1.5"),
        ("kinds", "\"usb\""),
        ("kinds", "[\"a,b\"]"),
        ("term", "{\"from\":\"2026-04-01\",\"until\":\"2026-04-02\"}"),
        ("term", "\"2026\""),
        ("paper", "{\"blob\":\"b\"}"),
        ("name", "\"\""),
        ("name", "5"),
        ("cost", "9999999999999999"),
    ] {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert!(field(id).from_json(&json).is_err(), "{id}: {json}");
    }
    let refused = Values::from_json(&every_type(), &serde_json::json!({"n": "3", "gone": 1})).unwrap_err();
    assert_eq!(
        refused.iter().map(|v| v.message.ja.as_str()).collect::<Vec<_>>(),
        ["数量は整数で指定してください。", "見本台帳に項目「gone」はありません。"]
    );
    assert!(Values::from_json(&every_type(), &serde_json::json!([])).is_err());
}

#[test]
fn a_new_row_starts_with_its_defaults() {
    let env = DefaultEnv {
        now: date(2026, 2, 3).at(9, 30, 15, 0),
        me: Some("r_tanaka".to_owned()),
        unit: Some("zeimu".to_owned()),
    };
    let initial = |id: &str| field(id).to_json(&field(id).initial(&env)).to_string();
    assert_eq!(initial("lent_on"), "\"2026-02-03\"");
    assert_eq!(initial("seen_at"), "\"2026-02-03T09:30\"");
    assert_eq!(initial("year"), "2025");
    assert_eq!(initial("holder"), "\"r_tanaka\"");
    assert_eq!(initial("unit"), "\"zeimu\"");
    assert_eq!(initial("state"), "\"lent\"");
    assert_eq!(initial("done"), "false");
    assert_eq!(initial("name"), "null");
}

#[test]
fn a_row_is_found_by_its_words_but_not_by_its_secrets() {
    let text = every_type().search_text(&full());
    for word in
        ["髙﨑𠮷", "貸与中", "うえすびー", "USBメモリ", "2026-04-01", "０９５５-23", "証明書.PDF", "見-0001"]
    {
        let found = text.contains(&search_key(word));
        assert_eq!(found, word != "うえすびー", "{word} in {text}");
    }
    assert!(!text.contains("12000"), "the cost has a confidentiality of its own: {text}");
    assert_eq!(search_key(" ｶﾅ　かな Ａ "), "カナ カナ a");
}

#[test]
fn rows_know_in_what_they_differ() {
    let (a, mut b) = (full(), full());
    b.set("n", 4_i64).set("cost", Value::Null).set("zone", "internet");
    assert_eq!(a.differing(&b), ["cost", "n", "zone"]);
    assert_eq!(b.date("term_to"), Some(date(2027, 3, 31)));
    assert_eq!((b.date("seen_at"), b.date("name")), (Some(date(2026, 4, 1)), None));
    b.set("name", "").set("kinds", Value::List(Vec::new()));
    assert!(b.get("name").is_null() && b.get("kinds").is_null());
}

#[test]
fn a_vocabulary_answers_for_the_policy() {
    let known = vocabulary();
    assert_eq!(known.unit("税務課"), Found::One("zeimu".to_owned()));
    assert_eq!(known.class(Axis::Confidentiality, "３Ａ"), Found::One("c3a".to_owned()));
    assert_eq!(known.class(Axis::Integrity, "3A"), Found::None);
    assert_eq!(known.show_class("a2", Lang::Ja), "自治体可用性2");
    assert_eq!(classes().len(), 6);
    assert_eq!(
        Found::among(vec!["a".to_owned(), "b".to_owned()]),
        Found::Many(vec!["a".to_owned(), "b".to_owned()])
    );
}

fn every_field() -> impl Strategy<Value = Field> {
    let fields: Vec<Field> = every_type().fields;
    prop::sample::select(fields)
}

/// Whatever is read can be kept: it passes the check, and JSON, columns and a second reading give the same.
fn holds(field: &Field, definition: &Definition, input: &Input<'_>) -> Result<(), TestCaseError> {
    if let Ok(value) = field.read(input, &NoLookup) {
        let looked_up = matches!(
            field.kind.as_str(),
            "person" | "unit" | "zone" | "class-c" | "class-i" | "class-a" | "reference" | "references"
        );
        if looked_up {
            return Ok(());
        }
        prop_assert_eq!(field.check(&value, &env()), Ok(()), "{:?}", value);
        prop_assert_eq!(field.from_json(&field.to_json(&value)).unwrap(), value.clone());
        prop_assert_eq!(field.from_sql(&field.to_sql(&value)).unwrap(), value.clone());
        for lang in [Lang::Ja, Lang::En] {
            let shown = field.show(&value, lang, &NoLookup);
            prop_assert_eq!(field.read(&Input::Text(&shown), &NoLookup), Ok(value.clone()), "{}", shown);
        }
        prop_assert!(definition.field(field.id.as_str()).is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn whatever_is_read_can_be_kept(field in every_field(), text in "(?s).{0,30}|[0-9０-９,.年月日令和RH円 /:-]{0,20}|[ -~]{0,20}") {
        holds(&field, &every_type(), &Input::Text(&text))?;
    }

    #[test]
    fn numbers_of_a_workbook_never_panic(field in every_field(), number in prop_oneof![any::<f64>(), (-1e6..1e6_f64), (0..60_000_i32).prop_map(f64::from)]) {
        holds(&field, &every_type(), &Input::Number(number))?;
    }

    #[test]
    fn json_never_panics(field in every_field(), text in "[\\[\\]{}\":,a-z0-9. -]{0,30}") {
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) {
            let _ = field.from_json(&json);
            let _ = Values::from_json(&every_type(), &json);
        }
    }

    #[test]
    fn folding_a_search_twice_changes_nothing(text in "(?s).{0,40}") {
        let once = search_key(&text);
        prop_assert_eq!(search_key(&once), once);
    }
}
