//! The language of conditions: a strict subset of SQL with its own parser. A condition is checked against the fields
//! of its register once, evaluated on a row in three-valued logic, and printed as SQL that both databases read the
//! same way. A property test holds both to the same answer.
//!
//! What the language doesn't have can't be smuggled into a database: names come from the definition, texts become
//! parameters, and everything else is printed from the tree.

mod eval;
mod lexer;
mod parser;
mod sql;
mod typing;

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::definition::{Axis, Field};
use crate::text::Text;
use crate::value::{Env, SqlValue, Values};

/// A condition on a row, for instance `returned_on IS NULL AND due_on < today()`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    test: typing::Test,
    columns: BTreeSet<String>,
    classes: Vec<ClassUse>,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// First byte of the part that is wrong.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// What is wrong and what to write instead.
    pub message: Text,
}

/// A class that a condition names; whether the policy has it is checked with the whole catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassUse {
    pub(crate) axis: Axis,
    pub(crate) id: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Condition {
    /// Reads a condition on rows with these fields.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str, fields: &[Field]) -> Result<Self, ConditionError> {
        let tokens = lexer::tokens(text)?;
        let tree = parser::parse(text, &tokens)?;
        let mut typing = typing::Typing::new(fields);
        let test = typing.test(&tree)?;
        let (columns, classes) = typing.finish();
        Ok(Self { text: text.trim().to_owned(), test, columns, classes })
    }

    /// Whether it holds; `None` when that is unknown because a value is missing.
    #[must_use]
    pub fn eval(&self, values: &Values, env: &Env) -> Option<bool> {
        eval::test(&self.test, values, env)
    }

    /// The condition in SQL. Its parameters are appended to `params`; a placeholder is `?N` with the place in
    /// `params`, counted from 1.
    pub fn to_sql(&self, params: &mut Vec<SqlValue>, env: &Env) -> String {
        sql::Printer::new("", params, env).condition(&self.test)
    }

    /// As [`Condition::to_sql`], with every column written as `alias.column`.
    pub fn to_sql_on(&self, alias: &str, params: &mut Vec<SqlValue>, env: &Env) -> String {
        sql::Printer::new(alias, params, env).condition(&self.test)
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns that it asks.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    pub(crate) fn class_uses(&self) -> &[ClassUse] {
        &self.classes
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn error(span: &std::ops::Range<usize>, ja: impl Into<String>, en: impl Into<String>) -> ConditionError {
    ConditionError { start: span.start, end: span.end, message: Text::new(ja, en) }
}
