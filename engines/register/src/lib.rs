//! Registers (台帳) as data: one definition gives the table, the form, the rules, the reminders and the sheet.
//!
//! This engine reads definitions, turns what people write into values and values into what people read, judges rows,
//! and goes to workbooks and back. It knows no clock, no files and no database: the day, the texts and the names of
//! the policy come in as arguments, and what is kept goes out as columns. See the README for an example.

pub mod book;
mod catalogue;
pub mod compare;
mod condition;
mod definition;
pub mod era;
mod finding;
mod id;
mod keywords;
pub mod layout;
mod text;
mod value;
pub mod write;

pub use catalogue::{Catalogue, ClassEntry, Vocabulary};
pub use condition::{Condition, ConditionError};
pub use definition::{
    Access, Action, Axis, Choice, DefaultValue, Definition, Derive, Field, FieldType, Group, Layout,
    LayoutColumn, Orientation, Recipient, Reminder, Rule, Scope, Severity, View,
};
pub use finding::Finding;
pub use id::{FieldId, IdError, RegisterId};
pub use text::{Lang, Text};
pub use value::{
    Column, ColumnKind, DefaultEnv, Env, Found, Input, Lookup, NoLookup, SqlValue, TableSql, Tables, Value,
    Values, Violation, corporate_number_digit, municipality_code_digit, search_key,
};

#[cfg(test)]
mod tests;
