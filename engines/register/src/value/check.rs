//! Whether a row may be: each value against its field, the row against the register's rules. Uniqueness and whether
//! a referenced row exists need other rows and are the business of the service that has them.

use jiff::civil::Date;
use serde::Serialize;

use super::columns::is_plain_text;
use super::read::clean_text;
use super::spelling::{LARGEST, decimal, grouped};
use super::{Value, Values, forms};
use crate::catalogue::ClassEntry;
use crate::definition::{Definition, Field, FieldType, Severity};
use crate::era::{FIRST_DAY, LAST_DAY};
use crate::id::FieldId;
use crate::text::Text;

/// What a row is judged by besides itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Env {
    /// The day.
    pub today: Date,
    /// The classes of the policy; none = classes aren't checked and have no rank.
    pub classes: Vec<ClassEntry>,
}

impl Env {
    /// The class with this id.
    #[must_use]
    pub fn class(&self, id: &str) -> Option<&ClassEntry> {
        self.classes.iter().find(|class| class.id == id)
    }
}

/// Why a row is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule that it breaks; `None` when a value doesn't fit its field.
    pub rule: Option<String>,
    /// Where the form shows it.
    pub field: Option<FieldId>,
    /// What is wrong and what to do.
    pub message: Text,
    /// Whether the row can't be saved; else it is a finding.
    pub refuse: bool,
}

impl Definition {
    /// Everything that is wrong with a row, in the order of the fields and then of the rules.
    #[must_use]
    pub fn check_row(&self, values: &Values, env: &Env) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (id, _) in values.iter().filter(|(id, _)| self.field(id).is_none()) {
            violations.push(Violation {
                rule: None,
                field: None,
                message: Text::new(
                    format!("{}に項目「{id}」はありません。", self.label.ja),
                    format!("{} has no field `{id}`", self.label.en),
                ),
                refuse: true,
            });
        }
        for field in &self.fields {
            let value = values.get(field.id.as_str());
            let assigned = matches!(field.kind, FieldType::NumberCode) || field.derive.is_some();
            let message = if value.is_null() && field.required && !assigned {
                Some(Text::new(
                    format!("{}を入力してください。", field.label.ja),
                    format!("enter {}", field.label.en),
                ))
            } else {
                field.check(value, env).err()
            };
            if let Some(message) = message {
                violations.push(Violation {
                    rule: None,
                    field: Some(field.id.clone()),
                    message,
                    refuse: true,
                });
            }
        }
        for rule in &self.rules {
            if rule.when.eval(values, env) == Some(false) {
                violations.push(Violation {
                    rule: Some(rule.id.clone()),
                    field: rule.field.clone(),
                    message: rule.text.clone(),
                    refuse: rule.severity == Severity::Refuse,
                });
            }
        }
        violations
    }
}

