//! Values in JSON, exact both ways: what `to_json` writes, `from_json` reads as the same value. Only the canonical
//! spelling is read; people's spellings are the business of `read`.

use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value as Json, json};

use super::columns::{is_plain_text, minute};
use super::spelling::{self, LARGEST};
use super::{Value, Values, Violation};
use crate::definition::{Definition, Field, FieldType};
use crate::text::Text;

impl Field {
    /// The value in JSON; `null` for nothing.
    #[must_use]
    pub fn to_json(&self, value: &Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Text(text) => json!(text),
            Value::Int(number) => json!(number),
            Value::Bool(flag) => json!(flag),
            Value::Date(date) => json!(date.to_string()),
            Value::Time(time) => json!(minute(*time)),
            Value::Period { from, to } => {
                json!({"from": from.to_string(), "to": to.map(|to| to.to_string())})
            }
            Value::Decimal(thousandths) => json!(spelling::decimal(*thousandths)),
            Value::List(ids) => json!(ids),
            Value::File { blob, name, bytes } => json!({"blob": blob, "name": name, "bytes": bytes}),
        }
    }

    /// The value of canonical JSON.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn from_json(&self, json: &Json) -> Result<Value, Text> {
        if json.is_null() {
            return Ok(Value::Null);
        }
        let read = match &self.kind {
            FieldType::Integer | FieldType::Yen | FieldType::FiscalYear => {
                json.as_i64().filter(|n| n.unsigned_abs() <= LARGEST.unsigned_abs()).map(Value::Int)
            }
            FieldType::Number => json
                .as_str()
                .map(str::to_owned)
                .or_else(|| json.as_i64().map(|n| n.to_string()))
                .and_then(|text| spelling::thousandths(&text).ok())
                .map(Value::Decimal),
            FieldType::Bool => json.as_bool().map(Value::Bool),
            FieldType::Date => json.as_str().and_then(day).map(Value::Date),
            FieldType::Time => json.as_str().and_then(time).map(Value::Time),
            FieldType::Period => period(json),
            FieldType::File => file(json),
            kind if kind.is_list() => list(json),
            kind if is_plain_text(kind) => json.as_str().filter(|text| !text.is_empty()).map(Value::from),
            _ => None,
        };
        read.ok_or_else(|| {
            let (ja, en) = expected(&self.kind);
            Text::new(
                format!("{}は{ja}で指定してください。", self.label.ja),
                format!("{} must be {en}", self.label.en),
            )
        })
    }
}

impl Values {
    /// The row in JSON: fields with a value, in the order of the definition.
    #[must_use]
    pub fn to_json(&self, definition: &Definition) -> Json {
        let mut object = Map::new();
        for field in definition.fields.iter().filter(|field| field.is_stored()) {
            let value = self.get(field.id.as_str());
            if !value.is_null() {
                object.insert(field.id.as_str().to_owned(), field.to_json(value));
            }
        }
        Json::Object(object)
    }

    /// The row of a JSON object. Computed fields may be in it, as `to_json` writes them.
    ///
    /// # Errors
    /// Every field that can't be read or isn't one of the register.
    pub fn from_json(definition: &Definition, json: &Json) -> Result<Self, Vec<Violation>> {
        let refused = |field: Option<&Field>, message| Violation {
            rule: None,
            field: field.map(|field| field.id.clone()),
            message,
            refuse: true,
        };
        let Some(object) = json.as_object() else {
            return Err(vec![refused(
                None,
                Text::new("行はJSONのオブジェクトで指定してください。", "a row must be a JSON object"),
            )]);
        };
        let mut values = Self::new();
        let mut violations = Vec::new();
        for (id, json) in object {
            match definition.field(id) {
                None => violations.push(refused(
                    None,
                    Text::new(
                        format!("{}に項目「{id}」はありません。", definition.label.ja),
                        format!("{} has no field `{id}`", definition.label.en),
                    ),
                )),
                Some(field) => match field.from_json(json) {
                    Ok(value) => {
                        values.set(id.as_str(), value);
                    }
                    Err(message) => violations.push(refused(Some(field), message)),
                },
            }
        }
        if violations.is_empty() { Ok(values) } else { Err(violations) }
    }
}

fn day(text: &str) -> Option<Date> {
    // INVARIANT: only `YYYY-MM-DD` reads back as itself.
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn time(text: &str) -> Option<DateTime> {
    text.parse::<DateTime>().ok().filter(|time| minute(*time) == text)
}

fn period(json: &Json) -> Option<Value> {
    let object = json.as_object()?;
    let from = day(object.get("from")?.as_str()?)?;
    let to = match object.get("to") {
        None | Some(Json::Null) => None,
        Some(to) => Some(day(to.as_str()?)?),
    };
    if object.keys().any(|key| key != "from" && key != "to") {
        None
    } else {
        Some(Value::Period { from, to })
    }
}

fn file(json: &Json) -> Option<Value> {
    let object = json.as_object()?;
    let text = |key: &str| object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let bytes = object.get("bytes")?.as_u64()?;
    if object.len() == 3 {
        Some(Value::File { blob: text("blob")?, name: text("name")?, bytes })
    } else {
        None
    }
}

fn list(json: &Json) -> Option<Value> {
    let ids: Option<Vec<String>> = json.as_array()?.iter().map(|id| id.as_str().map(str::to_owned)).collect();
    let ids = ids?;
    if ids.iter().any(|id| id.is_empty() || id.contains(',')) { None } else { Some(Value::list(ids)) }
}

/// What canonical JSON of the type looks like.
const fn expected(kind: &FieldType) -> (&'static str, &'static str) {
    match kind {
        FieldType::Integer | FieldType::Yen | FieldType::FiscalYear => ("整数", "a whole number"),
        FieldType::Number => ("「\"12.5\"」の形の文字列", "a text such as \"12.5\""),
        FieldType::Bool => ("true又はfalse", "true or false"),
        FieldType::Date => ("「2026-04-01」の形の文字列", "a text such as 2026-04-01"),
        FieldType::Time => ("「2026-04-01T09:30」の形の文字列", "a text such as 2026-04-01T09:30"),
        FieldType::Period => (
            "{\"from\":\"2026-04-01\",\"to\":\"2027-03-31\"} の形",
            "of the form {\"from\":\"2026-04-01\",\"to\":\"2027-03-31\"}",
        ),
        FieldType::File => {
            ("{\"blob\":…,\"name\":…,\"bytes\":…} の形", "of the form {\"blob\":…,\"name\":…,\"bytes\":…}")
        }
        FieldType::Choices | FieldType::References(_) => ("文字列の配列", "an array of texts"),
        _ => ("空でない文字列", "a text that is not empty"),
    }
}
