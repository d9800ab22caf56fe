//! A register with a field of every type, and a few names to look up.

use std::sync::LazyLock;

use jiff::civil::date;

use crate::{Axis, ClassEntry, Definition, Env, Found, Lookup, Text, Vocabulary};

pub(crate) const EVERY_TYPE: &str = r#"
[register]
id = "samples"
label_ja = "見本台帳"
label_en = "Samples"
help_ja = "全ての型の項目を持つ台帳です。"
help_en = "a register with a field of every type"
clause = ["6(2)", "6(3)ウ", "9"]
group = "assets"
tier = "c2"
owner_role = "administrator"
key = "number"
key_prefix = "見-"
title = "name"
unit_field = "unit"
own_field = "holder"
retention_years = 5
route = "section-manager"
route_when = "cls IN ('c3a', 'c3b')"
sample = "samples/samples.csv"

[[access]]
role = "staff"
scope = "own-unit"
actions = ["see", "add"]

[[access]]
role = "staff"
scope = "own"
actions = ["change", "see"]

[[access]]
role = "*"
scope = "all"
actions = ["see"]

[[field]]
id = "number"
type = "number-code"
label_ja = "管理番号"
label_en = "Number"
list = true

[[field]]
id = "name"
type = "text"
label_ja = "名称"
label_en = "Name"
required = true
max_chars = 20
list = true
sort = true

[[field]]
id = "note"
type = "long-text"
label_ja = "備考"
label_en = "Note"
section_ja = "その他"
section_en = "Other"

[[field]]
id = "n"
type = "integer"
label_ja = "数量"
label_en = "Count"
min = 0
max = 5000
default = 1

[[field]]
id = "weight"
type = "number"
label_ja = "重さ"
label_en = "Weight"
min = -1.5
max = "99.999"

[[field]]
id = "cost"
type = "yen"
label_ja = "金額"
label_en = "Cost"
confidentiality = "c3b"

[[field]]
id = "lent_on"
type = "date"
label_ja = "貸与日"
label_en = "Lent on"
default = "today"
sort = true

[[field]]
id = "returned_on"
type = "date"
label_ja = "返却日"
label_en = "Returned on"

[[field]]
id = "seen_at"
type = "time"
label_ja = "確認日時"
label_en = "Seen at"
default = "today"

[[field]]
id = "term"
type = "period"
label_ja = "期間"
label_en = "Term"
sort = true

[[field]]
id = "year"
type = "fiscal-year"
label_ja = "年度"
label_en = "Fiscal year"
default = "fiscal-year"

[[field]]
id = "done"
type = "bool"
label_ja = "済"
label_en = "Done"
default = false

[[field]]
id = "state"
type = "choice"
label_ja = "状態"
label_en = "State"
choices = [ { id = "lent", ja = "貸与中", en = "On loan" }, { id = "back", ja = "返却済", en = "Returned" } ]
default = "lent"

[[field]]
id = "kinds"
type = "choices"
label_ja = "種別"
label_en = "Kinds"
choices = [ { id = "usb", ja = "USBメモリ", en = "USB memory" }, { id = "hdd", ja = "ハードディスク", en = "Hard disk" }, { id = "u_b", ja = "その他・不明", en = "Other" } ]

[[field]]
id = "holder"
type = "person"
label_ja = "使用者"
label_en = "Holder"
default = "me"
personal = true

[[field]]
id = "unit"
type = "unit"
label_ja = "所属"
label_en = "Unit"
default = "my-unit"

[[field]]
id = "zone"
type = "zone"
label_ja = "領域"
label_en = "Zone"

[[field]]
id = "cls"
type = "class-c"
label_ja = "機密性"
label_en = "Confidentiality"

[[field]]
id = "integrity"
type = "class-i"
label_ja = "完全性"
label_en = "Integrity"

[[field]]
id = "availability"
type = "class-a"
label_ja = "可用性"
label_en = "Availability"

[[field]]
id = "parent"
type = "reference"
label_ja = "親"
label_en = "Parent"
refer = "samples"

[[field]]
id = "contents"
type = "references"
label_ja = "内容"
label_en = "Contents"
refer = "samples"

[[field]]
id = "company"
type = "corporate-number"
label_ja = "法人番号"
label_en = "Corporate number"

[[field]]
id = "city"
type = "municipality-code"
label_ja = "団体コード"
label_en = "Local government code"

[[field]]
id = "mac"
type = "mac"
label_ja = "MACアドレス"
label_en = "MAC address"

[[field]]
id = "ip"
type = "ip"
label_ja = "IPアドレス"
label_en = "IP address"

[[field]]
id = "url"
type = "url"
label_ja = "URL"
label_en = "URL"

[[field]]
id = "mail"
type = "mail"
label_ja = "メール"
label_en = "Mail"

[[field]]
id = "phone"
type = "phone"
label_ja = "電話"
label_en = "Phone"

[[field]]
id = "paper"
type = "file"
label_ja = "証明書"
label_en = "Certificate"

[[field]]
id = "staff_code"
type = "code"
label_ja = "職員番号"
label_en = "Staff number"
digits = 6
unique = true

[[field]]
id = "highest"
type = "class-c"
label_ja = "内容の最高の機密性"
label_en = "Highest class of the contents"
derive = "class-max(contents)"

