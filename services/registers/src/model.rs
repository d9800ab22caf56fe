//! What goes into the registers and what comes out.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use sekisho_approval::CaseId;
use sekisho_register::{FieldId, RegisterId, Text, Value, Values};
use serde::{Deserialize, Serialize};

use crate::RowId;

/// A row as one person may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowView {
    /// The identifier.
    pub id: RowId,
    /// The value that identifies it to people.
    pub key: String,
    /// Its name for people.
    pub title: String,
    /// 1, and one more with each change.
    pub version: u32,
    /// The values that the caller may see.
    pub values: Values,
    /// Fields whose value is kept back from the caller.
    pub hidden: Vec<FieldId>,
    /// When this version was written, in milliseconds since 1970 UTC.
    pub changed_ms: i64,
    /// Who wrote it: a person's identifier or `system`.
    pub changed_by: String,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowPage {
    /// The rows.
    pub rows: Vec<RowView>,
    /// How many rows there are in all.
    pub total: u64,
}

/// Which rows to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// The register.
    pub register: String,
    /// A saved view: of the definition, or `my-…` of the caller.
    pub view: Option<String>,
    /// Words that must all be found.
    pub text: String,
    /// Conditions that must all hold.
    pub filters: Vec<Filter>,
    /// A stored column; the key if none is given.
    pub sort: Option<String>,
    /// From the largest to the smallest.
    pub descending: bool,
    /// The rows as they were at the end of this day.
    pub as_of: Option<Date>,
    /// How many to leave out.
    pub offset: u32,
    /// At most so many; 0 means 50, never more than 1000.
    pub limit: u32,
}

impl ListQuery {
    /// All rows of a register in the order of their keys.
    #[must_use]
    pub fn of(register: &str) -> Self {
        Self { register: register.to_owned(), ..Self::default() }
    }
}

/// A condition on one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// A stored column: a field, or `FIELD_from`, `FIELD_to` of a period.
    pub field: String,
    /// How it is compared.
    pub op: FilterOp,
    /// With what, in any spelling that the field accepts.
    #[serde(default)]
    pub value: String,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterOp {
    /// Equal; for lists: contains.
    Is,
    /// Not equal, or empty; for lists: does not contain.
    IsNot,
    /// Smaller or earlier.
    Less,
    /// Not larger.
    AtMost,
    /// Not smaller.
    AtLeast,
    /// Larger or later.
    More,
    /// Text that contains the value, as written.
    Contains,
    /// Without a value.
    Empty,
    /// With a value.
    NotEmpty,
}

impl FilterOp {
    /// Every way, in the order of the page.
    pub const ALL: [Self; 9] = [
        Self::Is,
        Self::IsNot,
        Self::Less,
        Self::AtMost,
        Self::AtLeast,
        Self::More,
        Self::Contains,
        Self::Empty,
        Self::NotEmpty,
    ];

    /// The identifier in links.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is-not",
            Self::Less => "less",
            Self::AtMost => "at-most",
            Self::AtLeast => "at-least",
            Self::More => "more",
            Self::Contains => "contains",
            Self::Empty => "empty",
            Self::NotEmpty => "not-empty",
        }
    }

    /// The way of an identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.id() == id)
    }
}

/// A row to be saved. `values` is the row whole: a field that is missing has no value afterwards, except those that
/// the caller may not see, which stay as they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The row to change; `None` for a new one.
    pub row: Option<RowId>,
    /// The version that was shown; 0 for a new row.
    pub base_version: u32,
    /// The values.
    pub values: Values,
    /// Why, for the ledger.
    pub reason: String,
    /// Fields whose individual-number finding was looked at and is none.
    pub overrides: Vec<Override>,
}

/// A finding of the individual-number search that was looked at by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The field.
    pub field: FieldId,
    /// Why it is no individual number.
    pub reason: String,
}

/// What came of saving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Saved {
    /// It is in the register.
    Done {
        /// The row.
        row: RowId,
        /// Its version.
        version: u32,
        /// The ledger entry; that of the last change if nothing was to be changed.
        seq: u64,
    },
    /// It waits for approval.
    Waiting {
        /// The case.
        case: CaseId,
    },
}

