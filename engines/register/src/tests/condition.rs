//! The language of conditions: what it refuses and with which words, what holds, and that Rust and SQLite agree.

use expect_test::expect;
use jiff::civil::date;
use proptest::prelude::*;
use rusqlite::types::Value as Sqlite;
use rusqlite::{Connection, params_from_iter};

use super::sample::{classes, env, every_type};
use crate::{Condition, Definition, Env, SqlValue, Value, Values};

fn refused(condition: &str) -> String {
    let definition = every_type();
    match Condition::parse(condition, &definition.fields) {
        Ok(_) => panic!("`{condition}` was read"),
        Err(error) => {
            let part = condition.get(error.start..error.end).unwrap_or("(no such part)");
            format!("[{part}] {} / {}", error.message.ja, error.message.en)
        }
    }
}

fn row(pairs: &[(&str, Value)]) -> Values {
    pairs.iter().map(|(id, value)| ((*id).to_owned(), value.clone())).collect()
}

#[track_caller]
fn check(condition: &str, values: &Values, expected: Option<bool>) {
    let definition = every_type();
    let parsed =
        Condition::parse(condition, &definition.fields).unwrap_or_else(|e| panic!("{condition}: {e}"));
    assert_eq!(parsed.eval(values, &env()), expected, "{condition}");
    assert_eq!(sqlite(&table(&definition, values), &parsed, &env()), expected, "{condition} in SQLite");
}

/// A database with one register of one row.
fn table(definition: &Definition, values: &Values) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA case_sensitive_like=ON").unwrap();
    connection.execute_batch(&definition.ddl().living.ddl).unwrap();
    insert(&connection, definition, values);
    connection
}

fn insert(connection: &Connection, definition: &Definition, values: &Values) {
    let columns = definition.to_columns(values);
    let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
    let places: String = (1..=columns.len()).map(|n| format!(", ?{n}")).collect();
    connection
        .execute(
            &format!(
                "INSERT INTO {} (_row, _version, _created_ms, _changed_ms, _changed_seq, _changed_by, _search{names}) \
                 VALUES ('r_1', 1, 0, 0, 1, 'a', ''{places})",
                definition.table()
            ),
            params_from_iter(columns.into_iter().map(|(_, value)| bound(value))),
        )
        .unwrap();
}

fn bound(value: SqlValue) -> Sqlite {
    match value {
        SqlValue::Null => Sqlite::Null,
        SqlValue::Int(n) => Sqlite::Integer(n),
        SqlValue::Text(text) => Sqlite::Text(text),
    }
}

fn sqlite(connection: &Connection, condition: &Condition, env: &Env) -> Option<bool> {
    let mut params = Vec::new();
    let sql = format!("SELECT {} FROM reg_samples t", condition.to_sql_on("t", &mut params, env));
    let params = params_from_iter(params.into_iter().map(bound));
    let answer = connection.query_row(&sql, params, |row| row.get::<_, Option<i64>>(0));
    match answer {
        Ok(None) => None,
        Ok(Some(0)) => Some(false),
        Ok(Some(1)) => Some(true),
        other => panic!("{other:?} from {sql}"),
    }
}

