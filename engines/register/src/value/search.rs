//! The searchable text of a row: what a person would type to find it. Fields that not everyone may see stay out of
//! it, so that a search can't guess them.

use unicode_normalization::UnicodeNormalization;

use super::{Value, Values};
use crate::definition::{Definition, FieldType};
use crate::text::Lang;

/// Text as it is compared in a search: NFKC, lower case, hiragana as katakana, spaces as one.
#[must_use]
pub fn search_key(text: &str) -> String {
    let folded: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '\u{3041}'..='\u{3096}' => u32::from(c).checked_add(0x60).and_then(char::from_u32).unwrap_or(c),
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Definition {
    /// The text by which the row is found: its texts, codes, labels of choices, numbers and days, folded as by
    /// [`search_key`]. Names behind ids (people, units, rows) are not in it, and neither are fields with a
    /// `confidentiality` of their own.
    #[must_use]
    pub fn search_text(&self, values: &Values) -> String {
        let mut words = Vec::new();
        for field in self.fields.iter().filter(|f| f.is_stored() && f.confidentiality.is_none()) {
            match (&field.kind, values.get(field.id.as_str())) {
                (
                    _,
                    Value::Null | Value::Bool(_) | Value::Decimal(_) | Value::Time(_) | Value::Period { .. },
                ) => {}
                (FieldType::Choice, Value::Text(id)) => {
                    words.extend(field.choice(id).map(|choice| search_key(choice.label.get(Lang::Ja))));
                }
                (FieldType::Choices, Value::List(ids)) => words.extend(
                    ids.iter().filter_map(|id| field.choice(id)).map(|c| search_key(c.label.get(Lang::Ja))),
                ),
                (FieldType::References(_), _) => {}
                (
                    FieldType::Person
                    | FieldType::Unit
                    | FieldType::Zone
                    | FieldType::Class(_)
                    | FieldType::Reference(_),
                    _,
                ) => {}
                (_, Value::Text(text) | Value::File { name: text, .. }) => words.push(search_key(text)),
                (_, Value::Int(number)) => words.push(number.to_string()),
                (_, Value::Date(date)) => words.push(date.to_string()),
                (_, Value::List(_)) => {}
            }
        }
        words.retain(|word| !word.is_empty());
        // A line break can't be in a key, so that no search matches from one field into the next.
        let text = words.join("\n");
        match text.char_indices().nth(SEARCHED) {
            Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
            None => text,
        }
    }
}

/// Characters of a row that are searched.
const SEARCHED: usize = 20_000;
