//! A value as the words of a cell, such that reading them gives the value again.

use std::collections::HashMap;

use crate::definition::{Field, FieldType};
use crate::era::format_iso;
use crate::text::Lang;
use crate::value::{Found, Lookup, Value};

/// A value as a text for people that reads back as the same value. Names that several share, or that nobody knows any
/// more, are written as ids.
#[must_use]
pub fn spell(field: &Field, value: &Value, lookup: &dyn Lookup) -> String {
    match (&field.kind, value) {
        (FieldType::Choice, Value::Text(id)) => choice(field, id),
        (FieldType::Choices, Value::List(ids)) => {
            let known =
                field.choices.iter().filter(|choice| ids.contains(&choice.id)).map(|choice| &choice.id);
            let unknown = ids.iter().filter(|id| field.choice(id).is_none());
            list(known.chain(unknown).map(|id| choice(field, id)))
        }
        (FieldType::References(_), Value::List(ids)) => {
            let mut names: Vec<String> = ids.iter().map(|id| name(field, id, lookup)).collect();
            // By name for people; ids mean nothing to them.
            names.sort();
            list(names.into_iter())
        }
        (FieldType::Person | FieldType::Unit | FieldType::Zone | FieldType::Class(_), Value::Text(id))
        | (FieldType::Reference(_), Value::Text(id)) => name(field, id, lookup),
        (FieldType::Integer | FieldType::Yen, Value::Int(number)) => number.to_string(),
        _ => field.show(value, Lang::Ja, lookup),
    }
}

/// As [`spell`], with days as programs write them: 2026-04-01.
pub(super) fn spell_iso(field: &Field, value: &Value, lookup: &dyn Lookup) -> String {
    match value {
        Value::Date(day) => format_iso(*day),
        Value::Time(at) => format!("{} {:02}:{:02}", format_iso(at.date()), at.hour(), at.minute()),
        Value::Period { from, to } => {
            format!("{}～{}", format_iso(*from), to.map(format_iso).unwrap_or_default())
        }
        Value::Decimal(_) => field.show(value, Lang::En, lookup).replace(',', ""),
        _ => spell(field, value, lookup),
    }
}

/// Whether the words of a list come apart again as they went in.
fn is_whole(word: &str) -> bool {
    !word.contains(['、', '，', ',', ';', '；', '\n']) && word.trim() == word && !word.is_empty()
}

fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join("、")
}

/// The label of a choice, or its id where the label means another choice or would fall apart in a list.
fn choice(field: &Field, id: &str) -> String {
    let Some(choice) = field.choice(id) else { return id.to_owned() };
    let label = &choice.label.ja;
    let same = |other: &&crate::definition::Choice| other.label.ja == *label || other.id == *label;
    let alone = field.choices.iter().filter(same).count() == 1;
    let fit = is_whole(label)
        || (field.kind == FieldType::Choice && !label.trim().is_empty() && !label.contains('\n'));
    if alone && fit { label.clone() } else { id.to_owned() }
}

/// The name of a person, unit, zone, class or row if it leads back to the same one, else its id.
fn name(field: &Field, id: &str, lookup: &dyn Lookup) -> String {
    let (name, found) = match &field.kind {
        FieldType::Person => {
            let name = lookup.show_person(id);
            let found = lookup.person(&name);
            (name, found)
        }
        FieldType::Unit => {
            let name = lookup.show_unit(id, Lang::Ja);
            let found = lookup.unit(&name);
            (name, found)
        }
        FieldType::Zone => {
            let name = lookup.show_zone(id, Lang::Ja);
            let found = lookup.zone(&name);
            (name, found)
        }
        FieldType::Class(axis) => {
            let name = lookup.show_class(id, Lang::Ja);
            let found = lookup.class(*axis, &name);
            (name, found)
        }
        FieldType::Reference(register) | FieldType::References(register) => {
            let name = lookup.show_row(register.as_str(), id);
            let found = lookup.row(register.as_str(), &name);
            (name, found)
        }
        _ => return id.to_owned(),
    };
    let several = field.kind.is_list();
    let fit = if several {
        is_whole(&name)
    } else {
        name.trim() == name && !name.contains('\n') && !name.is_empty()
    };
    if fit && found == Found::One(id.to_owned()) { name } else { id.to_owned() }
}

/// Remembers the names of one field: a hundred thousand rows name a few hundred people.
pub(super) struct Names<'f> {
    field: &'f Field,
    known: HashMap<String, String>,
}

impl<'f> Names<'f> {
    pub(super) fn new(field: &'f Field) -> Self {
        Self { field, known: HashMap::new() }
    }

    /// As `how`, which must depend on the value alone.
    pub(super) fn spell(
        &mut self,
        value: &Value,
        lookup: &dyn Lookup,
        how: fn(&Field, &Value, &dyn Lookup) -> String,
    ) -> String {
        let named = matches!(
            self.field.kind,
            FieldType::Choice
                | FieldType::Person
                | FieldType::Unit
                | FieldType::Zone
                | FieldType::Class(_)
                | FieldType::Reference(_)
        );
        let Value::Text(id) = value else { return how(self.field, value, lookup) };
        if !named {
            return how(self.field, value, lookup);
        }
        if let Some(name) = self.known.get(id) {
            return name.clone();
        }
        let name = how(self.field, value, lookup);
        self.known.insert(id.clone(), name.clone());
        name
    }
}
