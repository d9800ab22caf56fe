//! What people hand in, and whom to ask about names: cells of a sheet or texts of a form on one side, the policy and
//! the other registers on the other.

use jiff::civil::{Date, DateTime};

use crate::definition::Axis;
use crate::text::Lang;

/// What stands in a cell or in a form's field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// Nothing.
    Empty,
    /// As typed.
    Text(&'a str),
    /// A number of a workbook.
    Number(f64),
    /// A cell of a workbook that is formatted as a date.
    DateTime(DateTime),
    /// A truth value of a workbook.
    Bool(bool),
}

/// What a name turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One thing; its id.
    One(String),
    /// Nothing of that name.
    None,
    /// Several; how people may tell them apart.
    Many(Vec<String>),
}

impl Found {
    /// From the ids of everything that matches.
    #[must_use]
    pub fn among(mut ids: Vec<String>) -> Self {
        match (ids.pop(), ids.is_empty()) {
            (None, _) => Self::None,
            (Some(id), true) => Self::One(id),
            (Some(id), false) => {
                ids.push(id);
                Self::Many(ids)
            }
        }
    }
}

/// Names and ids of things outside the row. What is written comes without surrounding spaces, otherwise as typed.
pub trait Lookup {
    /// A member of staff by the id of the row, 職員番号, login or a full name that only one person has.
    fn person(&self, written: &str) -> Found;
    /// A unit by id or name.
    fn unit(&self, written: &str) -> Found;
    /// A zone by id or label.
    fn zone(&self, written: &str) -> Found;
    /// A class of an axis by id, mark or label.
    fn class(&self, axis: Axis, written: &str) -> Found;
    /// A row of a register by id, key, or a title that only one row has.
    fn row(&self, register: &str, written: &str) -> Found;

    /// A person for people.
    fn show_person(&self, id: &str) -> String {
        id.to_owned()
    }
    /// A unit for people.
    fn show_unit(&self, id: &str, _lang: Lang) -> String {
        id.to_owned()
    }
    /// A zone for people.
    fn show_zone(&self, id: &str, _lang: Lang) -> String {
        id.to_owned()
    }
    /// A class for people.
    fn show_class(&self, id: &str, _lang: Lang) -> String {
        id.to_owned()
    }
    /// A row of a register for people: its title.
    fn show_row(&self, _register: &str, id: &str) -> String {
        id.to_owned()
    }

    /// The class of an axis that a row of a register has; `None` if it has none or can't be found.
    fn row_class(&self, _register: &str, _row: &str, _axis: Axis) -> Option<String> {
        None
    }
}

/// Knows nothing: every name is taken for an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoLookup;

impl Lookup for NoLookup {
    fn person(&self, written: &str) -> Found {
        Found::One(written.to_owned())
    }
    fn unit(&self, written: &str) -> Found {
        Found::One(written.to_owned())
    }
    fn zone(&self, written: &str) -> Found {
        Found::One(written.to_owned())
    }
    fn class(&self, _axis: Axis, written: &str) -> Found {
        Found::One(written.to_owned())
    }
    fn row(&self, _register: &str, written: &str) -> Found {
        Found::One(written.to_owned())
    }
}

/// What the default values of a new row depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultEnv {
    /// The day and the time of day, local.
    pub now: DateTime,
    /// The row id of the person who writes.
    pub me: Option<String>,
    /// The unit of the person who writes.
    pub unit: Option<String>,
}

impl DefaultEnv {
    /// The day.
    #[must_use]
    pub fn today(&self) -> Date {
        self.now.date()
    }
}
