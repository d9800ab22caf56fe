//! The reader of definitions: what it makes of a complete one, and what it says about each mistake.

use expect_test::expect;
use proptest::prelude::*;

use super::sample::{EVERY_TYPE, every_type};
use crate::{
    Action, Axis, DefaultValue, Definition, Derive, FieldType, Group, Lang, Orientation, Recipient, Scope,
    Severity, Value,
};

/// A small definition that is right; tests spoil one line of it.
const SMALL: &str = r#"[register]
id = "loans"
label_ja = "貸与簿"
label_en = "Loans"
clause = ["6(4)"]
group = "physical"
tier = "c2"
owner_role = "administrator"
key = "code"
title = "name"
retention_years = 5

[[access]]
role = "*"
scope = "all"
actions = ["see"]

[[field]]
id = "code"
type = "text"
label_ja = "番号"
label_en = "Number"

[[field]]
id = "name"
type = "text"
label_ja = "名称"
label_en = "Name"
"#;

fn findings(text: &str) -> String {
    match Definition::parse("loans.toml", text) {
        Ok(_) => String::from("(no finding)"),
        Err(found) => found.iter().map(|f| format!("{}\n{f}\n", f.render(Lang::Ja))).collect(),
    }
}

/// The findings after one line was replaced.
fn spoiled(line: &str, by: &str) -> String {
    assert_eq!(SMALL.matches(line).count(), 1, "`{line}` must stand there once");
    findings(&SMALL.replace(line, by))
}

/// The findings after something was added at the end.
fn with(more: &str) -> String {
    findings(&format!("{SMALL}\n{more}"))
}

#[test]
fn a_complete_definition_is_read() {
    let d = every_type();
    assert_eq!(d.id, "samples");
    assert_eq!((d.group, d.tier.as_str(), d.retention_years), (Group::Assets, "c2", 5));
    assert_eq!(d.clauses, ["6(2)", "6(3)ウ", "9"]);
    assert_eq!(d.route.as_deref(), Some("section-manager"));
    assert_eq!(d.route_when.as_ref().map(|c| c.text()), Some("cls IN ('c3a', 'c3b')"));
    assert_eq!(d.fields.len(), 35);
    assert_eq!(d.access[0].actions, [Action::See, Action::Add]);
    assert_eq!(d.access[1].scope, Scope::Own);
    assert_eq!(d.access[1].own_field.as_ref().map(|f| f.as_str()), Some("holder"));
    assert!(d.access[2].is_everyone());
    let n = d.field("n").unwrap();
    assert_eq!(
        (n.min, n.max, n.default.clone()),
        (Some(0), Some(5000), Some(DefaultValue::Literal(Value::Int(1))))
    );
    let weight = d.field("weight").unwrap();
    assert_eq!((weight.min, weight.max), (Some(-1500), Some(99_999)));
    assert_eq!(d.field("name").unwrap().max_chars, Some(20));
    assert_eq!(d.field("note").unwrap().max_chars, Some(8000));
    assert_eq!(d.field("state").unwrap().default, Some(DefaultValue::Literal(Value::from("lent"))));
    assert_eq!(d.field("staff_code").unwrap().kind, FieldType::Code(6));
    assert_eq!(d.field("integrity").unwrap().kind, FieldType::Class(Axis::Integrity));
    assert!(matches!(d.field("highest").unwrap().derive, Some(Derive::ClassMax(_))));
    assert!(!d.field("handling").unwrap().is_stored() && !d.field("paper").unwrap().is_importable());
    assert_eq!((d.rules[0].severity, d.rules[1].severity), (Severity::Refuse, Severity::Warn));
    assert_eq!(d.reminders[0].days_before, [7, 0]);
    assert!(matches!(&d.reminders[0].to, Recipient::RowPerson(f) if f == "holder"));
    assert_eq!((d.reminders[1].date.as_str(), &d.reminders[1].to), ("term_to", &Recipient::UnitManager));
    let view = d.view("overdue").unwrap();
    assert_eq!((view.sort.as_deref(), view.descending), (Some("returned_on"), true));
    assert_eq!(d.layout.orientation, Orientation::Portrait);
    assert_eq!(d.layout.columns[0].width, Some(12.5));
    assert_eq!(d.layout.columns[1].header, "名称");
    assert_eq!(d.list_fields().len(), 2);
    assert_eq!(d.digest.len(), 64);
}

#[test]
fn without_a_layout_every_field_has_a_column() {
    let d = Definition::parse("loans.toml", SMALL).unwrap();
    assert_eq!(d.layout.columns.iter().map(|c| c.header.as_str()).collect::<Vec<_>>(), ["番号", "名称"]);
    assert_eq!(
        (d.layout.sheet.as_str(), d.layout.title.ja.as_str(), d.layout.header_row),
        ("台帳", "貸与簿", 4)
    );
}