#[test]
fn what_the_language_lacks_is_refused_with_the_place_and_the_next_step() {
    let conditions = [
        "",
        "n = NULL",
        "n",
        "n + 1 = 2",
        "n != 1",
        "name = \"a\"",
        "n ＝ 1",
        "amount > 1",
        "lent_onn = today()",
        "lent_on > '2026-13-01'",
        "lent_on > 5",
        "term > today()",
        "days_left < 3",
        "state = 'lost'",
        "has(kinds, 'sdd')",
        "has(name, 'a')",
        "kinds = 'usb'",
        "paper = 'x'",
        "today = lent_on",
        "tody() = lent_on",
        "add_days(lent_on) > today()",
        "seen_at > add_days(today(), 1)",
        "class_rank(name) > 2",
        "length(n) > 2",
        "name LIKE state",
        "n LIKE '1%'",
        "done > FALSE",
        "done BETWEEN FALSE AND TRUE",
        "n = 1 n = 2",
        "n IN ()",
        "n BETWEEN 1 OR 2",
        "n IS 1",
        "NOT",
        "(n = 1",
        "n = 1)",
        "name = 'a",
        "name LIKE 'a!%' ESCAPE '!'",
        "n = 1234567890123456",
        "weight = 1.2345",
        "(n = 1) = (n = 2)",
        "name || 'a' = 'b'",
        "n = 1; DROP TABLE x",
        "(SELECT 1) = 1",
    ];
    let shown: String = conditions.iter().map(|c| format!("{c}\n    {}\n", refused(c))).collect();
    expect![[r#"

            [] 条件が空です。 / the condition is empty
        n = NULL
            [NULL] NULLとの比較はいつも不明になります。「IS NULL」か「IS NOT NULL」と書いてください。 / a comparison with NULL is always unknown; write `IS NULL` or `IS NOT NULL`
        n
            [n] 値だけでは条件になりません。「=」などで比べてください。 / a value is not a condition; compare it with something
        n + 1 = 2
            [+] 計算の記号「+」は使えません。日付の計算は days(a, b) か add_days(d, n) と書いてください。 / there is no `+` in conditions; for days write days(a, b) or add_days(d, n)
        n != 1
            [!] 「!=」は使えません。「<>」と書いてください。 / write `<>` instead of `!=`
        name = "a"
            ["] 文字列は「'」で囲んでください。 / put texts between single quotes
        n ＝ 1
            [＝] 条件に使えない文字「＝」があります。文字列は「'」で囲み、記号は半角で書いてください。 / `＝` has no meaning in a condition; put texts between single quotes
        amount > 1
            [amount] 項目「amount」はありません。 / there is no field `amount`
        lent_onn = today()
            [lent_onn] 項目「lent_onn」はありません。「lent_on」の誤りではありませんか。 / there is no field `lent_onn`; did you mean `lent_on`?
        lent_on > '2026-13-01'
            ['2026-13-01'] 日付は '2026-04-01' の形で書いてください: '2026-13-01' / write a day as '2026-04-01': '2026-13-01'
        lent_on > 5
            [5] ここには日付が必要ですが、数が書かれています。 / a day is needed here, but this is a number
        term > today()
            [term] 期間は「term_from」（始まり）か「term_to」（終わり）で書いてください。 / write `term_from` or `term_to` for a period
        days_left < 3
            [days_left] 項目「days_left」は表示のときに計算されるため、条件に使えません。日付の差は days(today(), 項目) と書いてください。 / `days_left` is computed when it is shown and can't be used here; write days(today(), FIELD)
        state = 'lost'
            ['lost'] 項目「state」に選択肢「lost」はありません。使えるidは lent、back です。 / `state` has no choice `lost`; its ids are lent, back
        has(kinds, 'sdd')
            ['sdd'] 項目「kinds」に選択肢「sdd」はありません。使えるidは usb、hdd、u_b です。 / `kinds` has no choice `sdd`; its ids are usb, hdd, u_b
        has(name, 'a')
            [name] ここには複数の値が必要ですが、文字列が書かれています。 / a list is needed here, but this is a text
        kinds = 'usb'
            [kinds] この項目は比べられません。複数の値は has(項目, 'id')、有無は IS NULL で書いてください。 / this field can't be compared; write has(FIELD, 'id') for lists, or IS NULL
        paper = 'x'
            [paper] この項目は比べられません。複数の値は has(項目, 'id')、有無は IS NULL で書いてください。 / this field can't be compared; write has(FIELD, 'id') for lists, or IS NULL
        today = lent_on
            [today] 「today」は関数です。「today()」のように括弧をつけてください。 / `today` is a function; write brackets after it
        tody() = lent_on
            [tody()] 関数「tody」はありません。「today」の誤りではありませんか。 / there is no function `tody`; did you mean `today`?
        add_days(lent_on) > today()
            [add_days(lent_on)] add_days(DAY, NUMBER) の形で書いてください。 / write add_days(DAY, NUMBER)
        seen_at > add_days(today(), 1)
            [add_days(today(), 1)] add_daysの結果は、日付と比べるか days に渡すときにだけ使えます。日時は date_of(項目) で日付にしてください。 / add_days can only be compared with days or given to days(); write date_of(FIELD) for a time
        class_rank(name) > 2
            [name] class_rankには、情報資産の分類の項目（class-c、class-i、class-a）を書いてください。 / class_rank wants a field of type class-c, class-i or class-a
        length(n) > 2
            [n] ここには文字列が必要ですが、数が書かれています。 / a text is needed here, but this is a number
        name LIKE state
            [state] LIKEの右には '%…%' のような文字列を書いてください。 / write a text such as '%…%' to the right of LIKE
        n LIKE '1%'
            [n] ここには文字列が必要ですが、数が書かれています。 / a text is needed here, but this is a number
        done > FALSE
            [done > FALSE] はい・いいえは「=」か「<>」で比べてください。 / truth values can only be compared with `=` or `<>`
        done BETWEEN FALSE AND TRUE
            [done BETWEEN FALSE AND TRUE] はい・いいえに範囲はありません。 / truth values have no range
        n = 1 n = 2
            [n] この前で条件が終わっています。ANDかORでつないでください。 / the condition ends before this; join the parts with AND or OR
        n IN ()
            [)] ここに「)」は書けません。項目、値、関数のいずれかを書いてください。 / `)` can't stand here; write a field, a value or a function
        n BETWEEN 1 OR 2
            [OR] ここに「AND」が必要です。 / `AND` is missing here
        n IS 1
            [1] ISのあとは NULL か NOT NULL だけです。 / only NULL or NOT NULL may follow IS
        NOT
            [] 条件が途中で終わっています。 / the condition ends in the middle
        (n = 1
            [] ここに「)」が必要です。 / `)` is missing here
        n = 1)
            [)] この前で条件が終わっています。ANDかORでつないでください。 / the condition ends before this; join the parts with AND or OR
        name = 'a
            ['a] 文字列の終わりの「'」がありません。 / the closing quote of the text is missing
        name LIKE 'a!%' ESCAPE '!'
            [ESCAPE] ESCAPEは使えません。LIKEの「%」と「_」はいつも任意の文字を表します。 / there is no ESCAPE; `%` and `_` of LIKE always stand for any characters
        n = 1234567890123456
            [1234567890123456] 数は15桁までの整数か、小数第3位までで書いてください。 / write a whole number of at most 15 digits, with at most three decimals
        weight = 1.2345
            [1.2345] 数は15桁までの整数か、小数第3位までで書いてください。 / write a whole number of at most 15 digits, with at most three decimals
        (n = 1) = (n = 2)
            [(n = 1)] ここには条件ではなく値が必要です。 / a value is needed here, not a condition
        name || 'a' = 'b'
            [|] 計算の記号「|」は使えません。日付の計算は days(a, b) か add_days(d, n) と書いてください。 / there is no `|` in conditions; for days write days(a, b) or add_days(d, n)
        n = 1; DROP TABLE x
            [;] 条件に使えない文字「;」があります。文字列は「'」で囲み、記号は半角で書いてください。 / `;` has no meaning in a condition; put texts between single quotes
        (SELECT 1) = 1
            [1] ここに「)」が必要です。 / `)` is missing here
    "#]].assert_eq(&shown);
}