impl Field {
    /// Whether a value is one that the field can hold. Nothing ([`Value::Null`]) always is.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn check(&self, value: &Value, env: &Env) -> Result<(), Text> {
        match (&self.kind, value) {
            (_, Value::Null) => Ok(()),
            (FieldType::Integer, Value::Int(n)) => self.range(*n, &grouped, ""),
            (FieldType::Yen, Value::Int(n)) => self.range(*n, &grouped, "円"),
            (FieldType::Number, Value::Decimal(n)) => self.range(*n, &decimal, ""),
            (FieldType::FiscalYear, Value::Int(year)) if (1873..=9998).contains(year) => Ok(()),
            (FieldType::FiscalYear, Value::Int(_)) => Err(Text::new(
                format!("{}は1873から9998までの年度にしてください。", self.label.ja),
                format!("{} must be a fiscal year from 1873 to 9998", self.label.en),
            )),
            (FieldType::Bool, Value::Bool(_)) => Ok(()),
            (FieldType::Date, Value::Date(day)) => self.dated(*day),
            (FieldType::Time, Value::Time(time)) if time.second() == 0 && time.subsec_nanosecond() == 0 => {
                self.dated(time.date())
            }
            (FieldType::Period, Value::Period { from, to }) if to.is_none_or(|to| to >= *from) => {
                self.dated(*from).and_then(|()| to.map_or(Ok(()), |to| self.dated(to)))
            }
            (FieldType::Period, Value::Period { .. }) => Err(period_backwards(self)),
            (FieldType::Choice, Value::Text(id)) => self.known_choice(id),
            (FieldType::Choices, Value::List(ids)) => ids.iter().try_for_each(|id| self.known_choice(id)),
            (FieldType::References(_), Value::List(ids)) if ids.iter().all(|id| is_id(id)) => Ok(()),
            (FieldType::File, Value::File { blob, name, .. }) if !blob.is_empty() && !name.is_empty() => {
                clean_text(name, false).map(|_| ())
            }
            (FieldType::Class(axis), Value::Text(id)) => match env.class(id) {
                Some(class) if class.axis == *axis => Ok(()),
                None if env.classes.is_empty() => Ok(()),
                _ => Err(Text::new(
                    format!("{}に「{id}」という分類はありません。", self.label.ja),
                    format!("{} can't be `{id}`: there is no such class", self.label.en),
                )),
            },
            (kind, Value::Text(text)) if is_plain_text(kind) => self.check_text(text),
            _ => Err(Text::new(
                format!("{}の値の種類が合いません。", self.label.ja),
                format!("the value of {} is of another kind", self.label.en),
            )),
        }
    }

    fn check_text(&self, text: &str) -> Result<(), Text> {
        let canonical = match self.kind {
            FieldType::Text | FieldType::LongText => {
                let multi = matches!(self.kind, FieldType::LongText);
                self.length(text)?;
                clean_text(text, multi)?
            }
            FieldType::CorporateNumber => forms::corporate_number(text)?,
            FieldType::MunicipalityCode => forms::municipality_code(text)?,
            FieldType::Mac => forms::mac(text)?,
            FieldType::Ip => forms::ip(text)?,
            FieldType::Url => forms::url(text)?,
            FieldType::Mail => forms::mail(text)?,
            FieldType::Phone => forms::phone(text)?,
            FieldType::Code(digits) => forms::code(text, digits)?,
            FieldType::NumberCode => {
                if text.chars().count() > 60 {
                    return Err(Text::new(
                        "管理番号は60文字以内にしてください。",
                        "a number has at most 60 characters",
                    ));
                }
                clean_text(text, false)?
            }
            _ if is_id(text) => return Ok(()),
            _ => String::new(),
        };
        if canonical == text {
            Ok(())
        } else {
            Err(Text::new(
                format!("{}の値が正しい形になっていません: {}", self.label.ja, forms::shown(text)),
                format!(
                    "the value of {} is not in its canonical form: {}",
                    self.label.en,
                    forms::shown(text)
                ),
            ))
        }
    }

    /// Whether a text is short enough.
    pub(super) fn length(&self, text: &str) -> Result<(), Text> {
        let most = usize::try_from(self.max_chars.unwrap_or(u32::MAX)).unwrap_or(usize::MAX);
        let length = text.chars().count();
        if length <= most {
            return Ok(());
        }
        Err(Text::new(
            format!("{}は{most}文字以内で入力してください（現在{length}文字）。", self.label.ja),
            format!("{} must have at most {most} characters (now {length})", self.label.en),
        ))
    }

    /// Whether a number lies between `min` and `max`.
    pub(super) fn range(&self, number: i64, show: &dyn Fn(i64) -> String, unit: &str) -> Result<(), Text> {
        let all = if matches!(self.kind, FieldType::Number) { LARGEST.saturating_mul(1000) } else { LARGEST };
        let (min, max) = (self.min.unwrap_or(-all), self.max.unwrap_or(all));
        if (min..=max).contains(&number) {
            return Ok(());
        }
        let (low, high) = (show(min), show(max));
        let (ja, en) = match (self.min, self.max) {
            (Some(_), None) => (format!("{low}{unit}以上"), format!("at least {low}")),
            (None, Some(_)) => (format!("{high}{unit}以下"), format!("at most {high}")),
            _ => (format!("{low}{unit}以上{high}{unit}以下"), format!("from {low} to {high}")),
        };
        Err(Text::new(
            format!("{}は{ja}にしてください: {}{unit}", self.label.ja, show(number)),
            format!("{} must be {en}: {}", self.label.en, show(number)),
        ))
    }

    /// Whether the day is one that can be stored, compared as text and written in 和暦.
    fn dated(&self, day: Date) -> Result<(), Text> {
        if (FIRST_DAY..=LAST_DAY).contains(&day) {
            return Ok(());
        }
        Err(Text::new(
            format!("{}は明治6年（1873年）1月1日から9999年12月31日までの日付にしてください。", self.label.ja),
            format!("{} must be a day from 1873-01-01 to 9999-12-31", self.label.en),
        ))
    }

    fn known_choice(&self, id: &str) -> Result<(), Text> {
        if self.choice(id).is_some() {
            return Ok(());
        }
        Err(Text::new(
            format!("{}に「{}」という選択肢はありません。", self.label.ja, forms::shown(id)),
            format!("{} has no choice `{}`", self.label.en, forms::shown(id)),
        ))
    }
}

pub(super) fn period_backwards(field: &Field) -> Text {
    Text::new(
        format!("{}の終わりは、始まりの日以後の日付にしてください。", field.label.ja),
        format!("{} must not end before it begins", field.label.en),
    )
}

/// An id of the policy or of a row: no commas (lists are joined with them), no spaces, no controls.
fn is_id(text: &str) -> bool {
    (1..=200).contains(&text.len()) && !text.chars().any(|c| c == ',' || c.is_whitespace() || c.is_control())
}
