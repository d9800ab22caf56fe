//! A condition on a row, in SQL's three-valued logic: `None` is unknown.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};

use super::parser::Operator;
use super::typing::{Column, Part, Term, Test};
use crate::value::{Env, Value, Values, day_number, fiscal_year, minute};

/// A value of a term. Days are day numbers, so that they can be added to without end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Val {
    Text(String),
    /// Whole numbers and thousandths; both sides of a comparison are of one kind.
    Number(i64),
    Flag(bool),
    Day(i64),
    Moment(DateTime),
}

pub(super) fn test(test: &Test, values: &Values, env: &Env) -> Option<bool> {
    let term = |term: &Term| self::term(term, values, env);
    match test {
        Test::Constant(flag) => Some(*flag),
        Test::All(parts) => all(parts.iter().map(|part| self::test(part, values, env))),
        Test::Any(parts) => {
            all(parts.iter().map(|part| not(self::test(part, values, env)))).map(|none| !none)
        }
        Test::Not(inner) => not(self::test(inner, values, env)),
        Test::Flag(column) => match values.get(&column.field) {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        },
        Test::Compare(operator, a, b) => compare(*operator, &term(a)?, &term(b)?),
        Test::IsNull(inner, negated) => Some(is_null(inner, values, env) != *negated),
        Test::In(value, list, negated) => {
            let value = term(value)?;
            let none = all(list.iter().map(|item| not(compare(Operator::Equal, &value, &term(item)?))));
            none.map(|none| none == *negated)
        }
        Test::Between(value, low, high, negated) => {
            let (value, low, high) = (term(value), term(low), term(high));
            let within = all([
                value.as_ref().zip(low.as_ref()).and_then(|(a, b)| compare(Operator::AtLeast, a, b)),
                value.as_ref().zip(high.as_ref()).and_then(|(a, b)| compare(Operator::AtMost, a, b)),
            ]
            .into_iter());
            within.map(|within| within != *negated)
        }
        Test::Like(value, pattern, negated) => {
            let text = match value {
                Term::Column(column) => column_text(column, values)?,
                value => match term(value)? {
                    Val::Text(text) => text,
                    _ => return None,
                },
            };
            Some(like(&text, pattern) != *negated)
        }
        Test::Has(column, id) => Some(values.get(&column.field).as_list().contains(id)),
    }
}

pub(super) fn term(term: &Term, values: &Values, env: &Env) -> Option<Val> {
    let inner = |inner: &Term| self::term(inner, values, env);
    let day = |inner: &Term| match self::term(inner, values, env)? {
        Val::Day(day) => Some(day),
        _ => None,
    };
    Some(match term {
        Term::Column(column) => column_value(column, values)?,
        Term::Text(text) => Val::Text(text.clone()),
        Term::Whole(number) | Term::Thousandths(number) => Val::Number(*number),
        Term::Flag(flag) => Val::Flag(*flag),
        Term::Day(day) => Val::Day(day_number(*day)),
        Term::Moment(moment) => Val::Moment(*moment),
        Term::Today => Val::Day(day_number(env.today)),
        Term::ThisFiscalYear => Val::Number(fiscal_year(env.today)),
        Term::FiscalYear(inner) => Val::Number(fiscal_year(day_of_number(day(inner)?)?)),
        Term::Days(from, to) => Val::Number(day(to)?.checked_sub(day(from)?)?),
        Term::AddDays(from, count) => {
            let (from, Val::Number(count)) = (day(from)?, inner(count)?) else { return None };
            Val::Day(from.checked_add(count)?)
        }
        Term::DayOf(moment) => match inner(moment)? {
            Val::Moment(moment) => Val::Day(day_number(moment.date())),
            _ => return None,
        },
        Term::Lower(text) => match inner(text)? {
            Val::Text(text) => Val::Text(text.to_ascii_lowercase()),
            _ => return None,
        },
        Term::Length(text) => match inner(text)? {
            Val::Text(text) => Val::Number(i64::try_from(text.chars().count()).ok()?),
            _ => return None,
        },
        Term::ClassRank(column, axis) => {
            let id = values.get(&column.field).as_text()?;
            let class = env.classes.iter().find(|class| class.axis == *axis && class.id == id)?;
            Val::Number(i64::from(class.rank))
        }
        Term::Scaled(number) => match inner(number)? {
            Val::Number(number) => Val::Number(number.checked_mul(1000)?),
            _ => return None,
        },
        Term::Midnight(day_term) => Val::Moment(day_of_number(day(day_term)?)?.at(0, 0, 0, 0)),
    })
}

/// Unknown unless something is false or all are true.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

fn not(test: Option<bool>) -> Option<bool> {
    test.map(|test| !test)
}

fn compare(operator: Operator, a: &Val, b: &Val) -> Option<bool> {
    let order = a.cmp(b);
    Some(match operator {
        Operator::Equal => order.is_eq(),
        Operator::Differs => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::AtLeast => order.is_ge(),
    })
}

fn is_null(inner: &Term, values: &Values, env: &Env) -> bool {
    match inner {
        Term::Column(column) if column.part == Part::Whole => values.get(&column.field).is_null(),
        inner => term(inner, values, env).is_none(),
    }
}

fn column_value(column: &Column, values: &Values) -> Option<Val> {
    Some(match (values.get(&column.field), column.part) {
        (Value::Text(text), _) => Val::Text(text.clone()),
        (Value::Int(number) | Value::Decimal(number), _) => Val::Number(*number),
        (Value::Bool(flag), _) => Val::Flag(*flag),
        (Value::Date(day), _) => Val::Day(day_number(*day)),
        (Value::Time(moment), _) => Val::Moment(*moment),
        (Value::Period { from, .. }, Part::From) => Val::Day(day_number(*from)),
        (Value::Period { to, .. }, Part::To) => Val::Day(day_number((*to)?)),
        (Value::Null | Value::Period { .. } | Value::List(_) | Value::File { .. }, _) => return None,
    })
}

/// A column as LIKE sees it: days and times in the form in which they are stored.
fn column_text(column: &Column, values: &Values) -> Option<String> {
    Some(match (values.get(&column.field), column.part) {
        (Value::Text(text), _) => text.clone(),
        (Value::Date(day), _) => day.to_string(),
        (Value::Time(moment), _) => minute(*moment),
        (Value::Period { from, .. }, Part::From) => from.to_string(),
        (Value::Period { to, .. }, Part::To) => (*to)?.to_string(),
        _ => return None,
    })
}

/// The day with this number, if it can be written with a year of four digits.
pub(super) fn day_of_number(number: i64) -> Option<Date> {
    let base = date(2000, 3, 1);
    let offset = number.checked_sub(day_number(base))?;
    let day = base.checked_add(0.days().try_days(offset).ok()?).ok()?;
    if (1..=9999).contains(&day.year()) { Some(day) } else { None }
}

/// SQL's LIKE without an escape: `%` is any text, `_` is any character; letters are compared as they are.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut t, mut p) = (0_usize, 0_usize);
    // Where the last `%` stands, and up to where it takes the text.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some('%'), _) => {
                star = Some((p, t));
                p = p.saturating_add(1);
            }
            (Some(wanted), Some(is)) if *wanted == '_' || wanted == is => {
                p = p.saturating_add(1);
                t = t.saturating_add(1);
            }
            _ => match star {
                None => return false,
                Some((at, taken)) => {
                    let taken = taken.saturating_add(1);
                    star = Some((at, taken));
                    p = at.saturating_add(1);
                    t = taken;
                }
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '%')
}
