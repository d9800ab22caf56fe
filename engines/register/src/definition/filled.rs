//! What fills a field without a person: computations and default values.

use std::ops::Range;

use toml::de::DeValue;

use super::field::{DefaultValue, Derive, Field, FieldType};
use super::form::report;
use super::read::no_field;
use super::source::{Source, Table};
use crate::id::FieldId;
use crate::text::Text;
use crate::value::{Input, NoLookup, Value};

pub(super) fn derive(source: &mut Source<'_>, table: &Table<'_, '_>) -> Option<Derive> {
    let text = source.text(table, "derive")?;
    let parsed =
        text.value.strip_suffix(')').and_then(|rest| rest.split_once('(')).and_then(|(name, field)| {
            let field = FieldId::new(field.trim()).ok()?;
            match name.trim() {
                "class-max" => Some(Derive::ClassMax(field)),
                "handling" => Some(Derive::Handling(field)),
                "fiscal-year" => Some(Derive::FiscalYear(field)),
                "days-until" => Some(Derive::DaysUntil(field)),
                _ => None,
            }
        });
    if parsed.is_none() {
        report(
            source,
            &text.span,
            "bad-derive",
            (
                format!("`derive` の「{}」は読み取れません。", text.value),
                format!("`derive` can't be `{}`", text.value),
            ),
            (
                "class-max(項目)、handling(項目)、fiscal-year(項目)、days-until(項目) のいずれかにしてください。",
                "write class-max(FIELD), handling(FIELD), fiscal-year(FIELD) or days-until(FIELD)",
            ),
        );
    }
    parsed
}

/// A computed field and its source must be of the types that the computation is about.
pub(super) fn derivation(
    source: &mut Source<'_>,
    field: &Field,
    derive: &Derive,
    span: &Range<usize>,
    fields: &[Field],
    broken: &[String],
) {
    let id = derive.source();
    let Some(from) = fields.iter().find(|other| other.id == *id) else {
        if !broken.iter().any(|other| *id == other.as_str()) {
            no_field(source, span, id.as_str(), fields);
        }
        return;
    };
    let is_day = matches!(from.kind, FieldType::Date | FieldType::Time);
    let (own, other, words) = match derive {
        Derive::ClassMax(_) => (
            matches!(field.kind, FieldType::Class(_)),
            from.refers_to().is_some(),
            "class-c/class-i/class-a ← references",
        ),
        Derive::Handling(_) => (
            matches!(field.kind, FieldType::LongText | FieldType::Text),
            matches!(from.kind, FieldType::Class(_)),
            "long-text ← class-c/class-i/class-a",
        ),
        Derive::FiscalYear(_) => {
            (matches!(field.kind, FieldType::FiscalYear), is_day, "fiscal-year ← date/time")
        }
        Derive::DaysUntil(_) => (matches!(field.kind, FieldType::Integer), is_day, "integer ← date/time"),
    };
    if !own || !other || (from.derive.is_some() && !matches!(derive, Derive::Handling(_))) {
        report(
            source,
            span,
            "wrong-field-type",
            (
                format!(
                    "この計算の型は {words} です（この項目は {}、元の項目「{}」は {}）。",
                    field.kind.as_str(),
                    from.id,
                    from.kind.as_str()
                ),
                format!(
                    "the types of this computation are {words}, but this field is {} and `{}` is {}",
                    field.kind.as_str(),
                    from.id,
                    from.kind.as_str()
                ),
            ),
            ("項目の型か `derive` を直してください。", "correct the types or `derive`"),
        );
    }
}

pub(super) fn default(source: &mut Source<'_>, table: &Table<'_, '_>, field: &Field) -> Option<DefaultValue> {
    let value = table.value("default")?;
    let span = value.span();
    let word = match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    let kind = &field.kind;
    let named = match word.as_deref() {
        Some("today") if matches!(kind, FieldType::Date | FieldType::Time | FieldType::Period) => {
            Some(DefaultValue::Today)
        }
        Some("me") if matches!(kind, FieldType::Person) => Some(DefaultValue::Me),
        Some("my-unit") if matches!(kind, FieldType::Unit) => Some(DefaultValue::MyUnit),
        Some("fiscal-year") if matches!(kind, FieldType::FiscalYear) => Some(DefaultValue::FiscalYear),
        _ => None,
    };
    if named.is_some() {
        return named;
    }
    let read: Result<Value, Text> = match value.get_ref() {
        DeValue::Boolean(flag) => field.read(&Input::Bool(*flag), &NoLookup),
        DeValue::Integer(number) => field.read(&Input::Text(&number.as_str().replace('_', "")), &NoLookup),
        DeValue::Float(number) => field.read(&Input::Text(&number.as_str().replace('_', "")), &NoLookup),
        DeValue::Datetime(day) => field.read(&Input::Text(&day.to_string()), &NoLookup),
        DeValue::String(text) => field.read(&Input::Text(text), &NoLookup),
        DeValue::Array(items) => {
            let texts: Vec<&str> = items
                .iter()
                .filter_map(|item| match item.get_ref() {
                    DeValue::String(text) => Some(text.as_ref()),
                    _ => None,
                })
                .collect();
            field.read(&Input::Text(&texts.join("、")), &NoLookup)
        }
        DeValue::Table(_) => Err(Text::new("表は使えません。", "a table can't be a default")),
    };
    match read {
        Ok(Value::Null) => {
            report(
                source,
                &span,
                "wrong-default",
                (String::from("`default` が空です。"), String::from("`default` is empty")),
                ("この行を削除してください。", "remove the line"),
            );
            None
        }
        Ok(value) => Some(DefaultValue::Literal(value)),
        Err(why) => {
            report(
                source,
                &span,
                "wrong-default",
                (
                    format!("`default` は型 {} の値にしてください: {}", kind.as_str(), why.ja),
                    format!("`default` must be a value of type {}: {}", kind.as_str(), why.en),
                ),
                (
                    "値のほか、today（日付）、me（職員）、my-unit（所属）、fiscal-year（年度）が使えます。",
                    "besides a value it can be today (days), me (person), my-unit (unit) or fiscal-year",
                ),
            );
            None
        }
    }
}
