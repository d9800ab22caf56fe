//! `[[field]]`: each field by itself, and then what they say about each other.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;

use super::field::{Axis, Choice, Field, FieldType, TYPE_WORDS};
use super::filled::{default, derivation, derive};
use super::read::bad_id;
use super::source::{At, Source, Table};
use crate::id::{FieldId, RegisterId};
use crate::value::LARGEST;

const KEYS: [&str; 22] = [
    "id",
    "type",
    "label_ja",
    "label_en",
    "help_ja",
    "help_en",
    "required",
    "default",
    "unique",
    "sort",
    "list",
    "section_ja",
    "section_en",
    "confidentiality",
    "personal",
    "min",
    "max",
    "choices",
    "refer",
    "max_chars",
    "digits",
    "derive",
];

/// Most fields that fit into a list on a page.
const LISTED: usize = 8;

/// The fields that could be read, and the ids of those that couldn't.
pub(super) struct Forms {
    pub(super) fields: Vec<Field>,
    /// Where the type of each field stands.
    pub(super) types: Vec<Range<usize>>,
    pub(super) broken: Vec<String>,
}

impl Forms {
    pub(super) fn read(source: &mut Source<'_>, root: &Table<'_, '_>) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        let mut broken = Vec::new();
        let mut types = Vec::new();
        let mut spans: Vec<(Range<usize>, Option<Range<usize>>)> = Vec::new();
        let mut columns: BTreeMap<String, String> = BTreeMap::new();
        let tables = source.tables(root, "field", &KEYS);
        if tables.is_empty() && root.value("field").is_none() {
            source
                .reporter
                .report(&(0..0), "missing-table", "[[field]] が1つもありません。", "there is no [[field]]")
                .with_help("項目を1つ以上書いてください。", "write at least one field");
        }
        for table in &tables {
            let Some(field) = field(source, table) else {
                if let Some(DeValue::String(id)) = table.value("id").map(|value| value.get_ref()) {
                    broken.push(id.to_string());
                }
                continue;
            };
            let id_span = table.at("id");
            if fields.iter().any(|other| other.id == field.id) {
                source
                    .reporter
                    .report(
                        &id_span,
                        "duplicate-id",
                        format!("項目「{}」が2つあります。", field.id),
                        format!("there are two fields `{}`", field.id),
                    )
                    .with_help("一方のidを変えるか、削除してください。", "rename or remove one of the two");
                continue;
            }
            for column in field.columns() {
                if let Some(other) = columns.insert(column.name.clone(), field.id.to_string()) {
                    source
                        .reporter
                        .report(
                            &id_span,
                            "duplicate-column",
                            format!(
                                "項目「{}」と「{other}」は同じ列「{}」になります。",
                                field.id, column.name
                            ),
                            format!(
                                "fields `{}` and `{other}` both need a column `{}`",
                                field.id, column.name
                            ),
                        )
                        .with_help("一方のidを変えてください。", "rename one of the two");
                }
            }
            spans.push((id_span, table.value("derive").map(|value| value.span())));
            types.push(table.at("type"));
            fields.push(field);
        }
        for (field, (_, derive)) in fields.iter().zip(&spans) {
            if let (Some(derived), Some(span)) = (&field.derive, derive) {
                derivation(source, field, derived, span, &fields, &broken);
            }
        }
        let listed: Vec<&Range<usize>> =
            fields.iter().zip(&spans).filter(|(field, _)| field.list).map(|(_, (span, _))| span).collect();
        if let Some(span) = listed.get(LISTED) {
            source
                .reporter
                .report(
                    span,
                    "list-too-wide",
                    format!(
                        "一覧に出す項目（`list = true`）は{LISTED}個までです（現在{}個）。",
                        listed.len()
                    ),
                    format!("at most {LISTED} fields can have `list = true` (now {})", listed.len()),
                )
                .with_help(
                    "一覧に欠かせない項目だけを残してください。",
                    "keep those that a list can't do without",
                );
        }
        Self { fields, types, broken }
    }
}