#[test]
fn missing_values_are_unknown_as_in_sql() {
    let empty = Values::new();
    check("returned_on >= lent_on", &empty, None);
    check("NOT (returned_on >= lent_on)", &empty, None);
    check("returned_on IS NULL OR returned_on >= lent_on", &empty, Some(true));
    check("n = 1 AND FALSE", &empty, Some(false));
    check("n = 1 OR TRUE", &empty, Some(true));
    check("n IN (1, 2)", &empty, None);
    check("n BETWEEN 1 AND 2", &empty, None);
    check("name LIKE '%'", &empty, None);
    check("done", &empty, None);
    check("term_to IS NULL", &empty, Some(true));
    check("paper IS NULL", &empty, Some(true));
    check("class_rank(cls) > 2", &empty, None);
}

#[test]
fn an_empty_list_holds_nothing() {
    check("has(kinds, 'usb')", &Values::new(), Some(false));
    check("NOT has(kinds, 'usb')", &Values::new(), Some(true));
    let values = row(&[("kinds", Value::list(["u_b".to_owned(), "usb".to_owned()]))]);
    check("has(kinds, 'usb') AND has(kinds, 'u_b')", &values, Some(true));
    // `_` of an id is no wildcard.
    let values = row(&[("kinds", Value::list(["usb".to_owned()]))]);
    check("has(kinds, 'u_b')", &values, Some(false));
}

