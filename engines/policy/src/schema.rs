//! The JSON Schema (2020-12) of one file, for completion and hints in editors; made from the same definition as the reader.
//!
//! It describes form only: references, rules over several tables and check digits are `Policy::parse`'s business. A
//! declaration is divided over files, so no table is required of a single file.

use serde_json::{Map, Value, json};

use crate::definition::{Key, Kind, ROOT, Table};

/// The schema, with descriptions in Japanese and English.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = table(&ROOT, false);
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".to_owned(), json!("Sekisho policy / 関所の宣言"));
    }
    schema
}

fn table(def: &Table, require: bool) -> Value {
    let properties: Map<String, Value> =
        def.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let required: Vec<&str> = def.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if require && let Some(object) = schema.as_object_mut() {
        object.insert("required".to_owned(), json!(required));
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = kind(&key.kind);
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), json!(format!("{} / {}", key.ja, key.en)));
    }
    schema
}

fn kind(of: &Kind) -> Value {
    const ID: &str = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$";
    match of {
        Kind::Text => json!({ "type": "string", "minLength": 1, "maxLength": 400 }),
        Kind::Id(_) | Kind::Ref(_) => json!({ "type": "string", "pattern": ID }),
        Kind::Integer(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Day => json!({ "type": "string", "format": "date" }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Color => json!({ "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" }),
        Kind::Network => json!({ "type": "string", "pattern": "^[0-9a-fA-F:.]+/[0-9]{1,3}$" }),
        Kind::Mac => json!({ "type": "string", "pattern": "^([0-9a-f]{2}:){5}[0-9a-f]{2}$" }),
        Kind::MunicipalCode => json!({ "type": "string", "pattern": "^[0-9]{6}$" }),
        Kind::Origin => json!({ "type": "string", "pattern": "^[a-z0-9._/-]{3,128}$" }),
        Kind::List(of, min) => {
            json!({ "type": "array", "items": kind(of), "minItems": min, "uniqueItems": true })
        }
        Kind::One(def) => table(def, true),
        Kind::Many(def, min) => json!({ "type": "array", "items": table(def, true), "minItems": min }),
    }
}