fn field(source: &mut Source<'_>, table: &Table<'_, '_>) -> Option<Field> {
    let id = source.need(table, "id").and_then(|text| match FieldId::new(text.value.clone()) {
        Ok(id) => Some(id),
        Err(error) => {
            bad_id(source, &text, &error);
            None
        }
    });
    let kind = kind(source, table);
    let label = source.pair(table, "label", true);
    let help = source.pair(table, "help", false).unwrap_or_default();
    let section = source.pair(table, "section", false);
    let confidentiality =
        source.text(table, "confidentiality").and_then(|at| super::read::name(source, "confidentiality", at));
    let derive = derive(source, table);
    let choices = choices(source, table);
    let flags = ["required", "unique", "sort", "list", "personal"]
        .map(|key| source.flag(table, key).unwrap_or(false));
    let [required, unique, sort, list, personal] = flags;
    let kind = kind?;
    let (min, max) = range(source, table, &kind);
    let max_chars =
        source.integer(table, "max_chars", 1, 100_000).and_then(|at| u32::try_from(at.value).ok());
    let max_chars = match kind {
        FieldType::Text => Some(max_chars.unwrap_or(400)),
        FieldType::LongText => Some(max_chars.unwrap_or(8000)),
        _ => None,
    };
    let mut field = Field {
        id: id?,
        kind,
        label: label?,
        help,
        required,
        default: None,
        unique,
        sort,
        list,
        section,
        confidentiality,
        personal,
        min,
        max,
        choices: choices?,
        max_chars,
        derive,
    };
    misplaced(source, table, &field);
    field.default = default(source, table, &field);
    Some(field)
}

fn kind(source: &mut Source<'_>, table: &Table<'_, '_>) -> Option<FieldType> {
    let word = source.need(table, "type")?;
    let register = |source: &mut Source<'_>| {
        let text = source.need(table, "refer")?;
        match RegisterId::new(text.value.clone()) {
            Ok(id) => Some(id),
            Err(error) => {
                bad_id(source, &text, &error);
                None
            }
        }
    };
    Some(match word.value.as_str() {
        "number-code" => FieldType::NumberCode,
        "text" => FieldType::Text,
        "long-text" => FieldType::LongText,
        "integer" => FieldType::Integer,
        "number" => FieldType::Number,
        "yen" => FieldType::Yen,
        "date" => FieldType::Date,
        "time" => FieldType::Time,
        "period" => FieldType::Period,
        "fiscal-year" => FieldType::FiscalYear,
        "bool" => FieldType::Bool,
        "choice" => FieldType::Choice,
        "choices" => FieldType::Choices,
        "person" => FieldType::Person,
        "unit" => FieldType::Unit,
        "zone" => FieldType::Zone,
        "class-c" => FieldType::Class(Axis::Confidentiality),
        "class-i" => FieldType::Class(Axis::Integrity),
        "class-a" => FieldType::Class(Axis::Availability),
        "reference" => FieldType::Reference(register(source)?),
        "references" => FieldType::References(register(source)?),
        "corporate-number" => FieldType::CorporateNumber,
        "municipality-code" => FieldType::MunicipalityCode,
        "mac" => FieldType::Mac,
        "ip" => FieldType::Ip,
        "url" => FieldType::Url,
        "mail" => FieldType::Mail,
        "phone" => FieldType::Phone,
        "file" => FieldType::File,
        "code" => {
            source.present(table, "digits");
            let digits = source.integer(table, "digits", 1, 30)?;
            FieldType::Code(u8::try_from(digits.value).ok()?)
        }
        _ => {
            source.unknown_word("type", &word, &TYPE_WORDS);
            return None;
        }
    })
}