#[test]
fn days_are_counted_and_added() {
    let values = row(&[
        ("lent_on", date(2024, 2, 28).into()),
        ("returned_on", date(2024, 3, 1).into()),
        ("seen_at", Value::Time(date(2026, 11, 23).at(9, 30, 0, 0))),
        ("n", 2_i64.into()),
    ]);
    check("days(lent_on, returned_on) = 2", &values, Some(true));
    check("days(returned_on, lent_on) = -2", &values, Some(true));
    check("returned_on = add_days(lent_on, 2)", &values, Some(true));
    check("returned_on = add_days(lent_on, n)", &values, Some(true));
    check("add_days(returned_on, -2) BETWEEN '2024-02-28' AND today()", &values, Some(true));
    check("days(add_days(lent_on, 366), '2025-02-28') = 0", &values, Some(true));
    check("lent_on < add_days(today(), -900)", &values, Some(true));
    check("days(seen_at, today()) = 0", &values, Some(true));
    check("date_of(seen_at) = today()", &values, Some(true));
    check("seen_at >= today() AND seen_at < '2026-11-23T09:31'", &values, Some(true));
    check("seen_at > lent_on", &values, Some(true));
    check("fiscal_year(lent_on) = 2023 AND fiscal_year() = 2026", &values, Some(true));
    check("lent_on LIKE '2024-%'", &values, Some(true));
    check("lent_on < add_days('9999-12-31', 1)", &values, Some(true));
}

#[test]
fn numbers_compare_across_whole_and_decimal() {
    let values = row(&[("n", 12_i64.into()), ("weight", Value::Decimal(12_000)), ("cost", (-5_i64).into())]);
    check("weight = n", &values, Some(true));
    check("weight > 11.999 AND weight <= 12", &values, Some(true));
    check("n BETWEEN 11.5 AND 12.0", &values, Some(true));
    check("cost IN (-5, 1)", &values, Some(true));
    check("cost NOT IN (1, n)", &values, Some(true));
}

#[test]
fn texts_compare_by_bytes_and_like_keeps_case() {
    let values = row(&[("name", "Ａb髙﨑𠮷%_!".into()), ("state", "lent".into())]);
    check("length(name) = 8", &values, Some(true));
    check("name LIKE '%髙﨑_\u{25}'", &values, Some(true));
    check("name LIKE '%B%'", &values, Some(false));
    check("lower(name) LIKE '%!'", &values, Some(true));
    check("name LIKE '_b%'", &values, Some(true));
    check("lower('ABC') = 'abc'", &values, Some(true));
    check("state IN ('lent', 'back') AND state <> 'back'", &values, Some(true));
    check("name = 'it''s' OR TRUE", &values, Some(true));
}

#[test]
fn a_class_compares_by_its_rank() {
    let values = row(&[("cls", "c3b".into())]);
    check("class_rank(cls) >= 4", &values, Some(true));
    check("class_rank(highest) >= 4", &values, None);
    let definition = every_type();
    let condition = Condition::parse("class_rank(cls) > 1", &definition.fields).unwrap();
    let without = Env { today: date(2026, 4, 1), classes: Vec::new() };
    assert_eq!(condition.eval(&values, &without), None);
    assert_eq!(sqlite(&table(&definition, &values), &condition, &without), None);
}