[[field]]
id = "handling"
type = "long-text"
label_ja = "取扱制限"
label_en = "Handling"
derive = "handling(highest)"

[[field]]
id = "lent_year"
type = "fiscal-year"
label_ja = "貸与年度"
label_en = "Fiscal year of the loan"
derive = "fiscal-year(lent_on)"

[[field]]
id = "days_left"
type = "integer"
label_ja = "残り日数"
label_en = "Days left"
derive = "days-until(returned_on)"

[[rule]]
id = "returned-after-lent"
when = "returned_on IS NULL OR returned_on >= lent_on"
ja = "返却日は貸与日以後の日付にしてください。"
en = "the return date must not be before the loan date"
field = "returned_on"

[[rule]]
id = "cost-known"
when = "cost IS NOT NULL"
ja = "金額を確かめてください。"
en = "the cost is not known"
severity = "warn"

[[reminder]]
id = "overdue"
date = "returned_on"
open_when = "state = 'lent'"
days_before = [0, 7]
to = "row-person:holder"
ja = "返却期限です。"
en = "it is due back"

[[reminder]]
id = "ends"
date = "term_to"
to = "unit-manager"
ja = "期間が終わります。"
en = "the term ends"

[[view]]
id = "overdue"
label_ja = "期限超過"
label_en = "Overdue"
where = "state = 'lent' AND returned_on < today()"
sort = "-returned_on"

[excel]
sheet = "台帳"
title_ja = "見本台帳"
header_row = 4
orientation = "portrait"
columns = [ { field = "number", header = "番号", width = 12.5 }, { field = "name" } ]
"#;

pub(crate) fn every_type() -> Definition {
    static READ: LazyLock<Definition> = LazyLock::new(|| {
        Definition::parse("samples.toml", EVERY_TYPE).unwrap_or_else(|found| panic!("{found:#?}"))
    });
    READ.clone()
}

pub(crate) fn classes() -> Vec<ClassEntry> {
    let class = |id: &str, axis, mark: &str, rank, ja: &str| ClassEntry {
        id: id.to_owned(),
        axis,
        mark: mark.to_owned(),
        rank,
        label: Text::new(ja, format!("Class {mark}")),
        handling: vec![Text::new(format!("{mark}の制限"), format!("limits of {mark}"))],
    };
    vec![
        class("c1", Axis::Confidentiality, "1", 1, "自治体機密性1"),
        class("c2", Axis::Confidentiality, "2", 2, "自治体機密性2"),
        class("c3b", Axis::Confidentiality, "3B", 4, "自治体機密性3B"),
        class("c3a", Axis::Confidentiality, "3A", 5, "自治体機密性3A"),
        class("i2", Axis::Integrity, "2", 2, "自治体完全性2"),
        class("a2", Axis::Availability, "2", 2, "自治体可用性2"),
    ]
}

pub(crate) fn env() -> Env {
    Env { today: date(2026, 11, 23), classes: classes() }
}

pub(crate) fn vocabulary() -> Vocabulary {
    let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    Vocabulary {
        any: false,
        roles: vec![pair("administrator", "管理者"), pair("staff", "職員")],
        routes: vec![pair("section-manager", "課長決裁")],
        zones: vec![pair("lgwan", "LGWAN接続系")],
        units: vec![pair("joho-seisaku", "情報政策課"), pair("zeimu", "税務課")],
        classes: classes(),
    }
}

/// A few people and rows; everything else is the vocabulary's.
pub(crate) struct City;

impl Lookup for City {
    fn person(&self, written: &str) -> Found {
        match written {
            "000123" | "田中太郎" | "r_tanaka" => Found::One("r_tanaka".to_owned()),
            "佐藤" => Found::Many(vec!["佐藤一（000201）".to_owned(), "佐藤二（000202）".to_owned()]),
            _ => Found::None,
        }
    }
    fn unit(&self, written: &str) -> Found {
        vocabulary().unit(written)
    }
    fn zone(&self, written: &str) -> Found {
        vocabulary().zone(written)
    }
    fn class(&self, axis: Axis, written: &str) -> Found {
        vocabulary().class(axis, written)
    }
    fn row(&self, _register: &str, written: &str) -> Found {
        match written {
            "見-0001" | "r_1" | "住民票、写し" => Found::One("r_1".to_owned()),
            "見-0002" | "r_2" => Found::One("r_2".to_owned()),
            _ => Found::None,
        }
    }
    fn show_person(&self, id: &str) -> String {
        if id == "r_tanaka" { "田中太郎".to_owned() } else { id.to_owned() }
    }
    fn show_unit(&self, id: &str, lang: crate::Lang) -> String {
        vocabulary().show_unit(id, lang)
    }
    fn show_class(&self, id: &str, lang: crate::Lang) -> String {
        vocabulary().show_class(id, lang)
    }
    fn show_row(&self, _register: &str, id: &str) -> String {
        match id {
            "r_1" => "見-0001".to_owned(),
            "r_2" => "見-0002".to_owned(),
            _ => id.to_owned(),
        }
    }
    fn row_class(&self, _register: &str, row: &str, axis: Axis) -> Option<String> {
        match (row, axis) {
            ("r_1", Axis::Confidentiality) => Some("c2".to_owned()),
            ("r_2", Axis::Confidentiality) => Some("c3b".to_owned()),
            _ => None,
        }
    }
}