/// Keys that belong to other types, and marks that the type can't have.
fn misplaced(source: &mut Source<'_>, table: &Table<'_, '_>, field: &Field) {
    let kind = &field.kind;
    let belongs: [(&str, bool, &str); 6] = [
        ("choices", matches!(kind, FieldType::Choice | FieldType::Choices), "choice, choices"),
        ("refer", field.refers_to().is_some(), "reference, references"),
        ("digits", matches!(kind, FieldType::Code(_)), "code"),
        ("max_chars", matches!(kind, FieldType::Text | FieldType::LongText), "text, long-text"),
        (
            "min",
            matches!(kind, FieldType::Integer | FieldType::Number | FieldType::Yen),
            "integer, number, yen",
        ),
        (
            "max",
            matches!(kind, FieldType::Integer | FieldType::Number | FieldType::Yen),
            "integer, number, yen",
        ),
    ];
    for (key, fit, types) in belongs {
        if table.value(key).is_some() && !fit {
            report(
                source,
                &table.at(key),
                "unused-key",
                (
                    format!("`{key}` は型 {types} だけに使えます（この項目の型は {}）。", kind.as_str()),
                    format!(
                        "`{key}` belongs to the types {types}, but this field is of type {}",
                        kind.as_str()
                    ),
                ),
                ("この行を削除するか、型を直してください。", "remove the line or correct the type"),
            );
        }
    }
    if matches!(kind, FieldType::Choice | FieldType::Choices)
        && field.choices.is_empty()
        && source.present(table, "choices")
    {
        report(
            source,
            &table.at("choices"),
            "empty",
            (
                String::from("`choices` に選択肢を1つ以上書いてください。"),
                String::from("`choices` must have at least one choice"),
            ),
            (
                "例: { id = \"lent\", ja = \"貸与中\", en = \"On loan\" }",
                "for instance { id = \"lent\", ja = \"貸与中\", en = \"On loan\" }",
            ),
        );
    }
    let long = kind.is_list() || matches!(kind, FieldType::LongText | FieldType::File);
    let marks = [
        ("unique", field.unique && (long || matches!(kind, FieldType::Bool | FieldType::Period))),
        ("sort", field.sort && (long || !field.is_stored())),
        ("list", field.list && matches!(kind, FieldType::LongText)),
        ("required", field.required && field.derive.is_some()),
        ("unique", field.unique && field.derive.is_some()),
        ("default", table.value("default").is_some() && field.derive.is_some()),
    ];
    for (key, wrong) in marks {
        if wrong {
            let what = if field.derive.is_some() { "計算される項目" } else { kind.as_str() };
            let what_en = if field.derive.is_some() { "a computed field" } else { kind.as_str() };
            report(
                source,
                &table.at(key),
                "unused-key",
                (
                    format!("`{key}` は{what}には使えません。"),
                    format!("`{key}` makes no sense for {what_en}"),
                ),
                ("この行を削除してください。", "remove the line"),
            );
        }
    }
}

pub(super) fn report(
    source: &mut Source<'_>,
    span: &Range<usize>,
    code: &'static str,
    message: (String, String),
    help: (&str, &str),
) {
    source.reporter.report(span, code, message.0, message.1).with_help(help.0, help.1);
}

/// `min` and `max` in the measure in which the type is stored.
fn range(source: &mut Source<'_>, table: &Table<'_, '_>, kind: &FieldType) -> (Option<i64>, Option<i64>) {
    let mut bound = |key: &str| match kind {
        FieldType::Number => source.thousandths(table, key),
        _ => source.integer(table, key, -LARGEST, LARGEST),
    };
    let (min, max) = (bound("min"), bound("max"));
    if let (Some(min), Some(max)) = (&min, &max)
        && min.value > max.value
    {
        report(
            source,
            &max.span,
            "empty-range",
            (
                String::from("`max` が `min` より小さくなっています。"),
                String::from("`max` is less than `min`"),
            ),
            ("どちらかを直してください。", "correct one of the two"),
        );
    }
    (min.map(|at| at.value), max.map(|at| at.value))
}