#[test]
fn sql_has_no_text_of_the_condition_in_it() {
    let definition = every_type();
    let mut params = Vec::new();
    let print = |text: &str, params: &mut Vec<SqlValue>| {
        Condition::parse(text, &definition.fields).unwrap().to_sql(params, &env())
    };
    let sql = [
        print("name = 'x''; DROP TABLE y; --' AND done AND NOT has(kinds, 'u_b')", &mut params),
        print("lent_on < add_days(today(), -30) OR n IN (1, 2)", &mut params),
        print("returned_on > add_days(lent_on, 1)", &mut params),
        print("class_rank(cls) >= 4 AND cost <> weight", &mut params),
        print("seen_at < lent_on AND today() = '2026-11-23' AND NOT 1 = 2", &mut params),
    ]
    .join("\n");
    expect![[r#"
        ((name = ?1) AND (done = 1) AND (NOT (COALESCE(kinds, '') LIKE ?2 ESCAPE '!')))
        ((lent_on < ?3) OR (n IN (1, 2)))
        (((CAST(SUBSTR(returned_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(returned_on, 6, 2) AS BIGINT)) / 12)) * 365 + (CAST(SUBSTR(returned_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(returned_on, 6, 2) AS BIGINT)) / 12)) / 4 - (CAST(SUBSTR(returned_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(returned_on, 6, 2) AS BIGINT)) / 12)) / 100 + (CAST(SUBSTR(returned_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(returned_on, 6, 2) AS BIGINT)) / 12)) / 400 + ((CAST(SUBSTR(returned_on, 6, 2) AS BIGINT) + ((14 - CAST(SUBSTR(returned_on, 6, 2) AS BIGINT)) / 12) * 12 - 3) * 153 + 2) / 5 + CAST(SUBSTR(returned_on, 9, 2) AS BIGINT) - 1) > (((CAST(SUBSTR(lent_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(lent_on, 6, 2) AS BIGINT)) / 12)) * 365 + (CAST(SUBSTR(lent_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(lent_on, 6, 2) AS BIGINT)) / 12)) / 4 - (CAST(SUBSTR(lent_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(lent_on, 6, 2) AS BIGINT)) / 12)) / 100 + (CAST(SUBSTR(lent_on, 1, 4) AS BIGINT) - ((14 - CAST(SUBSTR(lent_on, 6, 2) AS BIGINT)) / 12)) / 400 + ((CAST(SUBSTR(lent_on, 6, 2) AS BIGINT) + ((14 - CAST(SUBSTR(lent_on, 6, 2) AS BIGINT)) / 12) * 12 - 3) * 153 + 2) / 5 + CAST(SUBSTR(lent_on, 9, 2) AS BIGINT) - 1) + 1))
        (((CASE cls WHEN ?4 THEN 1 WHEN ?5 THEN 2 WHEN ?6 THEN 4 WHEN ?7 THEN 5 END) >= 4) AND ((cost * 1000) <> weight))
        ((seen_at < (lent_on || 'T00:00')) AND (1 = 1) AND (1 = 1))
        [Text("x'; DROP TABLE y; --"), Text("%,u!_b,%"), Text("2026-10-24"), Text("c1"), Text("c2"), Text("c3b"), Text("c3a")]"#]].assert_eq(&format!("{sql}\n{params:?}"));
}

#[test]
fn columns_of_a_condition_are_known() {
    let definition = every_type();
    let condition = Condition::parse("term_to < today() AND name LIKE 'a%'", &definition.fields).unwrap();
    assert_eq!(condition.columns().collect::<Vec<_>>(), ["name", "term_to"]);
    assert_eq!(condition.text(), "term_to < today() AND name LIKE 'a%'");
}

