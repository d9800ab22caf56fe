//! A field of a register and its type. The types are a closed list: each one says how it is stored, how it is
//! written by people, and how it is shown, and a definition can't add to it.

use serde::{Serialize, Serializer};

use crate::id::{FieldId, RegisterId};
use crate::text::Text;
use crate::value::Value;

/// One field (項目) of a register.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// Name within the register and of its column.
    pub id: FieldId,
    /// What it holds.
    pub kind: FieldType,
    /// For people.
    pub label: Text,
    /// What to write here; may be empty.
    pub help: Text,
    /// A row can't be saved without it.
    pub required: bool,
    /// What a new row starts with.
    pub default: Option<DefaultValue>,
    /// No two living rows have the same value.
    pub unique: bool,
    /// People sort by it: it gets an index.
    pub sort: bool,
    /// Shown in the list by default.
    pub list: bool,
    /// A heading that stands before this field in the form.
    pub section: Option<Text>,
    /// Hidden from those who may not see this class of confidentiality.
    pub confidentiality: Option<String>,
    /// Personal data: disposed of together with the row's payload.
    pub personal: bool,
    /// Smallest value: whole numbers and yen as they are, `number` in thousandths.
    pub min: Option<i64>,
    /// Largest value, in the same measure as `min`.
    pub max: Option<i64>,
    /// What may be chosen; empty unless the type is `choice` or `choices`.
    pub choices: Vec<Choice>,
    /// Longest text, in characters; `None` unless the type is `text` or `long-text`.
    pub max_chars: Option<u32>,
    /// Computed, never filled in.
    pub derive: Option<Derive>,
}

impl Field {
    /// Whether the value is kept in the table. `handling` and `days-until` depend on the policy and on the day,
    /// and are computed when they are shown.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        !matches!(self.derive, Some(Derive::Handling(_) | Derive::DaysUntil(_)))
    }

    /// Whether a cell of a workbook can give the value: not for attachments and computed fields.
    #[must_use]
    pub const fn is_importable(&self) -> bool {
        self.derive.is_none() && !matches!(self.kind, FieldType::File)
    }

    /// A choice by its id.
    #[must_use]
    pub fn choice(&self, id: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.id == id)
    }

    /// The register that the field refers to.
    #[must_use]
    pub const fn refers_to(&self) -> Option<&RegisterId> {
        match &self.kind {
            FieldType::Reference(register) | FieldType::References(register) => Some(register),
            _ => None,
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// A number that the register assigns, for instance `USB-0001`.
    NumberCode,
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// A whole number.
    Integer,
    /// A decimal number, in thousandths.
    Number,
    /// An amount in yen (円).
    Yen,
    /// A day.
    Date,
    /// A day and a time of day, to the minute, local.
    Time,
    /// From a day to a day, both included; the end may be open.
    Period,
    /// A fiscal year (年度), named by the year in which its April lies.
    FiscalYear,
    /// Yes or no.
    Bool,
    /// One of a list.
    Choice,
    /// Some of a list.
    Choices,
    /// A member of staff: the id of a row of register `staff`.
    Person,
    /// A unit of the policy (所属).
    Unit,
    /// A zone of the policy (領域).
    Zone,
    /// A class of one axis (情報資産の分類).
    Class(Axis),
    /// A row of another register.
    Reference(RegisterId),
    /// Rows of another register.
    References(RegisterId),
    /// 法人番号: 13 digits with the check digit in front.
    CorporateNumber,
    /// 全国地方公共団体コード: six digits with the check digit at the end.
    MunicipalityCode,
    /// A MAC address.
    Mac,
    /// An IP address or a network.
    Ip,
    /// An address of the web (http or https).
    Url,
    /// A mail address.
    Mail,
    /// A telephone number.
    Phone,
    /// An attachment.
    File,
    /// A code of so many digits.
    Code(u8),
}

/// What protection a class is about (機密性・完全性・可用性).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// 機密性.
    Confidentiality,
    /// 完全性.
    Integrity,
    /// 可用性.
    Availability,
}

impl FieldType {
    /// The word of the definition language.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NumberCode => "number-code",
            Self::Text => "text",
            Self::LongText => "long-text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Yen => "yen",
            Self::Date => "date",
            Self::Time => "time",
            Self::Period => "period",
            Self::FiscalYear => "fiscal-year",
            Self::Bool => "bool",
            Self::Choice => "choice",
            Self::Choices => "choices",
            Self::Person => "person",
            Self::Unit => "unit",
            Self::Zone => "zone",
            Self::Class(Axis::Confidentiality) => "class-c",
            Self::Class(Axis::Integrity) => "class-i",
            Self::Class(Axis::Availability) => "class-a",
            Self::Reference(_) => "reference",
            Self::References(_) => "references",
            Self::CorporateNumber => "corporate-number",
            Self::MunicipalityCode => "municipality-code",
            Self::Mac => "mac",
            Self::Ip => "ip",
            Self::Url => "url",
            Self::Mail => "mail",
            Self::Phone => "phone",
            Self::File => "file",
            Self::Code(_) => "code",
        }
    }

    /// Whether the value is kept as a BIGINT.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Integer | Self::Number | Self::Yen | Self::FiscalYear | Self::Bool)
    }

    /// Whether the value is a list.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(self, Self::Choices | Self::References(_))
    }
}

/// Every word that `type` may have.
pub(crate) const TYPE_WORDS: [&str; 30] = [
    "number-code",
    "text",
    "long-text",
    "integer",
    "number",
    "yen",
    "date",
    "time",
    "period",
    "fiscal-year",
    "bool",
    "choice",
    "choices",
    "person",
    "unit",
    "zone",
    "class-c",
    "class-i",
    "class-a",
    "reference",
    "references",
    "corporate-number",
    "municipality-code",
    "mac",
    "ip",
    "url",
    "mail",
    "phone",
    "file",
    "code",
];

impl Serialize for FieldType {
    /// The word, followed by what belongs to it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Reference(register) | Self::References(register) => {
                serializer.collect_str(&format_args!("{}:{register}", self.as_str()))
            }
            Self::Code(digits) => serializer.collect_str(&format_args!("code:{digits}")),
            _ => serializer.serialize_str(self.as_str()),
        }
    }
}

/// One thing that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Choice {
    /// What is stored: `[a-z0-9][a-z0-9_-]{0,40}`.
    pub id: String,
    /// What people read and write.
    pub label: Text,
}

/// What a new row starts with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultValue {
    /// The day on which it is written (for `time`, the minute).
    Today,
    /// The person who writes.
    Me,
    /// The unit of the person who writes.
    MyUnit,
    /// The fiscal year in which it is written.
    FiscalYear,
    /// Always the same.
    Literal(Value),
}

/// How a computed field is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Derive {
    /// The highest class among the rows that a field of type `references` or `reference` names.
    ClassMax(FieldId),
    /// The handling rules (取扱制限) of the class in a field.
    Handling(FieldId),
    /// The fiscal year in which the day in a field lies.
    FiscalYear(FieldId),
    /// Days from today to the day in a field.
    DaysUntil(FieldId),
}

impl Derive {
    /// The field from which it is computed.
    #[must_use]
    pub const fn source(&self) -> &FieldId {
        match self {
            Self::ClassMax(field)
            | Self::Handling(field)
            | Self::FiscalYear(field)
            | Self::DaysUntil(field) => field,
        }
    }
}