/// One version of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Version {
    /// 1, 2, …; a removal has the number of the version that it ended.
    pub version: u32,
    /// What happened.
    pub kind: VersionKind,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Who.
    pub actor: String,
    /// What changed; `None` when the payload was disposed of.
    pub changes: Option<Vec<FieldChange>>,
    /// The case that approved it.
    pub case: Option<CaseId>,
    /// Why.
    pub reason: String,
    /// How it came in.
    pub via: String,
    /// The ledger entry.
    pub seq: u64,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionKind {
    /// It was added.
    Added,
    /// It was changed.
    Changed,
    /// It was removed.
    Removed,
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The field.
    pub field: FieldId,
    /// Before.
    pub old: Value,
    /// After.
    pub new: Value,
}

/// A row that refers to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Referrer {
    /// Its register.
    pub register: RegisterId,
    /// The register's name.
    pub label: Text,
    /// The row.
    pub row: RowId,
    /// The row's name.
    pub title: String,
    /// The field that refers.
    pub field: FieldId,
}

/// A row that was found by a search over all registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// Its register.
    pub register: RegisterId,
    /// The register's name.
    pub label: Text,
    /// The row.
    pub row: RowId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub title: String,
    /// When it was last changed.
    pub changed_ms: i64,
}

/// Something that falls due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The register.
    pub register: RegisterId,
    /// The reminder of the definition.
    pub reminder: String,
    /// The row.
    pub row: RowId,
    /// The row's key.
    pub key: String,
    /// The row's name.
    pub title: String,
    /// What is due.
    pub what: Text,
    /// By when.
    pub date: Date,
    /// Whether that day is over.
    pub overdue: bool,
    /// The person in the row who is to act: a row of `staff`.
    pub person: Option<String>,
    /// The row's unit.
    pub unit: Option<String>,
}

/// Numbers of one register for the home page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterCount {
    /// The register.
    pub register: RegisterId,
    /// Rows that the caller may see.
    pub rows: u64,
    /// Of these, due within their reminders' days.
    pub due: u64,
    /// Of these, overdue.
    pub overdue: u64,
}

/// A row that breaks a rule which only warns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFinding {
    /// The rule.
    pub rule: String,
    /// What is wrong.
    pub message: Text,
    /// The field, if the rule names one.
    pub field: Option<FieldId>,
    /// The row.
    pub row: RowId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub title: String,
    /// Its unit.
    pub unit: Option<String>,
}

/// The time of day in Japan. The country has one time zone without summer time.
#[must_use]
pub fn local(ms: i64) -> DateTime {
    let zone = TimeZone::fixed(Offset::constant(9));
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone).datetime()
}

/// The first millisecond of a day in Japan.
#[must_use]
pub fn start_of_day(day: Date) -> i64 {
    let zone = TimeZone::fixed(Offset::constant(9));
    day.to_zoned(zone).map_or(i64::MAX, |zoned| zoned.timestamp().as_millisecond())
}

/// The first millisecond after a day in Japan.
pub(crate) fn end_of_day(day: Date) -> i64 {
    day.tomorrow().map_or(i64::MAX, start_of_day)
}

/// Text in the words of the registers.
pub(crate) fn text(ja: impl Into<String>, en: impl Into<String>) -> Text {
    Text::new(ja, en)
}

/// A text or id as people read it, without the register that it points to.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bool(flag) => (if *flag { "はい" } else { "いいえ" }).to_owned(),
        Value::Date(day) => sekisho_register::era::format_wareki(*day),
        Value::Time(time) => time.to_string(),
        Value::Period { from, to } => {
            let end = to.map(sekisho_register::era::format_wareki).unwrap_or_default();
            format!("{}～{end}", sekisho_register::era::format_wareki(*from))
        }
        Value::Decimal(thousandths) => format!("{}.{:03}", thousandths / 1000, (thousandths % 1000).abs()),
        Value::List(ids) => ids.join("、"),
        Value::File { name, .. } => name.clone(),
    }
}