#[test]
fn deep_nesting_and_long_conditions_are_refused() {
    assert!(refused(&format!("{}n = 1{}", "(".repeat(100), ")".repeat(100))).contains("入れ子"));
    assert!(refused(&format!("{} n = 1", "NOT ".repeat(100))).contains("入れ子"));
    assert!(refused(&format!("n IN ({})", "1,".repeat(3000))).contains("長すぎます"));
    assert!(refused(&format!("n IN ({}1)", "1,".repeat(600))).contains("複雑"));
    let wide = vec!["n = 1"; 200].join(" OR ");
    check(&wide, &row(&[("n", 1_i64.into())]), Some(true));
}

fn term(words: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(words).prop_map(str::to_owned).boxed()
}

/// Days, also computed ones.
fn day() -> BoxedStrategy<String> {
    let leaf = term(&[
        "lent_on",
        "returned_on",
        "term_from",
        "term_to",
        "today()",
        "'2026-11-23'",
        "'2024-02-29'",
        "'1999-12-31'",
        "date_of(seen_at)",
    ]);
    leaf.prop_recursive(2, 4, 1, |inner| {
        (inner, term(&["0", "1", "-1", "366", "n", "-40000"]))
            .prop_map(|(d, n)| format!("add_days({d}, {n})"))
    })
    .boxed()
}

fn whole() -> BoxedStrategy<String> {
    prop_oneof![
        3 => term(&["n", "cost", "year", "lent_year", "0", "1", "2026", "-7", "length(name)", "class_rank(cls)", "fiscal_year()", "fiscal_year(lent_on)", "length(lower(note))"]),
        1 => (day(), day()).prop_map(|(a, b)| format!("days({a}, {b})")),
    ]
    .boxed()
}

fn comparison(operand: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let operator = term(&["=", "<>", "<", "<=", ">", ">="]);
    let not = term(&["", "NOT "]);
    let three = (operand.clone(), operand.clone(), operand.clone());
    prop_oneof![
        (operand.clone(), operator, operand.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        (three.clone(), not.clone()).prop_map(|((a, b, c), not)| format!("{a} {not}BETWEEN {b} AND {c}")),
        (three, not.clone()).prop_map(|((a, b, c), not)| format!("{a} {not}IN ({b}, {c})")),
        (operand, not).prop_map(|(a, not)| format!("{a} IS {not}NULL")),
    ]
    .boxed()
}

fn condition() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        comparison(whole()),
        comparison(term(&["weight", "1.5", "12", "n", "-0.001", "cost"])),
        comparison(day()),
        comparison(term(&["seen_at", "lent_on", "today()", "term_to"])),
        term(&[
            "seen_at = '2026-11-23T09:30'",
            "seen_at > '2026-11-23T00:00'",
            "seen_at IN (today(), '2026-11-23T09:30')"
        ]),
        comparison(term(&["name", "note", "lower(name)", "'a'", "'Ab%'", "'髙'", "''", "'it''s'"])),
        comparison(term(&["state", "'lent'", "'back'"])),
        term(&[
            "done",
            "done = TRUE",
            "done <> FALSE",
            "TRUE",
            "FALSE",
            "done IS NULL",
            "kinds IS NULL",
            "paper IS NOT NULL"
        ]),
        term(&["has(kinds, 'usb')", "has(kinds, 'u_b')", "has(contents, 'r_1')"]),
        (
            term(&["name", "lower(note)", "state", "lent_on", "seen_at"]),
            term(&["", "NOT "]),
            term(&["%", "_", "a%", "%a", "%b_", "2026-%", "%T09%", "!%", "%!", ""])
        )
            .prop_map(|(a, not, pattern)| format!("{a} {not}LIKE '{pattern}'")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            inner.prop_map(|part| format!("NOT ({part})")),
        ]
    })
    .boxed()
}

fn maybe<T: Into<Value> + std::fmt::Debug + Clone + 'static>(values: Vec<T>) -> BoxedStrategy<Value> {
    prop::option::weighted(0.7, prop::sample::select(values))
        .prop_map(|v| v.map_or(Value::Null, Into::into))
        .boxed()
}

