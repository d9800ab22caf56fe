//! What holds others takes their highest class (基本方針6(2)): a medium that of the information on it, a system that of what
//! it processes. When the class of a part changes, everything that contains it is changed in the same unit of work,
//! and so on upwards.

use std::collections::BTreeSet;

use sekisho_register::{Definition, Derive, FieldType};

use crate::load::Loaded;

/// A field that takes the highest class of the rows that another field names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// The register of what contains.
    pub(crate) register: String,
    /// The field that names the parts.
    pub(crate) parts: String,
    /// Whether it names several.
    pub(crate) several: bool,
}

/// How far a class climbs; a chain of containers that is longer goes in a circle.
pub(crate) const CLIMB: usize = 16;

/// Everything that may contain rows of this register and takes their class.
pub(crate) fn containers(loaded: &Loaded, part: &str) -> Vec<Container> {
    let mut found = BTreeSet::new();
    for definition in loaded.iter() {
        for field in &definition.fields {
            let Some(Derive::ClassMax(source)) = &field.derive else { continue };
            let Some(source) = definition.field(source.as_str()) else { continue };
            if source.refers_to().is_some_and(|register| register.as_str() == part) {
                let several = source.kind.is_list();
                found.insert((definition.id.to_string(), source.id.to_string(), several));
            }
        }
    }
    found.into_iter().map(|(register, parts, several)| Container { register, parts, several }).collect()
}

/// The fields whose change may concern containers: the first class of each axis, which is what `class-max` reads.
pub(crate) fn class_fields(definition: &Definition) -> impl Iterator<Item = &str> {
    definition
        .stored_fields()
        .filter(|field| matches!(field.kind, FieldType::Class(_)))
        .map(|field| field.id.as_str())
}