/// The choices; `None` when one of them can't be read, since conditions may name it.
fn choices(source: &mut Source<'_>, table: &Table<'_, '_>) -> Option<Vec<Choice>> {
    let Some(value) = table.value("choices") else { return Some(Vec::new()) };
    let DeValue::Array(items) = value.get_ref() else {
        source.wrong_type(table, "choices", &value.span(), "選択肢の一覧", "a list of choices");
        return None;
    };
    let mut choices: Vec<Choice> = Vec::new();
    let mut complete = true;
    for item in items.iter() {
        let DeValue::Table(inner) = item.get_ref() else {
            source.wrong_type(
                table,
                "choices",
                &item.span(),
                "{ id = \"…\", ja = \"…\", en = \"…\" } の一覧",
                "a list of { id = \"…\", ja = \"…\", en = \"…\" }",
            );
            complete = false;
            continue;
        };
        let choice = source.open("choices", "choices", item.span(), inner, &["id", "ja", "en"]);
        let id = source.need(&choice, "id");
        let label = source.both(&choice, "ja", "en", true);
        let (Some(id), Some(label)) = (id, label) else {
            complete = false;
            continue;
        };
        let fit = (1..=41).contains(&id.value.len())
            && id.value.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && id
                .value
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        if !fit {
            report(
                source,
                &id.span,
                "bad-id",
                (
                    format!("「{}」は選択肢のidにできません。", id.value),
                    format!("`{}` is not the id of a choice", id.value),
                ),
                (
                    "英小文字、数字、「-」及び「_」の41文字以内にしてください。",
                    "use 1 to 41 of a-z, 0-9, `-` and `_`",
                ),
            );
            complete = false;
            continue;
        }
        let key = |text: &str| crate::value::search_key(text);
        let twice = choices.iter().any(|other| {
            other.id == id.value
                || key(&other.label.ja) == key(&label.ja)
                || key(&other.label.en) == key(&label.en)
        });
        if twice {
            report(
                source,
                &id.span,
                "duplicate-id",
                (
                    format!("選択肢「{}」のid又は表示名が他の選択肢と同じです。", id.value),
                    format!("the id or a label of choice `{}` is that of another choice", id.value),
                ),
                ("idと表示名は選択肢ごとに変えてください。", "give every choice an id and labels of its own"),
            );
            complete = false;
            continue;
        }
        let separated =
            [&label.ja, &label.en].iter().any(|text| text.contains(['、', '，', ',', ';', '；', '\n']));
        if separated
            && table
                .value("type")
                .is_some_and(|v| matches!(v.get_ref(), DeValue::String(t) if t == "choices"))
        {
            report(
                source,
                &item.span(),
                "separator-in-label",
                (
                    String::from("複数選択の表示名に、区切りに使う「、」「,」「;」は使えません。"),
                    String::from("labels of `choices` can't hold the separators `、`, `,` and `;`"),
                ),
                ("「・」などに置き換えてください。", "write them with another sign"),
            );
            complete = false;
            continue;
        }
        choices.push(Choice { id: id.value, label });
    }
    if complete { Some(choices) } else { None }
}

/// An id that an entry gives itself: `[a-z][a-z0-9-]{0,40}`, unique among its kind.
pub(super) fn entry_id(
    source: &mut Source<'_>,
    table: &Table<'_, '_>,
    taken: &[String],
) -> Option<At<String>> {
    let id = source.need(table, "id")?;
    let fit = (1..=41).contains(&id.value.len())
        && id.value.starts_with(|c: char| c.is_ascii_lowercase())
        && id.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    if !fit {
        report(
            source,
            &id.span,
            "bad-id",
            (format!("「{}」はidにできません。", id.value), format!("`{}` is not an id", id.value)),
            (
                "英小文字で始まる、英小文字、数字及び「-」の41文字以内にしてください。",
                "use a-z, then up to 40 of a-z, 0-9 and `-`",
            ),
        );
        return None;
    }
    if taken.contains(&id.value) {
        report(
            source,
            &id.span,
            "duplicate-id",
            (
                format!("{} に「{}」が2つあります。", table.shown, id.value),
                format!("there are two {} `{}`", table.shown, id.value),
            ),
            ("一方のidを変えるか、削除してください。", "rename or remove one of the two"),
        );
        return None;
    }
    Some(id)
}
