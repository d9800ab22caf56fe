//! A condition as SQL that SQLite and PostgreSQL read the same way: no function that only one of them has, dates
//! counted in whole numbers, texts as parameters.

use super::eval::{self, Val, day_of_number};
use super::typing::{Column, Term, Test};
use crate::value::{Env, SqlValue, Values, minute};

pub(super) struct Printer<'a> {
    prefix: String,
    params: &'a mut Vec<SqlValue>,
    env: &'a Env,
}

impl<'a> Printer<'a> {
    pub(super) fn new(alias: &str, params: &'a mut Vec<SqlValue>, env: &'a Env) -> Self {
        let prefix = if alias.is_empty() { String::new() } else { format!("{alias}.") };
        Self { prefix, params, env }
    }

    pub(super) fn condition(&mut self, test: &Test) -> String {
        if is_constant(test) {
            return match eval::test(test, &Values::new(), self.env) {
                Some(true) => "(1 = 1)",
                Some(false) => "(1 = 0)",
                None => "(NULL = 1)",
            }
            .to_owned();
        }
        match test {
            Test::Constant(_) => String::from("(1 = 1)"),
            Test::All(parts) => self.join(parts, " AND "),
            Test::Any(parts) => self.join(parts, " OR "),
            Test::Not(inner) => format!("(NOT {})", self.condition(inner)),
            Test::Flag(column) => format!("({} = 1)", self.column(column)),
            Test::Compare(operator, a, b) => {
                let [a, b] = self.same([a, b]);
                format!("({a} {} {b})", operator.sql())
            }
            Test::IsNull(term, negated) => {
                let word = if *negated { "IS NOT NULL" } else { "IS NULL" };
                let [term] = self.same([term]);
                format!("({term} {word})")
            }
            Test::In(value, list, negated) => {
                let numbers = std::iter::once(value).chain(list).any(|term| self.counts_days(term));
                let value = self.print(value, numbers);
                let list: Vec<String> = list.iter().map(|item| self.print(item, numbers)).collect();
                format!("({value} {}IN ({}))", not(*negated), list.join(", "))
            }
            Test::Between(value, low, high, negated) => {
                let [value, low, high] = self.same([value, low, high]);
                format!("({value} {}BETWEEN {low} AND {high})", not(*negated))
            }
            Test::Like(value, pattern, negated) => {
                let value = self.term(value);
                let pattern = self.text(pattern.replace('!', "!!"));
                format!("({value} {}LIKE {pattern} ESCAPE '!')", not(*negated))
            }
            Test::Has(column, id) => {
                let id = id.replace('!', "!!").replace('%', "!%").replace('_', "!_");
                let column = self.column(column);
                let pattern = self.text(format!("%,{id},%"));
                format!("(COALESCE({column}, '') LIKE {pattern} ESCAPE '!')")
            }
        }
    }

