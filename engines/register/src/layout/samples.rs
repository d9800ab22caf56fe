//! A small city for tests: a register with a field of every type, people who share a name, and rows.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::compare::{Rows, key_text};
use crate::definition::{Axis, Definition};
use crate::text::Lang;
use crate::value::{Found, Lookup, Value, Values};
use crate::write::ExportMeta;

/// A register of loans, in the city's own layout.
pub(crate) const LOANS: &str = r#"
[register]
id = "usb-loans"
label_ja = "USBメモリ貸与管理簿"
label_en = "USB memory loans"
help_ja = "USBメモリの貸与と返却を記録します。"
help_en = "loans and returns of USB memories"
clause = ["6(2)"]
group = "physical"
tier = "c2"
owner_role = "administrator"
key = "number"
key_prefix = "USB-"
title = "purpose"
retention_years = 5

[[access]]
role = "*"
scope = "all"
actions = ["see", "add", "change", "remove", "export", "import"]

[[field]]
id = "number"
type = "number-code"
label_ja = "管理番号"
label_en = "Number"
required = true

[[field]]
id = "purpose"
type = "text"
label_ja = "使用目的"
label_en = "Purpose"

[[field]]
id = "lent_on"
type = "date"
label_ja = "貸与日"
label_en = "Lent on"

[[field]]
id = "amount"
type = "yen"
label_ja = "金額"
label_en = "Amount"

[[field]]
id = "state"
type = "choice"
label_ja = "状態"
label_en = "State"
choices = [ { id = "lent", ja = "貸与中", en = "On loan" }, { id = "back", ja = "返却済", en = "Returned" } ]

[excel]
sheet = "台帳"
title_ja = "USBメモリ貸与管理簿"
header_row = 4
orientation = "landscape"
columns = [
  { field = "number", header = "管理番号", width = 12 },
  { field = "purpose", header = "使用目的" },
  { field = "lent_on", header = "貸与日" },
  { field = "amount", header = "金額（円）" },
  { field = "state", header = "状態" },
]
"#;

/// Every type that a workbook can hold, with its field's id; `code` is the key.
const TYPES: [(&str, &str); 27] = [
    ("code", "code"),
    ("text", "text"),
    ("memo", "long-text"),
    ("pieces", "integer"),
    ("ratio", "number"),
    ("amount", "yen"),
    ("day", "date"),
    ("moment", "time"),
    ("term", "period"),
    ("year", "fiscal-year"),
    ("flag", "bool"),
    ("state", "choice"),
    ("marks", "choices"),
    ("person", "person"),
    ("unit", "unit"),
    ("zone", "zone"),
    ("class_c", "class-c"),
    ("class_i", "class-i"),
    ("class_a", "class-a"),
    ("medium", "reference"),
    ("media", "references"),
    ("company", "corporate-number"),
    ("city", "municipality-code"),
    ("mac", "mac"),
    ("ip", "ip"),
    ("url", "url"),
    ("mail", "mail"),
];