fn values() -> BoxedStrategy<Values> {
    let days = vec![
        date(2024, 2, 29),
        date(2026, 11, 23),
        date(2026, 3, 31),
        date(1999, 12, 31),
        date(9999, 12, 31),
        date(1873, 1, 1),
    ];
    let texts = vec!["a", "Ab%", "髙", "b!", "AB_", "it's", "a\nb"];
    let period = (prop::sample::select(days.clone()), prop::option::of(prop::sample::select(days.clone())))
        .prop_map(|(from, to)| Value::Period { from, to });
    (
        (
            maybe(vec![0_i64, 1, 12, 2026, -7]),
            maybe(vec![0_i64, 12_000, 999_999_999_999_999]),
            maybe(vec![2025_i64, 2026]),
        ),
        (
            maybe(vec![Value::Decimal(1500), Value::Decimal(12_000), Value::Decimal(-1)]),
            maybe(vec![true, false]),
        ),
        (maybe(days.clone()), maybe(days.clone()), prop::option::of(period)),
        maybe(vec![
            Value::Time(date(2026, 11, 23).at(9, 30, 0, 0)),
            Value::Time(date(2026, 11, 23).at(0, 0, 0, 0)),
        ]),
        (maybe(texts.clone()), maybe(texts), maybe(vec!["lent", "back"]), maybe(vec!["c1", "c3a", "gone"])),
        prop::collection::vec(prop::sample::select(vec!["usb", "hdd", "u_b"]), 0..3),
        any::<bool>(),
    )
        .prop_map(
            |(
                (n, cost, year),
                (weight, done),
                (lent, returned, term),
                seen,
                (name, note, state, cls),
                kinds,
                filed,
            )| {
                let mut values = Values::new();
                values
                    .set("n", n)
                    .set("cost", cost)
                    .set("year", year)
                    .set("weight", weight)
                    .set("done", done);
                values
                    .set("lent_on", lent)
                    .set("returned_on", returned)
                    .set("term", term.unwrap_or_default());
                values
                    .set("seen_at", seen)
                    .set("name", name)
                    .set("note", note)
                    .set("state", state)
                    .set("cls", cls);
                values.set("kinds", Value::list(kinds.into_iter().map(str::to_owned)));
                if filed {
                    values.set("paper", Value::File { blob: "b".to_owned(), name: "x".to_owned(), bytes: 1 });
                    values.set("contents", Value::list(["r_1".to_owned()]));
                }
                values
            },
        )
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn rust_and_sqlite_agree(condition in condition(), values in values()) {
        let definition = every_type();
        let parsed = Condition::parse(&condition, &definition.fields);
        let parsed = parsed.unwrap_or_else(|error| panic!("{condition}: {error}"));
        let connection = SHARED.with(|shared| shared.clone());
        let connection = connection.as_ref();
        connection.execute("DELETE FROM reg_samples", []).unwrap();
        insert(connection, &definition, &values);
        let env = Env { today: date(2026, 11, 23), classes: classes() };
        prop_assert_eq!(parsed.eval(&values, &env), sqlite(connection, &parsed, &env), "{}", condition);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        let _ = Condition::parse(&text, &every_type().fields);
    }

    #[test]
    fn no_sequence_of_words_makes_the_reader_panic(words in prop::collection::vec(prop::sample::select(vec![
        "AND", "OR", "NOT", "(", ")", ",", "=", "<", "IS", "NULL", "IN", "BETWEEN", "LIKE", "'a'", "1", "-2.5", "n", "name",
        "lent_on", "today()", "add_days(", "days(", "has(", "TRUE", "kinds",
    ]), 0..30), values in values()) {
        if let Ok(condition) = Condition::parse(&words.join(" "), &every_type().fields) {
            let definition = every_type();
            prop_assert_eq!(condition.eval(&values, &env()), sqlite(&table(&definition, &values), &condition, &env()));
        }
    }
}

thread_local! {
    static SHARED: std::rc::Rc<Connection> = std::rc::Rc::new({
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA case_sensitive_like=ON").unwrap();
        connection.execute_batch(&every_type().ddl().living.ddl).unwrap();
        connection
    });
}
