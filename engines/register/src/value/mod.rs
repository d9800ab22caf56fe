//! A field's value in its one canonical form, and a row's values. Spellings of people become values in `read`,
//! values become words for people in `show`; JSON and SQL columns are exact both ways.

mod check;
mod columns;
mod derive;
mod forms;
mod input;
mod json;
mod read;
mod search;
mod show;
mod spelling;

use std::collections::BTreeMap;
use std::collections::btree_map;

use jiff::civil::{Date, DateTime};
use serde::Serialize;

pub use check::{Env, Violation};
pub(crate) use columns::minute;
pub use columns::{Column, ColumnKind, SqlValue, TableSql, Tables};
pub(crate) use derive::{day_number, fiscal_year};
pub use forms::{corporate_number_digit, municipality_code_digit};
pub use input::{DefaultEnv, Found, Input, Lookup, NoLookup};
pub use search::search_key;
pub(crate) use spelling::{LARGEST, thousandths};

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// Text, a code, an id.
    Text(String),
    /// A whole number, yen, a fiscal year.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A day.
    Date(Date),
    /// A day and a time of day; seconds are zero.
    Time(DateTime),
    /// From a day to a day, both included.
    Period {
        /// The first day.
        from: Date,
        /// The last day; `None` = no end is set.
        to: Option<Date>,
    },
    /// A decimal number, in thousandths.
    Decimal(i64),
    /// Ids, sorted and without repetition; never empty.
    List(Vec<String>),
    /// An attachment.
    File {
        /// The blob that holds the bytes.
        blob: String,
        /// Its name for people.
        name: String,
        /// Its size.
        bytes: u64,
    },
}

impl Value {
    /// Nothing, to refer to.
    pub const NULL: &'static Self = &Self::Null;

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether there is nothing, in whatever form: databases would tell an empty text from NULL.
    fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(ids) => ids.is_empty(),
            _ => false,
        }
    }

    /// The text of a text, code or id.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A day.
    #[must_use]
    pub const fn as_date(&self) -> Option<Date> {
        match self {
            Self::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// Ids of a list; none if it isn't one.
    #[must_use]
    pub fn as_list(&self) -> &[String] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    /// A list in canonical form: sorted, nothing twice, [`Value::Null`] when empty.
    pub fn list(ids: impl IntoIterator<Item = String>) -> Self {
        let mut ids: Vec<String> = ids.into_iter().collect();
        ids.sort();
        ids.dedup();
        if ids.is_empty() { Self::Null } else { Self::List(ids) }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

/// The values of a row by field. A field without a value is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field; [`Value::Null`] if there is none.
    #[must_use]
    pub fn get(&self, field: &str) -> &Value {
        self.0.get(field).unwrap_or(Value::NULL)
    }

    /// Sets the value of a field; [`Value::Null`], an empty text and an empty list take it away.
    pub fn set(&mut self, field: impl Into<String>, value: impl Into<Value>) -> &mut Self {
        let (field, value) = (field.into(), value.into());
        if value.is_nothing() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, value);
        }
        self
    }

    /// Takes the value of a field away and returns it.
    pub fn take(&mut self, field: &str) -> Value {
        self.0.remove(field).unwrap_or_default()
    }

    /// Fields with a value, by the field's id.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.0.iter())
    }

    /// How many fields have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no field has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A day by the name of its column: a field of type `date` or `time`, or `FIELD_from` / `FIELD_to` of a period.
    #[must_use]
    pub fn date(&self, column: &str) -> Option<Date> {
        match self.0.get(column) {
            Some(Value::Date(date)) => return Some(*date),
            Some(Value::Time(time)) => return Some(time.date()),
            _ => {}
        }
        if let Some(field) = column.strip_suffix("_from")
            && let Some(Value::Period { from, .. }) = self.0.get(field)
        {
            return Some(*from);
        }
        if let Some(field) = column.strip_suffix("_to")
            && let Some(Value::Period { to, .. }) = self.0.get(field)
        {
            return *to;
        }
        None
    }

    /// Ids of the fields in which the two rows differ, sorted.
    #[must_use]
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let mut ids: Vec<&str> = self
            .iter()
            .map(|(id, _)| id)
            .chain(other.iter().map(|(id, _)| id))
            .filter(|id| self.get(id) != other.get(id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl FromIterator<(String, Value)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.is_nothing()).collect())
    }
}

/// Fields with a value.
#[derive(Debug, Clone)]
pub struct Iter<'a>(btree_map::Iter<'a, String, Value>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(id, value)| (id.as_str(), value))
    }
}

impl<'a> IntoIterator for &'a Values {
    type Item = (&'a str, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