#[test]
fn the_digest_follows_the_meaning_and_not_the_spelling() {
    let first = Definition::parse("loans.toml", SMALL).unwrap();
    let respelled =
        Definition::parse("x/loans.toml", &SMALL.replace("tier = \"c2\"", "tier   =  'c2' # class")).unwrap();
    assert_eq!(first.digest, respelled.digest);
    let changed = Definition::parse("loans.toml", &SMALL.replace("名称", "物品名")).unwrap();
    assert_ne!(first.digest, changed.digest);
}

#[test]
fn numbers_of_keys_are_counted_on() {
    let d = every_type();
    assert!(d.assigns_keys());
    assert_eq!(d.numbered_key(12), "見-0012");
    assert_eq!(d.numbered_key(123_456), "見-123456");
    assert_eq!(d.key_counter("見-0012"), Some(12));
    assert_eq!([d.key_counter("見-"), d.key_counter("12"), d.key_counter("見-1a")], [None, None, None]);
}

#[test]
fn mistakes_in_the_register_are_named() {
    let mut shown = String::new();
    for (line, by) in [
        ("label_en = \"Loans\"", ""),
        ("label_en = \"Loans\"", "label_en = \"Loans\"\nlabel_fr = \"Prêts\""),
        ("id = \"loans\"", "id = \"loan\""),
        ("id = \"loans\"", "id = \"Loans!\""),
        ("group = \"physical\"", "group = \"phisical\""),
        ("clause = [\"6(4)\"]", "clause = [\"第6条\"]"),
        ("clause = [\"6(4)\"]", "clause = []"),
        ("clause = [\"6(4)\"]", "clause = \"6(4)\""),
        ("tier = \"c2\"", "tier = \"機密\""),
        ("key = \"code\"", "key = \"cod\""),
        ("title = \"name\"", "titel = \"name\""),
        ("retention_years = 5", "retention_years = 500"),
        ("retention_years = 5", "retention_years = \"5\""),
        ("retention_years = 5", "retention_years = 5\nkey_prefix = \"L-\""),
        ("retention_years = 5", "retention_years = 5\nroute_when = \"name = 'a'\""),
        ("retention_years = 5", "retention_years = 5\nsample = \"../x.csv\""),
        ("retention_years = 5", "retention_years = 5\nunit_field = \"name\""),
        ("[register]", "[registers]"),
        ("key = \"code\"", "key = \"code"),
    ] {
        shown.push_str(&format!("== {}\n{}", by.lines().last().unwrap_or("(removed)"), spoiled(line, by)));
    }
    expect![[r#"
        == (removed)
        loans.toml:1:2: [missing-key] [register] に `label_en` がありません。 `label_en = …` を追加してください。
        loans.toml:1:2: [register] lacks `label_en`; add `label_en = …`
        == label_fr = "Prêts"
        loans.toml:5:1: [unknown-key] [register] に `label_fr` という項目はありません。`label_en` の誤りではありませんか。 `label_en` に直すか、この行を削除してください。
        loans.toml:5:1: [register] has no key `label_fr`; did you mean `label_en`?; write `label_en` or remove the line
        == id = "loan"
        loans.toml:2:6: [file-name] idは「loan」ですが、ファイル名は「loans.toml」です。 ファイル名とidを同じにしてください。
        loans.toml:2:6: the id is `loan` but the file is called `loans.toml`; give both the same name
        == id = "Loans!"
        loans.toml:2:6: [bad-id] 「Loans!」は台帳のidにできません。英小文字で始まる、英小文字・数字・「-」の2～41文字にし、「-」や「-h」で終わらないようにしてください。
        loans.toml:2:6: `Loans!` is not the id of a register; use a-z, then 1 to 40 of a-z, 0-9 and `-`, not ending with `-`
        == group = "phisical"
        loans.toml:6:9: [unknown-word] `group` に `phisical` は使えません。`physical` の誤りではありませんか。 使えるのは organisation、assets、physical、human、technical、outsourcing、review です。
        loans.toml:6:9: `group` can't be `phisical`; did you mean `physical`?; it can be organisation, assets, physical, human, technical, outsourcing, review
        == clause = ["第6条"]
        loans.toml:5:11: [bad-clause] 「第6条」は条項の番号の形ではありません。 例: 6(3)ウ、9
        loans.toml:5:11: `第6条` is not the number of a clause; for instance 6(3)ウ or 9
        == clause = []
        loans.toml:5:10: [empty] `clause` に基本方針の条項を1つ以上書いてください。 例: ["6(4)"]
        loans.toml:5:10: `clause` must name at least one clause of the policy; for instance ["6(4)"]
        == clause = "6(4)"
        loans.toml:5:10: [wrong-type] [register] の `clause` は文字列の一覧（["…"]）で指定してください。 値の書き方を直してください。
        loans.toml:5:10: `clause` of [register] must be a list of texts; correct the value
        == tier = "機密"
        loans.toml:7:8: [bad-id] `tier` の「機密」は方針の宣言のidの形ではありません。 英小文字、数字及び「-」の64文字以内にしてください。
        loans.toml:7:8: `機密` of `tier` is not the form of an id of the policy; use 1 to 64 of a-z, 0-9 and `-`
        == key = "cod"
        loans.toml:9:7: [unknown-field] 項目「cod」はありません。「code」の誤りではありませんか。 [[field]] を加えるか、名前を直してください。
        loans.toml:9:7: there is no field `cod`; did you mean `code`?; add a [[field]] or correct the name
        == titel = "name"
        loans.toml:1:2: [missing-key] [register] に `title` がありません。 `title = …` を追加してください。
        loans.toml:1:2: [register] lacks `title`; add `title = …`
        loans.toml:10:1: [unknown-key] [register] に `titel` という項目はありません。`title` の誤りではありませんか。 `title` に直すか、この行を削除してください。
        loans.toml:10:1: [register] has no key `titel`; did you mean `title`?; write `title` or remove the line
        == retention_years = 500
        loans.toml:11:19: [wrong-type] [register] の `retention_years` は0以上100以下の整数で指定してください。 値の書き方を直してください。
        loans.toml:11:19: `retention_years` of [register] must be a whole number from 0 to 100; correct the value
        == retention_years = "5"
        loans.toml:11:19: [wrong-type] [register] の `retention_years` は0以上100以下の整数で指定してください。 値の書き方を直してください。
        loans.toml:11:19: `retention_years` of [register] must be a whole number from 0 to 100; correct the value
        == key_prefix = "L-"
        loans.toml:12:14: [unused-key] `key_prefix` と `key_digits` は、`key` の型が number-code のときだけ使えます。 この行を削除してください。
        loans.toml:12:14: `key_prefix` and `key_digits` need a key of type number-code; remove the line
        == route_when = "name = 'a'"
        loans.toml:12:14: [route-missing] `route_when` がありますが `route` がありません。 `route` を書くか、`route_when` を削除してください。
        loans.toml:12:14: there is `route_when` but no `route`; add `route` or remove `route_when`
        == sample = "../x.csv"
        loans.toml:12:10: [bad-path] `sample` は、この定義から見た相対的なCSVファイルの場所にしてください。 例: "samples/usb-loans.csv"
        loans.toml:12:10: `sample` must be the path of a CSV file relative to this definition; for instance "samples/usb-loans.csv"
        == unit_field = "name"
        loans.toml:12:14: [wrong-field-type] `unit_field` の項目「name」の型は text ですが、型 unit が必要です。 別の項目を指定するか、項目の型を直してください。
        loans.toml:12:14: `unit_field` names `name` of type text; it must be of type unit; name another field or correct its type
        == [registers]
        loans.toml:1:1: [missing-table] [register] がありません。 先頭に [register] の表を書いてください。
        loans.toml:1:1: there is no [register]; begin the file with a table [register]
        loans.toml:1:2: [unknown-key] TOML に `registers` という項目はありません。`register` の誤りではありませんか。 `register` に直すか、この行を削除してください。
        loans.toml:1:2: TOML has no key `registers`; did you mean `register`?; write `register` or remove the line
        == key = "code
        loans.toml:9:12: [syntax] TOMLとして読み取れません（invalid basic string, expected `"`）。 この行の引用符、角括弧及び等号を確かめてください。ファイルの残りの内容は検査していません。
        loans.toml:9:12: not valid TOML: invalid basic string, expected `"`; check the quotes, brackets and equals sign on this line; the rest of the file was not checked
    "#]].assert_eq(&shown);
}

#[test]
fn mistakes_in_fields_are_named() {
    let mut shown = String::new();
    for field in [
        "id = \"order\"\ntype = \"text\"",
        "id = \"Code2\"\ntype = \"text\"",
        "id = \"code\"\ntype = \"text\"",
        "id = \"x\"\ntype = \"txt\"",
        "id = \"x\"\ntype = \"text\"\nrequird = true",
        "id = \"x\"\ntype = \"choice\"",
        "id = \"x\"\ntype = \"text\"\nchoices = []",
        "id = \"x\"\ntype = \"choice\"\nchoices = [ { id = \"a\", ja = \"あ\", en = \"a\" }, { id = \"a\", ja = \"い\", en = \"b\" } ]",
        "id = \"x\"\ntype = \"choices\"\nchoices = [ { id = \"a\", ja = \"あ、い\", en = \"a\" } ]",
        "id = \"x\"\ntype = \"choice\"\nchoices = [ { id = \"A\", ja = \"あ\", en = \"a\" } ]",
        "id = \"x\"\ntype = \"reference\"",
        "id = \"x\"\ntype = \"code\"",
        "id = \"x\"\ntype = \"integer\"\nmin = 5\nmax = 1",
        "id = \"x\"\ntype = \"date\"\nmin = 5",
        "id = \"x\"\ntype = \"date\"\ndefault = \"明日\"",
        "id = \"x\"\ntype = \"text\"\nrequired = \"yes\"",
        "id = \"x\"\ntype = \"file\"\nsort = true",
        "id = \"x\"\ntype = \"number-code\"",
        "id = \"x\"\ntype = \"integer\"\nderive = \"days-until(name)\"",
        "id = \"x\"\ntype = \"integer\"\nderive = \"days-until(when_due)\"",
        "id = \"x\"\ntype = \"integer\"\nderive = \"sum(name)\"",
        "id = \"x\"\ntype = \"text\"\nsection_ja = \"返却\"",
        "id = \"x\"\ntype = \"period\"\n[[field]]\nid = \"x_to\"\ntype = \"text\"\nlabel_ja = \"終わり\"\nlabel_en = \"End\"",
    ] {
        let (head, rest) =
            field.split_once("\n[[").map_or((field, String::new()), |(h, r)| (h, format!("\n[[{r}")));
        let text = format!("[[field]]\n{head}\nlabel_ja = \"甲\"\nlabel_en = \"X\"{rest}");
        shown.push_str(&format!("== {}\n{}", field.replace('\n', " · "), with(&text)));
    }
    expect![[r#"
        == id = "order" · type = "text"
        loans.toml:31:6: [sql-keyword] 「order」はSQLの予約語のため、項目のidに使えません。別の語（例: order_name）にしてください。
        loans.toml:31:6: `order` is a word of SQL and can't be the id of a field; choose another word, for instance `order_name`
        == id = "Code2" · type = "text"
        loans.toml:31:6: [bad-id] 「Code2」は項目のidにできません。英小文字で始まる、英小文字・数字・「_」の41文字以内にしてください。
        loans.toml:31:6: `Code2` is not the id of a field; use a-z, then up to 40 of a-z, 0-9 and `_`
        == id = "code" · type = "text"
        loans.toml:31:6: [duplicate-id] 項目「code」が2つあります。 一方のidを変えるか、削除してください。
        loans.toml:31:6: there are two fields `code`; rename or remove one of the two
        == id = "x" · type = "txt"
        loans.toml:32:8: [unknown-word] `type` に `txt` は使えません。`text` の誤りではありませんか。 使えるのは number-code、text、long-text、integer、number、yen、date、time、period、fiscal-year、bool、choice、choices、person、unit、zone、class-c、class-i、class-a、reference、references、corporate-number、municipality-code、mac、ip、url、mail、phone、file、code です。
        loans.toml:32:8: `type` can't be `txt`; did you mean `text`?; it can be number-code, text, long-text, integer, number, yen, date, time, period, fiscal-year, bool, choice, choices, person, unit, zone, class-c, class-i, class-a, reference, references, corporate-number, municipality-code, mac, ip, url, mail, phone, file, code
        == id = "x" · type = "text" · requird = true
        loans.toml:33:1: [unknown-key] [[field]] に `requird` という項目はありません。`required` の誤りではありませんか。 `required` に直すか、この行を削除してください。
        loans.toml:33:1: [[field]] has no key `requird`; did you mean `required`?; write `required` or remove the line
        == id = "x" · type = "choice"
        loans.toml:30:1: [missing-key] [[field]] に `choices` がありません。 `choices = …` を追加してください。
        loans.toml:30:1: [[field]] lacks `choices`; add `choices = …`
        == id = "x" · type = "text" · choices = []
        loans.toml:33:11: [unused-key] `choices` は型 choice, choices だけに使えます（この項目の型は text）。 この行を削除するか、型を直してください。
        loans.toml:33:11: `choices` belongs to the types choice, choices, but this field is of type text; remove the line or correct the type
        == id = "x" · type = "choice" · choices = [ { id = "a", ja = "あ", en = "a" }, { id = "a", ja = "い", en = "b" } ]
        loans.toml:33:54: [duplicate-id] 選択肢「a」のid又は表示名が他の選択肢と同じです。 idと表示名は選択肢ごとに変えてください。
        loans.toml:33:54: the id or a label of choice `a` is that of another choice; give every choice an id and labels of its own
        == id = "x" · type = "choices" · choices = [ { id = "a", ja = "あ、い", en = "a" } ]
        loans.toml:33:13: [separator-in-label] 複数選択の表示名に、区切りに使う「、」「,」「;」は使えません。 「・」などに置き換えてください。
        loans.toml:33:13: labels of `choices` can't hold the separators `、`, `,` and `;`; write them with another sign
        == id = "x" · type = "choice" · choices = [ { id = "A", ja = "あ", en = "a" } ]
        loans.toml:33:20: [bad-id] 「A」は選択肢のidにできません。 英小文字、数字、「-」及び「_」の41文字以内にしてください。
        loans.toml:33:20: `A` is not the id of a choice; use 1 to 41 of a-z, 0-9, `-` and `_`
        == id = "x" · type = "reference"
        loans.toml:30:1: [missing-key] [[field]] に `refer` がありません。 `refer = …` を追加してください。
        loans.toml:30:1: [[field]] lacks `refer`; add `refer = …`
        == id = "x" · type = "code"
        loans.toml:30:1: [missing-key] [[field]] に `digits` がありません。 `digits = …` を追加してください。
        loans.toml:30:1: [[field]] lacks `digits`; add `digits = …`
        == id = "x" · type = "integer" · min = 5 · max = 1
        loans.toml:34:7: [empty-range] `max` が `min` より小さくなっています。 どちらかを直してください。
        loans.toml:34:7: `max` is less than `min`; correct one of the two
        == id = "x" · type = "date" · min = 5
        loans.toml:33:7: [unused-key] `min` は型 integer, number, yen だけに使えます（この項目の型は date）。 この行を削除するか、型を直してください。
        loans.toml:33:7: `min` belongs to the types integer, number, yen, but this field is of type date; remove the line or correct the type
        == id = "x" · type = "date" · default = "明日"
        loans.toml:33:11: [wrong-default] `default` は型 date の値にしてください: 日付として読めません: 明日（「令和8年4月1日」「R8.4.1」「2026/4/1」のように書いてください） 値のほか、today（日付）、me（職員）、my-unit（所属）、fiscal-year（年度）が使えます。
        loans.toml:33:11: `default` must be a value of type date: not a date: 明日 (write it like 2026-04-01, 令和8年4月1日 or R8.4.1); besides a value it can be today (days), me (person), my-unit (unit) or fiscal-year
        == id = "x" · type = "text" · required = "yes"
        loans.toml:33:12: [wrong-type] [[field]] の `required` はtrue又はfalseで指定してください。 値の書き方を直してください。
        loans.toml:33:12: `required` of [[field]] must be true or false; correct the value
        == id = "x" · type = "file" · sort = true
        loans.toml:33:8: [unused-key] `sort` はfileには使えません。 この行を削除してください。
        loans.toml:33:8: `sort` makes no sense for file; remove the line
        == id = "x" · type = "number-code"
        loans.toml:32:8: [wrong-field-type] 型 number-code は `key` の項目だけに使えます: x `key` をこの項目にするか、型を text にしてください。
        loans.toml:32:8: only the field of `key` can be of type number-code: x; make it the `key`, or its type text
        == id = "x" · type = "integer" · derive = "days-until(name)"
        loans.toml:33:10: [wrong-field-type] この計算の型は integer ← date/time です（この項目は integer、元の項目「name」は text）。 項目の型か `derive` を直してください。
        loans.toml:33:10: the types of this computation are integer ← date/time, but this field is integer and `name` is text; correct the types or `derive`
        == id = "x" · type = "integer" · derive = "days-until(when_due)"
        loans.toml:33:10: [unknown-field] 項目「when_due」はありません。 [[field]] を加えるか、名前を直してください。
        loans.toml:33:10: there is no field `when_due`; add a [[field]] or correct the name
        == id = "x" · type = "integer" · derive = "sum(name)"
        loans.toml:33:10: [bad-derive] `derive` の「sum(name)」は読み取れません。 class-max(項目)、handling(項目)、fiscal-year(項目)、days-until(項目) のいずれかにしてください。
        loans.toml:33:10: `derive` can't be `sum(name)`; write class-max(FIELD), handling(FIELD), fiscal-year(FIELD) or days-until(FIELD)
        == id = "x" · type = "text" · section_ja = "返却"
        loans.toml:30:1: [missing-key] [[field]] に `section_en` がありません。 `section_en = …` を追加してください。
        loans.toml:30:1: [[field]] lacks `section_en`; add `section_en = …`
        == id = "x" · type = "period" · [[field]] · id = "x_to" · type = "text" · label_ja = "終わり" · label_en = "End"
        loans.toml:36:6: [duplicate-column] 項目「x_to」と「x」は同じ列「x_to」になります。 一方のidを変えてください。
        loans.toml:36:6: fields `x_to` and `x` both need a column `x_to`; rename one of the two
    "#]].assert_eq(&shown);
}

#[test]
fn mistakes_in_entries_are_named() {
    let mut shown = String::new();
    for entry in [
        "[[access]]\nrole = \"staff\"\nscope = \"own-unit\"\nactions = [\"see\"]",
        "[[access]]\nrole = \"staff\"\nscope = \"own\"\nactions = [\"add\"]",
        "[[access]]\nrole = \"*\"\nscope = \"all\"\nactions = [\"sea\"]",
        "[[rule]]\nid = \"r\"\nwhen = \"nme = 'a'\"\nja = \"あ\"\nen = \"a\"",
        "[[rule]]\nid = \"r\"\nwhen = '''\n  name = 'a'\n  AND nme = 'b'\n'''\nja = \"あ\"\nen = \"a\"\nfield = \"nmae\"",
        "[[rule]]\nid = \"R\"\nwhen = \"name = 'a'\"\nja = \"あ\"",
        "[[rule]]\nid = \"r\"\nwhen = \"name = 'a'\"\nja = \"あ\"\nen = \"a\"\nseverity = \"stop\"",
        "[[reminder]]\nid = \"r\"\ndate = \"name\"\nto = \"role:ciso\"\nja = \"あ\"\nen = \"a\"",
        "[[reminder]]\nid = \"r\"\ndate = \"due\"\nto = \"unit-manager\"\ndays_before = [7, -1]\nja = \"あ\"\nen = \"a\"",
        "[[reminder]]\nid = \"r\"\ndate = \"name\"\nto = \"row-person:name\"\nja = \"あ\"\nen = \"a\"",
        "[[view]]\nid = \"v\"\nlabel_ja = \"あ\"\nlabel_en = \"a\"\nsort = \"nam\"\nwhere = \"name IS NUL\"",
        "[excel]\nsheet = \"a/b\"\nheader_row = 0\norientation = \"横\"\ncolumns = [ { field = \"name\" } ]",
        "[excel]\ncolumns = [ { field = \"code\", header = \"名称\" }, { field = \"name\" }, { field = \"nme\" } ]",
        "[[rule]]\nid = \"r\"\nwhen = \"name = 'a'\"\nja = \"あ\"\nen = \"a\"\n[[rule]]\nid = \"r\"\nwhen = \"name = 'a'\"\nja = \"あ\"\nen = \"a\"",
    ] {
        shown.push_str(&format!("== {}\n{}", entry.replace('\n', " · "), with(entry)));
    }
    expect![[r#"
        == [[access]] · role = "staff" · scope = "own-unit" · actions = ["see"]
        loans.toml:32:9: [scope-without-field] 範囲 own-unit には [register] の `unit_field` が必要です。 `unit_field` を書くか、範囲を変えてください。
        loans.toml:32:9: scope own-unit needs `unit_field` in [register]; add `unit_field` or choose another scope
        == [[access]] · role = "staff" · scope = "own" · actions = ["add"]
        loans.toml:32:9: [scope-without-field] 範囲 own には [register] の `own_field` が必要です。 `own_field` を書くか、範囲を変えてください。
        loans.toml:32:9: scope own needs `own_field` in [register]; add `own_field` or choose another scope
        loans.toml:33:11: [blind-access] 閲覧（see）のない権限は使えません。 `actions` に "see" を加えてください。
        loans.toml:33:11: nobody can work with rows that they can't see; add "see" to `actions`
        == [[access]] · role = "*" · scope = "all" · actions = ["sea"]
        loans.toml:31:8: [duplicate-access] 役割「*」の範囲 all が2回書かれています。 1つにまとめてください。
        loans.toml:31:8: role `*` with scope all is listed twice; put both into one
        loans.toml:33:12: [unknown-word] `actions` に `sea` は使えません。`see` の誤りではありませんか。 使えるのは see、add、change、remove、export、import、approve-override です。
        loans.toml:33:12: `actions` can't be `sea`; did you mean `see`?; it can be see, add, change, remove, export, import, approve-override
        == [[rule]] · id = "r" · when = "nme = 'a'" · ja = "あ" · en = "a"
        loans.toml:32:9: [condition] 項目「nme」はありません。「name」の誤りではありませんか。 条件の書き方を直してください。
        loans.toml:32:9: there is no field `nme`; did you mean `name`?; correct the condition
        == [[rule]] · id = "r" · when = ''' ·   name = 'a' ·   AND nme = 'b' · ''' · ja = "あ" · en = "a" · field = "nmae"
        loans.toml:34:7: [condition] 項目「nme」はありません。「name」の誤りではありませんか。 条件の書き方を直してください。
        loans.toml:34:7: there is no field `nme`; did you mean `name`?; correct the condition
        loans.toml:38:9: [unknown-field] 項目「nmae」はありません。「name」の誤りではありませんか。 [[field]] を加えるか、名前を直してください。
        loans.toml:38:9: there is no field `nmae`; did you mean `name`?; add a [[field]] or correct the name
        == [[rule]] · id = "R" · when = "name = 'a'" · ja = "あ"
        loans.toml:30:1: [missing-key] [[rule]] に `en` がありません。 `en = …` を追加してください。
        loans.toml:30:1: [[rule]] lacks `en`; add `en = …`
        loans.toml:31:6: [bad-id] 「R」はidにできません。 英小文字で始まる、英小文字、数字及び「-」の41文字以内にしてください。
        loans.toml:31:6: `R` is not an id; use a-z, then up to 40 of a-z, 0-9 and `-`
        == [[rule]] · id = "r" · when = "name = 'a'" · ja = "あ" · en = "a" · severity = "stop"
        loans.toml:35:12: [unknown-word] `severity` に `stop` は使えません。 使えるのは refuse、warn です。
        loans.toml:35:12: `severity` can't be `stop`; it can be refuse, warn
        == [[reminder]] · id = "r" · date = "name" · to = "role:ciso" · ja = "あ" · en = "a"
        loans.toml:32:8: [wrong-field-type] `date` の項目「name」の型は text で、日付ではありません。 日付の項目を指定してください。
        loans.toml:32:8: `date` names `name` of type text, which is not a day; name a field that holds a day
        == [[reminder]] · id = "r" · date = "due" · to = "unit-manager" · days_before = [7, -1] · ja = "あ" · en = "a"
        loans.toml:32:8: [unknown-field] 項目「due」はありません。 [[field]] を加えるか、名前を直してください。
        loans.toml:32:8: there is no field `due`; add a [[field]] or correct the name
        loans.toml:33:6: [scope-without-field] `unit-manager` には [register] の `unit_field` が必要です。 `unit_field` を書くか、宛先を変えてください。
        loans.toml:33:6: `unit-manager` needs `unit_field` in [register]; add `unit_field` or choose another recipient
        loans.toml:34:19: [wrong-type] [[reminder]] の `days_before` は0以上3660以下の日数で指定してください。 値の書き方を直してください。
        loans.toml:34:19: `days_before` of [[reminder]] must be a number of days from 0 to 3660; correct the value
        == [[reminder]] · id = "r" · date = "name" · to = "row-person:name" · ja = "あ" · en = "a"
        loans.toml:32:8: [wrong-field-type] `date` の項目「name」の型は text で、日付ではありません。 日付の項目を指定してください。
        loans.toml:32:8: `date` names `name` of type text, which is not a day; name a field that holds a day
        loans.toml:33:6: [wrong-field-type] 宛先の項目「name」の型は person でなければなりません。 職員の項目を指定してください。
        loans.toml:33:6: the recipient `name` must be a field of type person; name a field of type person
        == [[view]] · id = "v" · label_ja = "あ" · label_en = "a" · sort = "nam" · where = "name IS NUL"
        loans.toml:34:8: [unknown-field] 項目「nam」はありません。「name」の誤りではありませんか。 [[field]] を加えるか、名前を直してください。
        loans.toml:34:8: there is no field `nam`; did you mean `name`?; add a [[field]] or correct the name
        loans.toml:35:18: [condition] ISのあとは NULL か NOT NULL だけです。 条件の書き方を直してください。
        loans.toml:35:18: only NULL or NOT NULL may follow IS; correct the condition
        == [excel] · sheet = "a/b" · header_row = 0 · orientation = "横" · columns = [ { field = "name" } ]
        loans.toml:31:9: [bad-sheet] 「a/b」はExcelのシート名にできません。 31文字以内で、: \ / ? * [ ] を含まない名前にしてください。
        loans.toml:31:9: `a/b` can't be the name of a sheet; use at most 31 characters without : \ / ? * [ ]
        loans.toml:32:14: [wrong-type] [excel] の `header_row` は1以上100以下の整数で指定してください。 値の書き方を直してください。
        loans.toml:32:14: `header_row` of [excel] must be a whole number from 1 to 100; correct the value
        loans.toml:33:15: [unknown-word] `orientation` に `横` は使えません。 使えるのは portrait、landscape です。
        loans.toml:33:15: `orientation` can't be `横`; it can be portrait, landscape
        loans.toml:34:11: [key-not-in-sheet] `columns` に `key` の項目「code」がありません。取込のときに行を見分けられません。 列を加えてください。
        loans.toml:34:11: `columns` lacks the key `code`; an import can't tell the rows apart; add a column for it
        == [excel] · columns = [ { field = "code", header = "名称" }, { field = "name" }, { field = "nme" } ]
        loans.toml:31:11: [duplicate-header] 見出し「名称」の列が2つあります。取込のときに区別できません。 見出しを列ごとに変えてください。
        loans.toml:31:11: two columns have the header `名称`; an import can't tell them apart; give every column a header of its own
        loans.toml:31:78: [unknown-field] 項目「nme」はありません。「name」の誤りではありませんか。 [[field]] を加えるか、名前を直してください。
        loans.toml:31:78: there is no field `nme`; did you mean `name`?; add a [[field]] or correct the name
        == [[rule]] · id = "r" · when = "name = 'a'" · ja = "あ" · en = "a" · [[rule]] · id = "r" · when = "name = 'a'" · ja = "あ" · en = "a"
        loans.toml:36:6: [duplicate-id] [[rule]] に「r」が2つあります。 一方のidを変えるか、削除してください。
        loans.toml:36:6: there are two [[rule]] `r`; rename or remove one of the two
    "#]].assert_eq(&shown);
}

#[test]
fn a_condition_about_a_field_that_cannot_be_read_is_not_blamed() {
    let text = "[[field]]\nid = \"due\"\ntype = \"dat\"\nlabel_ja = \"期限\"\nlabel_en = \"Due\"\n\
                [[rule]]\nid = \"r\"\nwhen = \"due > today()\"\nja = \"あ\"\nen = \"a\"\nfield = \"due\"";
    let shown = with(text);
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(shown.contains("`date`"), "{shown}");
}

#[test]
fn everything_wrong_is_found_in_one_pass() {
    let text =
        SMALL.replace("group = \"physical\"", "group = \"x\"").replace("type = \"text\"", "type = \"x\"");
    let Err(found) = Definition::parse("loans.toml", &text) else { panic!("it was read") };
    assert_eq!(
        found.iter().map(|f| (f.line, f.code)).collect::<Vec<_>>(),
        [(6, "unknown-word"), (20, "unknown-word"), (26, "unknown-word")]
    );
}

#[test]
fn keywords_are_sorted() {
    assert!(crate::keywords::RESERVED.is_sorted());
    for word in ["select", "order", "user", "end", "when", "position", "to"] {
        assert!(crate::FieldId::new(word).is_err(), "{word}");
    }
    for word in ["number", "name", "version", "owner", "value", "type", "date_of_birth"] {
        assert!(crate::FieldId::new(word).is_ok(), "{word}");
    }
    for id in ["a", "a-h", "a-", "-a", "1a", "a_b", "A"] {
        assert!(crate::RegisterId::new(id).is_err(), "{id}");
    }
}

#[test]
fn every_accepted_field_id_is_a_column_in_sqlite() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for word in [
        "number", "name", "version", "owner", "value", "type", "text", "date", "level", "action", "key",
        "plan", "day", "replace", "begin", "match",
    ] {
        if crate::FieldId::new(word).is_ok() {
            connection
                .execute_batch(&format!(
                    "CREATE TABLE t_{word} ({word} TEXT); SELECT {word} FROM t_{word} WHERE {word} = 'a'"
                ))
                .unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,300}") {
        let _ = Definition::parse("a.toml", &text);
    }

    #[test]
    fn no_damage_to_a_definition_makes_the_reader_panic(at in 0..EVERY_TYPE.len(), length in 0_usize..60, by in "[\\[\\]\"'=#a-z0-9 \n{}あ]{0,8}") {
        let mut start = at;
        while !EVERY_TYPE.is_char_boundary(start) { start -= 1; }
        let mut end = (start + length).min(EVERY_TYPE.len());
        while !EVERY_TYPE.is_char_boundary(end) { end -= 1; }
        let end = end.max(start);
        let text = format!("{}{by}{}", EVERY_TYPE.get(..start).unwrap(), EVERY_TYPE.get(end..).unwrap());
        if let Err(found) = Definition::parse("samples.toml", &text) {
            prop_assert!(!found.is_empty());
            let lines = text.split('\n').count();
            prop_assert!(found.iter().all(|f| (1..=lines).contains(&f.line) && f.column >= 1));
        }
    }
}
