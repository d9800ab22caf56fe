//! A register's definition: one TOML file that gives the table, the form, the rules, the reminders and the sheet.
//! It is read strictly: whatever the reader doesn't know is a finding with a place, never ignored.

mod entries;
mod field;
mod filled;
mod form;
mod model;
mod read;
mod source;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

pub use field::{Axis, Choice, DefaultValue, Derive, Field, FieldType};
pub use model::{
    Access, Action, Definition, Group, Layout, LayoutColumn, Orientation, Recipient, Reminder, Rule, Scope,
    Severity, View,
};

use crate::finding::Finding;

/// Where the parts of a definition stand, for findings that come up later: line and column by `TABLE.N.KEY`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(BTreeMap<String, (usize, usize)>);

impl Places {
    /// The place of a part; that of the nearest part around it, or the first line.
    pub(crate) fn get(&self, part: &str) -> (usize, usize) {
        let mut part = part;
        loop {
            if let Some(place) = self.0.get(part) {
                return *place;
            }
            match part.rsplit_once('.') {
                Some((around, _)) => part = around,
                None => return (1, 1),
            }
        }
    }
}

impl Definition {
    /// Reads a definition. `file_name` is used in findings, and its stem must be the register's id.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<Finding>> {
        parse_with_places(file_name, text).map(|(definition, _)| definition)
    }

    /// The field that holds the row's class on an axis: the first one of that type.
    #[must_use]
    pub fn class_field(&self, axis: Axis) -> Option<&Field> {
        self.fields.iter().find(|field| field.kind == FieldType::Class(axis))
    }

    fn with_digest(mut self) -> Self {
        // INVARIANT: the form has only texts, numbers and lists, so that it can always be written.
        let canonical = serde_json::to_string(&self).unwrap_or_default();
        self.digest = hex::encode(Sha256::digest(canonical.as_bytes()));
        self
    }
}

pub(crate) fn parse_with_places(file: &str, text: &str) -> Result<(Definition, Places), Vec<Finding>> {
    read::definition(file, text).map(|(definition, places)| (definition.with_digest(), places))
}