pub(crate) fn loans() -> Definition {
    Definition::parse("usb-loans.toml", LOANS).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// A register with a field of every type.
pub(crate) fn everything() -> Definition {
    let mut text = String::from(
        r#"
[register]
id = "everything"
label_ja = "全項目台帳"
label_en = "Everything"
help_ja = "全ての種類の項目があります。"
help_en = "a field of every type"
clause = ["4"]
group = "assets"
tier = "c2"
owner_role = "administrator"
key = "code"
title = "text"
retention_years = 5

[[access]]
role = "*"
scope = "all"
actions = ["see", "add", "change", "remove", "export", "import"]
"#,
    );
    for (id, kind) in TYPES {
        text.push_str(&format!(
            "\n[[field]]\nid = \"{id}\"\ntype = \"{kind}\"\nlabel_ja = \"項目 {id}\"\nlabel_en = \"Field {id}\"\n"
        ));
        text.push_str(match kind {
            "code" => "digits = 6\nrequired = true\n",
            "choice" => {
                "choices = [ { id = \"lent\", ja = \"貸与中\", en = \"On loan\" }, { id = \"back\", ja = \"返却、済\", en = \"Returned\" } ]\n"
            }
            "choices" => {
                "choices = [ { id = \"a\", ja = \"窓口\", en = \"A\" }, { id = \"b\", ja = \"電話・郵送\", en = \"B\" }, { id = \"c\", ja = \"その他\", en = \"C\" } ]\n"
            }
            "reference" | "references" => "refer = \"media\"\n",
            _ => "",
        });
    }
    text.push_str("\n[[field]]\nid = \"phone\"\ntype = \"phone\"\nlabel_ja = \"項目 phone\"\nlabel_en = \"Field phone\"\n");
    Definition::parse("everything.toml", &text).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

/// People, units, zones, classes and rows of the city; two people share a name, one has left.
pub(crate) struct City;

const PEOPLE: [(&str, &str, &str); 4] = [
    ("r_p1", "1001", "髙﨑 𠮷子"),
    ("r_p2", "1002", "山田 太郎"),
    ("r_p3", "1003", "山田 太郎"),
    ("r_p4", "1004", "葛󠄀城 参加"),
];
const UNITS: [(&str, &str); 2] = [("soumu", "総務課"), ("zeimu", "税務課")];
const MEDIA: [(&str, &str, &str); 4] = [
    ("r_m1", "M-1", "赤いUSB"),
    ("r_m2", "M-2", "青、白のUSB"),
    ("r_m3", "M-3", "同じ名前"),
    ("r_m4", "M-4", "同じ名前"),
];

fn among<const N: usize>(things: &[(&str, &str, &str); N], written: &str) -> Found {
    let same = |(id, key, name): &&(&str, &str, &str)| *id == written || *key == written || *name == written;
    Found::among(things.iter().filter(same).map(|(id, _, _)| (*id).to_owned()).collect())
}

fn shown<const N: usize>(things: &[(&str, &str, &str); N], id: &str) -> String {
    things.iter().find(|(i, _, _)| *i == id).map_or(id, |(_, _, name)| name).to_owned()
}

impl Lookup for City {
    fn person(&self, written: &str) -> Found {
        among(&PEOPLE, written)
    }
    fn unit(&self, written: &str) -> Found {
        let same = |(id, name): &&(&str, &str)| *id == written || *name == written;
        Found::among(UNITS.iter().filter(same).map(|(id, _)| (*id).to_owned()).collect())
    }
    fn zone(&self, written: &str) -> Found {
        Found::among(
            ["lgwan", "internet"].iter().filter(|id| **id == written).map(|id| (*id).to_owned()).collect(),
        )
    }
    fn class(&self, axis: Axis, written: &str) -> Found {
        let axis = match axis {
            Axis::Confidentiality => "c",
            Axis::Integrity => "i",
            Axis::Availability => "a",
        };
        let classes = [format!("{axis}1"), format!("{axis}2")];
        let same = |id: &&String| id.as_str() == written || format!("区分{id}") == written;
        Found::among(classes.iter().filter(same).cloned().collect())
    }
    fn row(&self, _register: &str, written: &str) -> Found {
        among(&MEDIA, written)
    }
    fn show_person(&self, id: &str) -> String {
        shown(&PEOPLE, id)
    }
    fn show_unit(&self, id: &str, _lang: Lang) -> String {
        UNITS.iter().find(|(i, _)| *i == id).map_or(id, |(_, name)| name).to_owned()
    }
    fn show_class(&self, id: &str, _lang: Lang) -> String {
        format!("区分{id}")
    }
    fn show_row(&self, _register: &str, id: &str) -> String {
        shown(&MEDIA, id)
    }
}

pub(crate) fn meta() -> ExportMeta {
    ExportMeta {
        seq: 4711,
        exported_on: date(2026, 4, 1),
        by: "総務課 髙﨑".to_owned(),
        withheld: Default::default(),
    }
}

/// Rows by their key, with the ids `r_0`, `r_1`, …
pub(crate) fn rows(definition: &Definition, list: &[Values]) -> Rows {
    let keyed = list
        .iter()
        .enumerate()
        .filter_map(|(i, values)| Some((key_text(definition, values)?, (format!("r_{i}"), values.clone()))));
    keyed.collect::<BTreeMap<_, _>>()
}

/// A loan.
pub(crate) fn loan(
    number: &str,
    purpose: &str,
    lent_on: Option<Date>,
    amount: Option<i64>,
    state: &str,
) -> Values {
    let mut values = Values::new();
    values.set("number", number).set("purpose", purpose).set("state", state);
    values.set("lent_on", lent_on.map_or(Value::Null, Value::Date));
    values.set("amount", amount.map_or(Value::Null, Value::Int));
    values
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_i32..2_968_000).prop_map(|days| {
        let day = crate::era::FIRST_DAY.checked_add(jiff::Span::new().days(days));
        day.map_or(crate::era::LAST_DAY, |day| day.min(crate::era::LAST_DAY))
    })
}

fn of<const N: usize>(ids: [&'static str; N]) -> impl Strategy<Value = Value> {
    (0..N).prop_map(move |i| Value::from(ids[i]))
}

fn some_of<const N: usize>(ids: [&'static str; N]) -> impl Strategy<Value = Value> {
    proptest::collection::vec(0..N, 0..=N)
        .prop_map(move |list| Value::list(list.into_iter().map(|i| ids[i].to_owned())))
}

/// Texts as people and attackers write them, in the form in which a register keeps them.
fn any_text(lines: bool) -> impl Strategy<Value = Value> {
    let char = "[ -~ぁ-んァ-ヶ一-龠ｦ-ﾟ髙﨑𠮷加\u{e000}-\u{e757}\u{e0100}＝＋－＠～〜−¥]";
    let line = format!("(={char}{{0,8}}|'{char}{{0,8}}|_x00[0-9]{{2}}_|{char}{{1,20}}|-5|0012|1-2|TRUE)");
    let text = if lines { format!("{line}(\n{line}){{0,2}}") } else { line };
    proptest::string::string_regex(&text).unwrap().prop_filter_map(
        "not in the form that is kept",
        move |text| {
            let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
            let text = lines.join("\n");
            let kept = text.trim_matches('\n') == text && !text.trim().is_empty();
            kept.then(|| Value::from(text))
        },
    )
}

/// A row with any values, and this key.
pub(crate) fn any_row(key: u32) -> impl Strategy<Value = Values> {
    let fields: Vec<(&'static str, BoxedStrategy<Value>)> = vec![
        ("text", any_text(false).boxed()),
        ("memo", any_text(true).boxed()),
        ("pieces", (-999_999_999_999_999_i64..=999_999_999_999_999).prop_map(Value::Int).boxed()),
        (
            "ratio",
            prop_oneof![(-999_999_999_999_999_999_i64..=999_999_999_999_999_999), -5000_i64..5000]
                .prop_map(Value::Decimal)
                .boxed(),
        ),
        ("amount", (0_i64..=999_999_999_999_999).prop_map(Value::Int).boxed()),
        ("day", any_day().prop_map(Value::Date).boxed()),
        (
            "moment",
            (any_day(), 0_i8..24, 0_i8..60).prop_map(|(d, h, m)| Value::Time(d.at(h, m, 0, 0))).boxed(),
        ),
        (
            "term",
            (any_day(), any_day(), any::<bool>())
                .prop_map(|(a, b, open)| Value::Period { from: a.min(b), to: (!open).then_some(a.max(b)) })
                .boxed(),
        ),
        ("year", (1873_i64..=9998).prop_map(Value::Int).boxed()),
        ("flag", any::<bool>().prop_map(Value::Bool).boxed()),
        ("state", of(["lent", "back"]).boxed()),
        ("marks", some_of(["a", "b", "c"]).boxed()),
        ("person", of(["r_p1", "r_p2", "r_p3", "r_p4"]).boxed()),
        ("unit", of(["soumu", "zeimu"]).boxed()),
        ("zone", of(["lgwan", "internet"]).boxed()),
        ("class_c", of(["c1", "c2"]).boxed()),
        ("class_i", of(["i1", "i2"]).boxed()),
        ("class_a", of(["a1", "a2"]).boxed()),
        ("medium", of(["r_m1", "r_m2", "r_m3"]).boxed()),
        ("media", some_of(["r_m1", "r_m2", "r_m3", "r_m4"]).boxed()),
        ("company", of(["7000020412058", "8000012010038"]).boxed()),
        ("city", of(["412058", "011002"]).boxed()),
        ("mac", of(["00:1a:2b:3c:4d:5e"]).boxed()),
        ("ip", of(["192.0.2.1", "192.0.2.0/24", "2001:db8::1"]).boxed()),
        ("url", of(["https://www.city.imari.lg.jp/"]).boxed()),
        ("mail", of(["soumu@city.imari.lg.jp"]).boxed()),
        ("phone", of(["0955-23-2111"]).boxed()),
    ];
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(id, strategy)| {
            prop_oneof![1 => Just(Value::Null), 4 => strategy].prop_map(move |value| (id.to_owned(), value))
        })
        .collect();
    fields.prop_map(move |pairs| {
        let mut values: Values = pairs.into_iter().collect();
        values.set("code", format!("{key:06}"));
        values
    })
}

/// The ids of the fields of [`everything`] that [`any_row`] fills.
pub(crate) fn field_count() -> usize {
    TYPES.len() + 1
}