    fn join(&mut self, parts: &[Test], word: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(word))
    }

    /// Terms that are compared with each other: as texts, or as day numbers when one of them has no text.
    fn same<const N: usize>(&mut self, terms: [&Term; N]) -> [String; N] {
        let numbers = terms.iter().any(|term| self.counts_days(term));
        terms.map(|term| self.print(term, numbers))
    }

    fn print(&mut self, term: &Term, numbers: bool) -> String {
        if numbers { self.day_number(term) } else { self.term(term) }
    }

    /// Whether the term is a day that can only be written as a number.
    fn counts_days(&self, term: &Term) -> bool {
        match term {
            Term::AddDays(..) => self.constant_text(term).is_none(),
            _ => false,
        }
    }

    /// The text of a day that is the same for every row.
    fn constant_text(&self, term: &Term) -> Option<String> {
        if !term.is_constant() {
            return None;
        }
        match eval::term(term, &Values::new(), self.env)? {
            Val::Day(day) => day_of_number(day).map(|day| day.to_string()),
            _ => None,
        }
    }

    fn term(&mut self, term: &Term) -> String {
        if term.is_constant() {
            return match eval::term(term, &Values::new(), self.env) {
                Some(Val::Text(text)) => self.text(text),
                Some(Val::Number(number)) => number.to_string(),
                Some(Val::Flag(flag)) => i64::from(flag).to_string(),
                Some(Val::Day(day)) => match day_of_number(day) {
                    Some(day) => self.text(day.to_string()),
                    None => String::from("NULL"),
                },
                Some(Val::Moment(moment)) => self.text(minute(moment)),
                None => String::from("NULL"),
            };
        }
        match term {
            Term::Column(column) => self.column(column),
            Term::FiscalYear(day) => {
                let day = self.term(day);
                format!(
                    "(CAST(SUBSTR({day}, 1, 4) AS BIGINT) - CASE WHEN CAST(SUBSTR({day}, 6, 2) AS BIGINT) < 4 THEN 1 ELSE 0 END)"
                )
            }
            Term::Days(from, to) => format!("({} - {})", self.day_number(to), self.day_number(from)),
            Term::AddDays(..) => self.day_number(term),
            Term::DayOf(moment) => format!("SUBSTR({}, 1, 10)", self.term(moment)),
            Term::Lower(text) => format!("LOWER({})", self.term(text)),
            Term::Length(text) => format!("LENGTH({})", self.term(text)),
            Term::ClassRank(column, axis) => {
                let column = self.column(column);
                let classes = self.env.classes.iter().filter(|class| class.axis == *axis);
                let ranks: Vec<(String, u8)> = classes.map(|class| (class.id.clone(), class.rank)).collect();
                if ranks.is_empty() {
                    return String::from("CAST(NULL AS BIGINT)");
                }
                let cases: String = ranks
                    .into_iter()
                    .map(|(id, rank)| format!(" WHEN {} THEN {rank}", self.text(id)))
                    .collect();
                format!("(CASE {column}{cases} END)")
            }
            Term::Scaled(number) => format!("({} * 1000)", self.term(number)),
            Term::Midnight(day) => format!("({} || 'T00:00')", self.term(day)),
            // INVARIANT: the rest are constant and were printed above.
            _ => String::from("NULL"),
        }
    }

    /// Days from 0000-03-01, as `value::derive::day_number` counts them.
    fn day_number(&mut self, term: &Term) -> String {
        if term.is_constant() {
            return match eval::term(term, &Values::new(), self.env) {
                Some(Val::Day(day)) => day.to_string(),
                _ => String::from("NULL"),
            };
        }
        let text = match term {
            Term::AddDays(day, count) => {
                return format!("({} + {})", self.day_number(day), self.term(count));
            }
            // A moment begins with its day.
            Term::DayOf(moment) => self.term(moment),
            term => self.term(term),
        };
        let year = format!("CAST(SUBSTR({text}, 1, 4) AS BIGINT)");
        let month = format!("CAST(SUBSTR({text}, 6, 2) AS BIGINT)");
        let day = format!("CAST(SUBSTR({text}, 9, 2) AS BIGINT)");
        let early = format!("((14 - {month}) / 12)");
        let year = format!("({year} - {early})");
        format!(
            "({year} * 365 + {year} / 4 - {year} / 100 + {year} / 400 + (({month} + {early} * 12 - 3) * 153 + 2) / 5 + {day} - 1)"
        )
    }

    fn column(&self, column: &Column) -> String {
        format!("{}{}", self.prefix, column.name)
    }

    fn text(&mut self, text: String) -> String {
        self.params.push(SqlValue::Text(text));
        format!("?{}", self.params.len())
    }
}

const fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

/// Whether the test is the same for every row.
fn is_constant(test: &Test) -> bool {
    match test {
        Test::Constant(_) => true,
        Test::All(parts) | Test::Any(parts) => parts.iter().all(is_constant),
        Test::Not(inner) => is_constant(inner),
        Test::Flag(_) | Test::Has(..) => false,
        Test::Compare(_, a, b) => a.is_constant() && b.is_constant(),
        Test::IsNull(term, _) | Test::Like(term, ..) => term.is_constant(),
        Test::In(value, list, _) => value.is_constant() && list.iter().all(Term::is_constant),
        Test::Between(value, low, high, _) => value.is_constant() && low.is_constant() && high.is_constant(),
    }
}
