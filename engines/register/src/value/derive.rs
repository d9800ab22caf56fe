//! Computed fields. Those that depend on the row and its references alone are kept with the row; those that depend
//! on the day or on the policy's handling rules are computed when they are shown.

use jiff::civil::Date;

use super::{DefaultEnv, Env, Lookup, Value, Values};
use crate::definition::{DefaultValue, Definition, Derive, Field, FieldType};
use crate::text::Lang;

impl Definition {
    /// Computes the computed fields that are kept with the row, and takes away those that aren't.
    pub fn derive(&self, values: &mut Values, env: &Env, lookup: &dyn Lookup) {
        for field in &self.fields {
            let value = match &field.derive {
                None => continue,
                Some(Derive::ClassMax(source)) => self.class_max(field, source.as_str(), values, env, lookup),
                Some(Derive::FiscalYear(source)) => {
                    values.date(source.as_str()).map_or(Value::Null, |day| Value::Int(fiscal_year(day)))
                }
                Some(Derive::Handling(_) | Derive::DaysUntil(_)) => Value::Null,
            };
            values.set(field.id.as_str(), value);
        }
    }

    /// A computed field for people, also one that isn't kept. Empty when there is nothing to compute it from.
    #[must_use]
    pub fn derived(
        &self,
        field: &Field,
        values: &Values,
        env: &Env,
        lookup: &dyn Lookup,
        lang: Lang,
    ) -> String {
        match &field.derive {
            Some(Derive::Handling(source)) => {
                let class = values.get(source.as_str()).as_text().and_then(|id| env.class(id));
                let rules = class.map(|class| class.handling.as_slice()).unwrap_or_default();
                rules.iter().map(|rule| rule.get(lang)).collect::<Vec<_>>().join("\n")
            }
            Some(Derive::DaysUntil(source)) => {
                let days = values.date(source.as_str()).map(|day| days_between(env.today, day));
                match (days, lang) {
                    (None, _) => String::new(),
                    (Some(days), Lang::Ja) => format!("{days}日"),
                    (Some(days @ (1 | -1)), Lang::En) => format!("{days} day"),
                    (Some(days), Lang::En) => format!("{days} days"),
                }
            }
            _ => field.show(values.get(field.id.as_str()), lang, lookup),
        }
    }

    fn class_max(
        &self,
        field: &Field,
        source: &str,
        values: &Values,
        env: &Env,
        lookup: &dyn Lookup,
    ) -> Value {
        let FieldType::Class(axis) = &field.kind else { return Value::Null };
        let Some(register) = self.field(source).and_then(Field::refers_to) else { return Value::Null };
        let rows = match values.get(source) {
            Value::List(rows) => rows.as_slice(),
            Value::Text(row) => std::slice::from_ref(row),
            _ => &[],
        };
        rows.iter()
            .filter_map(|row| lookup.row_class(register.as_str(), row, *axis))
            .filter_map(|id| env.class(&id).map(|class| (class.rank, id)))
            .max()
            .map_or(Value::Null, |(_, id)| Value::Text(id))
    }
}

impl Field {
    /// What a new row starts with; [`Value::Null`] without a default.
    #[must_use]
    pub fn initial(&self, env: &DefaultEnv) -> Value {
        let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::Text);
        match (&self.default, &self.kind) {
            (None, _) => Value::Null,
            (Some(DefaultValue::Today), FieldType::Time) => {
                Value::Time(env.now.date().at(env.now.hour(), env.now.minute(), 0, 0))
            }
            (Some(DefaultValue::Today), FieldType::Period) => Value::Period { from: env.today(), to: None },
            (Some(DefaultValue::Today), _) => Value::Date(env.today()),
            (Some(DefaultValue::Me), _) => text(&env.me),
            (Some(DefaultValue::MyUnit), _) => text(&env.unit),
            (Some(DefaultValue::FiscalYear), _) => Value::Int(fiscal_year(env.today())),
            (Some(DefaultValue::Literal(value)), _) => value.clone(),
        }
    }
}

/// The fiscal year of a day: it begins on 1 April.
pub(crate) fn fiscal_year(day: Date) -> i64 {
    let year = i64::from(day.year());
    if day.month() < 4 { year.saturating_sub(1) } else { year }
}

/// Days from 0000-03-01, the same in SQL (see `condition::sql`).
pub(crate) fn day_number(day: Date) -> i64 {
    let (year, month, date) = (i64::from(day.year()), i64::from(day.month()), i64::from(day.day()));
    let before_march = i64::from(month < 3);
    let year = year.saturating_sub(before_march);
    let month = month.saturating_add(before_march.saturating_mul(12)).saturating_sub(3);
    let years = year
        .saturating_mul(365)
        .saturating_add(year / 4)
        .saturating_sub(year / 100)
        .saturating_add(year / 400);
    let months = month.saturating_mul(153).saturating_add(2) / 5;
    years.saturating_add(months).saturating_add(date).saturating_sub(1)
}

/// Whole days from the first day to the second; negative when the second comes earlier.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    day_number(to).saturating_sub(day_number(from))
}
